// The shared photographs and edge cases against what OpenCV 4.14 made of them (fixtures/shared_decode.txt).
//
// Equality to the byte is asked for in every format: libjpeg-turbo's ISLOW transform, libwebp's and libtiff's decoders
// give the same bytes in the versions of Debian 12 and in those inside opencv-python-headless 4.14.
#include <sstream>
#include <string_view>

#include "image_test_support.h"

namespace zmdetect::test {
namespace {

// ZMDETECT_SHARED, or the folder "shared" beside the checkout.
std::filesystem::path shared_images() {
  const char* const named = std::getenv("ZMDETECT_SHARED");
  const std::filesystem::path shared =
      named != nullptr ? std::filesystem::path(named) : std::filesystem::path(ZMDETECT_SOURCE_DIR) / ".." / "shared";
  return shared / "images";
}

std::string described(const Result<Image>& image) {
  if (!image.ok()) return "rejected";
  char crc[9];
  std::snprintf(crc, sizeof crc, "%08x", unsigned(crc32(pixels_of(image.value()))));
  return std::to_string(image.value().width) + " " + std::to_string(image.value().height) + " " + crc;
}

TEST(SharedPictures, DecodeToTheBytesOfOpenCv) {
  const std::filesystem::path images = shared_images();
  if (!std::filesystem::is_directory(images)) {
    const char* const ci = std::getenv("CI");
    const bool in_ci = ci != nullptr && std::string_view(ci) == "true";
    ASSERT_FALSE(in_ci) << "no folder " << images << "; set ZMDETECT_SHARED";
    GTEST_SKIP() << "the shared pictures are not here: no folder " << images << "; set ZMDETECT_SHARED";
  }
  const auto lines = fixture_lines("shared_decode.txt");
  ASSERT_GE(lines.size(), 60U);
  for (const std::string& line : lines) {
    const std::size_t space = line.find(' ');
    const std::filesystem::path path = images / line.substr(0, space);
    ASSERT_TRUE(std::filesystem::is_regular_file(path)) << path;
    const Result<Image> image = decode(read_file(path));
    EXPECT_EQ(described(image), line.substr(space + 1)) << path << " " << image.status().message();
  }
}

}  // namespace
}  // namespace zmdetect::test
