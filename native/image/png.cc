// PNG through libspng, whose speed matters: the newest client uploads lossless frames.
#include <spng.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "image/byte_reader.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "PNG";

constexpr std::size_t kMaxExif = 1U << 20;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};

// The chunks that make the picture, and the first eXIf. What else a file holds would be unpacked and kept by the
// library, which compares each suggested palette with all before it. Without the others their checksums do not count.
class PictureChunks {
 public:
  PictureChunks(Bytes png, const StopCheck& stop)
      : rest_(png.subspan(kSignature)), left_(png.first(kSignature)), stop_(stop) {}

  /// libspng's reading function; it asks for some kilobytes at most.
  static int read(spng_ctx*, void* self, void* to, std::size_t length) {
    return static_cast<PictureChunks*>(self)->copy(static_cast<std::uint8_t*>(to), length);
  }

  const Status& stopped() const { return stopped_; }

 private:
  static constexpr std::size_t kSignature = 8;
  static constexpr std::size_t kAround = 12;  // length, name and checksum of a chunk

  int copy(std::uint8_t* to, std::size_t length) {
    stopped_ = stop_();
    if (!stopped_.ok()) return SPNG_IO_ERROR;
    while (length > 0) {
      if (left_.empty() && !next()) return SPNG_IO_EOF;
      const std::size_t count = std::min(length, left_.size());
      std::copy_n(left_.begin(), count, to);
      left_ = left_.subspan(count);
      to += count;
      length -= count;
    }
    return 0;
  }

  /// Goes on to the next chunk that is wanted; false at the end of the file. A wanted one that is cut is given as far
  /// as it goes.
  bool next() {
    while (!rest_.empty()) {
      const std::size_t size =
          std::min<std::uint64_t>(rest_.size(), kAround + std::uint64_t(ByteReader(rest_, true).u32(0)));
      const Bytes chunk = rest_.first(size);
      rest_ = rest_.subspan(size);
      if (!wanted(chunk)) continue;
      left_ = chunk;
      return true;
    }
    return false;
  }

  bool wanted(Bytes chunk) {
    if (chunk.size() < 8) return true;
    const bool ancillary = (chunk[4] & 0x20) != 0;
    if (!ancillary) return true;
    const bool exif = std::memcmp(&chunk[4], "eXIf", 4) == 0 && !has_exif_;
    has_exif_ = has_exif_ || exif;
    return exif;
  }

  Bytes rest_;  // behind the chunk that is being given
  Bytes left_;  // of that one
  bool has_exif_ = false;
  const StopCheck& stop_;
  Status stopped_;
};

int orientation_of(spng_ctx* context) {
  spng_exif exif;
  if (spng_get_exif(context, &exif) != 0) return 1;
  return exif_orientation(Bytes(reinterpret_cast<const std::uint8_t*>(exif.data), exif.length));
}

}  // namespace

Result<StoredImage> decode_png(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  const std::unique_ptr<spng_ctx, FreeContext> context(spng_ctx_new(0));
  if (context == nullptr) throw std::bad_alloc();
  spng_set_chunk_limits(context.get(), kMaxExif, kMaxExif);
  PictureChunks chunks(bytes, stop);
  spng_set_png_stream(context.get(), PictureChunks::read, &chunks);

  spng_ihdr header;
  if (const int error = spng_get_ihdr(context.get(), &header)) {
    ZMD_RETURN_IF_ERROR(chunks.stopped());
    return undecodable(kFormat, spng_strerror(error));
  }
  ZMD_RETURN_IF_ERROR(check_size(kFormat, header.width, header.height, limits));

  // Without SPNG_DECODE_TRNS and SPNG_DECODE_GAMMA: alpha is dropped, gamma ignored; 16 bits lose their low byte.
  Image image = allocate_image(int(header.width), int(header.height));
  int error = spng_decode_image(context.get(), image.pixels.get(), image.bytes(), SPNG_FMT_RGB8, 0);
  // Reads on to the end mark: without it OpenCV rejects the file, and an eXIf chunk may lie behind the picture.
  if (error == 0) error = spng_decode_chunks(context.get());
  ZMD_RETURN_IF_ERROR(chunks.stopped());
  if (error == SPNG_EMEM) throw std::bad_alloc();
  if (error != 0) return undecodable(kFormat, spng_strerror(error));
  const int orientation = orientation_of(context.get());
  return StoredImage{std::move(image), orientation};
}

}  // namespace zmdetect
