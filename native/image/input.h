// A network's input: how a picture becomes one slot of a batch. Knows pictures and memory, not models.
#pragma once

#include <array>
#include <cstddef>

#include "image/image.h"

namespace zmdetect {

/// How the picture's shape is fitted to the input's.
enum class Fit {
  kLetterbox,       // shape kept, centred, bilinear; sides rounded half to even (contract 5.2)
  kTopLeft,         // shape kept, at the top left, bilinear; sides truncated, as YOLOX's own preprocessing has them
  kStretch,         // shape not kept, bilinear (contract 5.4)
  kTopLeftLanczos,  // shape kept, at the top left, Lanczos; sides truncated, the rest zero (contract 5.5)
};

enum class SlotType { kFloat32, kFloat64, kFloat16, kBfloat16, kUint8, kInt8 };

/// The three channels of a colour picture in either order, or its luma alone.
enum class Channels { kRgb, kBgr, kGrey };

/// One slot holds channels x height x width values, in planes or interleaved. A value is
/// (v * factor - mean[c]) / deviation[c] for an 8-bit v; an integer slot stores that divided by `step`, rounded, plus
/// `zero_point`. A grey slot uses the first mean and deviation.
struct InputPlan {
  int width = 0;
  int height = 0;
  Fit fit = Fit::kLetterbox;
  SlotType type = SlotType::kFloat32;
  bool interleaved = false;  // [height][width][channels] instead of [channels][height][width]
  Channels channels = Channels::kRgb;
  std::uint8_t padding = 114;                  // 8-bit value of what the picture leaves free
  float factor = 0.00392F;                     // the contract's constant, not 1/255
  std::array<float, 3> mean = {0, 0, 0};       // in channel order R, G, B
  std::array<float, 3> deviation = {1, 1, 1};  // likewise
  float step = 1;
  int zero_point = 0;

  int channel_count() const { return channels == Channels::kGrey ? 1 : 3; }
  std::size_t slot_bytes() const;
  bool operator==(const InputPlan&) const = default;
};

/// Where the picture lies inside the input. To go back: x = (X - pad_x) / scale_x.
struct Placement {
  double scale_x = 1;  // input pixels for each picture pixel
  double scale_y = 1;
  int pad_x = 0;  // columns left of the picture
  int pad_y = 0;  // rows above it
  int scaled_width = 0;
  int scaled_height = 0;
  int input_width = 0;
  int input_height = 0;
  int picture_width = 0;
  int picture_height = 0;
};

/// Where a picture of `width` x `height` pixels would lie.
Placement place(int width, int height, const InputPlan& plan);

/// Writes the picture into `slot` (slot_bytes() bytes, aligned for its type). Bilinear resizing is bit for bit OpenCV's
/// INTER_LINEAR. Errors: kImageTooThin when a scaled side is zero, kOutOfMemory.
Result<Placement> write_input(const Image& image, const InputPlan& plan, void* slot);

/// IEEE 754 half precision, rounded to nearest, ties to even.
std::uint16_t to_half(float value);
float from_half(std::uint16_t half);

/// bfloat16: the upper half of a float32, rounded to nearest, ties to even.
std::uint16_t to_bfloat16(float value);
float from_bfloat16(std::uint16_t bits);

}  // namespace zmdetect
