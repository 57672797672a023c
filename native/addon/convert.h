// Plain structs from and to JavaScript objects. TypeScript has validated every value before it comes here.
#pragma once

#include <napi.h>

#include "engine/engine.h"

namespace zmdetect {

EngineOptions engine_options(const Napi::Object& object);
OpenOptions open_options(const Napi::Object& object);
PrepareOptions prepare_options(const Napi::Object& object);
Annotations annotations(const Napi::Object& object);
/// The moment that is so far from now; Infinity gives none.
Ticket::Clock::time_point deadline_after(double milliseconds);

Napi::Object decoded_object(Napi::Env env, const Decoded& decoded);
Napi::Object info_object(Napi::Env env, const Model& model);
Napi::Object prepared_object(Napi::Env env, const Prepared& prepared);
Napi::Object detect_object(Napi::Env env, const DetectResult& result);
Napi::Object threads_object(Napi::Env env, const ThreadReport& report);

}  // namespace zmdetect
