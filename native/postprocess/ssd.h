// Reads the four outputs of TFLite_Detection_PostProcess, the end of every SSD model for Coral (contract 5.5).
#pragma once

#include <vector>

#include "backends/backend.h"
#include "image/lanczos.h"
#include "postprocess/detection.h"

namespace zmdetect {

/// Which output tensor is which. Decided once, at load; never guessed per frame.
struct SsdLayout {
  int boxes = 0;    // [1,N,4] float32: ymin, xmin, ymax, xmax relative to the input, 0..1
  int classes = 1;  // [1,N] float32: whole numbers, ids of an indexed label file
  int scores = 2;   // [1,N] float32
  int count = 3;    // [1] float32: how many of the N rows count
};

/// Metadata key under which the TFLite backend says which outputs are the operator's: the positions of boxes, classes,
/// scores and count among the model's outputs, as "1,3,0,2".
inline constexpr const char* kSsdOutputsKey = "TFLite_Detection_PostProcess";

/// Recognises the four outputs: by `kSsdOutputsKey` where the file says it; else [1,N,4] is boxes, [1] is count, and
/// the order of the rest tells the two [1,N] apart: after boxes they are classes, scores (TF1 order), and around boxes
/// scores, classes (TF2 order). Errors: kModelLayoutUnknown with the shapes that were seen.
Result<SsdLayout> recognise_ssd(const ModelInfo& info);

/// Detections with score >= min_confidence (compared in double), in the model's own order. Pixels of the original
/// picture = relative coordinate * (input side / scale), in double, truncated toward zero. No NMS: the model did it.
/// class_id is the model's own id, which may lie beyond the label file. A row that is no number or a score above 1 is
/// counted and left out. Errors: kModelOutputInvalid.
Result<Answer> read_ssd(const SsdLayout& layout, const std::vector<TensorView>& outputs, const TopLeftFit& fit,
                        double min_confidence);

}  // namespace zmdetect
