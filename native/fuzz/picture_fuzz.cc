// Any bytes through decode and letterbox.
#include <vector>

#include "fuzz/work.h"
#include "image/image.h"
#include "image/input.h"
#include "input_limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zmdetect;
  const DecodeLimits limits{.max_pixels = 1'000'000};
  // A picture of 1 MP takes up to 64 bytes for each pixel in libjpeg and Leptonica; a row of a scan is a step.
  const fuzz::Bound bound{.bytes_for_each = 8, .bytes = 64'000'000, .steps = (limits::kJpegScans + 2) * 65'536ULL};
  fuzz::Work work(size, bound);
  const auto image = decode_image({data, size}, limits, [&] { return work.step(), Status(); });
  if (!image.ok()) return 0;

  InputPlan target;
  target.width = 64;
  target.height = 64;
  std::vector<float> slot(std::size_t(3) * 64 * 64);
  (void)write_input(image.value(), target, slot.data());
  return 0;
}
