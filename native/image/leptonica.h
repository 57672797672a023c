// Inside native/image only: the bridge to Leptonica, which reads the formats that no camera sends.
#pragma once

#include <leptonica/allheaders.h>

#include <memory>

#include "image/formats.h"

namespace zmdetect {

struct FreePix {
  void operator()(PIX* pix) const { pixDestroy(&pix); }
};
using PixPtr = std::unique_ptr<PIX, FreePix>;

/// Stops Leptonica from writing its complaints to stderr, for the whole process. Called before every use.
void silence_leptonica();

/// A Leptonica picture of any depth, with or without colour map, as RGB: 16 bits lose their low byte, alpha is
/// dropped. `pix` may be null: kImageUndecodable. Throws std::bad_alloc.
Result<Image> image_from_pix(const char* format, PixPtr pix, const StopCheck& stop);

}  // namespace zmdetect
