// A ticket goes with a request through every queue: how urgent it is, until when it is useful, whether it is wanted.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "status.h"

namespace zmdetect {

/// Somebody waits for an interactive answer; bulk work is a whole event's frames.
enum class Priority { kInteractive, kBulk };

class Ticket {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Ticket(Priority priority = Priority::kInteractive, Clock::time_point deadline = Clock::time_point::max())
      : priority_(priority), deadline_(deadline) {}

  Priority priority() const { return priority_; }

  /// The client hung up or the answer is known: what has not begun is dropped.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  /// kCancelled once nobody wants the answer, kDeadlineExceeded once it would come too late.
  Status check() const {
    if (cancelled_.load(std::memory_order_relaxed)) return Status(Code::kCancelled, "the request was cancelled");
    if (deadline_ != Clock::time_point::max() && Clock::now() >= deadline_) {
      return Status(Code::kDeadlineExceeded, "the deadline passed while the picture waited");
    }
    return Status();
  }

 private:
  const Priority priority_;
  const Clock::time_point deadline_;
  std::atomic<bool> cancelled_{false};
};

using TicketPtr = std::shared_ptr<Ticket>;

}  // namespace zmdetect
