#include "postprocess/darknet.h"

#include <algorithm>
#include <cmath>

namespace zmdetect {
namespace {

constexpr int kFarthest = 3;  // how often a box may be as long as the picture, and how far off
constexpr float kHighestScore = 1.001F;

}  // namespace

Status decode_darknet(const TensorView& rows, int index, int width, int height, float threshold, Found& found) {
  const auto& shape = rows.shape;
  if (rows.type != ElementType::kFloat32 || shape.size() != 3 || index < 0 || index >= shape[0] || shape[2] < 6) {
    return Status(Code::kModelOutputInvalid, "expected darknet rows [batch,count,5 + classes] with picture " +
                                                 std::to_string(index) + ", the network answered " + shape_text(shape));
  }
  const std::int64_t columns = shape[2];
  const float* row = static_cast<const float*>(rows.data) + index * shape[1] * columns;
  for (std::int64_t i = 0; i < shape[1]; ++i, row += columns) {
    const float* best = std::max_element(row + 5, row + columns);
    if (!(*best >= threshold)) continue;
    // numpy multiplies in float32 and int() cuts toward zero.
    const double cx = std::trunc(row[0] * static_cast<float>(width));
    const double cy = std::trunc(row[1] * static_cast<float>(height));
    const double w = std::trunc(row[2] * static_cast<float>(width));
    const double h = std::trunc(row[3] * static_cast<float>(height));
    const auto possible = [](double value, int side) { return std::abs(value) <= kFarthest * side; };
    const bool inside = possible(cx, width) && possible(w, width) && possible(cy, height) && possible(h, height);
    if (!inside || w < 0 || h < 0 || *best > kHighestScore) {
      ++found.impossible;
      continue;
    }
    found.candidates.push_back({.x = cx - w / 2,
                                .y = cy - h / 2,
                                .width = w,
                                .height = h,
                                .score = *best,
                                .class_id = static_cast<int>(best - (row + 5))});
  }
  return Status();
}

}  // namespace zmdetect
