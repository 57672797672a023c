#include <algorithm>
#include <string>

#include "image/formats.h"
#include "image_test_support.h"

namespace zmdetect::test {
namespace {

// Pictures as text: one letter a pixel, rows separated by slashes.
Image from_text(const std::string& text) {
  const std::size_t row = text.find('/');
  const int width = int(row == std::string::npos ? text.size() : row);
  Image image = make_image(width, int((text.size() + 1) / std::size_t(width + 1)));
  std::size_t at = 0;
  for (const char letter : text) {
    if (letter == '/') continue;
    for (int c = 0; c < 3; ++c) image.pixels[at++] = std::uint8_t(letter + 32 * c);
  }
  return image;
}

std::string to_text(const Image& image) {
  std::string text;
  for (int y = 0; y < image.height; ++y) {
    if (y > 0) text += '/';
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* pixel = image.pixels.get() + (std::size_t(y) * std::size_t(image.width) + std::size_t(x)) * 3;
      EXPECT_EQ(pixel[1], pixel[0] + 32);  // channels stay together
      EXPECT_EQ(pixel[2], pixel[0] + 64);
      text += char(pixel[0]);
    }
  }
  return text;
}

std::string oriented(const std::string& text, int orientation) {
  return to_text(orient(StoredImage{from_text(text), orientation}));
}

TEST(Orient, TurnsAndMirrorsAsExifDefines) {
  EXPECT_EQ(oriented("ABC/DEF", 1), "ABC/DEF");
  EXPECT_EQ(oriented("ABC/DEF", 2), "CBA/FED");
  EXPECT_EQ(oriented("ABC/DEF", 3), "FED/CBA");
  EXPECT_EQ(oriented("ABC/DEF", 4), "DEF/ABC");
  EXPECT_EQ(oriented("ABC/DEF", 5), "AD/BE/CF");
  EXPECT_EQ(oriented("ABC/DEF", 6), "DA/EB/FC");
  EXPECT_EQ(oriented("ABC/DEF", 7), "FC/EB/DA");
  EXPECT_EQ(oriented("ABC/DEF", 8), "CF/BE/AD");
}

TEST(Orient, TransposesPicturesLargerThanOneBlock) {
  const Image image = noise(3, 70, 45);
  const std::uint32_t before = crc32(pixels_of(image));
  const Image there = orient(StoredImage{noise(3, 70, 45), 5});
  EXPECT_EQ(there.width, 45);
  EXPECT_EQ(there.height, 70);
  StoredImage back{make_image(45, 70), 5};
  std::copy_n(there.pixels.get(), there.bytes(), back.image.pixels.get());
  EXPECT_EQ(crc32(pixels_of(orient(std::move(back)))), before);
}

TEST(ExifOrientation, IsReadInBothByteOrders) {
  for (std::uint8_t value = 1; value <= 8; ++value) {
    EXPECT_EQ(exif_orientation(orientation_block(value, false)), value);
    EXPECT_EQ(exif_orientation(orientation_block(value, true)), value);
  }
}

TEST(ExifOrientation, IsUprightWhenTheValueIsOutOfRange) {
  EXPECT_EQ(exif_orientation(orientation_block(0)), 1);
  EXPECT_EQ(exif_orientation(orientation_block(9)), 1);
}

TEST(ExifOrientation, IsUprightWhenTheBlockIsCutBeforeTheValue) {
  const ByteVector block = orientation_block(6);
  for (std::size_t size = 0; size < block.size(); ++size) {
    EXPECT_EQ(exif_orientation(Bytes(block).first(size)), size < 20 ? 1 : 6) << size;
  }
}

TEST(ExifOrientation, StaysInsideABlockWhoseOffsetsPointOutside) {
  ByteVector block = orientation_block(6);
  block[4] = block[5] = block[6] = block[7] = 0xFF;  // the directory's place
  EXPECT_EQ(exif_orientation(block), 1);
  block = orientation_block(6);
  block[8] = block[9] = 0xFF;  // 65535 entries
  block[10] = 0x13;            // none of them the orientation
  EXPECT_EQ(exif_orientation(block), 1);
}

}  // namespace
}  // namespace zmdetect::test
