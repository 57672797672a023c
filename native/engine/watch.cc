#include "engine/watch.h"

#include <algorithm>

namespace zmdetect {

void Activity::begin(const std::string& what) {
  std::lock_guard lock(mutex_);
  busy_ = true;
  what_ = what;
  since_ = now_();
}

void Activity::end() {
  std::lock_guard lock(mutex_);
  busy_ = false;
}

bool Activity::stuck_since(WatchClock::time_point cutoff) const {
  std::lock_guard lock(mutex_);
  return busy_ && since_ <= cutoff;
}

std::shared_ptr<Activity> Watch::enlist(const std::string& thread) {
  auto activity = std::make_shared<Activity>(thread, now_);
  std::lock_guard lock(mutex_);
  std::erase_if(activities_, [](const std::weak_ptr<Activity>& each) { return each.expired(); });
  activities_.push_back(activity);
  return activity;
}

std::vector<StuckThread> Watch::stuck(std::chrono::milliseconds limit) const {
  const WatchClock::time_point now = now_();
  std::vector<StuckThread> list;
  std::lock_guard lock(mutex_);
  for (const std::weak_ptr<Activity>& each : activities_) {
    const std::shared_ptr<Activity> activity = each.lock();
    if (!activity) continue;
    std::lock_guard line(activity->mutex_);
    if (!activity->busy_ || now - activity->since_ < limit) continue;
    const double seconds = std::chrono::duration<double>(now - activity->since_).count();
    list.push_back({activity->thread_, activity->what_, seconds});
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  return list;
}

}  // namespace zmdetect
