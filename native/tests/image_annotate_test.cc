#include "image/annotate.h"

#include <limits>

#include "image/encode_jpeg.h"
#include "image_test_support.h"

namespace zmdetect::test {
namespace {

constexpr Colour kGreen{0, 200, 0};
constexpr Colour kRed{220, 0, 0};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Image grey(int width, int height) {
  Image image = make_image(width, height);
  std::fill_n(image.pixels.get(), image.bytes(), 128);
  return image;
}

bool is(const Image& image, int x, int y, Colour colour) {
  const std::uint8_t* const rgb = image.pixels.get() + (std::size_t(y) * image.width + x) * 3;
  return rgb[0] == colour.red && rgb[1] == colour.green && rgb[2] == colour.blue;
}

int count(const Image& image, Colour colour) {
  int sum = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) sum += is(image, x, y, colour) ? 1 : 0;
  }
  return sum;
}

/// Pixels brighter than the grey picture, in the letters of a plate without green.
int letters(const Image& image) {
  int sum = 0;
  for (std::size_t i = 1; i < image.bytes(); i += 3) sum += image.pixels[i] > 140 ? 1 : 0;
  return sum;
}

bool untouched(const Image& image) { return count(image, {128, 128, 128}) == image.width * image.height; }

Image annotated(int width, int height, const Annotations& annotations) {
  Image image = grey(width, height);
  const Status status = annotate(image, annotations);
  EXPECT_TRUE(status.ok()) << status.message();
  return image;
}

TEST(Annotate, FramesABoxJustInsideItsEdges) {
  const Image image = annotated(640, 480, {.boxes = {{{100, 120, 300, 400}, "", kGreen}}});
  for (int x = 100; x < 300; ++x) EXPECT_TRUE(is(image, x, 120, kGreen) && is(image, x, 399, kGreen)) << x;
  for (int y = 120; y < 400; ++y) EXPECT_TRUE(is(image, 100, y, kGreen) && is(image, 299, y, kGreen)) << y;
  EXPECT_FALSE(is(image, 99, 200, kGreen));
  EXPECT_FALSE(is(image, 300, 200, kGreen));
  EXPECT_TRUE(is(image, 200, 260, {128, 128, 128})) << "the inside stays as it was";
}

TEST(Annotate, TakesCornersInEitherOrder) {
  const Image usual = annotated(200, 200, {.boxes = {{{20, 30, 120, 150}, "dog", kGreen}}});
  const Image turned = annotated(200, 200, {.boxes = {{{120, 150, 20, 30}, "dog", kGreen}}});
  EXPECT_TRUE(std::ranges::equal(pixels_of(usual), pixels_of(turned)));
}

TEST(Annotate, ClosesAFrameAtThePicturesEdge) {
  const Image image = annotated(100, 80, {.boxes = {{{-50, 20, 1e6, kInfinity}, "", kGreen}}});
  EXPECT_TRUE(is(image, 0, 50, kGreen));
  EXPECT_TRUE(is(image, 99, 50, kGreen));
  EXPECT_TRUE(is(image, 50, 79, kGreen));
  EXPECT_TRUE(is(image, 50, 20, kGreen));
}

TEST(Annotate, LeavesOutBoxesThatAreNowhere) {
  const Image image = annotated(100, 80,
                                {.boxes = {{{kNan, 1, 50, 50}, "a", kGreen},
                                           {{1, 1, 50, kNan}, "b", kGreen},
                                           {{100, 1, 150, 50}, "c", kGreen},
                                           {{1, -90, 50, -1}, "d", kGreen},
                                           {{kInfinity, 0, kInfinity, 10}, "e", kGreen},
                                           {{-kInfinity, 0, -1e300, 10}, "f", kGreen}}});
  EXPECT_TRUE(untouched(image));
}

TEST(Annotate, ShowsABoxWithoutArea) {
  EXPECT_GT(count(annotated(100, 80, {.boxes = {{{50, 40, 50, 40}, "", kGreen}}}), kGreen), 0);
}

TEST(Annotate, PutsThePlateAboveTheBox) {
  const Image image = annotated(640, 480, {.boxes = {{{100, 120, 300, 400}, "person 97%", kGreen}}});
  EXPECT_TRUE(is(image, 100, 119, kGreen));
  EXPECT_TRUE(is(image, 101, 110, kGreen));
  EXPECT_GT(count(image, {255, 255, 255}), 20) << "white letters on a dark colour";
}

