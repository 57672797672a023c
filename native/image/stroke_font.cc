#include "image/stroke_font.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace zmdetect {
namespace {

// Strokes are separated by blanks. A point is two hexadecimal digits, x and y: capitals stand from y 0 to the baseline
// c, small letters from 4, descenders end at f. A plain stroke joins its points by straight lines. After `~` they guide
// a quadratic B-spline instead, which begins and ends in its end points, or is closed where these are the same.
constexpr const char* kGlyphs[] = {
    "",                                    // blank
    "0008 0c0c",                           // !
    "0003 3033",                           // "
    "301c 806c 0494 0898",                 // #
    "~83710106868b0b09 404c",              // $
    "~0040450500 ~67a7ac6c67 801c",        // %
    "~8c2400606407080c6c88",               // &
    "0003",                                // '
    "~30030b3e",                           // (
    "~00333b0e",                           // )
    "3238 0466 6406",                      // *
    "0767 343a",                           // +
    "1c0e",                                // ,
    "0757",                                // -
    "0b1b1c0c0b",                          // .
    "600d",                                // /
    "~00707c0c00",                         // 0
    "02303c 0c6c",                         // 1
    "~030070750c 0c7c",                    // 2
    "~0210707636 ~36767c1c0a",             // 3
    "5c500979",                            // 4
    "601006 ~0614747c1c0a",                // 5
    "~72600008 ~05757c0c05",               // 6
    "00702c",                              // 7
    "~1060661610 ~06767c0c06",             // 8
    "~0a1c7c74 ~7707007077",               // 9
    "0414150504 0b1b1c0c0b",               // :
    "1424251514 1b2b0e",                   // ;
    "62076c",                              // <
    "0666 0a6a",                           // =
    "02670c",                              // >
    "~0300606636 3638 3c3c",               // ?
    "~3474793934 7477 ~777aaaa0000d8d",    // @
    "0c408c 2868",                         // A
    "40000c4c 0646 ~40707646 ~46868c4c",   // B
    "~8370000c7c89",                       // C
    "30000c3c ~30808c3c",                  // D
    "70000c7c 0666",                       // E
    "70000c 0666",                         // F
    "~8370000c8c87 8757",                  // G
    "000c 808c 0686",                      // H
    "0040 202c 0c4c",                      // I
    "6069 ~696c0c09",                      // J
    "000c 8007 348c",                      // K
    "000c7c",                              // L
    "0c0058a0ac",                          // M
    "0c008c80",                            // N
    "~00808c0c00",                         // O
    "0c0040 0747 ~40808747",               // P
    "~00808c0c00 598c",                    // Q
    "0c0040 0747 ~40808747 478c",          // R
    "~83700006868c1c09",                   // S
    "0080 404c",                           // T
    "0008 ~080c8c88 8880",                 // U
    "004c80",                              // V
    "003c639cc0",                          // W
    "008c 800c",                           // X
    "004680 464c",                         // Y
    "00800c8c",                            // Z
    "30000e3e",                            // [
    "006d",                                // backslash
    "00303e0e",                            // ]
    "043064",                              // ^
    "0e7e",                                // _
    "0023",                                // `
    "~06147477 777c ~78070c6c79",          // a
    "000c ~04747c0c04",                    // b
    "~6654040c5c6a",                       // c
    "707c ~04747c0c04",                    // d
    "0878 ~7874040c6c7a",                  // e
    "~502024 242c 0454",                   // f
    "~04747c0c04 747c ~7c7f1f0e",          // g
    "000c ~08047478 787c",                 // h
    "040c 0101",                           // i
    "242d ~2d2f0f 2121",                   // j
    "000c 6409 276c",                      // k
    "0009 ~090c3c",                        // l
    "040c ~08045458 585c ~5854a4a8 a8ac",  // m
    "040c ~08047478 787c",                 // n
    "~04747c0c04",                         // o
    "040f ~04747c0c04",                    // p
    "~04747c0c04 747f",                    // q
    "040c ~080454",                        // r
    "~65540408686c1c0b",                   // s
    "2129 ~292c5c 0454",                   // t
    "0408 ~080c7c78 747c",                 // u
    "043c64",                              // v
    "043c557ca4",                          // w
    "046c 640c",                           // x
    "043c 642f",                           // y
    "04640c6c",                            // z
    "~40202707 ~07272e4e",                 // {
    "000e",                                // |
    "~00202747 ~47272e0e",                 // }
    "~08156a77",                           // ~
};
constexpr const char* kMissing = "00606c0c00";
constexpr unsigned kFirst = 0x20;
constexpr unsigned kCount = std::size(kGlyphs);
static_assert(kFirst + kCount == 0x7F);

// In units of the grid, of which a capital is 12 high.
constexpr double kCapHeight = 12;
constexpr double kThickness = 2;
constexpr double kGap = 4;      // between the points of two letters
constexpr double kBlank = 2.5;  // the width of a blank, besides its gap

constexpr int kPiecesOfACurve = 6;

/// The glyph that a byte of UTF-8 begins, null for a byte inside a character.
const char* glyph_of(char byte) {
  const unsigned code = static_cast<unsigned char>(byte);
  if ((code & 0xC0U) == 0x80) return nullptr;
  return code >= kFirst && code < kFirst + kCount ? kGlyphs[code - kFirst] : kMissing;
}

double digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

double glyph_width(std::string_view glyph) {
  if (glyph.empty()) return kBlank;
  double width = 0;
  bool is_x = true;
  for (const char c : glyph) {
    if (c == ' ' || c == '~') continue;
    if (is_x) width = std::max(width, digit(c));
    is_x = !is_x;
  }
  return width;
}

Point between(Point a, Point b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }

void add_curve(std::vector<Segment>& segments, Point from, Point guide, Point to) {
  Point last = from;
  for (int i = 1; i <= kPiecesOfACurve; ++i) {
    const double t = double(i) / kPiecesOfACurve;
    const double a = (1 - t) * (1 - t);
    const double b = 2 * t * (1 - t);
    const double c = t * t;
    const Point next{a * from.x + b * guide.x + c * to.x, a * from.y + b * guide.y + c * to.y};
    segments.push_back({last, next});
    last = next;
  }
}

void add_spline(std::vector<Segment>& segments, const std::vector<Point>& points) {
  const std::size_t last = points.size() - 1;
  const bool closed = points[0].x == points[last].x && points[0].y == points[last].y;
  Point from = closed ? between(points[0], points[1]) : points[0];
  for (std::size_t i = 1; i < last; ++i) {
    const Point to = i + 1 == last && !closed ? points[last] : between(points[i], points[i + 1]);
    add_curve(segments, from, points[i], to);
    from = to;
  }
  if (closed) add_curve(segments, from, points[0], between(points[0], points[1]));
}

/// Appends one glyph with its grid's origin at `at` and `unit` pixels a step.
void add_glyph(std::vector<Segment>& segments, std::string_view glyph, Point at, double unit) {
  std::vector<Point> points;
  while (!glyph.empty()) {
    std::string_view path = glyph.substr(0, glyph.find(' '));
    glyph.remove_prefix(std::min(path.size() + 1, glyph.size()));
    const bool curved = path.front() == '~';
    if (curved) path.remove_prefix(1);
    points.clear();
    for (std::size_t i = 0; i + 1 < path.size(); i += 2) {
      points.push_back({at.x + digit(path[i]) * unit, at.y + digit(path[i + 1]) * unit});
    }
    if (curved) {
      add_spline(segments, points);
    } else {
      for (std::size_t i = 1; i < points.size(); ++i) segments.push_back({points[i - 1], points[i]});
    }
  }
}

}  // namespace

// The grid's points are the middle of the strokes, so half a stroke's thickness lies around them.

double text_width(std::string_view text, double cap_height) {
  double width = kThickness - kGap;
  for (const char byte : text) {
    if (const char* glyph = glyph_of(byte)) width += glyph_width(glyph) + kGap;
  }
  return std::max(width, 0.0) * cap_height / (kCapHeight + kThickness);
}

void draw_text(Image& image, std::string_view text, Point at, double cap_height, Colour colour) {
  const double unit = cap_height / (kCapHeight + kThickness);
  Point origin{at.x + kThickness / 2 * unit, at.y + kThickness / 2 * unit};
  std::vector<Segment> segments;
  for (const char byte : text) {
    const char* glyph = glyph_of(byte);
    if (glyph == nullptr) continue;
    if (origin.x > image.width) break;
    add_glyph(segments, glyph, origin, unit);
    origin.x += (glyph_width(glyph) + kGap) * unit;
  }
  stroke(image, segments, kThickness * unit, colour);
}

}  // namespace zmdetect
