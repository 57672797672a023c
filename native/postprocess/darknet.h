// The answer of a Darknet network: rows with relative boxes and finished class scores (contract 5.4).
#pragma once

#include <vector>

#include "backends/backend.h"
#include "postprocess/layout.h"

namespace zmdetect {

/// Reads picture `index` of `rows`, float32 [batch, count, 5 + classes]: centre x, centre y, width, height relative to
/// the picture, objectness (not used: the class scores hold it already), one score per class. Appends candidates with
/// scores of at least `threshold`, in pixels of the original picture of `width` x `height`: every number of the box is
/// cut to a whole pixel first, so corners are multiples of a half. The first class wins a tie. A box
/// that is no number or far outside is counted and left out. Errors: kModelOutputInvalid for another shape or type.
Status decode_darknet(const TensorView& rows, int index, int width, int height, float threshold, Found& found);

}  // namespace zmdetect
