// Inside native/image only: what the readers of the single formats share.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "image/image.h"

namespace zmdetect {

using Bytes = std::span<const std::uint8_t>;

/// A picture as the file stores it, before its EXIF orientation (1..8, 1 is upright) is applied.
struct StoredImage {
  Image image;
  int orientation = 1;
};

// Each reader decodes one format to RGB, checks `limits` on the header before it allocates pixels, ends with the status
// of `stop` (never empty) where that is not OK, and may throw std::bad_alloc. `bytes` start with the format's
// signature.
Result<StoredImage> decode_jpeg(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop);
Result<StoredImage> decode_png(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop);
Result<StoredImage> decode_gif(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop);
Result<StoredImage> decode_bmp(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop);
Result<StoredImage> decode_webp(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop);
Result<StoredImage> decode_tiff(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop);
Result<StoredImage> decode_pnm(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop);

/// kImageUndecodable with the message "FORMAT: reason".
Status undecodable(const char* format, const std::string& reason);

/// Judges the size that a header declares, in pixels: kImageUndecodable for an empty picture, kImageTooLarge for one
/// over `limits.max_pixels` or with a side over 65535 (so that no later product overflows).
Status check_size(const char* format, std::uint64_t width, std::uint64_t height, const DecodeLimits& limits);

/// A picture with uninitialised pixels. The size has passed check_size. Throws std::bad_alloc.
Image allocate_image(int width, int height);

/// The orientation tag, 1..8, of an EXIF block: a TIFF header and its first directory, without the "Exif\0\0" that
/// JPEG puts before it. 1 when there is none or when the block is damaged.
int exif_orientation(Bytes tiff);

/// What stands before the first scan of a JPEG.
struct JpegSegments {
  std::size_t count = 0;  // markers with a length, of any kind
  Bytes exif;             // of the first APP1 that is one, without its "Exif\0\0"
};
JpegSegments read_jpeg_segments(Bytes jpeg);

/// The payload of the first chunk `name` (four characters) in a RIFF file, empty if there is none.
Bytes riff_chunk(Bytes riff, const char* name);

/// Turns a stored picture upright: 2 mirrored, 3 half turn, 4 flipped, 5 transposed, 6 turned right, 7 transversed,
/// 8 turned left. Throws std::bad_alloc.
Image orient(StoredImage stored);

}  // namespace zmdetect
