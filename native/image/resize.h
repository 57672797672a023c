// Bilinear 8-bit resize, bit for bit as OpenCV's cv::resize(..., INTER_LINEAR) does it.
#pragma once

#include <cstdint>

namespace zmdetect {

/// Scales interleaved 3-channel 8-bit `src` (src_width x src_height, rows packed) to `dst` (dst_width x dst_height).
/// Every size is at least 1. Throws std::bad_alloc for its row buffers.
void resize_linear(const std::uint8_t* src, int src_width, int src_height, std::uint8_t* dst, int dst_width,
                   int dst_height);

}  // namespace zmdetect
