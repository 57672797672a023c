// What the tests and their backend both know. The model's path tells the backend what to do: words "<what>:<number>",
// for example "create:2" (the second instance cannot be made) or "run:1 delay_ms:50".
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

/// Signature of `zmdetect_fake_fail`: the next run of any instance fails with that Code.
using FakeFail = void (*)(int code);

}  // namespace zmdetect::testing
