// TIFF through Leptonica (libtiff): the first page, in strips.
#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "image/byte_reader.h"
#include "image/leptonica.h"
#include "input_limits.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "TIFF";

constexpr std::uint32_t kEntrySize = 12;
constexpr std::uint32_t kShort = 3;

enum Tag : std::uint32_t {
  kWidth = 256,
  kHeight = 257,
  kBitsPerSample = 258,
  kCompression = 259,
  kPhotometric = 262,
  kFillOrder = 266,
  kStripOffsets = 273,
  kOrientation = 274,
  kSamplesPerPixel = 277,
  kRowsPerStrip = 278,
  kStripByteCounts = 279,
  kPlanarConfig = 284,
  kGroup3Options = 292,
  kGroup4Options = 293,
  kPredictor = 317,
  kColorMap = 320,
  kInkSet = 332,
  kExtraSamples = 338,
  kSampleFormat = 339,
  kJpegTables = 347,
  kYCbCrCoefficients = 529,
  kYCbCrSubSampling = 530,
  kYCbCrPositioning = 531,
  kReferenceBlackWhite = 532,
};

// What decides the pixels. The orientation is not among them: Leptonica 1.82 turns colour pictures of orientation 8
// the wrong way, so it sees upright ones only.
constexpr std::uint32_t kPictureTags[] = {kWidth,
                                          kHeight,
                                          kBitsPerSample,
                                          kCompression,
                                          kPhotometric,
                                          kFillOrder,
                                          kStripOffsets,
                                          kSamplesPerPixel,
                                          kRowsPerStrip,
                                          kStripByteCounts,
                                          kPlanarConfig,
                                          kGroup3Options,
                                          kGroup4Options,
                                          kPredictor,
                                          kColorMap,
                                          kInkSet,
                                          kExtraSamples,
                                          kSampleFormat,
                                          kJpegTables,
                                          kYCbCrCoefficients,
                                          kYCbCrSubSampling,
                                          kYCbCrPositioning,
                                          kReferenceBlackWhite};

constexpr std::uint32_t kJpeg = 7;
// None, CCITT, LZW, JPEG, both numbers of Deflate, PackBits. The rest of what libtiff knows are rarities with
// decoders of their own.
constexpr std::uint32_t kCompressions[] = {1, 2, 3, 4, 5, kJpeg, 8, 32946, 32773};

// The first directory of a file, as TIFF 6.0 lays it out, reduced to what decides the pixels.
class Directory {
 public:
  explicit Directory(Bytes tiff) : tiff_(tiff), reader_(tiff, tiff[0] == 'M') {}

  // Of a tag given twice the first counts, as in libtiff.
  Status read() {
    const std::uint64_t at = reader_.u32(4);
    const std::uint32_t count = reader_.u16(at);
    if (count > limits::kTiffEntries) {
      return undecodable(kFormat, std::to_string(count) + " entries in its directory, more than " +
                                      std::to_string(limits::kTiffEntries));
    }
    if (count == 0 || at + 2 + std::uint64_t(count) * kEntrySize > tiff_.size()) {
      return undecodable(kFormat, "no valid header");
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t entry = at + 2 + std::uint64_t(i) * kEntrySize;
      const std::uint32_t tag = reader_.u16(entry);
      if (std::find(std::begin(kPictureTags), std::end(kPictureTags), tag) != std::end(kPictureTags)) {
        entries_.emplace(tag, entry);
      }
    }
    return Status();
  }

  // The only value of a tag, or `absent`.
  std::uint32_t number(Tag tag, std::uint32_t absent) const {
    const auto found = entries_.find(tag);
    return found == entries_.end() ? absent : value(found->second, 0);
  }

