#include "image/resize.h"

#include <vector>

#include "image/linear_rows.h"

namespace zmdetect {

void resize_linear(const std::uint8_t* src, int src_width, int src_height, std::uint8_t* dst, int dst_width,
                   int dst_height) {
  LinearRows rows(src, src_width, src_height, dst_width, dst_height);
  std::vector<std::uint8_t> row(std::size_t(dst_width) * 3);
  std::uint8_t* const planes[3] = {row.data(), row.data() + dst_width, row.data() + 2 * std::size_t(dst_width)};
  for (int y = 0; y < dst_height; ++y) {
    rows.row(y, planes);
    for (int x = 0; x < dst_width; ++x) {
      for (const std::uint8_t* plane : planes) *dst++ = plane[x];
    }
  }
}

}  // namespace zmdetect
