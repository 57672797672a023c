// A child process with one socket to it. It never outlives its object, and leaves no zombie and no descriptor.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "status.h"

namespace zmdetect::tflite {

/// The descriptor under which a child finds its end of the socket.
inline constexpr int kChildSocket = 3;

class Child {
 public:
  /// Starts `program` (a path) with `arguments`, the parent's environment, no signal blocked, stdin and every other
  /// descriptor closed, and stdout led to stderr. In a process group of its own: Ctrl-C at a terminal is the parent's
  /// to handle. Errors: kBackendUnavailable when there is no such program, kInternal.
  static Result<std::unique_ptr<Child>> start(const std::string& program, const std::vector<std::string>& arguments);

  /// Kills the process, if it still runs, and waits for its end.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// A stream socket; reading yields its end when the child is gone.
  int socket() const { return socket_; }
  pid_t pid() const { return pid_; }

  /// Whether the process has ended by itself.
  bool ended();

  /// Kills the process, if it still runs, and says how it ended: "died of signal 11 (Segmentation fault)".
  std::string end();

 private:
  Child(pid_t pid, int socket) : pid_(pid), socket_(socket) {}

  pid_t pid_;
  int socket_;
  bool reaped_ = false;
  int wait_status_ = 0;
};

}  // namespace zmdetect::tflite
