// The input memory of one inference: slots side by side, so that a batch is one tensor and no pixel is copied into it.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/clock.h"
#include "engine/job.h"
#include "image/input.h"

namespace zmdetect {

/// A job that has its place in a batch.
struct Slot {
  DetectJob job;  // without `done` once it is answered
  Placement placement;
  Stopwatch since_submit;
  StageTimes times;

  bool wanted() const { return static_cast<bool>(job.done); }
  void answer(Result<DetectResult> result) {
    DetectCallback done = std::move(job.done);
    job = DetectJob();
    done(std::move(result));
  }
};

class Batch {
 public:
  Batch(std::size_t slot_bytes, int capacity)
      : slot_bytes_(slot_bytes),
        pixels_(std::make_unique<std::byte[]>(slot_bytes * std::size_t(capacity))),
        slots_(std::size_t(capacity)) {}

  int capacity() const { return static_cast<int>(slots_.size()); }
  Slot& slot(int index) { return slots_[std::size_t(index)]; }
  std::byte* pixels(int index) { return pixels_.get() + std::size_t(index) * slot_bytes_; }

  /// Moves slots that are still wanted to the front; returns how many there are. A copy of pixels is made only here,
  /// for each picture that was given up between its letterboxing and its inference.
  int compact(int assigned) {
    int last = assigned - 1;
    for (int i = 0; i <= last; ++i) {
      if (slot(i).wanted()) continue;
      while (last > i && !slot(last).wanted()) --last;
      if (last == i) return i;
      std::memcpy(pixels(i), pixels(last), slot_bytes_);
      slot(i) = std::move(slot(last));
      slot(last) = Slot();
      --last;
    }
    return last + 1;
  }

  // The model's lock guards these two.
  int assigned = 0;  // slots that have a job
  int settled = 0;   // of those, letterboxed or answered already

 private:
  const std::size_t slot_bytes_;
  std::unique_ptr<std::byte[]> pixels_;
  std::vector<Slot> slots_;
};

}  // namespace zmdetect
