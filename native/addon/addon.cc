// The Node-API border: arguments in, results out, nothing decided here. src/engine/native.ts declares these functions.

#include <napi.h>

#include <future>
#include <thread>

#include "addon/bridge.h"
#include "addon/convert.h"
#include "addon/exit_guard.h"
#include "backends/telemetry.h"
#include "engine/cpu.h"
#include "engine/engine.h"
#include "input_limits.h"

namespace zmdetect {
namespace {

/// What JavaScript holds as an engine: the engine, and the way back from its threads.
struct EngineHandle {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Bridge> bridge;
  std::thread closer;
  std::shared_future<void> closed;  // valid once it is being closed
};

using ImagePtr = std::shared_ptr<const Image>;
using ModelPtr = std::shared_ptr<Model>;

template <typename T>
Napi::External<T> wrap(Napi::Env env, T value) {
  return Napi::External<T>::New(env, new T(std::move(value)), [](Napi::Env, T* gone) { delete gone; });
}

template <typename T>
T& unwrap(const Napi::CallbackInfo& info, std::size_t index) {
  return *info[index].As<Napi::External<T>>().Data();
}

/// Closes the engine on a thread of its own, which may take as long as an inference, or for ever where a thread does
/// not come back. `then` is called on that thread.
void begin_close(EngineHandle& handle, std::function<void()> then) {
  if (handle.closer.joinable()) handle.closer.join();  // two closes by hand: the first is over soon or was never begun
  std::promise<void> closed;
  handle.closed = closed.get_future();
  handle.closer = std::thread(
      [engine = handle.engine, bridge = handle.bridge, then = std::move(then), closed = std::move(closed)]() mutable {
        engine->close();
        then();
        closed.set_value();
      });
}

/// The environment goes: threads that would call into it must have ended, or must not find it. Waits for `kCloseMs` at
/// most.
void shut(EngineHandle& handle) {
  if (!handle.closed.valid()) begin_close(handle, [] {});
  const auto state = handle.closed.wait_for(std::chrono::milliseconds(limits::kCloseMs));
  handle.bridge->release();
  if (state == std::future_status::ready) {
    handle.closer.join();
  } else {
    leave_threads_behind();
    handle.closer.detach();
  }
}

/// createEngine({backendFolder, decodeThreads, maxImages, maxImagePixels}) -> engine
Napi::Value create_engine(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto* handle = new EngineHandle{.engine = Engine::create(engine_options(info[0].As<Napi::Object>())),
                                  .bridge = std::make_shared<Bridge>(env)};
  // Before the environment goes, threads that would call into it must have ended.
  env.AddCleanupHook([handle] { shut(*handle); });
  return Napi::External<EngineHandle>::New(env, handle);
}

/// closeEngine(engine) -> Promise<void>; waiting work is rejected with ENGINE_CLOSED. Called once.
Napi::Value close_engine(const Napi::CallbackInfo& info) {
  EngineHandle& handle = unwrap<EngineHandle>(info, 0);
  auto* pending = handle.bridge->begin(info.Env(), info[0].As<Napi::Object>());
  const Napi::Promise promise = pending->deferred.Promise();
  begin_close(handle, [bridge = handle.bridge, pending] {
    bridge->settle(pending, [](Napi::Env env) { return env.Undefined(); });
  });
  return promise;
}

/// engineThreads(engine) -> {stuck: [{thread, what, seconds}], replaced}
Napi::Value engine_threads(const Napi::CallbackInfo& info) {
  return threads_object(info.Env(), unwrap<EngineHandle>(info, 0).engine->threads());
}

/// guardExit(graceMs): see exit_guard.h
void guard_exit_value(const Napi::CallbackInfo& info) { guard_exit(info[0].As<Napi::Number>().Int32Value()); }

/// exitNow(status)
void exit_now_value(const Napi::CallbackInfo& info) { exit_now(info[0].As<Napi::Number>().Int32Value()); }

/// createTicket(bulk: boolean, deadlineMs: milliseconds from now, Infinity for none) -> ticket
Napi::Value create_ticket(const Napi::CallbackInfo& info) {
  const Priority priority = info[0].As<Napi::Boolean>().Value() ? Priority::kBulk : Priority::kInteractive;
  return wrap(info.Env(), std::make_shared<Ticket>(priority, deadline_after(info[1].As<Napi::Number>().DoubleValue())));
}

/// cancelTicket(ticket)
void cancel_ticket(const Napi::CallbackInfo& info) { unwrap<TicketPtr>(info, 0)->cancel(); }

/// decode(engine, bytes: Uint8Array, ticket) -> Promise<{image, width, height, queueMs, decodeMs}>
Napi::Value decode(const Napi::CallbackInfo& info) {
  EngineHandle& handle = unwrap<EngineHandle>(info, 0);
  const auto bytes = info[1].As<Napi::Uint8Array>();
  // The bytes are read in place; `begin` keeps them from being collected.
  auto* pending = handle.bridge->begin(info.Env(), bytes);
  const Napi::Promise promise = pending->deferred.Promise();
  handle.engine->decode({.bytes = {bytes.Data(), bytes.ByteLength()},
                         .ticket = unwrap<TicketPtr>(info, 2),
                         .done = [bridge = handle.bridge, pending](Result<Decoded> decoded) {
                           bridge->settle(pending,
                                          [decoded = std::move(decoded)](Napi::Env env) -> Result<Napi::Value> {
                                            if (!decoded.ok()) return decoded.status();
                                            Napi::Object result = decoded_object(env, decoded.value());
                                            result.Set("image", wrap<ImagePtr>(env, decoded.value().image));
                                            return Napi::Value(result);
                                          });
                         }});
  return promise;
}

/// annotate(engine, bytes: Uint8Array, {boxes, polygons}, quality, ticket) -> Promise<Buffer>
Napi::Value annotate(const Napi::CallbackInfo& info) {
  EngineHandle& handle = unwrap<EngineHandle>(info, 0);
  const auto bytes = info[1].As<Napi::Uint8Array>();
  auto* pending = handle.bridge->begin(info.Env(), bytes);
  const Napi::Promise promise = pending->deferred.Promise();
  handle.engine->annotate(
      {.bytes = {bytes.Data(), bytes.ByteLength()},
       .annotations = annotations(info[2].As<Napi::Object>()),
       .quality = info[3].As<Napi::Number>().Int32Value(),
       .ticket = unwrap<TicketPtr>(info, 4),
       .done = [bridge = handle.bridge, pending](Result<JpegFile> jpeg) {
         // A std::function must be copyable, which the file is not.
         bridge->settle(
             pending,
             [jpeg = std::make_shared<Result<JpegFile>>(std::move(jpeg))](Napi::Env env) -> Result<Napi::Value> {
               if (!jpeg->ok()) return jpeg->status();
               const auto file = jpeg->value().bytes();
               return Napi::Value(Napi::Buffer<std::uint8_t>::Copy(env, file.data(), file.size()));
             });
       }});
  return promise;
}

/// releaseImage(image): frees the pixels now instead of at the next garbage collection.
void release_image(const Napi::CallbackInfo& info) { unwrap<ImagePtr>(info, 0).reset(); }

/// openModel(engine, {backend, path, processor, ...}) -> Promise<{model, inputs, outputs, metadata, device}>
Napi::Value open_model(const Napi::CallbackInfo& info) {
  EngineHandle& handle = unwrap<EngineHandle>(info, 0);
  auto* pending = handle.bridge->begin(info.Env(), info[0].As<Napi::Object>());
  const Napi::Promise promise = pending->deferred.Promise();
  handle.engine->open(open_options(info[1].As<Napi::Object>()),
                      [bridge = handle.bridge, pending](Result<ModelPtr> model) {
                        bridge->settle(pending, [model = std::move(model)](Napi::Env env) -> Result<Napi::Value> {
                          if (!model.ok()) return model.status();
                          Napi::Object result = info_object(env, *model.value());
                          result.Set("model", wrap<ModelPtr>(env, model.value()));
                          return Napi::Value(result);
                        });
                      });
  return promise;
}

/// prepareModel(engine, model, {classes, inputWidth, inputHeight, instances, tune, ...}) -> Promise<{layout,
/// inputWidth, ...}>
Napi::Value prepare_model(const Napi::CallbackInfo& info) {
  EngineHandle& handle = unwrap<EngineHandle>(info, 0);
  auto* pending = handle.bridge->begin(info.Env(), info[1].As<Napi::Object>());
  const Napi::Promise promise = pending->deferred.Promise();
  handle.engine->prepare(unwrap<ModelPtr>(info, 1), prepare_options(info[2].As<Napi::Object>()),
                         [bridge = handle.bridge, pending](Result<Prepared> prepared) {
                           bridge->settle(pending,
                                          [prepared = std::move(prepared)](Napi::Env env) -> Result<Napi::Value> {
                                            if (!prepared.ok()) return prepared.status();
                                            return Napi::Value(prepared_object(env, prepared.value()));
                                          });
                         });
  return promise;
}

/// closeModel(engine, model) -> Promise<void>
Napi::Value close_model(const Napi::CallbackInfo& info) {
  EngineHandle& handle = unwrap<EngineHandle>(info, 0);
  auto* pending = handle.bridge->begin(info.Env(), info[1].As<Napi::Object>());
  const Napi::Promise promise = pending->deferred.Promise();
  handle.engine->close_model(unwrap<ModelPtr>(info, 1), [bridge = handle.bridge, pending] {
    bridge->settle(pending, [](Napi::Env env) { return env.Undefined(); });
  });
  return promise;
}

/// detect(engine, model, image, minConfidence, ticket)
///   -> Promise<{boxes: Float64Array [x1, y1, x2, y2, ...], scores: Float32Array, classes: Int32Array, times}>
Napi::Value detect(const Napi::CallbackInfo& info) {
  EngineHandle& handle = unwrap<EngineHandle>(info, 0);
  auto* pending = handle.bridge->begin(info.Env(), info[2].As<Napi::Object>());
  const Napi::Promise promise = pending->deferred.Promise();
  unwrap<ModelPtr>(info, 1)->submit({.image = unwrap<ImagePtr>(info, 2),
                                     .min_confidence = info[3].As<Napi::Number>().DoubleValue(),
                                     .ticket = unwrap<TicketPtr>(info, 4),
                                     .done = [bridge = handle.bridge, pending](Result<DetectResult> result) {
                                       bridge->settle(
                                           pending, [result = std::move(result)](Napi::Env env) -> Result<Napi::Value> {
                                             if (!result.ok()) return result.status();
                                             return Napi::Value(detect_object(env, result.value()));
                                           });
                                     }});
  return promise;
}

/// exactInt8Products() -> boolean
Napi::Value exact_int8_value(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), exact_int8_products());
}

