// What a detector saw, drawn on the picture for a person to look at.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "image/draw.h"

namespace zmdetect {

/// A frame around `box` (x1, y1, x2, y2 in pixels, corners in either order) and a plate with `text` (UTF-8, one line;
/// empty: no plate).
struct BoxMark {
  std::array<double, 4> box;
  std::string text;
  Colour colour;
};

/// The closed outline of an area, with any number of corners.
struct PolygonMark {
  std::vector<Point> corners;
  Colour colour;
};

struct Annotations {
  std::vector<PolygonMark> polygons;
  std::vector<BoxMark> boxes;
};

/// Draws polygons, then frames, then plates. Lines and letters are sized to the picture. A frame is closed at the
/// picture's edge where its box goes beyond; a box wholly outside, or with a coordinate that is not a number, is left
/// out. A plate stands above its frame, or where there is room that no earlier plate has. Errors: kOutOfMemory.
Status annotate(Image& image, const Annotations& annotations);

}  // namespace zmdetect
