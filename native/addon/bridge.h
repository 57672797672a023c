// Carries results from engine threads to promises on the JS thread.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>

#include "status.h"

namespace zmdetect {

/// An Error whose `code` is the Status' stable name (src/errors.ts). The one place where a Status becomes JavaScript.
Napi::Error to_error(Napi::Env env, const Status& status);

/// One thread-safe function for all results. Created and destroyed on the JS thread; `settle` is called from any.
class Bridge {
 public:
  /// Makes a promise's value on the JS thread; may return a Status instead.
  using Builder = std::function<Result<Napi::Value>(Napi::Env)>;

  explicit Bridge(Napi::Env env);

  /// A promise that is waiting for an engine thread. `keep` is held until it settles: a buffer that is being read.
  struct Pending {
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference keep;
  };

  /// JS thread. The event loop stays alive while promises wait.
  Pending* begin(Napi::Env env, Napi::Object keep);

  /// Any thread, exactly once for each Pending, which it consumes.
  void settle(Pending* pending, Builder builder);

  /// JS thread. What settles afterwards is dropped: a thread that comes back after the environment has gone.
  void release();

 private:
  struct Message {
    Bridge* bridge;
    Pending* pending;
    Builder builder;
  };
  static void deliver(Napi::Env env, Napi::Function, void*, Message* message);
  using Function = Napi::TypedThreadSafeFunction<void, Message, deliver>;

  Function function_;
  int waiting_ = 0;   // JS thread only
  std::mutex mutex_;  // guards released_ against a call of function_
  bool released_ = false;
};

}  // namespace zmdetect
