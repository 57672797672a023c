#include <algorithm>
#include <cstring>

#include "image_test_support.h"

namespace zmdetect::test {
namespace {

ByteVector words(std::initializer_list<std::uint16_t> values) {
  ByteVector bytes(values.size() * 2);
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

TEST(Png, DecodesColourWithoutLoss) {
  const Image image = noise(4, 19, 7);
  const ByteVector samples(pixels_of(image).begin(), pixels_of(image).end());
  EXPECT_EQ(decoded_pixels(encode_png(19, 7, samples)), samples);
}

TEST(Png, DropsAlphaWithoutBlending) {
  const PngOptions options{.colour_type = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
  EXPECT_EQ(decoded_pixels(encode_png(2, 1, {10, 20, 30, 0, 40, 50, 60, 128}, options)),
            (ByteVector{10, 20, 30, 40, 50, 60}));
}

TEST(Png, IgnoresATransparentColour) {
  const PngOptions options{.colour_type = SPNG_COLOR_TYPE_GRAYSCALE, .transparent_grey_0 = true};
  EXPECT_EQ(decoded_pixels(encode_png(2, 1, {0, 7}, options)), (ByteVector{0, 0, 0, 7, 7, 7}));
}

TEST(Png, DropsTheLowByteOf16Bits) {
  // 40000 is 0x9C40; rounding instead of dropping would turn 0x12FF into 0x13.
  const PngOptions grey{.colour_type = SPNG_COLOR_TYPE_GRAYSCALE, .bits = 16};
  EXPECT_EQ(decoded_pixels(encode_png(2, 1, words({40000, 0x12FF}), grey)),
            (ByteVector{156, 156, 156, 0x12, 0x12, 0x12}));
  const PngOptions colour{.colour_type = SPNG_COLOR_TYPE_TRUECOLOR, .bits = 16};
  EXPECT_EQ(decoded_pixels(encode_png(1, 1, words({0x01FF, 0x8080, 0xFFFF}), colour)), (ByteVector{1, 0x80, 0xFF}));
}

TEST(Png, StretchesFewBitsOfGreyToTheWholeRange) {
  const PngOptions one{.colour_type = SPNG_COLOR_TYPE_GRAYSCALE, .bits = 1};
  EXPECT_EQ(decoded_pixels(encode_png(2, 1, {0x40}, one)), (ByteVector{0, 0, 0, 255, 255, 255}));
  const PngOptions four{.colour_type = SPNG_COLOR_TYPE_GRAYSCALE, .bits = 4};
  EXPECT_EQ(decoded_pixels(encode_png(2, 1, {0x3F}, four)), (ByteVector{51, 51, 51, 255, 255, 255}));
}

TEST(Png, LooksUpPaletteColours) {
  const PngOptions options{.colour_type = SPNG_COLOR_TYPE_INDEXED, .palette = {1, 2, 3, 250, 251, 252}};
  EXPECT_EQ(decoded_pixels(encode_png(2, 1, {1, 0}, options)), (ByteVector{250, 251, 252, 1, 2, 3}));
}

TEST(Png, IgnoresGamma) {
  const PngOptions options{.gamma = true};
  EXPECT_EQ(decoded_pixels(encode_png(1, 1, {10, 100, 200}, options)), (ByteVector{10, 100, 200}));
}

TEST(Png, AppliesTheOrientationOfItsExifChunk) {
  const ByteVector samples{1, 1, 1, 2, 2, 2, 3, 3, 3};
  const PngOptions options{.exif = orientation_block(6)};
  const Result<Image> turned = decode(encode_png(3, 1, samples, options));
  ASSERT_TRUE(turned.ok());
  EXPECT_EQ(turned.value().width, 1);
  EXPECT_EQ(turned.value().height, 3);
  EXPECT_EQ(ByteVector(pixels_of(turned.value()).begin(), pixels_of(turned.value()).end()), samples);
}

TEST(Png, FindsTheExifChunkBehindThePictureToo) {
  const ByteVector block = orientation_block(3);
  ByteVector png = encode_png(2, 1, {1, 1, 1, 2, 2, 2});
  ByteVector chunk{'e', 'X', 'I', 'f'};
  append(chunk, block);
  const std::uint32_t crc = crc32(chunk);
  for (int shift = 24; shift >= 0; shift -= 8) chunk.push_back(std::uint8_t(crc >> shift));
  chunk.insert(chunk.begin(), {0, 0, 0, std::uint8_t(block.size())});
  png.insert(png.end() - 12, chunk.begin(), chunk.end());  // before IEND
  EXPECT_EQ(decoded_pixels(png), (ByteVector{2, 2, 2, 1, 1, 1}));
}

TEST(Png, RejectsEveryTruncation) {
  const Image image = noise(4, 9, 9);
  const ByteVector png = encode_png(9, 9, ByteVector(pixels_of(image).begin(), pixels_of(image).end()));
  // The four bytes of checksum behind the end mark are not missed: nothing of the picture is lost with them.
  for (std::size_t size = 8; size < png.size() - 4; ++size) {
    expect_failure(decode(ByteVector(png.begin(), png.begin() + std::ptrdiff_t(size))), Code::kImageUndecodable,
                   "PNG: ");
  }
}

TEST(Png, RejectsDamagedData) {
  ByteVector png = encode_png(9, 9, ByteVector(9 * 9 * 3, 77));
  png[45] ^= 0xFF;
  expect_failure(decode(png), Code::kImageUndecodable, "PNG: ");
}

}  // namespace
}  // namespace zmdetect::test
