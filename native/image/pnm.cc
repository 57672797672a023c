// PNM (P1 to P6) by hand: Leptonica reads 16-bit values in the wrong byte order and ignores the maximum value.
#include <algorithm>
#include <charconv>
#include <optional>

#include "image/formats.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "PNM";

bool is_space(std::uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

// The text half of the format: numbers between white space, comments from # to the end of the line.
class Scanner {
 public:
  Scanner(Bytes bytes, std::size_t at) : bytes_(bytes), at_(at) {}

  std::optional<std::uint32_t> number() {
    skip_space();
    const char* const begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
    const char* const end = reinterpret_cast<const char*>(bytes_.data()) + bytes_.size();
    std::uint32_t value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc()) return std::nullopt;
    at_ += std::size_t(stop - begin);
    return value;
  }

  /// A digit 0 or 1 of a P1 picture, where no space is needed between them.
  std::optional<std::uint32_t> bit() {
    skip_space();
    if (at_ >= bytes_.size() || (bytes_[at_] != '0' && bytes_[at_] != '1')) return std::nullopt;
    return bytes_[at_++] - '0';
  }

  /// What follows the single white space that ends the header.
  Bytes raster() const { return at_ < bytes_.size() ? bytes_.subspan(at_ + 1) : Bytes(); }

 private:
  void skip_space() {
    bool comment = false;
    for (; at_ < bytes_.size(); ++at_) {
      const std::uint8_t byte = bytes_[at_];
      comment = comment ? byte != '\n' : byte == '#';
      if (!comment && !is_space(byte)) return;
    }
  }

  Bytes bytes_;
  std::size_t at_;
};

}  // namespace

Result<StoredImage> decode_pnm(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  const int kind = bytes[1] - '0';  // 1..3 bitmap, grey, colour as text; 4..6 the same as bytes
  const bool text = kind <= 3;
  const bool bitmap = kind == 1 || kind == 4;
  const std::size_t channels = kind == 3 || kind == 6 ? 3 : 1;

  Scanner scanner(bytes, 2);
  const auto width = scanner.number();
  const auto height = scanner.number();
  const auto maximum = bitmap ? std::optional(1U) : scanner.number();
  if (!width || !height || !maximum || *maximum == 0 || *maximum > 65535)
    return undecodable(kFormat, "no valid header");
  ZMD_RETURN_IF_ERROR(check_size(kFormat, *width, *height, limits));

  const std::uint64_t sample_bytes = *maximum > 255 ? 2 : 1;
  const std::uint64_t row_samples = std::uint64_t(*width) * channels;
  const std::uint64_t stride = bitmap ? (row_samples + 7) / 8 : row_samples * sample_bytes;
  const Bytes raster = scanner.raster();
  // A text sample takes at least one byte, so this bounds the picture's memory by the file in either case.
  if ((text ? row_samples : stride) * *height > raster.size() + text)
    return undecodable(kFormat, "premature end of data");

  const auto raw_sample = [&](std::uint64_t y, std::uint64_t i) -> std::uint32_t {
    const std::uint64_t row = y * stride;
    if (bitmap) return raster[row + i / 8] >> (7 - i % 8) & 1U;
    if (sample_bytes == 1) return raster[row + i];
    return std::uint32_t(raster[row + 2 * i] << 8 | raster[row + 2 * i + 1]);
  };
  // As OpenCV has it: 16 bits lose the low byte; 8-bit text is stretched to 255; 8-bit bytes stay as they are,
  // whatever the maximum says.
  const auto to_byte = [&](std::uint32_t value) -> std::uint8_t {
    if (bitmap) return value != 0 ? 0 : 255;
    if (sample_bytes == 2) return std::uint8_t(std::min(value, 65535U) >> 8);
    return std::uint8_t(text ? std::min(value, *maximum) * 255 / *maximum : value);
  };

  Image image = allocate_image(int(*width), int(*height));
  std::uint8_t* out = image.pixels.get();
  for (std::uint64_t y = 0; y < *height; ++y) {
    ZMD_RETURN_IF_ERROR(stop());
    for (std::uint64_t i = 0; i < row_samples; ++i) {
      const auto value = !text ? std::optional(raw_sample(y, i)) : bitmap ? scanner.bit() : scanner.number();
      if (!value) return undecodable(kFormat, "premature end of data");
      for (std::size_t copies = 3 / channels; copies > 0; --copies) *out++ = to_byte(*value);
    }
  }
  return StoredImage{std::move(image), 1};
}

}  // namespace zmdetect
