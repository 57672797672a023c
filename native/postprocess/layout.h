// Output layouts: which tensors a detector answers with, and what their numbers mean.
#pragma once

#include <string>
#include <vector>

#include "backends/backend.h"
#include "image/input.h"
#include "postprocess/detection.h"

namespace zmdetect {

enum class LayoutKind {
  kYoloV8,    // per candidate: cx, cy, w, h in input pixels, then one score per class (YOLO v8, v9, v11, v12)
  kYoloV5,    // the same with an objectness before the scores, which multiplies them (YOLO v5, v7)
  kYolox,     // v5's columns, centre and log size relative to a grid cell; strides 8, 16, 32
  kEndToEnd,  // rows x1, y1, x2, y2, score, class in input pixels, suppression done by the network (YOLO v10, v26)
  kDetr,      // two tensors: boxes cx, cy, w, h relative to the picture, and logits per class (RT-DETR, RF-DETR)
  kDarknet,   // rows of our own Darknet importer, and of OpenCV's: relative boxes, finished scores
  kRelative,  // YOLO exports to TFLite: kYoloV8 with coordinates relative to the input, often quantised
  kSsd,       // the four outputs of TFLite_Detection_PostProcess
};

/// How to read one model's answer. Decided once, at load; never guessed per frame.
struct Layout {
  LayoutKind kind = LayoutKind::kYoloV8;
  std::string name;              // as /models shows it, for example "yolov8"
  std::string decided_by;        // which rule chose it, for example "metadata end2end"
  int output = 0;                // index of the output tensor; of the boxes for kDetr
  int logits = 0;                // kDetr: index of the logits
  int classes = 0;               // scores per candidate
  bool candidates_last = false;  // [batch, columns, candidates] instead of [batch, candidates, columns]
};

/// What the numbers of a box count: parts of the input's side, or its pixels.
enum class BoxUnit { kAuto, kNormalised, kPixels };

/// What recognition may look at besides the file.
struct LayoutHints {
  int classes = 0;      // number of labels; 0 when none are known
  int input_width = 0;  // pixels
  int input_height = 0;
  std::string layout = {};         // the setting `layout`: a name of the table; empty: decided by the file
  BoxUnit boxes = BoxUnit::kAuto;  // the setting `boxes`
};

/// Finds the first row of the layout table that fits `info`. Errors: kModelLayoutUnknown with the shapes that were
/// seen.
Result<Layout> recognise_layout(const ModelInfo& info, const LayoutHints& hints);

/// Reads picture `index` of a batch answer of one of the float layouts (kYoloV8 to kDetr) and appends candidates with
/// scores of at least `threshold`, in original pixels. Errors: kModelOutputInvalid when a tensor is not what the layout
/// promised.
Status decode_candidates(const Layout& layout, const std::vector<TensorView>& outputs, int index,
                         const Placement& placement, float threshold, std::vector<Candidate>& candidates);

/// Cells of a detector's grids: the sum over strides 8, 16 and 32 of (width / stride) * (height / stride).
int grid_cells(int input_width, int input_height);

/// "[1,84,8400]", a symbolic dimension as "?".
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace zmdetect
