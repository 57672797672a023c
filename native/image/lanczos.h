// Lanczos resize of 8-bit RGB, bit for bit as Pillow's Image.resize(..., Image.LANCZOS) does it, and the input of a
// Coral model that is made with it.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace zmdetect {

/// Scales interleaved 3-channel 8-bit `src` (src_width x src_height, rows packed) to `dst` (dst_width x dst_height,
/// rows `dst_stride` bytes apart). Lanczos with a = 3, widened when scaling down (antialiased); horizontal pass, then
/// vertical pass, each rounded to 8 bits, with weights of 22 fractional bits. Every size is at least 1. Throws
/// std::bad_alloc for its buffers.
void resize_lanczos(const std::uint8_t* src, int src_width, int src_height, std::uint8_t* dst, int dst_width,
                    int dst_height, std::size_t dst_stride);

/// Where a picture lies inside a network input of `input_width` x `input_height`: at the top left.
struct TopLeftFit {
  double scale = 1;  // input pixels per picture pixel, the same on both axes
  int width = 0;     // of the scaled picture, input pixels
  int height = 0;
  int input_width = 0;
  int input_height = 0;
};

/// Contract 5.5: scale = min(W/w, H/h), scaled sides truncated to whole pixels.
TopLeftFit fit_top_left(int width, int height, int input_width, int input_height);

/// Writes one input tensor, [input_height][input_width][3] R, G, B bytes: the picture scaled with Lanczos to the top
/// left, zero elsewhere. `slot` has input_width * input_height * 3 bytes. Errors: kImageTooThin when a scaled side is
/// zero, kOutOfMemory.
Result<TopLeftFit> place_top_left(const Image& image, int input_width, int input_height, std::span<std::uint8_t> slot);

}  // namespace zmdetect
