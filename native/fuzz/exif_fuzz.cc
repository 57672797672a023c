// The readers that look for EXIF: in a TIFF structure, in the segments of a JPEG, in the chunks of a RIFF file.
#include "fuzz/work.h"
#include "image/formats.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zmdetect;
  const fuzz::Work work(size, {});
  const Bytes bytes(data, size);
  if (const int orientation = exif_orientation(bytes); orientation < 1 || orientation > 8) std::abort();
  const Bytes inside = read_jpeg_segments(bytes).exif;
  if (!inside.empty() && (inside.data() < data || inside.data() + inside.size() > data + size)) std::abort();
  (void)exif_orientation(inside);
  (void)exif_orientation(riff_chunk(bytes, "EXIF"));
  return 0;
}
