#include <algorithm>
#include <cstddef>
#include <utility>

#include "image/formats.h"

namespace zmdetect {

namespace {

constexpr std::size_t kPixel = 3;

void swap_pixels(std::uint8_t* a, std::uint8_t* b) { std::swap_ranges(a, a + kPixel, b); }

void mirror_row(std::uint8_t* row, int width) {
  std::uint8_t* left = row;
  std::uint8_t* right = row + kPixel * std::size_t(width - 1);
  for (; left < right; left += kPixel, right -= kPixel) swap_pixels(left, right);
}

void mirror(Image& image) {
  for (int y = 0; y < image.height; ++y) {
    mirror_row(image.pixels.get() + std::size_t(y) * std::size_t(image.width) * kPixel, image.width);
  }
}

void flip(Image& image) {
  const std::size_t row = std::size_t(image.width) * kPixel;
  std::uint8_t* upper = image.pixels.get();
  std::uint8_t* lower = upper + row * std::size_t(image.height - 1);
  for (; upper < lower; upper += row, lower -= row) std::swap_ranges(upper, upper + row, lower);
}

Image transposed(const Image& image) {
  // In square blocks, so that the column-wise side stays within the cache.
  constexpr int kBlock = 32;
  Image out = allocate_image(image.height, image.width);
  for (int top = 0; top < image.height; top += kBlock) {
    const int bottom = std::min(top + kBlock, image.height);
    for (int left = 0; left < image.width; left += kBlock) {
      const int right = std::min(left + kBlock, image.width);
      for (int y = top; y < bottom; ++y) {
        const std::uint8_t* from = image.pixels.get() + (std::size_t(y) * std::size_t(image.width) + left) * kPixel;
        for (int x = left; x < right; ++x, from += kPixel) {
          std::uint8_t* const to =
              out.pixels.get() + (std::size_t(x) * std::size_t(image.height) + std::size_t(y)) * kPixel;
          std::copy_n(from, kPixel, to);
        }
      }
    }
  }
  return out;
}

}  // namespace

Image orient(StoredImage stored) {
  // EXIF 2.3, tag 0x0112, says where row 0 and column 0 of the stored picture lie when it is shown. All eight values
  // are a transposition (5..8) followed by mirrorings.
  Image image = stored.orientation >= 5 ? transposed(stored.image) : std::move(stored.image);
  switch (stored.orientation) {
    case 2: mirror(image); break;
    case 3:
      mirror(image);
      flip(image);
      break;
    case 4: flip(image); break;
    case 6: mirror(image); break;
    case 7:
      mirror(image);
      flip(image);
      break;
    case 8: flip(image); break;
    default: break;
  }
  return image;
}

}  // namespace zmdetect
