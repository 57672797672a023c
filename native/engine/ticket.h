// A ticket goes with a request through every queue; whoever holds it may ask whether the work is still wanted.
#pragma once

#include <atomic>
#include <memory>

#include "status.h"

namespace zmdetect {

class Ticket {
 public:
  /// The client hung up or the answer is known: what has not begun is dropped.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  /// kCancelled once nobody wants the answer.
  Status check() const {
    if (cancelled_.load(std::memory_order_relaxed)) return Status(Code::kCancelled, "the request was cancelled");
    return Status();
  }

 private:
  std::atomic<bool> cancelled_{false};
};

using TicketPtr = std::shared_ptr<Ticket>;

}  // namespace zmdetect
