// What the tests and their backend both know. The model's path tells the backend what to do: words "<what>:<number>",
// for example "run:3" (the third run of an instance fails) or "run:3 delay_ms:50".
#pragma once

namespace zmdetect::testing {

/// What the backend has made and not yet destroyed.
struct FakeCounts {
  int entries = 0;  // calls of its entry
  int models = 0;
  int instances = 0;
};

/// Signature of `zmdetect_fake_counts`.
using FakeCountsOf = FakeCounts (*)();

}  // namespace zmdetect::testing
