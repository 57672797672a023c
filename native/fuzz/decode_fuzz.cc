// Fuzz target: any bytes through decode and letterbox. Build and run with clang from the repository's root:
//
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -Inative
//     native/fuzz/decode_fuzz.cc native/image/*.cc $(pkg-config --cflags --libs libjpeg spng lept) -o decode_fuzz
//   ./decode_fuzz -max_total_time=300 -rss_limit_mb=2048 CORPUS_FOLDER
//
// A folder with one small picture of every format is a good corpus to begin with.
#include <cstdint>
#include <vector>

#include "image/image.h"
#include "image/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const zmdetect::DecodeLimits limits{.max_pixels = 1'000'000};
  const auto image = zmdetect::decode_image({data, size}, limits);
  if (!image.ok()) return 0;

  zmdetect::InputPlan target;
  target.width = 64;
  target.height = 64;
  std::vector<float> slot(std::size_t(3) * 64 * 64);
  (void)zmdetect::write_input(image.value(), target, slot.data());
  return 0;
}
