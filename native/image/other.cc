// WebP and TIFF through Leptonica.
#include "image/leptonica.h"

namespace zmdetect {

namespace {

// A truncated TIFF may declare strips that the file does not hold, so every reader's header comes first.
Result<StoredImage> finish(const char* format, PixPtr pix, int orientation) {
  Result<Image> image = image_from_pix(format, std::move(pix));
  if (!image.ok()) return image.status();
  return StoredImage{std::move(image).value(), orientation};
}

}  // namespace

Result<StoredImage> decode_webp(Bytes bytes, const DecodeLimits& limits) {
  constexpr char kFormat[] = "WebP";
  silence_leptonica();
  l_int32 width = 0;
  l_int32 height = 0;
  l_int32 samples = 0;
  if (readHeaderMemWebP(bytes.data(), bytes.size(), &width, &height, &samples) != 0) {
    return undecodable(kFormat, "no valid header");
  }
  ZMD_RETURN_IF_ERROR(check_size(kFormat, std::uint64_t(width), std::uint64_t(height), limits));
  const int orientation = exif_orientation(riff_chunk(bytes, "EXIF"));
  return finish(kFormat, PixPtr(pixReadMemWebP(bytes.data(), bytes.size())), orientation);
}

Result<StoredImage> decode_tiff(Bytes bytes, const DecodeLimits& limits) {
  constexpr char kFormat[] = "TIFF";
  silence_leptonica();
  l_int32 width = 0;
  l_int32 height = 0;
  if (readHeaderMemTiff(bytes.data(), bytes.size(), 0, &width, &height, nullptr, nullptr, nullptr, nullptr, nullptr) !=
          0 ||
      width < 0 || height < 0) {
    return undecodable(kFormat, "no valid header");
  }
  ZMD_RETURN_IF_ERROR(check_size(kFormat, std::uint64_t(width), std::uint64_t(height), limits));
  // Leptonica applies the orientation tag of a TIFF itself.
  return finish(kFormat, PixPtr(pixReadMemTiff(bytes.data(), bytes.size(), 0)), 1);
}

}  // namespace zmdetect
