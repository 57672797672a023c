// What every fuzz target asserts: the work is linear in the bytes. It is counted in allocations and in steps, since an
// input that is only slow is a finding too.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/allocations.h"

namespace zmdetect::fuzz {

struct Bound {
  std::uint64_t bytes_for_each = 0;  // allocated, for each byte of input
  std::uint64_t bytes = 0;           // and at most so many more
  std::uint64_t steps = 0;
};

/// Counts from its making to its end; aborts, which libFuzzer reports with the input, where the work is beyond the
/// bound.
class Work {
 public:
  Work(std::size_t input, const Bound& bound) : input_(input), bound_(bound) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() {
    const std::uint64_t allocated = count_.so_far().bytes;
    if (allocated <= bound_.bytes_for_each * input_ + bound_.bytes && steps_ <= bound_.steps) return;
    std::fprintf(stderr, "%zu bytes of input made %llu bytes of allocations and %llu steps\n", input_,
                 static_cast<unsigned long long>(allocated), static_cast<unsigned long long>(steps_));
    std::abort();
  }

  void step() { ++steps_; }

 private:
  const std::size_t input_;
  const Bound bound_;
  std::uint64_t steps_ = 0;
  testing::Allocations count_;
};

}  // namespace zmdetect::fuzz
