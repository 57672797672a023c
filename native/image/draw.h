// Drawing on a picture: filled rectangles, frames and thick lines with smooth edges. Everything is clipped.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace zmdetect {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// A place in pixels; the picture's first pixel covers 0 to 1 on both axes.
struct Point {
  double x = 0;
  double y = 0;
};

struct Segment {
  Point a;
  Point b;
};

/// Whole pixels from (x1, y1) up to, without, (x2, y2). Within +-2^24, so that sums do not overflow.
struct Rectangle {
  int x1 = 0;
  int y1 = 0;
  int x2 = 0;
  int y2 = 0;

  int width() const { return x2 - x1; }
  int height() const { return y2 - y1; }
  bool overlaps(const Rectangle& other) const {
    return x1 < other.x2 && other.x1 < x2 && y1 < other.y2 && other.y1 < y2;
  }
};

/// Covers a rectangle; `opacity` 1 hides what was there, 0 leaves it.
void fill(Image& image, const Rectangle& area, Colour colour, double opacity = 1);

/// A line of `width` pixels along the inside of a rectangle's edges.
void frame(Image& image, const Rectangle& area, int width, Colour colour, double opacity = 1);

/// Lines of `width` pixels with round ends, drawn as one shape: where they meet or cross, nothing is blended twice. A
/// segment with a coordinate that is not a number is left out; one beyond +-10^7 is drawn as if it lay there. Throws
/// std::bad_alloc.
void stroke(Image& image, std::span<const Segment> segments, double width, Colour colour, double opacity = 1);

}  // namespace zmdetect
