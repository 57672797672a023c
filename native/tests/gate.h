// A place where threads wait until the test lets them go.
#pragma once

#include <condition_variable>
#include <mutex>

namespace zmdetect::testing {

/// Open at first.
class Gate {
 public:
  void shut() {
    std::lock_guard lock(mutex_);
    shut_ = true;
  }
  void open() {
    std::lock_guard lock(mutex_);
    shut_ = false;
    changed_.notify_all();
  }
  /// Waits while the gate is shut.
  void pass() {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !shut_; });
    --inside_;
    changed_.notify_all();
  }
  /// Returns when so many threads wait at the gate.
  void wait_for(int threads) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return inside_ == threads; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool shut_ = false;
  int inside_ = 0;
};

}  // namespace zmdetect::testing
