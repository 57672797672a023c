// Status and Result: how every native layer reports failure. No exception crosses a library border.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace zmdetect {

/// Stable failure codes. Each has a row of the same name in src/errors.ts, where HTTP status and advice live.
enum class Code {
  kOk,
  kImageEmpty,        // zero bytes
  kImageUndecodable,  // no known format, or broken or truncated data
  kImageTooLarge,     // the header declares more pixels than the limit
  kImageTooThin,      // one side would scale to zero pixels
  kModelFileMissing,
  kModelUnreadable,     // the runtime refuses the file
  kModelLayoutUnknown,  // tensors that no row of the layout table describes
  kModelLabelsMissing,
  kModelOutputInvalid,  // an answer that its own layout rules out
  kBackendUnavailable,  // the shared library of the backend, or one that it needs, is not there
  kDeviceUnavailable,
  kOutOfMemory,
  kInferenceFailed,
  kCancelled,
  kDeadlineExceeded,
  kQueueFull,
  kEngineClosed,
  kInternal,
};

/// The code's name as JavaScript sees it, for example "IMAGE_EMPTY".
const char* code_name(Code code);

/// Success, or a code with one sentence that names the thing and the value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

/// A value or the Status that says why there is none. `value()` may only be called after `ok()`.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Status status) : state_(std::move(status)) { assert(!std::get<Status>(state_).ok()); }

  bool ok() const { return std::holds_alternative<T>(state_); }
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace zmdetect

/// Leaves the current function with the failure of `expression`, if it is one.
#define ZMD_RETURN_IF_ERROR(expression)           \
  do {                                            \
    ::zmdetect::Status zmd_status = (expression); \
    if (!zmd_status.ok()) return zmd_status;      \
  } while (false)
