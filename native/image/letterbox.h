// Letterbox: a picture scaled into a fixed rectangle with its shape kept, the rest padded.
#pragma once

#include "image/image.h"

namespace zmdetect {

/// Where a picture lies inside the network's input, in input pixels. To go back: x = (X - pad_x) / scale.
struct LetterboxGeometry {
  double scale = 1;
  int scaled_width = 0;
  int scaled_height = 0;
  int pad_x = 0;  // columns left of the picture
  int pad_y = 0;  // rows above it
};

/// The network input that a letterbox writes: one batch slot, planar float32 (3 x height x width).
struct LetterboxTarget {
  int width = 0;
  int height = 0;
  float scale = 0.00392F;      // multiplies every 8-bit value; the contract's constant, not 1/255
  std::uint8_t padding = 114;  // 8-bit value of the border, multiplied like a pixel
  bool bgr = false;            // plane order B, G, R instead of R, G, B
  bool centred = true;         // false: the picture lies at the top left (YOLOX)
};

/// Contract 5.2: s = min(W/w, H/h), sides rounded half to even, left and top padding = floor of half the rest.
LetterboxGeometry letterbox_geometry(int width, int height, const LetterboxTarget& target);

/// Resizes bilinearly with OpenCV's INTER_LINEAR 8-bit arithmetic, pads, scales and writes 3*height*width floats to
/// `slot`. Errors: kImageTooThin when a scaled side rounds to zero.
Result<LetterboxGeometry> letterbox(const Image& image, const LetterboxTarget& target, float* slot);

}  // namespace zmdetect
