// A queue with two lanes: interactive work goes before bulk work, which is never starved.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "engine/ticket.h"

namespace zmdetect {

/// Entries of one lane keep their order. Of five turns that both lanes want, bulk work has one. Not synchronised.
template <typename Entry>
class Lanes {
 public:
  void push(Entry entry, Priority priority) {
    (priority == Priority::kBulk ? bulk_ : interactive_).push_back(std::move(entry));
  }

  bool empty() const { return interactive_.empty() && bulk_.empty(); }
  std::size_t size() const { return interactive_.size() + bulk_.size(); }

  /// The entry whose turn it is; there must be one.
  Entry pop() {
    const bool bulk = interactive_.empty() || (!bulk_.empty() && interactive_in_a_row_ >= kInteractiveInARow);
    interactive_in_a_row_ = bulk ? 0 : interactive_in_a_row_ + 1;
    std::deque<Entry>& lane = bulk ? bulk_ : interactive_;
    Entry entry = std::move(lane.front());
    lane.pop_front();
    return entry;
  }

 private:
  static constexpr int kInteractiveInARow = 4;

  std::deque<Entry> interactive_;
  std::deque<Entry> bulk_;
  int interactive_in_a_row_ = 0;
};

}  // namespace zmdetect
