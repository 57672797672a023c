#include "image/draw.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace zmdetect {
namespace {

std::uint8_t* pixel(Image& image, int x, int y) {
  return image.pixels.get() + (std::size_t(y) * std::size_t(image.width) + std::size_t(x)) * 3;
}

void blend(std::uint8_t* rgb, Colour colour, double opacity) {
  const std::uint8_t over[3] = {colour.red, colour.green, colour.blue};
  for (int c = 0; c < 3; ++c) rgb[c] = std::uint8_t(std::lround(rgb[c] + (over[c] - rgb[c]) * opacity));
}

/// A segment with finite coordinates, and what every pixel near it asks.
struct Line {
  Point a;
  double dx, dy;
  double inverse_square;  // of its length; 0 for a point

  explicit Line(const Segment& s) : a(s.a), dx(s.b.x - s.a.x), dy(s.b.y - s.a.y) {
    const double square = dx * dx + dy * dy;
    inverse_square = square > 0 ? 1 / square : 0;
  }

  double top() const { return std::min(a.y, a.y + dy); }
  double bottom() const { return std::max(a.y, a.y + dy); }

  double distance(double x, double y) const {
    const double along = std::clamp(((x - a.x) * dx + (y - a.y) * dy) * inverse_square, 0.0, 1.0);
    return std::hypot(a.x + along * dx - x, a.y + along * dy - y);
  }

  /// The x from and to which a pixel of the row `y` can be nearer than `reach`.
  std::pair<double, double> columns(double y, double reach) const {
    double from = 0;
    double to = 1;
    if (std::abs(dy) > 1e-9) {
      from = std::clamp((y - reach - a.y) / dy, 0.0, 1.0);
      to = std::clamp((y + reach - a.y) / dy, 0.0, 1.0);
    }
    const auto [left, right] = std::minmax({a.x + from * dx, a.x + to * dx});
    return {left - reach, right + reach};
  }
};

std::vector<Line> lines_of(std::span<const Segment> segments) {
  constexpr double kFar = 1e7;
  std::vector<Line> lines;
  lines.reserve(segments.size());
  for (Segment s : segments) {
    bool number = true;
    for (double* value : {&s.a.x, &s.a.y, &s.b.x, &s.b.y}) {
      number = number && !std::isnan(*value);
      *value = std::clamp(*value, -kFar, kFar);
    }
    if (number) lines.emplace_back(s);
  }
  return lines;
}

}  // namespace

void fill(Image& image, const Rectangle& area, Colour colour, double opacity) {
  const int left = std::max(area.x1, 0);
  const int right = std::min(area.x2, image.width);
  for (int y = std::max(area.y1, 0); y < std::min(area.y2, image.height); ++y) {
    for (int x = left; x < right; ++x) blend(pixel(image, x, y), colour, opacity);
  }
}

void frame(Image& image, const Rectangle& area, int width, Colour colour, double opacity) {
  const auto [x1, y1, x2, y2] = area;
  if (area.width() <= 2 * width || area.height() <= 2 * width) return fill(image, area, colour, opacity);
  fill(image, {x1, y1, x2, y1 + width}, colour, opacity);
  fill(image, {x1, y2 - width, x2, y2}, colour, opacity);
  fill(image, {x1, y1 + width, x1 + width, y2 - width}, colour, opacity);
  fill(image, {x2 - width, y1 + width, x2, y2 - width}, colour, opacity);
}

void stroke(Image& image, std::span<const Segment> segments, double width, Colour colour, double opacity) {
  const std::vector<Line> lines = lines_of(segments);
  // A pixel's share of the shape is taken from the distance of its centre: all within, none beyond, half a pixel
  // either side of the edge.
  const double reach = width / 2 + 0.5;
  double top = image.height;
  double bottom = 0;
  for (const Line& line : lines) {
    top = std::min(top, line.top() - reach);
    bottom = std::max(bottom, line.bottom() + reach);
  }
  const int end = int(std::min(std::ceil(bottom), double(image.height)));
  std::vector<float> shares(std::size_t(image.width), 0.0F);
  for (int row = std::max(int(top), 0); row < end; ++row) {
    const double y = row + 0.5;
    int first = image.width;
    int last = 0;
    for (const Line& line : lines) {
      if (y < line.top() - reach || y > line.bottom() + reach) continue;
      const auto [left, right] = line.columns(y, reach);
      const int from = int(std::max(std::floor(left), 0.0));
      const int to = int(std::min(std::ceil(right), double(image.width)));
      for (int x = from; x < to; ++x) {
        const double share = std::clamp(reach - line.distance(x + 0.5, y), 0.0, 1.0);
        shares[std::size_t(x)] = std::max(shares[std::size_t(x)], float(share));
      }
      first = std::min(first, from);
      last = std::max(last, to);
    }
    for (int x = first; x < last; ++x) {
      float& share = shares[std::size_t(x)];
      if (share > 0) blend(pixel(image, x, row), colour, share * opacity);
      share = 0;
    }
  }
}

}  // namespace zmdetect
