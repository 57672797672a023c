// BMP, PNM, GIF, WebP and TIFF, from pictures of a few pixels.
#include <algorithm>

#include "image_test_support.h"

namespace zmdetect::test {
namespace {

ByteVector bytes_of(const std::string& text) { return ByteVector(text.begin(), text.end()); }

ByteVector grey(std::initializer_list<std::uint8_t> values) {
  ByteVector pixels;
  for (const std::uint8_t value : values) pixels.insert(pixels.end(), 3, value);
  return pixels;
}

// --- PNM ---

TEST(Pnm, ReadsColourAndGreyBytes) {
  EXPECT_EQ(decoded_pixels(bytes_of("P6 1 2 255\nabcdef")), bytes_of("abcdef"));
  EXPECT_EQ(decoded_pixels(bytes_of("P5\n# a comment\n2 1\n255\nab")), grey({'a', 'b'}));
}

TEST(Pnm, ReadsTextWithCommentsAndStretchesItsMaximum) {
  EXPECT_EQ(decoded_pixels(bytes_of("P3\n1 1\n255\n1 20 255\n")), (ByteVector{1, 20, 255}));
  EXPECT_EQ(decoded_pixels(bytes_of("P2 3 1 15 0 # none\n 7 15\n")), grey({0, 119, 255}));
}

TEST(Pnm, ReadsBitmapsWithOneAsBlack) {
  EXPECT_EQ(decoded_pixels(bytes_of("P1\n3 2\n1 0 1 010")), grey({0, 255, 0, 255, 0, 255}));
  EXPECT_EQ(decoded_pixels({'P', '4', ' ', '9', ' ', '1', '\n', 0xAA, 0x80}),
            grey({0, 255, 0, 255, 0, 255, 0, 255, 0}));
}

TEST(Pnm, DropsTheLowByteOf16BitsInBigEndianOrder) {
  EXPECT_EQ(decoded_pixels({'P', '5', ' ', '1', ' ', '1', ' ', '6', '5', '5', '3', '5', '\n', 0x9C, 0x40}),
            grey({0x9C}));
}

TEST(Pnm, RejectsTruncatedDataAndBrokenHeaders) {
  expect_failure(decode(bytes_of("P6 1 2 255\nabcde")), Code::kImageUndecodable, "PNM: premature end of data");
  expect_failure(decode(bytes_of("P2 3 1 255 1 2")), Code::kImageUndecodable, "PNM: premature end of data");
  expect_failure(decode(bytes_of("P5 1 x")), Code::kImageUndecodable, "PNM: no valid header");
  expect_failure(decode(bytes_of("P5 1 1 70000 aa")), Code::kImageUndecodable, "PNM: no valid header");
}

// --- BMP ---

struct BmpOptions {
  std::uint8_t bits = 24;
  std::uint8_t compression = 0;
  ByteVector palette = {};  // B, G, R, 0
  bool top_down = false;
};

// Two pixels wide, two high.
ByteVector bmp_of(const ByteVector& rows, const BmpOptions& options = {}) {
  const std::uint8_t pixels_at = std::uint8_t(54 + options.palette.size());
  ByteVector bmp{'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, pixels_at, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0};
  append(bmp, options.top_down ? ByteVector{0xFE, 0xFF, 0xFF, 0xFF} : ByteVector{2, 0, 0, 0});
  append(bmp, {1, 0, options.bits, 0, options.compression, 0, 0, 0});
  bmp.resize(54);
  append(bmp, options.palette);
  append(bmp, rows);
  return bmp;
}

TEST(Bmp, Reads24BitsFromTheLowestRowUp) {
  const ByteVector bmp = bmp_of({1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0});
  EXPECT_EQ(decoded_pixels(bmp), (ByteVector{9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4}));
}

TEST(Bmp, ReadsANegativeHeightFromTheTopDown) {
  const ByteVector bmp = bmp_of({1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0}, {.top_down = true});
  EXPECT_EQ(decoded_pixels(bmp), (ByteVector{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}));
}

TEST(Bmp, DropsTheFourthByteOf32Bits) {
  const ByteVector bmp = bmp_of({1, 2, 3, 99, 4, 5, 6, 99, 7, 8, 9, 99, 10, 11, 12, 99}, {.bits = 32});
  EXPECT_EQ(decoded_pixels(bmp), (ByteVector{9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4}));
}

TEST(Bmp, LooksUpPaletteColoursOfEveryDepth) {
  const ByteVector palette{1, 2, 3, 0, 4, 5, 6, 0};
  const ByteVector expected{3, 2, 1, 6, 5, 4, 6, 5, 4, 3, 2, 1};  // colours 0 1 above 1 0
  EXPECT_EQ(decoded_pixels(bmp_of({1, 0, 0, 0, 0, 1, 0, 0}, {.bits = 8, .palette = palette})), expected);
  EXPECT_EQ(decoded_pixels(bmp_of({0x10, 0, 0, 0, 0x01, 0, 0, 0}, {.bits = 4, .palette = palette})), expected);
  EXPECT_EQ(decoded_pixels(bmp_of({0x80, 0, 0, 0, 0x40, 0, 0, 0}, {.bits = 1, .palette = palette})), expected);
}

TEST(Bmp, RejectsTruncatedAndCompressedData) {
  expect_failure(decode(bmp_of({1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9})), Code::kImageUndecodable,
                 "BMP: premature end of data");
  expect_failure(decode(bmp_of(ByteVector(16), {.bits = 8, .compression = 1})), Code::kImageUndecodable,
                 "8 bits with compression 1 are not supported");
}

// --- GIF: 3 x 2 pixels, colours 0 1 2 / 3 0 1 of {10 20 30, 40 50 60, 70 80 90, 100 110 120} ---

const ByteVector kGifHeader{0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x03, 0x00, 0x02, 0x00, 0x81, 0x00, 0x00,
                            0x0A, 0x14, 0x1E, 0x28, 0x32, 0x3C, 0x46, 0x50, 0x5A, 0x64, 0x6E, 0x78};
const ByteVector kGifTransparent1{0x21, 0xF9, 0x04, 0x01, 0x00, 0x00, 0x01, 0x00};
const ByteVector kGifFrame{0x2C, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x08,
                           0x08, 0x00, 0x01, 0x04, 0x10, 0x30, 0x40, 0x60, 0x40, 0x00};

ByteVector gif_of(const std::vector<ByteVector>& blocks) {
  ByteVector gif = kGifHeader;
  for (const ByteVector& block : blocks) append(gif, block);
  gif.push_back(0x3B);
  return gif;
}

const ByteVector kGifPixels{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 10, 20, 30, 40, 50, 60};

TEST(Gif, ReadsTheFirstFrame) {
  EXPECT_EQ(decoded_pixels(gif_of({kGifFrame})), kGifPixels);
  ByteVector other = kGifFrame;
  other[1] = other[3] = 0;
  other[5] = other[7] = 1;  // a later frame of another size, whose data giflib must never see
  EXPECT_EQ(decoded_pixels(gif_of({kGifFrame, other})), kGifPixels);
}

TEST(Gif, ShowsTheBackgroundThroughTransparentPixels) {
  ByteVector expected = kGifPixels;
  std::copy_n(kGifPixels.begin(), 3, expected.begin() + 3);  // colour 1 gives way to the background, colour 0
  std::copy_n(kGifPixels.begin(), 3, expected.begin() + 15);
  EXPECT_EQ(decoded_pixels(gif_of({kGifTransparent1, kGifFrame})), expected);
}

TEST(Gif, PlacesASmallerFrameOnItsCanvas) {
  ByteVector gif = gif_of({kGifFrame});
  gif[6] = 4;  // 4 x 3, the frame one to the right and one down
  gif[8] = 3;
  gif[11] = 2;  // background
  gif[kGifHeader.size() + 1] = gif[kGifHeader.size() + 3] = 1;
  ByteVector expected;
  for (int i = 0; i < 5; ++i) append(expected, {70, 80, 90});
  expected.insert(expected.end(), kGifPixels.begin(), kGifPixels.begin() + 9);
  append(expected, {70, 80, 90});
  expected.insert(expected.end(), kGifPixels.begin() + 9, kGifPixels.end());
  EXPECT_EQ(decoded_pixels(gif), expected);
}

TEST(Gif, RejectsAFrameBeyondTheCanvasAndCutFiles) {
  ByteVector beyond = gif_of({kGifFrame});
  beyond[kGifHeader.size() + 1] = 1;
  expect_failure(decode(beyond), Code::kImageUndecodable, "GIF: the first frame does not lie on the canvas");
  const ByteVector whole = gif_of({kGifFrame, kGifFrame});
  for (std::size_t size = 6; size < whole.size(); ++size) {
    expect_failure(decode(ByteVector(whole.begin(), whole.begin() + std::ptrdiff_t(size))), Code::kImageUndecodable,
                   "GIF: ");
  }
}

// --- WebP ---

TEST(Webp, DropsAlphaWithoutBlending) {
  // Lossless, 2 x 1: (10, 20, 30) with alpha 0, (40, 50, 60) with alpha 255.
  const ByteVector webp{0x52, 0x49, 0x46, 0x46, 0x20, 0x00, 0x00, 0x00, 0x57, 0x45, 0x42, 0x50, 0x56, 0x50,
                        0x38, 0x4C, 0x14, 0x00, 0x00, 0x00, 0x2F, 0x01, 0x00, 0x00, 0x10, 0x0F, 0x70, 0x0A,
                        0x8F, 0x2B, 0x78, 0xD4, 0x63, 0xFE, 0x03, 0x47, 0x05, 0x22, 0xFA, 0x1F};
  EXPECT_EQ(decoded_pixels(webp), (ByteVector{10, 20, 30, 40, 50, 60}));
}

// The same colours without alpha, with an EXIF chunk of orientation 6.
const ByteVector kTurnedWebp{
    0x52, 0x49, 0x46, 0x46, 0x54, 0x00, 0x00, 0x00, 0x57, 0x45, 0x42, 0x50, 0x56, 0x50, 0x38, 0x58, 0x0A, 0x00, 0x00,
    0x00, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x56, 0x50, 0x38, 0x4C, 0x14, 0x00, 0x00, 0x00,
    0x2F, 0x01, 0x00, 0x00, 0x00, 0x0F, 0x70, 0x0A, 0x8F, 0x2B, 0x78, 0xD4, 0x63, 0xFE, 0x83, 0x43, 0x05, 0x22, 0xFA,
    0x1F, 0x45, 0x58, 0x49, 0x46, 0x1A, 0x00, 0x00, 0x00, 0x4D, 0x4D, 0x00, 0x2A, 0x00, 0x00, 0x00, 0x08, 0x00, 0x01,
    0x01, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

TEST(Webp, AppliesTheOrientationOfItsExifChunk) {
  const Result<Image> turned = decode(kTurnedWebp);
  ASSERT_TRUE(turned.ok()) << turned.status().message();
  EXPECT_EQ(turned.value().width, 1);
  EXPECT_EQ(turned.value().height, 2);
  EXPECT_EQ(decoded_pixels(kTurnedWebp), (ByteVector{10, 20, 30, 40, 50, 60}));
}

TEST(Webp, ChecksTheLimitOnTheHeaderAndRejectsCutData) {
  expect_failure(decode(kTurnedWebp, 1), Code::kImageTooLarge, "the WebP declares 2 x 1 pixels");
  expect_failure(decode(ByteVector(kTurnedWebp.begin(), kTurnedWebp.begin() + 50)), Code::kImageUndecodable, "WebP: ");
}

// --- TIFF ---

// Uncompressed RGB, two pixels wide, one high; little-endian.
ByteVector tiff_of(const ByteVector& samples, std::uint8_t orientation) {
  const std::uint8_t entries = 9;
  const std::uint8_t bits_at = 8 + 2 + entries * 12 + 4;
  const std::uint8_t pixels_at = bits_at + 6;
  ByteVector tiff{'I', 'I', 42, 0, 8, 0, 0, 0, entries, 0};
  const auto add = [&](std::uint16_t tag, std::uint8_t type, std::uint8_t count, std::uint8_t value) {
    append(tiff, {std::uint8_t(tag), std::uint8_t(tag >> 8), type, 0, count, 0, 0, 0, value, 0, 0, 0});
  };
  constexpr std::uint8_t kShort = 3;
  constexpr std::uint8_t kLong = 4;
  add(256, kShort, 1, 2);         // width
  add(257, kShort, 1, 1);         // height
  add(258, kShort, 3, bits_at);   // bits of each sample
  add(259, kShort, 1, 1);         // no compression
  add(262, kShort, 1, 2);         // RGB
  add(273, kLong, 1, pixels_at);  // the one strip
  add(274, kShort, 1, orientation);
  add(277, kShort, 1, 3);  // samples a pixel
  add(279, kLong, 1, 6);   // bytes of the strip
  append(tiff, {0, 0, 0, 0, 8, 0, 8, 0, 8, 0});
  append(tiff, samples);
  return tiff;
}

TEST(Tiff, ReadsUncompressedColour) {
  EXPECT_EQ(decoded_pixels(tiff_of({1, 2, 3, 4, 5, 6}, 1)), (ByteVector{1, 2, 3, 4, 5, 6}));
}

TEST(Tiff, AppliesItsOrientation) {
  EXPECT_EQ(decoded_pixels(tiff_of({1, 2, 3, 4, 5, 6}, 2)), (ByteVector{4, 5, 6, 1, 2, 3}));
  const Result<Image> left = decode(tiff_of({1, 2, 3, 4, 5, 6}, 8));
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(left.value().height, 2);
  EXPECT_EQ(left.value().pixels[0], 4);
}

TEST(Tiff, RejectsStripsBeyondTheEndOfTheFile) {
  expect_failure(decode(tiff_of({1, 2, 3, 4, 5}, 1)), Code::kImageUndecodable, "TIFF: tiled, or premature end of data");
}

TEST(Tiff, ChecksTheLimitOnTheHeader) {
  expect_failure(decode(tiff_of({1, 2, 3, 4, 5, 6}, 1), 1), Code::kImageTooLarge, "the TIFF declares 2 x 1 pixels");
}

}  // namespace
}  // namespace zmdetect::test
