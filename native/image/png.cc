// PNG through libspng, whose speed matters: the newest client uploads lossless frames.
#include <spng.h>

#include <memory>
#include <new>

#include "image/formats.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "PNG";

// A colour profile or a text may unpack to far more than the file: limits for one chunk and for all that are kept.
constexpr std::size_t kMaxChunk = 8U << 20;
constexpr std::size_t kMaxChunks = 32U << 20;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};

int orientation_of(spng_ctx* context) {
  spng_exif exif;
  if (spng_get_exif(context, &exif) != 0) return 1;
  return exif_orientation(Bytes(reinterpret_cast<const std::uint8_t*>(exif.data), exif.length));
}

}  // namespace

Result<StoredImage> decode_png(Bytes bytes, const DecodeLimits& limits) {
  const std::unique_ptr<spng_ctx, FreeContext> context(spng_ctx_new(0));
  if (context == nullptr) throw std::bad_alloc();
  spng_set_chunk_limits(context.get(), kMaxChunk, kMaxChunks);
  spng_set_png_buffer(context.get(), bytes.data(), bytes.size());

  spng_ihdr header;
  if (const int error = spng_get_ihdr(context.get(), &header)) return undecodable(kFormat, spng_strerror(error));
  ZMD_RETURN_IF_ERROR(check_size(kFormat, header.width, header.height, limits));

  // Without SPNG_DECODE_TRNS and SPNG_DECODE_GAMMA: alpha is dropped, gamma ignored; 16 bits lose their low byte.
  Image image = allocate_image(int(header.width), int(header.height));
  int error = spng_decode_image(context.get(), image.pixels.get(), image.bytes(), SPNG_FMT_RGB8, 0);
  // Reads on to the end mark: without it OpenCV rejects the file, and an eXIf chunk may lie behind the picture.
  if (error == 0) error = spng_decode_chunks(context.get());
  if (error == SPNG_EMEM) throw std::bad_alloc();
  if (error != 0) return undecodable(kFormat, spng_strerror(error));
  const int orientation = orientation_of(context.get());
  return StoredImage{std::move(image), orientation};
}

}  // namespace zmdetect