  // libtiff only warns of picture data beyond the end of the file and Leptonica lets that pass, while OpenCV rejects
  // it. Strips may share their bytes, but then each must be worth its pixels: `pixel_bytes` are those of the picture.
  Status check_strips(std::uint64_t pixel_bytes) const {
    const auto offsets = entries_.find(kStripOffsets);
    const auto counts = entries_.find(kStripByteCounts);
    Status missing = undecodable(kFormat, "tiled, or premature end of data");
    if (offsets == entries_.end() || counts == entries_.end()) return missing;
    const std::uint32_t strips = reader_.u32(offsets->second + 4);
    if (strips != reader_.u32(counts->second + 4) || strips > tiff_.size()) return missing;
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < strips; ++i) {
      const std::uint64_t offset = value(offsets->second, i);
      const std::uint64_t count = value(counts->second, i);
      if (offset + count > tiff_.size()) return missing;
      sum += count;
      if (sum > tiff_.size() + pixel_bytes)
        return undecodable(kFormat, "its strips share more data than it has pixels");
      if (number(kCompression, 1) == kJpeg) ZMD_RETURN_IF_ERROR(check_jpeg(tiff_.subspan(offset, count)));
    }
    return Status();
  }

  // The file with a directory of its own behind it, which holds nothing else and leads nowhere.
  std::vector<std::uint8_t> plain_file() const {
    std::vector<std::uint8_t> file;
    file.reserve(tiff_.size() + 1 + 2 + entries_.size() * kEntrySize + 4);
    file.assign(tiff_.begin(), tiff_.end());
    if (file.size() % 2 != 0) file.push_back(0);
    put(file, 4, 4, std::uint32_t(file.size()));
    put(file, file.size(), 2, std::uint32_t(entries_.size()));
    for (const auto& [tag, entry] : entries_) {
      const Bytes bytes = tiff_.subspan(entry, kEntrySize);
      file.insert(file.end(), bytes.begin(), bytes.end());
    }
    put(file, file.size(), 4, 0);
    return file;
  }

 private:
  // The values of an entry lie inside it when they fit its last four bytes.
  std::uint32_t value(std::uint64_t entry, std::uint32_t i) const {
    const bool is_short = reader_.u16(entry + 2) == kShort;
    const std::uint32_t size = is_short ? 2 : 4;
    const std::uint64_t total = std::uint64_t(size) * reader_.u32(entry + 4);
    const std::uint64_t place = (total <= 4 ? entry + 8 : reader_.u32(entry + 8)) + std::uint64_t(size) * i;
    return is_short ? reader_.u16(place) : reader_.u32(place);
  }

  // A strip is a JPEG of its own; it needs one scan, or one for each component.
  static Status check_jpeg(Bytes strip) {
    constexpr int kMostScans = 4;
    constexpr std::string_view kScan("\xFF\xDA");
    if (read_jpeg_segments(strip).count > std::size_t(limits::kJpegSegments)) {
      return undecodable(kFormat, "more than " + std::to_string(limits::kJpegSegments) + " JPEG segments in a strip");
    }
    int scans = 0;
    for (auto at = strip.begin();; ++at) {
      at = std::search(at, strip.end(), kScan.begin(), kScan.end(),
                       [](std::uint8_t a, char b) { return a == std::uint8_t(b); });
      if (at == strip.end()) return Status();
      if (++scans > kMostScans) return undecodable(kFormat, "progressive JPEG in its strips");
    }
  }

  void put(std::vector<std::uint8_t>& file, std::size_t at, unsigned size, std::uint32_t number) const {
    file.resize(std::max(file.size(), at + size));
    for (unsigned i = 0; i < size; ++i) {
      const unsigned shift = 8 * (tiff_[0] == 'M' ? size - 1 - i : i);
      file[at + i] = std::uint8_t(number >> shift);
    }
  }

  Bytes tiff_;
  ByteReader reader_;
  std::map<std::uint32_t, std::uint64_t> entries_;  // where the entry of each tag lies
};

}  // namespace

Result<StoredImage> decode_tiff(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  Directory directory(bytes);
  ZMD_RETURN_IF_ERROR(directory.read());
  const std::uint32_t compression = directory.number(kCompression, 1);
  if (std::find(std::begin(kCompressions), std::end(kCompressions), compression) == std::end(kCompressions)) {
    return undecodable(kFormat, "compression " + std::to_string(compression) + " is not supported");
  }
  // libtiff sorts its list of tags after each that it does not know, and follows chains of directories: it sees a file
  // in which there is nothing of both.
  const std::vector<std::uint8_t> plain = directory.plain_file();

  silence_leptonica();
  l_int32 width = 0;
  l_int32 height = 0;
  l_int32 bits = 0;
  l_int32 samples = 0;
  if (readHeaderMemTiff(plain.data(), plain.size(), 0, &width, &height, &bits, &samples, nullptr, nullptr, nullptr) !=
          0 ||
      width < 0 || height < 0 || bits < 0 || samples < 0) {
    return undecodable(kFormat, "no valid header");
  }
  ZMD_RETURN_IF_ERROR(check_size(kFormat, std::uint64_t(width), std::uint64_t(height), limits));
  constexpr l_int32 kMostSamples = 4;
  constexpr l_int32 kMostBits = 32;
  if (samples > kMostSamples || bits > kMostBits) {
    return undecodable(kFormat,
                       std::to_string(samples) + " samples of " + std::to_string(bits) + " bits are not supported");
  }
  const std::uint64_t row_bytes = (std::uint64_t(width) * std::uint64_t(samples * bits) + 7) / 8;
  ZMD_RETURN_IF_ERROR(directory.check_strips(row_bytes * std::uint64_t(height)));
  ZMD_RETURN_IF_ERROR(stop());

  Result<Image> image = image_from_pix(kFormat, PixPtr(pixReadMemTiff(plain.data(), plain.size(), 0)), stop);
  if (!image.ok()) return image.status();
  return StoredImage{std::move(image).value(), exif_orientation(bytes)};
}

}  // namespace zmdetect
