#include "image/resize.h"

#include <vector>

#include "image/linear_rows.h"

namespace zmdetect {

void resize_linear(const std::uint8_t* src, int src_width, int src_height, std::uint8_t* dst, int dst_width,
                   int dst_height) {
  LinearRows rows(src, src_width, src_height, dst_width, dst_height);
  std::vector<std::uint8_t> row(std::size_t(dst_width) * 3);
  std::uint8_t* const red = row.data();
  std::uint8_t* const green = red + dst_width;
  std::uint8_t* const blue = green + dst_width;
  std::uint8_t* const planes[3] = {red, green, blue};
  for (int y = 0; y < dst_height; ++y) {
    rows.row(y, planes);
    for (int x = 0; x < dst_width; ++x, dst += 3) {
      dst[0] = red[x];
      dst[1] = green[x];
      dst[2] = blue[x];
    }
  }
}

}  // namespace zmdetect
