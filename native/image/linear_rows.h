// The arithmetic that resize and letterbox share: a bilinear resize, one output row at a time, in planes.
#pragma once

#include <cstdint>
#include <vector>

#include "image/scale_row.h"

namespace zmdetect {

/// Scales an interleaved 3-channel 8-bit picture (rows packed) bit for bit as cv::resize(INTER_LINEAR).
///
/// OpenCV works in fixed point here: the weights of each axis are rounded to 11 bits, a source row is scaled
/// horizontally, and two such rows are blended vertically. Positions are pixel centres, x_src = (x + 0.5) * src / dst
/// - 0.5; what lies outside repeats the border. One exception: exactly half the size on both axes is the rounded mean
/// of each 2 x 2 block (OpenCV silently takes INTER_AREA there).
///
/// The constructor may throw std::bad_alloc. Rows may be asked for in any order, ascending is the fast one.
class LinearRows {
 public:
  /// `src` must outlive the object. Every size is at least 1.
  LinearRows(const std::uint8_t* src, int src_width, int src_height, int dst_width, int dst_height);

  /// Writes row `y` as three planes of dst_width values 0..255, in the source's channel order.
  void row(int y, std::uint8_t* const planes[3]);

  /// The same, every value converted to float and multiplied by `factor`.
  void row(int y, float factor, float* const planes[3]);

 private:
  static Tap tap(int position, int src_size, int dst_size);

  template <typename Out, typename Convert>
  void produce(int y, Out* const planes[3], Convert convert);
  const std::int16_t* scaled_row(int src_y);

  const std::uint8_t* src_;
  int src_width_;
  int src_height_;
  int dst_width_;
  int dst_height_;
  bool halves_;
  std::vector<Tap> taps_;                // of the x axis
  std::vector<std::int16_t> scaled_[2];  // horizontally scaled rows as 3 planes; an odd source row lives in [1]
  int scaled_y_[2] = {-1, -1};           // which source rows those are
};

}  // namespace zmdetect
