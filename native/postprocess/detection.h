// What a network says of one picture.
#pragma once

#include <cstdint>
#include <vector>

namespace zmdetect {

/// A box in pixels of the upright original picture, before rounding: top-left corner, width, height. May reach
/// outside the picture.
struct Candidate {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  float score = 0;  // 0..1
  int class_id = 0;
};

/// A kept box: corners x1, y1 (top left), x2, y2 in whole pixels of the original picture, not clamped.
struct Detection {
  std::int64_t box[4] = {0, 0, 0, 0};
  float score = 0;
  int class_id = 0;
};

/// What one picture's answer holds, and what was left out of it.
struct Answer {
  std::vector<Detection> detections;  // best first
  int impossible = 0;                 // boxes above the threshold that no picture can have: dropped
  int capped = 0;                     // candidates beyond the limit, the weakest ones: not looked at
};

}  // namespace zmdetect
