#include "addon/bridge.h"

namespace zmdetect {

Napi::Error to_error(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  error.Set("code", Napi::String::New(env, code_name(status.code())));
  return error;
}

Bridge::Bridge(Napi::Env env) : function_(Function::New(env, "zmdetect results", 0, 1)) { function_.Unref(env); }

Bridge::Pending* Bridge::begin(Napi::Env env, Napi::Object keep) {
  if (waiting_++ == 0) function_.Ref(env);
  return new Pending{Napi::Promise::Deferred::New(env), Napi::Persistent(keep)};
}

void Bridge::settle(Pending* pending, Builder builder) {
  std::lock_guard lock(mutex_);
  // The pending promise cannot be freed here: it belongs to the JS thread, which has left.
  if (released_) return;
  function_.NonBlockingCall(new Message{this, pending, std::move(builder)});
}

void Bridge::deliver(Napi::Env env, Napi::Function, void*, Message* raw) {
  const std::unique_ptr<Message> message(raw);
  const std::unique_ptr<Pending> pending(message->pending);
  if (env == nullptr) return;  // the environment is being torn down; nobody listens
  Bridge& bridge = *message->bridge;
  if (--bridge.waiting_ == 0) bridge.function_.Unref(env);
  const Napi::HandleScope scope(env);
  Result<Napi::Value> value = message->builder(env);
  if (value.ok()) {
    pending->deferred.Resolve(value.value());
  } else {
    pending->deferred.Reject(to_error(env, value.status()).Value());
  }
}

void Bridge::release() {
  std::lock_guard lock(mutex_);
  if (released_) return;
  released_ = true;
  function_.Release();
}

}  // namespace zmdetect
