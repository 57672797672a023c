#include "image/letterbox.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

#include "image/linear_rows.h"

namespace zmdetect {

LetterboxGeometry letterbox_geometry(int width, int height, const LetterboxTarget& target) {
  LetterboxGeometry geometry;
  geometry.scale = std::min(double(target.width) / width, double(target.height) / height);
  // nearbyint rounds half to even in the default rounding mode, as Python's round does.
  geometry.scaled_width = int(std::nearbyint(width * geometry.scale));
  geometry.scaled_height = int(std::nearbyint(height * geometry.scale));
  if (target.centred) {
    geometry.pad_x = (target.width - geometry.scaled_width) / 2;
    geometry.pad_y = (target.height - geometry.scaled_height) / 2;
  }
  return geometry;
}

Result<LetterboxGeometry> letterbox(const Image& image, const LetterboxTarget& target, float* slot) try {
  const LetterboxGeometry geometry = letterbox_geometry(image.width, image.height, target);
  if (geometry.scaled_width < 1 || geometry.scaled_height < 1) {
    return Status(Code::kImageTooThin, "the picture of " + std::to_string(image.width) + " x " +
                                           std::to_string(image.height) + " pixels would be scaled to " +
                                           std::to_string(geometry.scaled_width) + " x " +
                                           std::to_string(geometry.scaled_height) + " inside the input of " +
                                           std::to_string(target.width) + " x " + std::to_string(target.height));
  }

  const std::size_t plane = std::size_t(target.width) * std::size_t(target.height);
  float* const red = target.bgr ? slot + 2 * plane : slot;
  float* const green = slot + plane;
  float* const blue = target.bgr ? slot : slot + 2 * plane;
  // float(value) * scale in single precision is what cv2.dnn.blobFromImage computes, for all 256 values.
  const float border = float(target.padding) * target.scale;

  LinearRows rows(image.pixels.get(), image.width, image.height, geometry.scaled_width, geometry.scaled_height);
  const int right = geometry.pad_x + geometry.scaled_width;
  for (int y = 0; y < target.height; ++y) {
    const std::size_t start = std::size_t(y) * std::size_t(target.width);
    const int picture_y = y - geometry.pad_y;
    const bool inside = picture_y >= 0 && picture_y < geometry.scaled_height;
    for (float* channel : {red, green, blue}) {
      float* const line = channel + start;
      std::fill(line, line + (inside ? geometry.pad_x : target.width), border);
      if (inside) std::fill(line + right, line + target.width, border);
    }
    if (!inside) continue;
    const std::size_t at = start + std::size_t(geometry.pad_x);
    float* const lines[3] = {red + at, green + at, blue + at};
    rows.row(picture_y, target.scale, lines);
  }
  return geometry;
} catch (const std::bad_alloc&) {
  return Status(Code::kOutOfMemory, "no memory to resize the picture");
}

}  // namespace zmdetect
