// BMP, uncompressed, by hand: Leptonica's reader refuses files with a byte too many and mixes up 32-bit colours.
#include <bit>

#include "image/byte_reader.h"
#include "image/formats.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "BMP";

// BITMAPFILEHEADER and the info headers after it; everything is little-endian.
struct Header {
  std::uint32_t pixels_at = 0;
  std::uint32_t info_size = 0;
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  bool top_down = false;  // a negative height
  std::uint32_t bits = 0;
  std::uint32_t compression = 0;
  std::uint32_t palette_at = 0;
  std::uint32_t palette_entry = 4;  // bytes: B, G, R and, except in OS/2's headers, a spare one
};

constexpr std::uint32_t kFileHeader = 14;
constexpr std::uint32_t kOs2Info = 12;
constexpr std::uint32_t kWindowsInfo = 40;

Header read_header(const ByteReader& reader) {
  Header header;
  header.pixels_at = reader.u32(10);
  header.info_size = reader.u32(kFileHeader);
  header.palette_at = kFileHeader + header.info_size;
  if (header.info_size == kOs2Info) {
    header.width = reader.u16(18);
    header.height = reader.u16(20);
    header.bits = reader.u16(24);
    header.palette_entry = 3;
    return header;
  }
  const std::int64_t width = std::int32_t(reader.u32(18));
  const std::int64_t height = std::int32_t(reader.u32(22));
  header.top_down = height < 0;
  header.width = width > 0 ? std::uint64_t(width) : 0;
  header.height = std::uint64_t(height < 0 ? -height : height);
  header.bits = reader.u16(28);
  header.compression = reader.u32(30);
  return header;
}

// The pixel's colour as B, G, R bytes at the returned place of the file.
struct PixelPlaces {
  const ByteReader& reader;
  const Header& header;

  std::uint64_t of(std::uint64_t row_at, std::uint32_t x) const {
    if (header.bits >= 24) return row_at + std::uint64_t(x) * (header.bits / 8);
    const std::uint32_t per_byte = 8 / header.bits;
    const std::uint32_t shift = 8 - header.bits * (x % per_byte + 1);
    const std::uint32_t index = reader.u8(row_at + x / per_byte) >> shift & ((1U << header.bits) - 1);
    return header.palette_at + std::uint64_t(index) * header.palette_entry;
  }
};

}  // namespace

Result<StoredImage> decode_bmp(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  const ByteReader reader(bytes);
  const Header header = read_header(reader);
  if (header.info_size != kOs2Info && header.info_size < kWindowsInfo) return undecodable(kFormat, "no valid header");
  ZMD_RETURN_IF_ERROR(check_size(kFormat, header.width, header.height, limits));

  constexpr std::uint32_t kUncompressed = 0;
  constexpr std::uint32_t kBitFields = 3;
  const bool plain = header.compression == kUncompressed || (header.compression == kBitFields && header.bits == 32);
  const bool known = header.bits == 1 || header.bits == 4 || header.bits == 8 || header.bits == 24 || header.bits == 32;
  if (!plain || !known) {
    return undecodable(kFormat, std::to_string(header.bits) + " bits with compression " +
                                    std::to_string(header.compression) + " are not supported");
  }

  const std::uint64_t stride = (header.width * header.bits + 31) / 32 * 4;  // rows are padded to four bytes
  if (header.pixels_at + stride * header.height > bytes.size()) return undecodable(kFormat, "premature end of data");

  Image image = allocate_image(int(header.width), int(header.height));
  const PixelPlaces places{reader, header};
  std::uint8_t* out = image.pixels.get();
  for (std::uint64_t y = 0; y < header.height; ++y) {
    ZMD_RETURN_IF_ERROR(stop());
    const std::uint64_t row_at = header.pixels_at + stride * (header.top_down ? y : header.height - 1 - y);
    for (std::uint32_t x = 0; x < header.width; ++x, out += 3) {
      const std::uint64_t place = places.of(row_at, x);
      for (unsigned c = 0; c < 3; ++c) out[c] = std::uint8_t(reader.u8(place + 2 - c));
    }
  }
  return StoredImage{std::move(image), 1};
}

}  // namespace zmdetect
