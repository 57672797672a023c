// Pictures that cost their sender little. Work is counted, in questions to `stop` and in allocations, never in time.
#include "image_test_support.h"
#include "input_limits.h"
#include "tests/allocations.h"

namespace zmdetect::test {
namespace {

using testing::AllocationCount;
using testing::Allocations;

ByteVector bytes_of(std::string_view text) { return ByteVector(text.begin(), text.end()); }

ByteVector repeated(const ByteVector& part, std::size_t times) {
  ByteVector all;
  all.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// `bytes` with `more` put in at `at`.
ByteVector with(const ByteVector& bytes, std::size_t at, const ByteVector& more) {
  ByteVector all(bytes.begin(), bytes.begin() + std::ptrdiff_t(at));
  append(all, more);
  all.insert(all.end(), bytes.begin() + std::ptrdiff_t(at), bytes.end());
  return all;
}

std::size_t place_of(const ByteVector& bytes, std::string_view text) {
  const auto found = std::search(bytes.begin(), bytes.end(), text.begin(), text.end(),
                                 [](std::uint8_t a, char b) { return a == std::uint8_t(b); });
  EXPECT_NE(found, bytes.end()) << text;
  return std::size_t(found - bytes.begin());
}

void put(ByteVector& bytes, std::uint64_t value, unsigned size, bool big_endian = false) {
  for (unsigned i = 0; i < size; ++i) bytes.push_back(std::uint8_t(value >> 8 * (big_endian ? size - 1 - i : i)));
}

AllocationCount work_of(const ByteVector& bytes, bool good = true) {
  (void)decode(bytes);  // what a library sets up once is not this picture's
  const Allocations count;
  const Result<Image> image = decode(bytes);
  const AllocationCount work = count.so_far();
  EXPECT_EQ(image.ok(), good) << image.status().message();
  return work;
}

/// The file costs what the plain picture costs, and no more than `times` its own size in memory.
void expect_no_more_work(const ByteVector& plain, const ByteVector& hostile, std::size_t times = 1, bool good = true) {
  const AllocationCount before = work_of(plain);
  const AllocationCount after = work_of(hostile, good);
  EXPECT_LE(after.calls, before.calls + 8);
  EXPECT_LE(after.bytes, before.bytes + times * hostile.size() + 1024);
}

// --- JPEG ---

ByteVector small_jpeg() { return encode_jpeg(16, 16, ByteVector(16 * 16 * 3, 90)); }

ByteVector segment(std::uint8_t marker, const ByteVector& payload = {}) {
  ByteVector bytes{0xFF, marker};
  put(bytes, payload.size() + 2, 2, true);
  append(bytes, payload);
  return bytes;
}

TEST(HostileJpeg, SegmentsOfEveryKindAreSkippedAndNotKept) {
  for (const std::uint8_t marker : {0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF, 0xFE}) {
    expect_no_more_work(small_jpeg(), with(small_jpeg(), 2, repeated(segment(marker), limits::kJpegSegments - 10)), 0);
    expect_no_more_work(small_jpeg(), with(small_jpeg(), 2, repeated(segment(marker, ByteVector(5000)), 3000)), 0);
  }
}

TEST(HostileJpeg, TooManySegmentsAreRefusedBeforeTheLibrarySeesThem) {
  for (const std::uint8_t marker : {0xE1, 0xE2, 0xFE, 0xC4, 0xDB, 0xDD}) {
    const ByteVector jpeg = with(small_jpeg(), 2, repeated(segment(marker), 500'000));
    expect_failure(decode(jpeg), Code::kImageUndecodable, "JPEG: more than 4096 segments before the picture");
    EXPECT_LE(work_of(jpeg, false).calls, 16U);
  }
}

TEST(HostileJpeg, TheFirstExifBlockCounts) {
  ByteVector jpeg = encode_jpeg(24, 8, ByteVector(24 * 8 * 3, 90));
  jpeg = with(jpeg, 2, repeated(segment(0xE1, exif_payload(orientation_block(3))), 1000));
  jpeg = with(jpeg, 2, segment(0xE1, exif_payload(orientation_block(6))));
  jpeg = with(jpeg, 2, repeated(segment(0xE1, bytes_of("Exif\0")), 1000));
  const Result<Image> image = decode(jpeg);
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image.value().width, 8);
}

TEST(HostileJpeg, ScansAreLimitedByTheirSamples) {
  const JpegOptions grey{.colours = JCS_GRAYSCALE, .progressive = true};
  const int side = 4200;
  const ByteVector jpeg = encode_jpeg(side, side, ByteVector(std::size_t(side) * side, 90), grey);
  const std::size_t scan = place_of(jpeg, "\xFF\xDA");
  std::size_t end = scan + 2;
  while (jpeg[end] != 0xFF || jpeg[end + 1] == 0) ++end;
  const ByteVector one(jpeg.begin() + std::ptrdiff_t(scan), jpeg.begin() + std::ptrdiff_t(end));
  std::int64_t steps = 0;
  const auto count = [&] { return ++steps, Status(); };
  const auto bomb = with(jpeg, end, repeated(one, limits::kJpegScans - 8));
  expect_failure(decode_image(bomb, {}, count), Code::kImageUndecodable, "its scans hold more than 1600000000 samples");
  const std::int64_t row = std::int64_t(side + 7) / 8 * 64;
  EXPECT_LE(steps, limits::kJpegScanSamples / row + 2 * limits::kJpegScans);
  EXPECT_TRUE(decode(with(jpeg, end, repeated(one, 20))).ok());
}

TEST(HostileJpeg, OtherNumbersOfComponentsAreRefusedBeforeTheirMemory) {
  ByteVector jpeg = encode_jpeg(16, 16, ByteVector(16 * 16 * 3, 90), {.progressive = true});
  const std::size_t frame = place_of(jpeg, "\xFF\xC2");
  ByteVector ten{0xFF, 0xC2, 0, 8 + 3 * 10, 8};
  put(ten, 6000, 2, true);
  put(ten, 6000, 2, true);
  ten.push_back(10);
  for (std::uint8_t i = 0; i < 10; ++i) append(ten, {std::uint8_t(i + 1), 0x11, 0});
  jpeg.erase(jpeg.begin() + std::ptrdiff_t(frame), jpeg.begin() + std::ptrdiff_t(frame) + 2 + jpeg[frame + 3]);
  const AllocationCount work = work_of(with(jpeg, frame, ten), false);
  EXPECT_LE(work.bytes, 6000ULL * 6000 * 3 + (1U << 20));
}

// --- PNG ---

ByteVector chunk(std::string_view name, const ByteVector& data) {
  ByteVector bytes;
  put(bytes, data.size(), 4, true);
  append(bytes, bytes_of(name));
  append(bytes, data);
  put(bytes, crc32(std::span(bytes).subspan(4)), 4, true);
  return bytes;
}

ByteVector small_png() { return encode_png(20, 8, ByteVector(20 * 8 * 3, 90)); }

TEST(HostilePng, WhatIsNotThePictureIsNotUnpackedOrKept) {
  const std::size_t behind_header = 33;
  const ByteVector png = small_png();
  for (const char* const name : {"tEXt", "zTXt", "iTXt", "iCCP", "sPLT", "hIST", "eXIf", "fcTL", "fdAT", "abCd"}) {
    const ByteVector chunks = repeated(chunk(name, bytes_of(std::string_view("a\0\0\x78\x9C", 5))), 100'000);
    if (std::string_view(name) != "eXIf") expect_no_more_work(png, with(png, behind_header, chunks), 0);
    expect_no_more_work(png, with(png, png.size() - 12, with(chunks, 0, chunk("eXIf", orientation_block(1)))), 0);
  }
}

TEST(HostilePng, EmptyPartsOfThePictureAreRead) {
  const ByteVector png = small_png();
  expect_no_more_work(png, with(png, place_of(png, "IDAT") - 4, repeated(chunk("IDAT", {}), 200'000)), 0);
}

TEST(HostilePng, TheFirstExifChunkCounts) {
  const ByteVector png = small_png();
  ByteVector two = chunk("eXIf", orientation_block(6));
  append(two, chunk("eXIf", orientation_block(1)));
  const Result<Image> image = decode(with(png, png.size() - 12, two));
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image.value().width, 8);
}

TEST(HostilePng, ALongChunkThatIsCutOffIsRefused) {
  ByteVector png = small_png();
  png.resize(33);
  append(png, {0x7F, 0xFF, 0xFF, 0xFF, 't', 'E', 'X', 't', 'a'});
  EXPECT_LE(work_of(png, false).bytes, 100'000U);
}

// --- TIFF ---

struct Entry {
  std::uint32_t tag;
  std::uint32_t type;
  std::uint32_t count;
  std::uint32_t value;
};

/// 8-bit grey, `width` x `height`; `more` entries come in front of those that are needed.
ByteVector tiff_of(std::uint32_t width, std::uint32_t height, const ByteVector& strip, std::size_t strips,
                   std::uint32_t compression, const std::vector<Entry>& more = {}) {
  ByteVector tiff{'I', 'I', 42, 0, 0, 0, 0, 0};
  append(tiff, strip);
  const auto offsets = std::uint32_t(tiff.size());
  for (std::size_t i = 0; i < strips; ++i) put(tiff, 8, 4);
  const auto counts = std::uint32_t(tiff.size());
  for (std::size_t i = 0; i < strips; ++i) put(tiff, strip.size(), 4);
  const auto number = std::uint32_t(strips);
  std::vector<Entry> entries = more;
  for (const Entry& entry : std::vector<Entry>{{256, 4, 1, width},
                                               {257, 4, 1, height},
                                               {258, 3, 1, 8},
                                               {259, 3, 1, compression},
                                               {262, 3, 1, 1},
                                               {273, 4, number, number == 1 ? 8 : offsets},
                                               {277, 3, 1, 1},
                                               {278, 4, 1, (height + number - 1) / number},
                                               {279, 4, number, number == 1 ? std::uint32_t(strip.size()) : counts}}) {
    entries.push_back(entry);
  }
  for (std::size_t i = 0; i < 4; ++i) tiff[4 + i] = std::uint8_t(tiff.size() >> 8 * i);
  put(tiff, entries.size(), 2);
  for (const Entry& entry : entries) {
    put(tiff, entry.tag, 2);
    put(tiff, entry.type, 2);
    put(tiff, entry.count, 4);
    put(tiff, entry.value, 4);
  }
  put(tiff, 8, 4);  // a next directory, which is none
  return tiff;
}

TEST(HostileTiff, TagsThatDoNotMakeThePictureAreNotRead) {
  const ByteVector pixels(64, 7);
  std::vector<Entry> unknown;
  for (std::uint32_t i = 0; i < 4000; ++i) unknown.push_back({1000 + i, 4, 0x10000000, 8});
  expect_no_more_work(tiff_of(8, 8, pixels, 1, 1), tiff_of(8, 8, pixels, 1, 1, unknown), 2);
  const std::vector<Entry> same(4000, {305, 2, 1, 0});
  expect_no_more_work(tiff_of(8, 8, pixels, 1, 1), tiff_of(8, 8, pixels, 1, 1, same), 2);
  unknown.resize(limits::kTiffEntries, {5, 4, 1, 1});
  expect_failure(decode(tiff_of(8, 8, pixels, 1, 1, unknown)), Code::kImageUndecodable,
                 "TIFF: 4105 entries in its directory, more than 4096");
}

TEST(HostileTiff, ALoopOfDirectoriesIsNotFollowed) {
  ByteVector tiff = tiff_of(8, 8, ByteVector(64, 7), 1, 1);
  std::copy_n(tiff.begin() + 4, 4, tiff.end() - 4);
  EXPECT_EQ(decoded_pixels(tiff), ByteVector(8 * 8 * 3, 7));
}

TEST(HostileTiff, StripsMayShareTheirBytesUpToThePicturesSize) {
  const ByteVector pixels(100, 7);
  EXPECT_EQ(decoded_pixels(tiff_of(10, 600, pixels, 60, 1)), ByteVector(10 * 600 * 3, 7));
  constexpr std::uint32_t kPackBits = 32773;
  ByteVector padded(100'000, 0x80);  // bytes that mean nothing
  const ByteVector tiff = tiff_of(8, 60'000, padded, 60'000, kPackBits);
  expect_failure(decode(tiff), Code::kImageUndecodable, "TIFF: its strips share more data than it has pixels");
}

TEST(HostileTiff, RareCompressionsAndManySamplesAreRefused) {
  expect_failure(decode(tiff_of(8, 8, ByteVector(64), 1, 50000)), Code::kImageUndecodable,
                 "TIFF: compression 50000 is not supported");
  expect_failure(decode(tiff_of(8, 8, ByteVector(64), 1, 1, {{277, 3, 1, 60'000}})), Code::kImageUndecodable, "TIFF: ");
}

TEST(HostileTiff, AStripOfManyScansIsRefused) {
  constexpr std::uint32_t kJpeg = 7;
  const ByteVector jpeg = encode_jpeg(64, 64, ByteVector(64 * 64, 90), {.colours = JCS_GRAYSCALE, .progressive = true});
  expect_failure(decode(tiff_of(64, 64, jpeg, 1, kJpeg)), Code::kImageUndecodable,
                 "TIFF: progressive JPEG in its strips");
  const ByteVector plain = encode_jpeg(64, 64, ByteVector(64 * 64, 90), {.colours = JCS_GRAYSCALE});
  EXPECT_EQ(decoded_pixels(tiff_of(64, 64, plain, 1, kJpeg)).size(), 64U * 64 * 3);
}

// --- GIF, WebP, PNM, EXIF ---

const ByteVector kGifHeader{0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x03, 0x00, 0x02, 0x00, 0x81, 0x00, 0x00,
                            0x0A, 0x14, 0x1E, 0x28, 0x32, 0x3C, 0x46, 0x50, 0x5A, 0x64, 0x6E, 0x78};
const ByteVector kGifFrame{0x2C, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x08,
                           0x08, 0x00, 0x01, 0x04, 0x10, 0x30, 0x40, 0x60, 0x40, 0x00};

ByteVector gif_of(const std::vector<ByteVector>& blocks) {
  ByteVector gif = kGifHeader;
  for (const ByteVector& block : blocks) append(gif, block);
  gif.push_back(0x3B);
  return gif;
}

TEST(HostileGif, CommentsAndLaterFramesCostNothing) {
  const ByteVector plain = gif_of({kGifFrame});
  const ByteVector comment{0x21, 0xFE, 1, 'a', 0};
  expect_no_more_work(plain, gif_of({repeated(comment, 200'000), kGifFrame}), 0);
  expect_no_more_work(plain, gif_of({{0x21, 0xFE}, repeated({1, 'a'}, 500'000), {0}, kGifFrame}), 0);
  ByteVector large = kGifFrame;
  large[5] = large[6] = large[7] = large[8] = 0xFF;  // 65535 x 65535, and never unpacked
  large[9] = 0x87;                                   // a colour map of its own
  large.insert(large.begin() + 10, 768, 0);
  expect_no_more_work(plain, gif_of({kGifFrame, repeated(large, 2000)}), 0);
}

TEST(HostileWebp, ChunksThatAreNotKnownCostNothing) {
  ByteVector plain{'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8',
                   'X', 10,  0,   0,   0, 0, 0, 0, 0,   1,   0,   0,   0,   0,   0};
  append(plain, {0x56, 0x50, 0x38, 0x4C, 0x14, 0x00, 0x00, 0x00, 0x2F, 0x01, 0x00, 0x00, 0x10, 0x0F,
                 0x70, 0x0A, 0x8F, 0x2B, 0x78, 0xD4, 0x63, 0xFE, 0x03, 0x47, 0x05, 0x22, 0xFA, 0x1F});
  const auto sized = [](ByteVector webp) {
    for (std::size_t i = 0; i < 4; ++i) webp[4 + i] = std::uint8_t((webp.size() - 8) >> 8 * i);
    return webp;
  };
  const ByteVector chunks = repeated(bytes_of(std::string_view("ABCD\0\0\0\0", 8)), 200'000);
  expect_no_more_work(sized(plain), sized(with(plain, 30, chunks)), 0);
  expect_no_more_work(sized(plain), sized(with(plain, plain.size(), chunks)), 0);
}

/// The bits of a lossless WebP, lowest first.
class WebpBits {
 public:
  explicit WebpBits(int width, int height) {
    add(0x2F, 8);
    add(std::uint32_t(width - 1), 14);
    add(std::uint32_t(height - 1), 14);
    add(0, 4);  // no alpha, version 0
  }

  void add(std::uint32_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i, ++bits_) {
      if (bits_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() = std::uint8_t(bytes_.back() | (value >> i & 1) << bits_ % 8);
    }
  }

  /// A code of the one symbol 0, which then takes no bits.
  void add_empty_code() { add(0b0001, 4); }

  /// A code of 256 symbols with 8 bits each, in an alphabet of `alphabet`.
  void add_bytes_code(std::uint32_t alphabet) {
    add(0, 1);
    add(12 - 4, 4);  // lengths of the lengths' code, up to that of length 8
    for (unsigned i = 0; i < 12; ++i) add(i == 2 || i == 11 ? 1 : 0, 3);  // two lengths: 0 and 8
    add(alphabet == 256 ? 0 : 1, 1);
    if (alphabet != 256) {
      add(3, 3);  // the number of lengths has 8 bits
      add(256 - 2, 8);
    }
    for (int i = 0; i < 256; ++i) add(1, 1);  // 8
  }

  /// One byte of such a code.
  void add_byte(std::uint32_t value) {
    for (unsigned i = 8; i-- > 0;) add(value >> i & 1, 1);
  }

  const ByteVector& bytes() const { return bytes_; }

 private:
  ByteVector bytes_;
  std::size_t bits_ = 0;
};

/// Black, with an entropy image that gives each tile of 4 x 4 pixels a group of its own, up to `groups`.
WebpBits many_groups(int width, int height, std::uint32_t groups, unsigned cache_bits) {
  WebpBits bits(width, height);
  bits.add(0, 1);  // no transform
  bits.add(1, 1);
  bits.add(cache_bits, 4);
  bits.add(1, 1);
  bits.add(0, 3);  // tiles of 4 x 4
  bits.add(0, 1);  // no cache in the entropy image
  bits.add_bytes_code(256 + 24);
  bits.add_bytes_code(256);
  for (int i = 0; i < 3; ++i) bits.add_empty_code();
  const std::uint32_t tiles = std::uint32_t((width + 3) / 4) * std::uint32_t((height + 3) / 4);
  for (std::uint32_t i = 0; i < tiles; ++i) {
    const std::uint32_t group = std::min(i, groups - 1);
    bits.add_byte(group & 0xFF);
    bits.add_byte(group >> 8);
  }
  for (std::uint32_t i = 0; i < 5 * groups; ++i) bits.add_empty_code();
  return bits;
}

ByteVector riff_of(const std::vector<ByteVector>& chunks) {
  ByteVector webp = bytes_of("WEBP");
  for (const ByteVector& chunk : chunks) append(webp, chunk);
  ByteVector riff = bytes_of("RIFF");
  put(riff, webp.size(), 4);
  append(riff, webp);
  return riff;
}

ByteVector riff_chunk_of(std::string_view name, ByteVector payload) {
  ByteVector chunk = bytes_of(name);
  put(chunk, payload.size(), 4);
  append(chunk, payload);
  if (payload.size() % 2 != 0) chunk.push_back(0);
  return chunk;
}

TEST(HostileWebp, GroupsOfPrefixCodesAreLimitedBeforeTheirMemory) {
  const WebpBits bits = many_groups(1024, 1024, 65536, 11);
  const ByteVector bomb = riff_of({riff_chunk_of("VP8L", bits.bytes())});
  EXPECT_LE(bomb.size(), 400'000U);
  expect_failure(decode(bomb), Code::kImageUndecodable, "WebP: 65536 groups of prefix codes, more than 4096");
  EXPECT_LE(work_of(bomb, false).bytes, 100'000U);
}

TEST(HostileWebp, AsManyGroupsAsAllowedTakeAFewMegabytes) {
  const int side = 4 * 64;
  const ByteVector webp = riff_of({riff_chunk_of("VP8L", many_groups(side, side, limits::kWebpGroups, 11).bytes())});
  EXPECT_EQ(decoded_pixels(webp), ByteVector(std::size_t(side) * side * 3, 0));
  EXPECT_LE(work_of(webp).bytes, limits::kWebpGroups * 26'000);
}

TEST(HostileWebp, ManyTilesOfFewGroupsAreRead) {
  const ByteVector webp = riff_of({riff_chunk_of("VP8L", many_groups(1024, 1024, 3, 1).bytes())});
  EXPECT_EQ(decoded_pixels(webp), ByteVector(1024 * 1024 * 3, 0));
}

TEST(HostileWebp, TheAlphaChannelIsALosslessStreamToo) {
  // The picture itself is not reached: the alpha channel is judged first.
  ByteVector alpha = many_groups(1024, 1024, 65536, 11).bytes();
  alpha.erase(alpha.begin(), alpha.begin() + 4);
  alpha[0] = 1;  // lossless, in place of the last byte of the header
  ByteVector extended{0x10, 0, 0, 0};
  put(extended, 1023, 3);
  put(extended, 1023, 3);
  ByteVector frame{0x30, 0x01, 0x00, 0x9D, 0x01, 0x2A};
  put(frame, 1024, 2);
  put(frame, 1024, 2);
  frame.resize(60);
  const ByteVector bomb =
      riff_of({riff_chunk_of("VP8X", extended), riff_chunk_of("ALPH", alpha), riff_chunk_of("VP8 ", frame)});
  expect_failure(decode(bomb), Code::kImageUndecodable, "WebP: 65536 groups of prefix codes");
  EXPECT_LE(work_of(bomb, false).bytes, 100'000U);
}

TEST(HostileWebp, AStreamWithoutAChunkIsRefused) {
  const ByteVector bare = riff_of({many_groups(1024, 1024, 65536, 11).bytes()});
  expect_failure(decode(bare), Code::kImageUndecodable, "WebP: no valid header");
}

TEST(HostileWebp, CutStreamsAreRefused) {
  const ByteVector stream = many_groups(64, 64, 256, 11).bytes();
  for (std::size_t size = 0; size < stream.size(); size += 7) {
    const ByteVector cut(stream.begin(), stream.begin() + std::ptrdiff_t(size));
    expect_failure(decode(riff_of({riff_chunk_of("VP8L", cut)})), Code::kImageUndecodable, "WebP: ");
  }
}

TEST(HostilePnm, CommentsAndDigitsAreReadOnce) {
  const ByteVector plain = bytes_of("P2 2 1 255 7 8");
  expect_no_more_work(plain, with(plain, 3, repeated(bytes_of("#a\n"), 500'000)), 0);
  expect_no_more_work(plain, with(plain, 13, ByteVector(2'000'000, '0')), 0);
  EXPECT_LE(work_of(with(plain, 13, ByteVector(2'000'000, '9')), false).bytes, 1024U);
}

TEST(HostileExif, ADirectoryIsReadOnceAndNoOffsetIsFollowedTwice) {
  ByteVector block{'M', 'M', 0, 42, 0, 0, 0, 8, 0xFF, 0xFF};  // 65535 entries, of which the file has a few
  append(block, repeated({0x87, 0x69, 0, 4, 0, 0, 0, 1, 0, 0, 0, 8}, 5000));  // pointers to this directory
  expect_no_more_work(small_jpeg(), with(small_jpeg(), 2, segment(0xE1, exif_payload(block))), 0);
}

// --- Stopping ---

struct Picture {
  const char* format;
  ByteVector bytes;
  int least_checks;  // how often a whole decode asks
};

std::vector<Picture> tall_pictures() {
  const int width = 40;
  const int height = 400;
  const ByteVector samples(std::size_t(width) * height * 3, 90);
  ByteVector pnm = bytes_of("P6 40 400 255 ");
  append(pnm, samples);
  ByteVector bmp{'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 26, 0, 0, 0, 12, 0, 0, 0, 40, 0, 0x90, 1, 1, 0, 24, 0};
  append(bmp, samples);
  ByteVector gif = kGifHeader;
  gif[6] = 3;
  return {{"JPEG", encode_jpeg(width, height, samples), height},
          {"progressive JPEG", encode_jpeg(width, height, samples, {.progressive = true}), height + 10 * height / 16},
          {"PNG", encode_png(width, height, samples), 7},
          {"PNM", pnm, height},
          {"BMP", bmp, height},
          {"GIF", gif_of({kGifFrame}), 3},
          {"TIFF", tiff_of(40, 400, ByteVector(40 * 400, 7), 1, 1), height}};
}

TEST(StopCheck, EndsADecodeWhereverItIsAsked) {
  for (const Picture& picture : tall_pictures()) {
    int asked = 0;
    ASSERT_TRUE(decode_image(picture.bytes, {}, [&] { return ++asked, Status(); }).ok()) << picture.format;
    EXPECT_GE(asked, picture.least_checks) << picture.format;
    for (const int last : {1, 2, asked / 2, asked}) {
      int count = 0;
      const Result<Image> image = decode_image(
          picture.bytes, {}, [&] { return ++count < last ? Status() : Status(Code::kDeadlineExceeded, "too late"); });
      ASSERT_FALSE(image.ok()) << picture.format;
      EXPECT_EQ(int(image.status().code()), int(Code::kDeadlineExceeded)) << picture.format;
      EXPECT_EQ(count, last) << picture.format << " went on";
    }
  }
}

}  // namespace
}  // namespace zmdetect::test
