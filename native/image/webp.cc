// WebP through Leptonica (libwebp).
#include "image/byte_reader.h"
#include "image/leptonica.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "WebP";

bool is_animated(Bytes bytes) {
  constexpr std::uint32_t kAnimationFlag = 0x02;
  const Bytes extended = riff_chunk(bytes, "VP8X");
  return !extended.empty() && (extended[0] & kAnimationFlag) != 0;
}

}  // namespace

Result<StoredImage> decode_webp(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  silence_leptonica();
  l_int32 width = 0;
  l_int32 height = 0;
  l_int32 samples = 0;
  if (readHeaderMemWebP(bytes.data(), bytes.size(), &width, &height, &samples) != 0 || width < 0 || height < 0) {
    return undecodable(kFormat, "no valid header");
  }
  ZMD_RETURN_IF_ERROR(check_size(kFormat, std::uint64_t(width), std::uint64_t(height), limits));
  // OpenCV shows the first frame. No camera sends one, and it would take libwebp's demuxer.
  if (is_animated(bytes)) return undecodable(kFormat, "animated pictures are not supported");

  Result<Image> image = image_from_pix(kFormat, PixPtr(pixReadMemWebP(bytes.data(), bytes.size())), stop);
  if (!image.ok()) return image.status();
  return StoredImage{std::move(image).value(), exif_orientation(riff_chunk(bytes, "EXIF"))};
}

}  // namespace zmdetect
