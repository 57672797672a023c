// What each thread does and since when, so that one which does not come back is seen.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace zmdetect {

using WatchClock = std::chrono::steady_clock;

/// One thread's line in the watch. `begin` and `end` are called by that thread, the rest by any.
class Activity {
 public:
  Activity(std::string thread, std::function<WatchClock::time_point()> now)
      : thread_(std::move(thread)), now_(std::move(now)) {}

  const std::string& thread() const { return thread_; }
  void begin(const std::string& what);
  void end();

  /// Whether the thread has been at one task since `cutoff` or longer.
  bool stuck_since(WatchClock::time_point cutoff) const;

 private:
  friend class Watch;
  const std::string thread_;
  const std::function<WatchClock::time_point()> now_;
  mutable std::mutex mutex_;  // guards the rest; taken last, nothing is called under it
  bool busy_ = false;
  std::string what_;
  WatchClock::time_point since_;
};

/// Says for its lifetime what the thread does.
class Busy {
 public:
  Busy(Activity& activity, const std::string& what) : activity_(activity) { activity_.begin(what); }
  ~Busy() { activity_.end(); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  Activity& activity_;
};

/// A thread that has been at one task for too long.
struct StuckThread {
  std::string thread;  // "decode-0"
  std::string what;    // "decode a picture"
  double seconds = 0;
};

/// Knows every thread of one engine. The clock is the test's to replace.
class Watch {
 public:
  using Now = std::function<WatchClock::time_point()>;
  explicit Watch(Now now = [] { return WatchClock::now(); }) : now_(std::move(now)) {}

  /// A line for a new thread; it leaves the watch with its last reference.
  std::shared_ptr<Activity> enlist(const std::string& thread);

  WatchClock::time_point now() const { return now_(); }

  /// The threads that have not come back for `limit`, the longest first.
  std::vector<StuckThread> stuck(std::chrono::milliseconds limit) const;

 private:
  const Now now_;
  mutable std::mutex mutex_;  // guards the list
  mutable std::vector<std::weak_ptr<Activity>> activities_;
};

}  // namespace zmdetect
