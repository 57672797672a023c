#include "image/resize.h"

#include <sstream>

#include "image_test_support.h"

namespace zmdetect::test {
namespace {

ByteVector resized(const Image& image, int width, int height) {
  ByteVector out(std::size_t(width) * std::size_t(height) * 3);
  resize_linear(image.pixels.get(), image.width, image.height, out.data(), width, height);
  return out;
}

TEST(ResizeLinear, EqualsOpenCvInEveryByteForEveryRecordedSize) {
  const auto lines = fixture_lines("resize_linear.txt");
  ASSERT_GE(lines.size(), 150U);
  for (std::size_t seed = 0; seed < lines.size(); ++seed) {
    std::istringstream line(lines[seed]);
    int w = 0, h = 0, to_w = 0, to_h = 0;
    std::uint32_t expected = 0;
    line >> w >> h >> to_w >> to_h >> std::hex >> expected;
    EXPECT_EQ(crc32(resized(noise(std::uint32_t(seed), w, h), to_w, to_h)), expected) << lines[seed];
  }
}

TEST(ResizeLinear, CopiesAPictureOfTheSameSize) {
  const Image image = noise(1, 37, 11);
  EXPECT_EQ(crc32(resized(image, 37, 11)), crc32(pixels_of(image)));
}

TEST(ResizeLinear, TakesTheRoundedMeanOfFourPixelsForExactlyHalfTheSize) {
  Image image = make_image(2, 2);
  const ByteVector red{10, 20, 30, 41};  // mean 25.25, plus two more quarters: 26 would be wrong, 25 is right
  for (std::size_t i = 0; i < 4; ++i) image.pixels[i * 3] = red[i];
  EXPECT_EQ(resized(image, 1, 1), (ByteVector{25, 0, 0}));
  image.pixels[9] = 42;  // mean 25.5 rounds up
  EXPECT_EQ(resized(image, 1, 1), (ByteVector{26, 0, 0}));
}

TEST(ResizeLinear, KeepsAPlainColourAtEverySize) {
  Image image = make_image(5, 3);
  for (std::size_t i = 0; i < image.bytes(); ++i) image.pixels[i] = 255;
  for (int side = 1; side < 40; ++side) {
    EXPECT_EQ(resized(image, side, 41 - side), ByteVector(std::size_t(side * (41 - side) * 3), 255));
  }
}

}  // namespace
}  // namespace zmdetect::test
