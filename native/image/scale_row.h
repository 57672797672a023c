// Inside native/image only: the horizontal half of a bilinear resize, where most of a letterbox's time goes.
#pragma once

#include <cstdint>
#include <span>

namespace zmdetect {

/// One output position on one axis: the 11-bit weights (2048 is 1.0) of source sample `index` and of the next one.
struct Tap {
  std::int32_t index;
  std::int16_t near_weight;
  std::int16_t far_weight;
};

/// Scales one row of `src_width` interleaved 3-channel 8-bit pixels to taps.size() pixels as three planes, each value
/// (near * near_weight + far * far_weight) >> 4, at most 255 * 2048 >> 4. Every tap's index is at most src_width - 2,
/// or 0 in a row of one pixel (which then is its own neighbour).
void scale_row(const std::uint8_t* row, int src_width, std::span<const Tap> taps, std::int16_t* planes);

}  // namespace zmdetect
