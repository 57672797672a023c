// What holds for every format: sniffing, limits, messages.
#include "image_test_support.h"

namespace zmdetect::test {
namespace {

ByteVector bytes_of(const std::string& text) { return ByteVector(text.begin(), text.end()); }

TEST(DecodeImage, CallsZeroBytesEmpty) { expect_failure(decode({}), Code::kImageEmpty, "zero bytes"); }

TEST(DecodeImage, ShowsTheFirstBytesOfAnUnknownFormat) {
  expect_failure(decode(bytes_of("<html><body>login please</body>")), Code::kImageUndecodable,
                 "no known image format: starts with '<html><body>logi'");
}

TEST(DecodeImage, ShowsNoControlCharacters) {
  expect_failure(decode({0x1B, '[', '3', '1', 'm', 0x00, 0xFF}), Code::kImageUndecodable, "'.[31m..'");
}

TEST(DecodeImage, RejectsEverySignatureWithNothingBehindIt) {
  const std::vector<ByteVector> signatures = {{0xFF, 0xD8, 0xFF},
                                              {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'},
                                              bytes_of("GIF89a"),
                                              bytes_of("BM"),
                                              bytes_of("RIFF\4\0\0\0WEBP"),
                                              {'I', 'I', 42, 0},
                                              {'M', 'M', 0, 42},
                                              bytes_of("P6\n"),
                                              {'R', 'I', 'F', 'F', 4, 0, 0, 0, 'W', 'E', 'B', 'P'}};
  for (const ByteVector& signature : signatures) {
    const Result<Image> image = decode(signature);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(int(image.status().code()), int(Code::kImageUndecodable)) << image.status().message();
  }
}

struct Declared {
  const char* format;
  ByteVector bytes;
};

// Pictures of 20 x 10 pixels in the formats that are easily written by hand.
std::vector<Declared> small_pictures() {
  const ByteVector samples(20 * 10 * 3, 99);
  ByteVector pnm = bytes_of("P6\n20 10\n255\n");
  append(pnm, samples);
  ByteVector bmp{'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 26, 0, 0, 0, 12, 0, 0, 0, 20, 0, 10, 0, 1, 0, 24, 0};
  append(bmp, samples);
  return {{"JPEG", encode_jpeg(20, 10, samples)}, {"PNG", encode_png(20, 10, samples)}, {"PNM", pnm}, {"BMP", bmp}};
}

TEST(DecodeLimits, LetAPictureOfExactlyTheLimitPass) {
  for (const Declared& picture : small_pictures()) {
    EXPECT_TRUE(decode(picture.bytes, 200).ok()) << picture.format;
  }
}

TEST(DecodeLimits, RefuseOnePixelMoreWithBothNumbers) {
  for (const Declared& picture : small_pictures()) {
    expect_failure(decode(picture.bytes, 199), Code::kImageTooLarge,
                   "the " + std::string(picture.format) + " declares 20 x 10 pixels, more than the 199 allowed");
  }
}

TEST(DecodeLimits, RefuseASideOver65535WhateverTheLimit) {
  expect_failure(decode(bytes_of("P5 65536 1 255 "), ~std::uint64_t{0}), Code::kImageTooLarge,
                 "the PNM declares 65536 x 1 pixels, more than 65535 on a side");
}

TEST(DecodeLimits, ApplyToTheHeaderAloneBeforeAnyPixelIsThere) {
  const ByteVector png = encode_png(1, 1, {1, 2, 3});
  ByteVector header(png.begin(), png.begin() + 33);  // signature and IHDR
  header[16] = header[20] = 0;
  header[17] = header[21] = 0;
  header[18] = header[22] = 0xEA;  // 60000 x 60000
  header[19] = header[23] = 0x60;
  const std::uint32_t crc = crc32(std::span(header).subspan(12, 17));
  for (std::size_t i = 0; i < 4; ++i) header[29 + i] = std::uint8_t(crc >> (24 - 8 * i));
  expect_failure(decode(header), Code::kImageTooLarge, "60000 x 60000");
}

TEST(DecodeImage, RefusesPicturesWithoutPixels) {
  expect_failure(decode(bytes_of("P5 0 7 255 ")), Code::kImageUndecodable, "without pixels");
}

}  // namespace
}  // namespace zmdetect::test
