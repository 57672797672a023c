#include "image/linear_rows.h"

#include <algorithm>
#include <cmath>

namespace zmdetect {

namespace {

constexpr int kWeightBits = 11;
constexpr float kWeightOne = 1 << kWeightBits;

// A scaled row is kept without its low 4 bits, since OpenCV's vertical pass drops them anyway: 255 * 2048 >> 4 fits an
// int16, and the products below become 16-bit multiplications that compilers vectorise well.
inline int blend(int near, int far, int near_weight, int far_weight) {
  return (((near * near_weight) >> 16) + ((far * far_weight) >> 16) + 2) >> 2;
}

}  // namespace

LinearRows::LinearRows(const std::uint8_t* src, int src_width, int src_height, int dst_width, int dst_height)
    : src_(src),
      src_width_(src_width),
      src_height_(src_height),
      dst_width_(dst_width),
      dst_height_(dst_height),
      halves_(src_width == 2 * dst_width && src_height == 2 * dst_height) {
  if (halves_) return;
  taps_.reserve(std::size_t(dst_width));
  for (int x = 0; x < dst_width; ++x) {
    Tap t = tap(x, src_width, dst_width);
    // On this axis (and only on this one) OpenCV gives a border pixel the whole weight. Put as the far neighbour at
    // the right border, so that reading two pixels stays inside the row.
    if (t.index < 0) t = {0, std::int16_t(kWeightOne), 0};
    if (t.index >= src_width - 1) t = {std::max(src_width - 2, 0), 0, std::int16_t(kWeightOne)};
    taps_.push_back(t);
  }
  for (auto& row : scaled_) row.resize(std::size_t(dst_width) * 3);
}

Tap LinearRows::tap(int position, int src_size, int dst_size) {
  // The order of these operations and their types decide the last bit of a weight: the ratio is inverted twice in
  // double, the position is rounded to float before its fraction is taken, weights round half to even.
  const double scale = 1.0 / (double(dst_size) / double(src_size));
  const float at = float((position + 0.5) * scale - 0.5);
  const float whole = std::floor(at);
  const float fraction = at - whole;
  return {int(whole), std::int16_t(std::nearbyint((1.0F - fraction) * kWeightOne)),
          std::int16_t(std::nearbyint(fraction * kWeightOne))};
}

const std::int16_t* LinearRows::scaled_row(int src_y) {
  const int slot = src_y & 1;
  std::int16_t* const scaled = scaled_[slot].data();
  if (scaled_y_[slot] == src_y) return scaled;
  scaled_y_[slot] = src_y;

  const std::uint8_t* const row = src_ + std::size_t(src_y) * std::size_t(src_width_) * 3;
  scale_row(row, src_width_, taps_, scaled);
  return scaled;
}

template <typename Out, typename Convert>
void LinearRows::produce(int y, Out* const planes[3], Convert convert) {
  const int width = dst_width_;  // bytes written through `planes` might alias the member, which stops vectorisation
  if (halves_) {
    const std::size_t stride = std::size_t(src_width_) * 3;
    const std::uint8_t* const upper = src_ + std::size_t(y) * 2 * stride;
    const std::uint8_t* const lower = upper + stride;
    Out* const r = planes[0];
    Out* const g = planes[1];
    Out* const b = planes[2];
    for (int x = 0; x < width; ++x) {
      const std::uint8_t* const p = upper + std::size_t(x) * 6;
      const std::uint8_t* const q = lower + std::size_t(x) * 6;
      r[x] = convert((p[0] + p[3] + q[0] + q[3] + 2) >> 2);
      g[x] = convert((p[1] + p[4] + q[1] + q[4] + 2) >> 2);
      b[x] = convert((p[2] + p[5] + q[2] + q[5] + 2) >> 2);
    }
    return;
  }
  const Tap t = tap(y, src_height_, dst_height_);
  const int last = src_height_ - 1;
  // At the upper and lower border both neighbours are the border's row and the weights stay as they are.
  const std::int16_t* const near = scaled_row(std::clamp(t.index, 0, last));
  const std::int16_t* const far = t.far_weight == 0 ? near : scaled_row(std::clamp(t.index + 1, 0, last));
  for (int plane = 0; plane < 3; ++plane) {
    const std::int16_t* const n = near + std::ptrdiff_t(plane) * width;
    const std::int16_t* const f = far + std::ptrdiff_t(plane) * width;
    Out* const out = planes[plane];
    for (int x = 0; x < width; ++x) out[x] = convert(blend(n[x], f[x], t.near_weight, t.far_weight));
  }
}

void LinearRows::row(int y, std::uint8_t* const planes[3]) {
  produce(y, planes, [](int value) { return std::uint8_t(value); });
}

void LinearRows::row(int y, float factor, float* const planes[3]) {
  produce(y, planes, [factor](int value) { return float(value) * factor; });
}

}  // namespace zmdetect
