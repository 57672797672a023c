// What we read of a .tflite ourselves.
#include "backends/tflite/model_file.h"
#include "fuzz/work.h"
#include "input_limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zmdetect;
  // A name has at most 1 KB, and many operators may share one.
  const fuzz::Work work(size, {.bytes_for_each = 4, .bytes = 2048ULL * limits::kTfliteOperators});
  (void)tflite::read_model_file({data, size});
  return 0;
}
