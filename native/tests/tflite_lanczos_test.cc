// Lanczos resize and the top-left placement of Coral models, against Pillow's recorded bytes.
#include <sstream>

#include "image/lanczos.h"
#include "image_test_support.h"

namespace zmdetect::test {
namespace {

ByteVector resized(const Image& image, int width, int height) {
  ByteVector out(std::size_t(width) * std::size_t(height) * 3);
  resize_lanczos(image.pixels.get(), image.width, image.height, out.data(), width, height, std::size_t(width) * 3);
  return out;
}

TEST(ResizeLanczos, EqualsPillowInEveryByteForEveryRecordedSize) {
  const auto lines = fixture_lines("resize_lanczos.txt");
  ASSERT_GE(lines.size(), 150U);
  for (std::size_t seed = 0; seed < lines.size(); ++seed) {
    std::istringstream line(lines[seed]);
    int w = 0, h = 0, to_w = 0, to_h = 0;
    std::uint32_t expected = 0;
    line >> w >> h >> to_w >> to_h >> std::hex >> expected;
    EXPECT_EQ(crc32(resized(noise(std::uint32_t(seed), w, h), to_w, to_h)), expected) << lines[seed];
  }
}

TEST(ResizeLanczos, KeepsAPlainColourAtEverySize) {
  Image image = make_image(5, 3);
  for (std::size_t i = 0; i < image.bytes(); ++i) image.pixels[i] = 255;
  for (int side = 1; side < 40; ++side) {
    EXPECT_EQ(resized(image, side, 41 - side), ByteVector(std::size_t(side * (41 - side) * 3), 255));
  }
}

TEST(PlaceTopLeft, EqualsPycoralWithPillowForEveryRecordedSize) {
  const auto lines = fixture_lines("place_top_left.txt");
  ASSERT_GE(lines.size(), 20U);
  for (std::size_t seed = 0; seed < lines.size(); ++seed) {
    std::istringstream line(lines[seed]);
    int w = 0, h = 0, to_w = 0, to_h = 0;
    std::string expected;
    line >> w >> h >> to_w >> to_h >> expected;
    ByteVector slot(std::size_t(to_w) * std::size_t(to_h) * 3, 77);  // what an earlier picture left behind
    const Result<TopLeftFit> fit = place_top_left(noise(std::uint32_t(seed), w, h), to_w, to_h, slot);
    if (expected == "thin") {
      EXPECT_EQ(fit.status().code(), Code::kImageTooThin) << lines[seed];
    } else {
      ASSERT_TRUE(fit.ok()) << lines[seed];
      EXPECT_EQ(crc32(slot), std::stoul(expected, nullptr, 16)) << lines[seed];
    }
  }
}

TEST(PlaceTopLeft, TruncatesTheScaledSides) {
  const TopLeftFit fit = fit_top_left(1280, 721, 300, 300);
  EXPECT_DOUBLE_EQ(fit.scale, 300.0 / 1280);
  EXPECT_EQ(fit.width, 300);
  EXPECT_EQ(fit.height, 168);  // 168.98
  EXPECT_EQ(fit_top_left(101, 75, 300, 300).height, 222);
}

TEST(PlaceTopLeft, NamesBothSizesOfAPictureThatIsTooThin) {
  ByteVector slot(std::size_t(300) * 300 * 3);
  const Status status = place_top_left(make_image(1, 2000), 300, 300, slot).status();
  EXPECT_EQ(status.code(), Code::kImageTooThin);
  EXPECT_EQ(status.message(),
            "the picture of 1 x 2000 pixels would be scaled to 0 x 300 inside the input of 300 x 300");
}

}  // namespace
}  // namespace zmdetect::test