/// usableCpus() -> number
Napi::Value usable_cpus_value(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), usable_cpus()); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // The one moment at which no thread of ours runs.
  forbid_telemetry();
  exports.Set("createEngine", Napi::Function::New(env, create_engine));
  exports.Set("closeEngine", Napi::Function::New(env, close_engine));
  exports.Set("engineThreads", Napi::Function::New(env, engine_threads));
  exports.Set("guardExit", Napi::Function::New(env, guard_exit_value));
  exports.Set("exitNow", Napi::Function::New(env, exit_now_value));
  exports.Set("createTicket", Napi::Function::New(env, create_ticket));
  exports.Set("cancelTicket", Napi::Function::New(env, cancel_ticket));
  exports.Set("decode", Napi::Function::New(env, decode));
  exports.Set("annotate", Napi::Function::New(env, annotate));
  exports.Set("releaseImage", Napi::Function::New(env, release_image));
  exports.Set("openModel", Napi::Function::New(env, open_model));
  exports.Set("prepareModel", Napi::Function::New(env, prepare_model));
  exports.Set("closeModel", Napi::Function::New(env, close_model));
  exports.Set("detect", Napi::Function::New(env, detect));
  exports.Set("exactInt8Products", Napi::Function::New(env, exact_int8_value));
  exports.Set("usableCpus", Napi::Function::New(env, usable_cpus_value));
  return exports;
}

}  // namespace

NODE_API_MODULE(zmdetect, init)

}  // namespace zmdetect
