#include "image/draw.h"

#include <cmath>
#include <limits>

#include "image/stroke_font.h"
#include "image_test_support.h"

namespace zmdetect::test {
namespace {

constexpr Colour kWhite{255, 255, 255};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

int red_at(const Image& image, int x, int y) { return image.pixels[(std::size_t(y) * image.width + x) * 3]; }

/// The smallest rectangle that holds every pixel that is not black.
Rectangle inked(const Image& image) {
  Rectangle box{image.width, image.height, 0, 0};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (red_at(image, x, y) == 0) continue;
      box = {std::min(box.x1, x), std::min(box.y1, y), std::max(box.x2, x + 1), std::max(box.y2, y + 1)};
    }
  }
  return box;
}

void expect_inked(const Image& image, const Rectangle& expected) {
  const Rectangle box = inked(image);
  EXPECT_EQ((std::vector<int>{box.x1, box.y1, box.x2, box.y2}),
            (std::vector<int>{expected.x1, expected.y1, expected.x2, expected.y2}));
}

int ink(const Image& image) {
  int sum = 0;
  for (const std::uint8_t value : pixels_of(image)) sum += value;
  return sum;
}

TEST(Draw, FillsWholePixelsWithTheColour) {
  Image image = make_image(6, 5);
  fill(image, {1, 2, 4, 3}, {10, 20, 30});
  const std::uint8_t* const pixel = image.pixels.get() + (2 * 6 + 3) * 3;
  EXPECT_EQ(ByteVector(pixel, pixel + 3), (ByteVector{10, 20, 30}));
  expect_inked(image, {1, 2, 4, 3});
}

TEST(Draw, BlendsByTheOpacity) {
  Image image = make_image(1, 1);
  fill(image, {0, 0, 1, 1}, kWhite, 0.4);
  EXPECT_EQ(red_at(image, 0, 0), 102);
}

TEST(Draw, ClipsWhatGoesBeyondThePicture) {
  Image image = make_image(4, 3);
  fill(image, {-1000000, 1, 1000000, 1000000}, kWhite);
  expect_inked(image, {0, 1, 4, 3});
  fill(image, {5, 5, 9, 9}, kWhite);
  fill(image, {3, 2, 1, 1}, kWhite);  // inside out
  expect_inked(image, {0, 1, 4, 3});
}

TEST(Draw, FramesLieInsideTheirRectangle) {
  Image image = make_image(20, 20);
  frame(image, {2, 3, 12, 13}, 2, kWhite);
  expect_inked(image, {2, 3, 12, 13});
  EXPECT_EQ(ink(image), (10 * 10 - 6 * 6) * 3 * 255);
  EXPECT_EQ(red_at(image, 4, 5), 0) << "the inside stays as it was";
}

TEST(Draw, ALineThroughPixelCentresIsSharp) {
  Image image = make_image(12, 7);
  const Segment line{{2, 3.5}, {9, 3.5}};
  stroke(image, {&line, 1}, 3, kWhite);
  for (int x = 2; x < 9; ++x) {
    EXPECT_EQ(red_at(image, x, 1), 0);
    for (int y = 2; y <= 4; ++y) EXPECT_EQ(red_at(image, x, y), 255);
    EXPECT_EQ(red_at(image, x, 5), 0);
  }
}

TEST(Draw, ASlopingLineHasSmoothEdgesAndItsWidth) {
  Image image = make_image(200, 200);
  const Segment line{{40, 30}, {130, 160}};
  stroke(image, {&line, 1}, 6, kWhite);
  const double length = std::hypot(90, 130);
  EXPECT_NEAR(ink(image) / (3 * 255.0), length * 6 + M_PI * 9, 3) << "the area of a bar with round ends";
}

TEST(Draw, CrossingLinesOfOneShapeAreBlendedOnce) {
  Image image = make_image(20, 20);
  const Segment cross[] = {{{2, 10}, {18, 10}}, {{10, 2}, {10, 18}}};
  stroke(image, cross, 4, kWhite, 0.5);
  EXPECT_EQ(red_at(image, 10, 10), 128);
  EXPECT_EQ(red_at(image, 4, 10), 128);
}

TEST(Draw, SurvivesAbsurdLines) {
  Image image = make_image(30, 20);
  const Segment lines[] = {{{kNan, 1}, {5, 5}},         {{1, 1}, {kNan, kNan}}, {{-kInfinity, -kInfinity}, {-50, -50}},
                           {{1e300, 40}, {-1e300, 40}}, {{25, 90}, {1e9, 1e9}}, {{-1e308, -1e308}, {-1e308, -1e308}}};
  stroke(image, lines, 3, kWhite);
  EXPECT_EQ(ink(image), 0) << "none of these touches the picture";
  const Segment across[] = {{{-kInfinity, 10}, {kInfinity, 10}}};
  stroke(image, across, 2, kWhite);
  expect_inked(image, {0, 9, 30, 11});
}

TEST(StrokeFont, TextFillsTheSpaceItSays) {
  Image image = make_image(400, 60);
  const std::string text = "Hxo 97%";
  draw_text(image, text, {10, 12}, 30, kWhite);
  const Rectangle box = inked(image);
  EXPECT_NEAR(box.x1, 10, 1);
  EXPECT_NEAR(box.x2, 10 + text_width(text, 30), 2);
  EXPECT_NEAR(box.y1, 12, 1);
  EXPECT_NEAR(box.y2, 12 + 30, 1);
}

TEST(StrokeFont, DescendersStayWithinAQuarterOfACapital) {
  Image image = make_image(400, 80);
  draw_text(image, "gjpqy,;_()[]{}|@", {10, 10}, 40, kWhite);
  EXPECT_LE(inked(image).y2, 10 + 40 + 10);
}

TEST(StrokeFont, EveryPrintableCharacterLooksDifferent) {
  std::vector<ByteVector> seen;
  for (char c = ' '; c <= '~'; ++c) {
    Image image = make_image(48, 48);
    draw_text(image, std::string(1, c), {4, 4}, 28, kWhite);
    const ByteVector pixels(pixels_of(image).begin(), pixels_of(image).end());
    EXPECT_EQ(ink(image) == 0, c == ' ') << c;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), pixels), 0) << c;
    seen.push_back(pixels);
  }
}

TEST(StrokeFont, DrawsOneHollowBoxForEachCharacterItLacks) {
  EXPECT_DOUBLE_EQ(text_width("\xC3\xA9\xF0\x9F\x90\x95\n", 20), text_width("\x01\x02\x03", 20));
  Image box = make_image(40, 40);
  draw_text(box, "\xE7\x8B\x97", {4, 4}, 28, kWhite);
  Image other = make_image(40, 40);
  draw_text(other, "\xC3\xA9", {4, 4}, 28, kWhite);
  EXPECT_GT(ink(box), 0);
  EXPECT_TRUE(std::ranges::equal(pixels_of(box), pixels_of(other)));
  EXPECT_EQ(red_at(box, 10, 18), 0) << "its inside";
}

TEST(StrokeFont, ClipsTextAtEveryEdge) {
  Image image = make_image(30, 10);
  draw_text(image, std::string(100'000, 'M'), {-20, -5}, 40, kWhite);
  EXPECT_GT(ink(image), 0);
  EXPECT_EQ(text_width("", 40), 0);
}

}  // namespace
}  // namespace zmdetect::test
