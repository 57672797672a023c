#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <string_view>

#include "image/formats.h"

namespace zmdetect {

namespace {

using Decoder = Result<StoredImage> (*)(Bytes, const DecodeLimits&, const StopCheck&);

bool starts_with(Bytes bytes, std::string_view signature, std::size_t at = 0) {
  return bytes.size() >= at + signature.size() &&
         std::memcmp(bytes.data() + at, signature.data(), signature.size()) == 0;
}

bool is_pnm(Bytes bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         std::string_view(" \t\r\n").find(char(bytes[2])) != std::string_view::npos;
}

Decoder decoder_for(Bytes bytes) {
  using namespace std::literals;
  if (starts_with(bytes, "\xFF\xD8\xFF"sv)) return decode_jpeg;
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n"sv)) return decode_png;
  if (starts_with(bytes, "RIFF"sv) && starts_with(bytes, "WEBP"sv, 8)) return decode_webp;
  if (starts_with(bytes, "GIF87a"sv) || starts_with(bytes, "GIF89a"sv)) return decode_gif;
  if (starts_with(bytes, "BM"sv)) return decode_bmp;
  if (starts_with(bytes, "II*\0"sv) || starts_with(bytes, "MM\0*"sv)) return decode_tiff;
  if (is_pnm(bytes)) return decode_pnm;
  return nullptr;
}

// The first bytes, with everything that could upset a log or a terminal as a dot.
std::string printable_start(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 16))) {
    text += byte >= 0x20 && byte < 0x7F ? char(byte) : '.';
  }
  return text;
}

}  // namespace

Status undecodable(const char* format, const std::string& reason) {
  return Status(Code::kImageUndecodable, std::string(format) + ": " + reason);
}

Status check_size(const char* format, std::uint64_t width, std::uint64_t height, const DecodeLimits& limits) {
  constexpr std::uint64_t kMaxSide = 65535;
  constexpr std::uint64_t kAddressable = std::numeric_limits<std::size_t>::max() / 3;  // matters on 32-bit machines
  if (width == 0 || height == 0) return undecodable(format, "declares a picture without pixels");

  const std::string declares = "the " + std::string(format) + " declares " + std::to_string(width) + " x " +
                               std::to_string(height) + " pixels, more than ";
  if (width > kMaxSide || height > kMaxSide) {
    return Status(Code::kImageTooLarge, declares + std::to_string(kMaxSide) + " on a side");
  }
  if (width * height > std::min(limits.max_pixels, kAddressable)) {
    return Status(Code::kImageTooLarge, declares + "the " + std::to_string(limits.max_pixels) + " allowed");
  }
  return Status();
}

Image allocate_image(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  // Not make_unique: it would write zeros over memory that the decoder fills anyway.
  image.pixels.reset(new std::uint8_t[image.bytes()]);
  return image;
}

Result<Image> decode_image(std::span<const std::uint8_t> bytes, const DecodeLimits& limits, const StopCheck& stop) try {
  if (bytes.empty()) return Status(Code::kImageEmpty, "the image has zero bytes");
  const Decoder decode = decoder_for(bytes);
  if (decode == nullptr) {
    return Status(Code::kImageUndecodable, "no known image format: starts with '" + printable_start(bytes) + "'");
  }
  const StopCheck never = [] { return Status(); };
  Result<StoredImage> stored = decode(bytes, limits, stop ? stop : never);
  if (!stored.ok()) return stored.status();
  return orient(std::move(stored).value());
} catch (const std::bad_alloc&) {
  return Status(Code::kOutOfMemory, "no memory for the decoded picture");
}

}  // namespace zmdetect
