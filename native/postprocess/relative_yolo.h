// YOLO exports to TFLite: quantised or float, with coordinates relative to the input, 0..1. Turned into what the
// layout table reads: float32, in input pixels.
#pragma once

#include <vector>

#include "backends/backend.h"
#include "postprocess/layout.h"

namespace zmdetect {

/// How to read a single-output YOLO of Ultralytics' TFLite export.
struct RelativeYolo {
  Layout layout;              // for decode_candidates, once the answer is in pixels
  int columns = 0;            // of the output, the first four of them coordinates
  Quantisation quantisation;  // of the output; a scale of 0: float32 already
  int input_width = 0;        // pixels
  int input_height = 0;
};

/// One output that the layout table knows as YOLO (v8, or v5 with objectness, or end-to-end), for example
/// [1, 4 + classes, N] or [1, N, 4 + classes], of float32, uint8 or int8; the integers need a scale of their own. The
/// input is NHWC and gives the size. Errors: kModelLayoutUnknown with the shapes that were seen.
Result<RelativeYolo> recognise_relative_yolo(const ModelInfo& info, int classes);

/// Writes `output` to `values` as float32 in input pixels: real = scale * (stored - zero_point), then columns 0 and 2
/// times the input's width, 1 and 3 times its height; scores stay. Returns a view of `values` with the same shape.
/// Errors: kModelOutputInvalid when the tensor is not what the layout promised.
Result<TensorView> yolo_in_pixels(const RelativeYolo& yolo, const TensorView& output, std::vector<float>& values);

}  // namespace zmdetect
