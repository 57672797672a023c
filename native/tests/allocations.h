// Counts what the calling thread asks of malloc: how much work a decoder or a reader does, whatever the host's speed.
#pragma once

#include <cstdint>

namespace zmdetect::testing {

struct AllocationCount {
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;
};

/// Everything that this thread has allocated since it began, libraries included.
AllocationCount allocations();

/// What was allocated since the object was made.
class Allocations {
 public:
  AllocationCount so_far() const {
    const AllocationCount now = allocations();
    return {now.calls - start_.calls, now.bytes - start_.bytes};
  }

 private:
  AllocationCount start_ = allocations();
};

}  // namespace zmdetect::testing
