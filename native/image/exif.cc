// The one fact we need of EXIF: which way up the picture is.
#include <cstring>

#include "image/byte_reader.h"
#include "image/formats.h"

namespace zmdetect {

namespace {

bool is_big_endian(Bytes tiff) { return tiff[0] == 'M' && tiff[1] == 'M'; }

// Where the two bytes of the orientation's value lie, 0 if nowhere.
std::size_t orientation_place(Bytes tiff) {
  // TIFF 6.0, section 2. Header: byte order, 42, offset of the first directory. Directory: entry count, then entries
  // of 12 bytes: tag, type, count, value (or its offset, but a single SHORT lies in the entry itself).
  constexpr std::uint32_t kOrientationTag = 0x0112;
  constexpr std::uint32_t kEntrySize = 12;
  constexpr std::uint32_t kValue = 8;
  if (tiff.size() < 8) return 0;
  if (!is_big_endian(tiff) && !(tiff[0] == 'I' && tiff[1] == 'I')) return 0;
  const ByteReader reader(tiff, is_big_endian(tiff));
  if (reader.u16(2) != 42) return 0;

  const std::uint64_t directory = reader.u32(4);
  const std::uint32_t entries = reader.u16(directory);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + std::uint64_t(i) * kEntrySize;
    if (reader.u16(entry) == kOrientationTag) return entry + kValue + 2 <= tiff.size() ? entry + kValue : 0;
  }
  return 0;
}

}  // namespace

int exif_orientation(Bytes tiff) {
  const std::size_t place = orientation_place(tiff);
  if (place == 0) return 1;
  // The entry's type is not looked at: some writers put LONG or BYTE, and OpenCV reads 16 bits all the same.
  const std::uint32_t value = ByteReader(tiff, is_big_endian(tiff)).u16(place);
  return value >= 1 && value <= 8 ? int(value) : 1;
}

Bytes riff_chunk(Bytes riff, const char* name) {
  // "RIFF", size, form type; then chunks: name, little-endian size, payload padded to an even length.
  constexpr std::size_t kHeader = 12;
  constexpr std::size_t kChunkHeader = 8;
  const ByteReader reader(riff);
  for (std::uint64_t at = kHeader; at + kChunkHeader <= riff.size();) {
    const std::uint64_t size = reader.u32(at + 4);
    const std::uint64_t payload = at + kChunkHeader;
    if (std::memcmp(riff.data() + at, name, 4) == 0) {
      if (payload + size > riff.size()) return {};
      return riff.subspan(std::size_t(payload), std::size_t(size));
    }
    at = payload + size + (size & 1);
  }
  return {};
}

}  // namespace zmdetect
