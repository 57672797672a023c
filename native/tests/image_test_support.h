// What the tests of native/image share: pictures, checksums, files, encoders.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs size_t and FILE from the headers above.
#include <jpeglib.h>
#include <spng.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace zmdetect::test {

using ByteVector = std::vector<std::uint8_t>;

inline std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  // The CRC of zlib and PNG: reflected polynomial 0xEDB88320.
  static const std::vector<std::uint32_t> table = [] {
    std::vector<std::uint32_t> entries(256);
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
      entries[i] = value;
    }
    return entries;
  }();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF];
  return ~crc;
}

inline std::span<const std::uint8_t> pixels_of(const Image& image) { return {image.pixels.get(), image.bytes()}; }

inline Image make_image(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.pixels = std::make_unique<std::uint8_t[]>(image.bytes());
  return image;
}

/// The noise of fixtures/make_resize_fixtures.py: byte i is the low byte of a 32-bit integer hash of i and the seed.
inline Image noise(std::uint32_t seed, int width, int height) {
  Image image = make_image(width, height);
  for (std::size_t i = 0; i < image.bytes(); ++i) {
    std::uint32_t x = std::uint32_t(i) + seed * 0x9E3779B9U;
    x = (x ^ (x >> 16)) * 0x7FEB352DU;
    x = (x ^ (x >> 15)) * 0x846CA68BU;
    image.pixels[i] = std::uint8_t(x ^ (x >> 16));
  }
  return image;
}

inline std::filesystem::path fixtures() { return std::filesystem::path(ZMDETECT_SOURCE_DIR) / "native/tests/fixtures"; }

/// The lines of a fixture table without comments.
inline std::vector<std::string> fixture_lines(const char* name) {
  std::ifstream file(fixtures() / name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

inline ByteVector read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return ByteVector(std::istreambuf_iterator<char>(file), {});
}

inline Result<Image> decode(const ByteVector& bytes, std::uint64_t max_pixels = 64'000'000) {
  return decode_image(bytes, DecodeLimits{.max_pixels = max_pixels});
}

/// The decoded pixels as a plain vector; a failure shows its message and yields no pixels.
inline ByteVector decoded_pixels(const ByteVector& bytes) {
  const Result<Image> image = decode(bytes);
  EXPECT_TRUE(image.ok()) << image.status().message();
  if (!image.ok()) return {};
  return ByteVector(pixels_of(image.value()).begin(), pixels_of(image.value()).end());
}

inline void expect_failure(const Result<Image>& result, Code code, const std::string& part_of_message) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(int(result.status().code()), int(code)) << result.status().message();
  EXPECT_NE(result.status().message().find(part_of_message), std::string::npos)
      << "message: " << result.status().message();
}

struct JpegOptions {
  J_COLOR_SPACE colours = JCS_RGB;  // of the samples; their number follows from it
  bool progressive = false;
  int quality = 90;
};

/// Encodes interleaved samples; RGB is stored as YCbCr, CMYK as it is.
inline ByteVector encode_jpeg(int width, int height, const ByteVector& samples, const JpegOptions& options = {}) {
  const int channels = options.colours == JCS_GRAYSCALE ? 1 : options.colours == JCS_CMYK ? 4 : 3;
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &buffer, &size);
  jpeg.image_width = JDIMENSION(width);
  jpeg.image_height = JDIMENSION(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = options.colours;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, options.quality, TRUE);
  if (options.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < height; ++y) {
    JSAMPROW row = const_cast<JSAMPROW>(samples.data() + std::size_t(y) * std::size_t(width * channels));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  ByteVector bytes(buffer, buffer + size);
  jpeg_destroy_compress(&jpeg);
  std::free(buffer);
  return bytes;
}

struct PngOptions {
  std::uint8_t colour_type = SPNG_COLOR_TYPE_TRUECOLOR;
  std::uint8_t bits = 8;
  ByteVector palette = {};  // R, G, B triples
  ByteVector exif = {};
  bool transparent_grey_0 = false;  // a tRNS chunk
  bool gamma = false;               // a gAMA chunk of 1.0
};

/// Encodes rows that are packed as PNG stores them (16-bit samples in this machine's byte order).
inline ByteVector encode_png(int width, int height, const ByteVector& raw, const PngOptions& options = {}) {
  spng_ctx* const png = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(png, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = std::uint32_t(width);
  header.height = std::uint32_t(height);
  header.color_type = options.colour_type;
  header.bit_depth = options.bits;
  spng_set_ihdr(png, &header);
  if (!options.palette.empty()) {
    spng_plte palette{};
    palette.n_entries = std::uint32_t(options.palette.size() / 3);
    for (std::uint32_t i = 0; i < palette.n_entries; ++i) {
      palette.entries[i] = {options.palette[i * 3], options.palette[i * 3 + 1], options.palette[i * 3 + 2], 255};
    }
    spng_set_plte(png, &palette);
  }
  if (options.transparent_grey_0) {
    spng_trns transparency{};
    spng_set_trns(png, &transparency);
  }
  if (options.gamma) spng_set_gama(png, 1.0);
  ByteVector exif = options.exif;
  if (!exif.empty()) {
    spng_exif chunk{exif.size(), reinterpret_cast<char*>(exif.data())};
    spng_set_exif(png, &chunk);
  }
  const int error = spng_encode_image(png, raw.data(), raw.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  EXPECT_EQ(error, 0) << spng_strerror(error);
  std::size_t size = 0;
  int buffer_error = 0;
  void* const buffer = spng_get_png_buffer(png, &size, &buffer_error);
  const auto* const begin = static_cast<std::uint8_t*>(buffer);
  ByteVector bytes(begin, begin + size);
  std::free(buffer);
  spng_ctx_free(png);
  return bytes;
}

/// A TIFF structure whose only entry is the orientation tag, in either byte order: what EXIF blocks hold.
inline ByteVector orientation_block(std::uint8_t orientation, bool big_endian = false) {
  if (big_endian) {
    return {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0};
  }
  return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0};
}

inline void append(ByteVector& bytes, const ByteVector& more) {
  // Not one insert: g++ 12 warns of bounds inside it that are kept.
  const std::size_t size = bytes.size();
  bytes.resize(size + more.size());
  std::copy(more.begin(), more.end(), bytes.begin() + std::ptrdiff_t(size));
}

/// Puts an APP1 segment with `payload` directly behind the start marker of a JPEG.
inline ByteVector with_app1(const ByteVector& jpeg, const ByteVector& payload) {
  const std::size_t length = payload.size() + 2;
  ByteVector bytes{jpeg[0], jpeg[1], 0xFF, 0xE1, std::uint8_t(length >> 8), std::uint8_t(length)};
  append(bytes, payload);
  append(bytes, ByteVector(jpeg.begin() + 2, jpeg.end()));
  return bytes;
}

inline ByteVector exif_payload(const ByteVector& block) {
  const std::string_view prefix("Exif\0\0", 6);
  ByteVector payload(prefix.begin(), prefix.end());
  append(payload, block);
  return payload;
}

}  // namespace zmdetect::test
