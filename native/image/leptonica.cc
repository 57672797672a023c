#include "image/leptonica.h"

#include <mutex>
#include <new>

namespace zmdetect {

void silence_leptonica() {
  static std::once_flag once;
  std::call_once(once, [] {
    setMsgSeverity(L_SEVERITY_NONE);
    leptSetStderrHandler([](const char*) {});  // some messages have no severity
  });
}

Result<Image> image_from_pix(const char* format, PixPtr pix, const StopCheck& stop) {
  if (pix == nullptr) return undecodable(format, "broken, truncated or of an unsupported kind");
  if (pixGetDepth(pix.get()) != 32 || pixGetColormap(pix.get()) != nullptr) {
    pix.reset(pixConvertTo32(pix.get()));
    if (pix == nullptr) throw std::bad_alloc();
  }
  Image image = allocate_image(pixGetWidth(pix.get()), pixGetHeight(pix.get()));
  const l_uint32* words = pixGetData(pix.get());
  const std::size_t words_per_line = std::size_t(pixGetWpl(pix.get()));
  std::uint8_t* out = image.pixels.get();
  for (int y = 0; y < image.height; ++y, words += words_per_line) {
    ZMD_RETURN_IF_ERROR(stop());
    for (int x = 0; x < image.width; ++x, out += 3) {
      out[0] = std::uint8_t(words[x] >> L_RED_SHIFT);
      out[1] = std::uint8_t(words[x] >> L_GREEN_SHIFT);
      out[2] = std::uint8_t(words[x] >> L_BLUE_SHIFT);
    }
  }
  return image;
}

}  // namespace zmdetect
