// A picture as a JPEG file, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "image/image.h"

namespace zmdetect {

struct JpegFile {
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::uint8_t, Free> data;
  std::size_t size = 0;

  std::span<const std::uint8_t> bytes() const { return {data.get(), size}; }
};

/// Encodes at `quality` 1 (small) to 100 (good), with colour at full resolution, so that thin coloured lines keep
/// theirs. Errors: kImageTooLarge for a side over 65500 pixels, which the format cannot hold; kOutOfMemory; kInternal.
Result<JpegFile> encode_jpeg(const Image& image, int quality);

}  // namespace zmdetect
