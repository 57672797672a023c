#include <algorithm>
#include <array>

#include "image_test_support.h"

namespace zmdetect::test {
namespace {

ByteVector noise_samples(int width, int height, int channels) {
  const Image image = noise(9, width * channels, height);
  return ByteVector(image.pixels.get(), image.pixels.get() + width * height * channels);
}

// The place of the first marker 0xFF `marker`, or the end.
std::size_t find_marker(const ByteVector& jpeg, std::uint8_t marker, std::size_t from = 0) {
  for (std::size_t at = from; at + 1 < jpeg.size(); ++at) {
    if (jpeg[at] == 0xFF && jpeg[at + 1] == marker) return at;
  }
  return jpeg.size();
}

constexpr std::uint8_t kHuffmanTables = 0xC4;
constexpr std::uint8_t kStartOfScan = 0xDA;

TEST(Jpeg, DecodesColourWithinTheLossOfItsQuality) {
  ByteVector red;
  for (int i = 0; i < 16 * 16; ++i) append(red, {200, 30, 40});
  for (const bool progressive : {false, true}) {
    const ByteVector pixels = decoded_pixels(encode_jpeg(16, 16, red, {.progressive = progressive}));
    ASSERT_EQ(pixels.size(), red.size());
    EXPECT_NEAR(pixels[0], 200, 2);
    EXPECT_NEAR(pixels[1], 30, 2);
    EXPECT_NEAR(pixels[2], 40, 2);
  }
}

TEST(Jpeg, SpreadsGreyOverAllThreeChannels) {
  const ByteVector pixels = decoded_pixels(encode_jpeg(8, 8, noise_samples(8, 8, 1), {.colours = JCS_GRAYSCALE}));
  ASSERT_EQ(pixels.size(), 8U * 8 * 3);
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    EXPECT_EQ(pixels[i], pixels[i + 1]);
    EXPECT_EQ(pixels[i], pixels[i + 2]);
  }
}

TEST(Jpeg, TakesFourComponentsForInvertedCmyk) {
  ByteVector cmyk;
  for (int i = 0; i < 16 * 16; ++i) append(cmyk, {255, 128, 0, 200});  // stored inverted: much K means bright
  const ByteVector pixels = decoded_pixels(encode_jpeg(16, 16, cmyk, {.colours = JCS_CMYK}));
  ASSERT_EQ(pixels.size(), 16U * 16 * 3);
  EXPECT_NEAR(pixels[0], 200, 3);  // 200 - (255 - 255) * 200 / 256
  EXPECT_NEAR(pixels[1], 200 - 127 * 200 / 256, 3);
  EXPECT_NEAR(pixels[2], 200 - 255 * 200 / 256, 3);
}

TEST(Jpeg, AppliesTheOrientationOfItsExifBlock) {
  const ByteVector upright = encode_jpeg(24, 8, noise_samples(24, 8, 3));
  const Result<Image> turned = decode(with_app1(upright, exif_payload(orientation_block(6))));
  ASSERT_TRUE(turned.ok());
  EXPECT_EQ(turned.value().width, 8);
  EXPECT_EQ(turned.value().height, 24);
  const ByteVector before = decoded_pixels(upright);
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 3, turned.value().pixels.get() + 7 * 3));  // top right
}

TEST(Jpeg, FindsTheExifBlockBehindOtherSegmentsOfItsKind) {
  ByteVector jpeg = with_app1(encode_jpeg(24, 8, noise_samples(24, 8, 3)), exif_payload(orientation_block(6)));
  const std::string xmp = "http://ns.adobe.com/xap/1.0/";
  jpeg = with_app1(jpeg, ByteVector(xmp.begin(), xmp.end()));
  const Result<Image> turned = decode(jpeg);
  ASSERT_TRUE(turned.ok());
  EXPECT_EQ(turned.value().width, 8);
}

TEST(Jpeg, RejectsTruncatedDataAndNamesTheRow) {
  for (const bool progressive : {false, true}) {
    ByteVector jpeg = encode_jpeg(64, 64, noise_samples(64, 64, 3), {.progressive = progressive});
    jpeg.resize(jpeg.size() / 2);
    expect_failure(decode(jpeg), Code::kImageUndecodable, "JPEG: premature end of data at row ");
    expect_failure(decode(jpeg), Code::kImageUndecodable, " of 64");
  }
}

TEST(Jpeg, RejectsAHeaderThatEndsEarly) {
  ByteVector jpeg = encode_jpeg(8, 8, noise_samples(8, 8, 3));
  jpeg.resize(find_marker(jpeg, kStartOfScan) + 3);
  expect_failure(decode(jpeg), Code::kImageUndecodable, "JPEG: premature end of data in the header");
}

TEST(Jpeg, PassesOnTheMessageOfTheLibrary) {
  expect_failure(decode({0xFF, 0xD8, 0xFF, 0xD9}), Code::kImageUndecodable, "JPEG: JPEG datastream contains no image");
}

TEST(Jpeg, AcceptsBytesBehindTheEndMarker) {
  ByteVector jpeg = encode_jpeg(8, 8, noise_samples(8, 8, 3));
  const ByteVector before = decoded_pixels(jpeg);
  append(jpeg, {1, 2, 3, 0xFF, 0xD8});
  EXPECT_EQ(decoded_pixels(jpeg), before);
}

TEST(Jpeg, AcceptsDamageInTheDataThatLeavesThePictureComplete) {
  ByteVector jpeg = encode_jpeg(64, 64, noise_samples(64, 64, 3));
  jpeg[jpeg.size() / 2] ^= 0x10;
  jpeg[jpeg.size() / 2 + 1] = 0x55;
  EXPECT_TRUE(decode(jpeg).ok());
}

TEST(Jpeg, DecodesMotionJpegFramesWithoutHuffmanTables) {
  ByteVector jpeg = encode_jpeg(32, 16, noise_samples(32, 16, 3));
  const ByteVector before = decoded_pixels(jpeg);
  for (std::size_t at = find_marker(jpeg, kHuffmanTables); at < jpeg.size(); at = find_marker(jpeg, kHuffmanTables)) {
    const auto begin = jpeg.begin() + std::ptrdiff_t(at);
    jpeg.erase(begin, begin + 2 + (jpeg[at + 2] << 8 | jpeg[at + 3]));
  }
  EXPECT_EQ(decoded_pixels(jpeg), before);
}

TEST(Jpeg, RefusesMoreScansThanAnyEncoderWrites) {
  const ByteVector jpeg =
      encode_jpeg(16, 16, noise_samples(16, 16, 1), {.colours = JCS_GRAYSCALE, .progressive = true});
  const std::size_t scan = find_marker(jpeg, kStartOfScan);
  std::size_t end = scan + 2;
  while (jpeg[end] != 0xFF || jpeg[end + 1] == 0) ++end;
  const auto repeated = [&](int times) {
    ByteVector bomb(jpeg.begin(), jpeg.begin() + std::ptrdiff_t(scan));
    for (int i = 0; i < times; ++i) {
      bomb.insert(bomb.end(), jpeg.begin() + std::ptrdiff_t(scan), jpeg.begin() + std::ptrdiff_t(end));
    }
    bomb.insert(bomb.end(), jpeg.begin() + std::ptrdiff_t(end), jpeg.end());
    return bomb;
  };
  EXPECT_TRUE(decode(repeated(50)).ok());
  expect_failure(decode(repeated(150)), Code::kImageUndecodable, "JPEG: more than 100 scans");
}

}  // namespace
}  // namespace zmdetect::test
