// WebP through Leptonica (libwebp).
#include <algorithm>
#include <cstring>
#include <optional>

#include "image/byte_reader.h"
#include "image/leptonica.h"
#include "image/webp_groups.h"
#include "input_limits.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "WebP";

bool is_animated(Bytes bytes) {
  constexpr std::uint32_t kAnimationFlag = 0x02;
  const Bytes extended = riff_chunk(bytes, "VP8X");
  return !extended.empty() && (extended[0] & kAnimationFlag) != 0;
}

/// The lossless stream that libwebp reads first: the picture's, or that of a lossy picture's alpha channel. Empty if
/// there is none. A chunk that is longer than the file ends with it.
Bytes lossless_stream(Bytes webp) {
  constexpr std::size_t kChunkHeader = 8;
  constexpr std::size_t kPictureHeader = 5;  // signature, size, alpha flag and version
  constexpr std::uint8_t kLossless = 1;
  const ByteReader reader(webp);
  Bytes alpha;
  for (std::uint64_t at = 12; at + kChunkHeader <= webp.size();) {
    const std::uint64_t size = reader.u32(at + 4);
    const Bytes rest = webp.subspan(std::size_t(at) + kChunkHeader);
    const Bytes payload = rest.first(std::size_t(std::min<std::uint64_t>(rest.size(), size)));
    const auto is = [&](const char* name) { return std::memcmp(webp.data() + at, name, 4) == 0; };
    if (is("VP8L")) return payload.subspan(std::min(payload.size(), kPictureHeader));
    if (is("VP8 ")) break;
    if (is("ALPH")) alpha = payload;
    at += kChunkHeader + size + (size & 1);
  }
  return !alpha.empty() && (alpha[0] & 3) == kLossless ? alpha.subspan(1) : Bytes();
}

/// Refuses a lossless part whose prefix codes would take much more memory than the picture.
Status check_groups(Bytes webp, std::uint32_t width, std::uint32_t height) {
  const Bytes stream = lossless_stream(webp);
  if (stream.empty()) return Status();
  const std::optional<std::uint64_t> groups = prefix_code_groups(stream, width, height);
  if (!groups) return undecodable(kFormat, "broken or truncated prefix codes");
  if (*groups > limits::kWebpGroups) {
    return undecodable(
        kFormat, std::to_string(*groups) + " groups of prefix codes, more than " + std::to_string(limits::kWebpGroups));
  }
  return Status();
}

/// libwebp also reads a stream without a chunk around it, which no program writes.
bool starts_with_chunk(Bytes webp) {
  constexpr std::size_t kFirstChunk = 12;
  return webp.size() >= kFirstChunk + 4 && std::memcmp(webp.data() + kFirstChunk, "VP8", 3) == 0;
}

}  // namespace

Result<StoredImage> decode_webp(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  silence_leptonica();
  if (!starts_with_chunk(bytes)) return undecodable(kFormat, "no valid header");
  l_int32 width = 0;
  l_int32 height = 0;
  l_int32 samples = 0;
  if (readHeaderMemWebP(bytes.data(), bytes.size(), &width, &height, &samples) != 0 || width < 0 || height < 0) {
    return undecodable(kFormat, "no valid header");
  }
  ZMD_RETURN_IF_ERROR(check_size(kFormat, std::uint64_t(width), std::uint64_t(height), limits));
  // OpenCV shows the first frame. No camera sends one, and it would take libwebp's demuxer.
  if (is_animated(bytes)) return undecodable(kFormat, "animated pictures are not supported");
  ZMD_RETURN_IF_ERROR(check_groups(bytes, std::uint32_t(width), std::uint32_t(height)));

  Result<Image> image = image_from_pix(kFormat, PixPtr(pixReadMemWebP(bytes.data(), bytes.size())), stop);
  if (!image.ok()) return image.status();
  return StoredImage{std::move(image).value(), exif_orientation(riff_chunk(bytes, "EXIF"))};
}

}  // namespace zmdetect
