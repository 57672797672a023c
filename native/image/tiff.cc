// TIFF through Leptonica (libtiff): the first page, in strips.
#include <vector>

#include "image/byte_reader.h"
#include "image/leptonica.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "TIFF";

// libtiff only warns of picture data beyond the end of the file and Leptonica lets that pass, while OpenCV rejects it.
bool strips_lie_inside(Bytes tiff) {
  constexpr std::uint32_t kStripOffsets = 273;
  constexpr std::uint32_t kStripByteCounts = 279;
  constexpr std::uint32_t kShort = 3;
  constexpr std::uint32_t kEntrySize = 12;
  const ByteReader reader(tiff, tiff[0] == 'M');

  std::uint64_t offsets = 0;  // where the entries of the two tags lie
  std::uint64_t counts = 0;
  const std::uint64_t directory = reader.u32(4);
  const std::uint32_t entries = reader.u16(directory);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + std::uint64_t(i) * kEntrySize;
    if (reader.u16(entry) == kStripOffsets) offsets = entry;
    if (reader.u16(entry) == kStripByteCounts) counts = entry;
  }
  if (offsets == 0 || counts == 0) return false;

  // The values of an entry lie inside it when they fit its last four bytes.
  const auto value = [&](std::uint64_t entry, std::uint32_t i) -> std::uint64_t {
    const bool is_short = reader.u16(entry + 2) == kShort;
    const std::uint32_t size = is_short ? 2 : 4;
    const std::uint64_t total = std::uint64_t(size) * reader.u32(entry + 4);
    const std::uint64_t place = (total <= 4 ? entry + 8 : reader.u32(entry + 8)) + std::uint64_t(size) * i;
    return is_short ? reader.u16(place) : reader.u32(place);
  };
  const std::uint32_t strips = reader.u32(offsets + 4);
  if (strips != reader.u32(counts + 4) || strips > tiff.size()) return false;
  for (std::uint32_t i = 0; i < strips; ++i) {
    if (value(offsets, i) + value(counts, i) > tiff.size()) return false;
  }
  return true;
}

}  // namespace

Result<StoredImage> decode_tiff(Bytes bytes, const DecodeLimits& limits) {
  silence_leptonica();
  l_int32 width = 0;
  l_int32 height = 0;
  if (readHeaderMemTiff(bytes.data(), bytes.size(), 0, &width, &height, nullptr, nullptr, nullptr, nullptr, nullptr) !=
          0 ||
      width < 0 || height < 0) {
    return undecodable(kFormat, "no valid header");
  }
  ZMD_RETURN_IF_ERROR(check_size(kFormat, std::uint64_t(width), std::uint64_t(height), limits));
  if (!strips_lie_inside(bytes)) return undecodable(kFormat, "tiled, or premature end of data");

  // Leptonica 1.82 turns colour pictures of orientation 8 the wrong way. It gets to see upright ones only.
  const int orientation = exif_orientation(bytes);
  const bool big_endian = bytes[0] == 'M';
  std::vector<std::uint8_t> upright;
  if (orientation != 1) {
    const std::size_t place = orientation_place(bytes);
    upright.assign(bytes.begin(), bytes.end());
    upright[place] = big_endian ? 0 : 1;
    upright[place + 1] = big_endian ? 1 : 0;
    bytes = upright;
  }
  Result<Image> image = image_from_pix(kFormat, PixPtr(pixReadMemTiff(bytes.data(), bytes.size(), 0)));
  if (!image.ok()) return image.status();
  return StoredImage{std::move(image).value(), orientation};
}

}  // namespace zmdetect
