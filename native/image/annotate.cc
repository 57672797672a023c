#include "image/annotate.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>

#include "image/stroke_font.h"

namespace zmdetect {
namespace {

constexpr Colour kBlack{0, 0, 0};
constexpr Colour kWhite{255, 255, 255};
constexpr double kShadow = 0.45;  // opacity of the dark rim that sets a line off from a bright picture

/// Sizes in pixels that suit a picture: lines of 2 and capitals of 11 pixels at 640 x 480, 4 and 22 at 1920 x 1080, 7
/// and 40 at 3840 x 2160.
struct Style {
  double cap_height;
  int line;
  int rim;

  explicit Style(const Image& image)
      : cap_height(4 + std::sqrt(double(image.width) * image.height) / 80),
        line(std::max(1, int(std::lround(cap_height / 6)))),
        rim(std::max(1, line / 3)) {}
};

Rectangle grown(const Rectangle& r, int by) { return {r.x1 - by, r.y1 - by, r.x2 + by, r.y2 + by}; }

/// The box in whole pixels inside the picture, at least one pixel wide and high.
std::optional<Rectangle> visible(const std::array<double, 4>& box, const Image& image) {
  for (const double value : box) {
    if (std::isnan(value)) return std::nullopt;
  }
  const auto [left, right] = std::minmax(box[0], box[2]);
  const auto [top, bottom] = std::minmax(box[1], box[3]);
  if (right < 0 || bottom < 0 || left >= image.width || top >= image.height) return std::nullopt;
  const auto whole = [](double value, int most) { return int(std::lround(std::clamp(value, 0.0, double(most)))); };
  Rectangle r{whole(left, image.width - 1), whole(top, image.height - 1), whole(right, image.width),
              whole(bottom, image.height)};
  r.x2 = std::max(r.x2, r.x1 + 1);
  r.y2 = std::max(r.y2, r.y1 + 1);
  return r;
}

void draw_polygon(Image& image, const PolygonMark& mark, const Style& style) {
  std::vector<Segment> edges;
  edges.reserve(mark.corners.size());
  for (std::size_t i = 0; i < mark.corners.size(); ++i) {
    edges.push_back({mark.corners[i], mark.corners[(i + 1) % mark.corners.size()]});
  }
  const double width = std::max(1.5, style.line * 0.6);
  stroke(image, edges, width + 2 * style.rim, kBlack, kShadow);
  stroke(image, edges, width, mark.colour);
}

void draw_frame(Image& image, const Rectangle& box, Colour colour, const Style& style) {
  frame(image, grown(box, style.rim), style.rim, kBlack, kShadow);
  if (std::min(box.width(), box.height()) > 2 * (style.line + style.rim)) {
    frame(image, grown(box, -style.line), style.rim, kBlack, kShadow);
  }
  frame(image, box, style.line, colour);
}

/// The letters' colour: what stands out from the plate.
Colour ink_on(Colour plate) {
  const double luma = 0.299 * plate.red + 0.587 * plate.green + 0.114 * plate.blue;  // ITU-R BT.601
  return luma > 140 ? kBlack : kWhite;
}

/// One plate: how large, and where it goes.
class Plate {
 public:
  Plate(const std::string& text, const Image& image, const Style& style) : cap_height_(style.cap_height) {
    // A text that is too long for the picture is made smaller, down to three fifths.
    const double room = image.width - 2.0 * padding();
    const double wanted = text_width(text, cap_height_);
    if (wanted > room) cap_height_ *= std::max(room / wanted, 0.6);
    width_ = int(std::min(std::ceil(text_width(text, cap_height_)), 1e6)) + 2 * padding();
    height_ = int(std::ceil(cap_height_)) + 2 * padding();
  }

  double cap_height() const { return cap_height_; }
  int padding() const { return std::max(1, int(std::lround(cap_height_ * 0.4))); }

  /// The first of: above the box, inside at its top, below it, inside at its bottom, that lies in the picture and is
  /// free; else inside at the top, whatever is there.
  Rectangle place(const Rectangle& box, const Image& image, const std::vector<Rectangle>& taken) const {
    const int tops[] = {box.y1 - height_, box.y1, box.y2, box.y2 - height_};
    for (const int top : tops) {
      const Rectangle spot = at(box.x1, top, image);
      const bool taken_already =
          std::any_of(taken.begin(), taken.end(), [&](const Rectangle& other) { return spot.overlaps(other); });
      if (spot.y1 == top && !taken_already) return spot;
    }
    return at(box.x1, box.y1, image);
  }

 private:
  /// Moved into the picture; what is larger than it keeps its top left corner there.
  Rectangle at(int x, int y, const Image& image) const {
    const int left = std::clamp(x, 0, std::max(0, image.width - width_));
    const int top = std::clamp(y, 0, std::max(0, image.height - height_));
    return {left, top, left + width_, top + height_};
  }

  double cap_height_;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace

Status annotate(Image& image, const Annotations& annotations) try {
  const Style style(image);
  for (const PolygonMark& polygon : annotations.polygons) draw_polygon(image, polygon, style);
  for (const BoxMark& mark : annotations.boxes) {
    if (const auto box = visible(mark.box, image)) draw_frame(image, *box, mark.colour, style);
  }
  std::vector<Rectangle> taken;
  for (const BoxMark& mark : annotations.boxes) {
    const auto box = visible(mark.box, image);
    if (!box || mark.text.empty()) continue;
    const Plate plate(mark.text, image, style);
    const Rectangle spot = plate.place(*box, image, taken);
    fill(image, spot, mark.colour);
    const Point text{double(spot.x1 + plate.padding()), double(spot.y1 + plate.padding())};
    draw_text(image, mark.text, text, plate.cap_height(), ink_on(mark.colour));
    taken.push_back(spot);
  }
  return Status();
} catch (const std::bad_alloc&) {
  return Status(Code::kOutOfMemory, "no memory for drawing on the picture");
}

}  // namespace zmdetect
