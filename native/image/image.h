// A decoded picture and the border through which bytes become one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "status.h"

namespace zmdetect {

/// An upright 8-bit RGB picture: `height` rows of `width` interleaved R, G, B bytes, no padding between rows.
struct Image {
  int width = 0;
  int height = 0;
  std::unique_ptr<std::uint8_t[]> pixels;

  std::size_t bytes() const { return std::size_t(width) * std::size_t(height) * 3; }
};

/// Limits on what a header may declare. They are checked before a pixel buffer is allocated.
struct DecodeLimits {
  std::uint64_t max_pixels = 64'000'000;
  /// JPEG with the fast DCT and plain upsampling: other pixels than OpenCV's, and with them other boxes.
  bool fast_jpeg = false;
};

/// Asked at least once for every row and every scan of a picture: anything but OK ends the decode with that status.
using StopCheck = std::function<Status()>;

/// Decodes JPEG, PNG, BMP, WebP, GIF (first frame), TIFF or PNM; the format is read from the bytes, never from a name.
/// EXIF orientation is applied (JPEG, PNG, WebP, and TIFF's own tag), alpha is dropped without blending, 16 bits become
/// 8 by dropping the low byte, grey and CMYK become RGB. Errors: kImageEmpty, kImageUndecodable, kImageTooLarge,
/// kOutOfMemory, and whatever `stop` says. The work is linear in the bytes and the pixels (a JPEG's scans count as
/// pixels). Leptonica unpacks WebP, TIFF and GIF in one call that `stop` cannot
/// end; it is asked again when their pixels are copied.
Result<Image> decode_image(std::span<const std::uint8_t> bytes, const DecodeLimits& limits, const StopCheck& stop = {});

}  // namespace zmdetect