TEST(Annotate, KeepsThePlateInThePictureAtEveryEdge) {
  const int free = letters(annotated(640, 480, {.boxes = {{{100, 120, 300, 400}, "person", kRed}}}));
  for (const std::array<double, 4>& box : {std::array<double, 4>{200, 0, 400, 200},    // no room above
                                           std::array<double, 4>{600, 200, 640, 300},  // none to the right
                                           std::array<double, 4>{0, 0, 640, 480},      // none outside at all
                                           std::array<double, 4>{630, 470, 640, 480}}) {
    EXPECT_EQ(letters(annotated(640, 480, {.boxes = {{box, "person", kRed}}})), free) << box[0] << ' ' << box[1];
  }
}

TEST(Annotate, PlatesOfOneSpotDoNotCoverEachOther) {
  const BoxMark dog{{100, 120, 300, 400}, "dog 80%", kRed};
  const int one = letters(annotated(640, 480, {.boxes = {dog}}));
  EXPECT_EQ(letters(annotated(640, 480, {.boxes = {dog, dog, dog}})), 3 * one);
}

TEST(Annotate, WritesDarkLettersOnABrightColour) {
  const Image image = annotated(640, 480, {.boxes = {{{100, 120, 300, 400}, "cat", {255, 255, 0}}}});
  EXPECT_GT(count(image, {0, 0, 0}), 20);
  EXPECT_EQ(count(image, {255, 255, 255}), 0);
}

TEST(Annotate, ClosesThePolygon) {
  const std::vector<Point> corners = {{20.5, 20.5}, {180.5, 20.5}, {180.5, 180.5}, {20.5, 180.5}};
  const Image image = annotated(200, 200, {.polygons = {{corners, kRed}}});
  for (int at = 20; at <= 180; ++at) {
    EXPECT_TRUE(is(image, at, 20, kRed) && is(image, 180, at, kRed) && is(image, at, 180, kRed)) << at;
    EXPECT_TRUE(is(image, 20, at, kRed)) << "from the last corner to the first, " << at;
  }
  EXPECT_TRUE(is(image, 100, 100, {128, 128, 128}));
}

TEST(Annotate, SurvivesAbsurdPolygons) {
  const Image image = annotated(64, 48,
                                {.polygons = {{{}, kRed},
                                              {{{10, 10}}, kRed},
                                              {{{kNan, 1}, {2, kNan}}, kRed},
                                              {{{-kInfinity, 0}, {kInfinity, 1e300}, {0, -1e308}}, kRed}}});
  EXPECT_EQ(image.width, 64);
}

TEST(Annotate, SurvivesTheSmallestPictures) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 300}, {300, 1}, {3, 2}}) {
    const Image image = annotated(width, height,
                                  {.polygons = {{{{0, 0}, {300, 0}, {0, 300}}, kRed}},
                                   .boxes = {{{0, 0, 1, 1}, "person 97%", kGreen}, {{0, 0, 9e9, 9e9}, "", kGreen}}});
    EXPECT_FALSE(untouched(image)) << width << " x " << height;
  }
}

TEST(Annotate, SurvivesAVeryLongText) {
  const Image image = annotated(320, 240, {.boxes = {{{10, 50, 90, 90}, std::string(1'000'000, 'w'), kRed}}});
  EXPECT_GT(letters(image), 100);
}

TEST(EncodeJpeg, KeepsSizeAndColour) {
  const Image image = annotated(37, 21, {.boxes = {{{0, 0, 37, 21}, "", kGreen}}});
  const Result<JpegFile> file = encode_jpeg(image, 95);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const Result<Image> again = decode_image(file.value().bytes(), {});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again.value().width, 37);
  EXPECT_EQ(again.value().height, 21);
  EXPECT_NEAR(again.value().pixels[1], 200, 20) << "the frame's green, one pixel wide, is not washed out";
}

TEST(EncodeJpeg, BetterQualityMakesALargerFile) {
  const Image image = noise(5, 64, 64);
  EXPECT_LT(encode_jpeg(image, 30).value().size, encode_jpeg(image, 95).value().size);
}

TEST(EncodeJpeg, RefusesWhatTheFormatCannotHold) {
  const Result<JpegFile> wide = encode_jpeg(make_image(65501, 1), 90);
  EXPECT_EQ(wide.status().code(), Code::kImageTooLarge);
  EXPECT_NE(wide.status().message().find("65501 x 1"), std::string::npos) << wide.status().message();
  EXPECT_TRUE(encode_jpeg(make_image(65500, 1), 90).ok());
}

TEST(EncodeJpeg, ReportsWhatTheEncoderRefuses) {
  const Result<JpegFile> nothing = encode_jpeg(Image{}, 90);
  EXPECT_EQ(nothing.status().code(), Code::kInternal);
  EXPECT_NE(nothing.status().message().find("JPEG encoder: "), std::string::npos);
}

}  // namespace
}  // namespace zmdetect::test
