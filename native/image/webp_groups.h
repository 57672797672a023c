// Inside native/image only: how many prefix code groups a lossless WebP stream makes its decoder keep.
#pragma once

#include <cstdint>
#include <optional>

#include "image/formats.h"

namespace zmdetect {

/// Reads a lossless stream, from behind its header, up to the prefix codes of the picture. libwebp keeps 12 to 20 KB
/// for each group that the entropy image names, whatever the group costs in the file. Time is linear in the bytes and
/// in the 1/16 of the pixels that the sub-images may have; the memory does not depend on the file. Nothing for a broken
/// stream.
std::optional<std::uint64_t> prefix_code_groups(Bytes stream, std::uint32_t width, std::uint32_t height);

}  // namespace zmdetect
