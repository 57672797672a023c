// Output layouts: which tensors a detector answers with, and what their numbers mean.
#pragma once

#include <string>
#include <vector>

#include "backends/backend.h"
#include "image/letterbox.h"
#include "postprocess/detection.h"

namespace zmdetect {

enum class LayoutKind {
  kYoloV8,    // per candidate: cx, cy, w, h in input pixels, then one score per class (YOLO v8, v9, v11, v12)
  kEndToEnd,  // rows x1, y1, x2, y2, score, class in input pixels, suppression done by the network (YOLO v26)
};

/// How to read one model's answer. Decided once, at load; never guessed per frame.
struct Layout {
  LayoutKind kind = LayoutKind::kYoloV8;
  std::string name;  // "yolov8" or "end2end", as /models shows it
  int output = 0;    // index of the output tensor
  int classes = 0;
  bool candidates_last = false;  // kYoloV8: [batch, 4 + classes, candidates] instead of the transpose
};

/// Finds the row of the layout table that fits `info`. `classes` is the number of labels; 0 when none are known yet.
/// Errors: kModelLayoutUnknown with the shapes that were seen.
Result<Layout> recognise_layout(const ModelInfo& info, int classes);

/// Reads picture `index` of a batch answer and appends candidates with scores of at least `threshold`, in original
/// pixels. Errors: kModelOutputInvalid when the tensor is not what the layout promised, kInferenceFailed for a type
/// that is not float32.
Status decode_candidates(const Layout& layout, const std::vector<TensorView>& outputs, int index,
                         const LetterboxGeometry& geometry, float threshold, std::vector<Candidate>& candidates);

/// "[1,84,8400]", a symbolic dimension as "?".
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace zmdetect
