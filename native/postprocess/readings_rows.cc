// One tensor that holds boxes and scores.
#include <string>

#include "postprocess/label_map.h"
#include "postprocess/readings.h"

namespace zmdetect {
namespace {

// NMS-free networks answer with 100 to 1200 rows; more are candidates that nothing has sorted yet.
constexpr std::int64_t kMostFinished = 5000;

/// One way to read a table: which side is which.
struct Sides {
  std::int64_t columns;
  std::int64_t count;  // -1: open
  bool last;           // candidates last
  std::optional<Grids> grids;
};

std::string cells_text(const Seen& seen, const Sides& sides) {
  return std::to_string(sides.count) + " candidates, " + (sides.grids && sides.grids->per_cell == 1 ? "one" : "three") +
         " for each cell of " + std::to_string(seen.hints.input_width) + "x" + std::to_string(seen.hints.input_height);
}

Layout rows_layout(const Seen& seen, std::size_t output, const Sides& sides, const char* name) {
  Layout layout{.kind = LayoutKind::kRows, .name = name};
  layout.output = int(output);
  layout.columns = int(sides.columns);
  layout.candidates_last = sides.last;
  layout.open_batch = seen.open_batch(output);
  layout.classes = seen.hints.classes;
  layout.score_columns = seen.hints.classes;
  if (sides.grids) {
    layout.trust = Trust::kCounted;
    layout.decided_by = cells_text(seen, sides);
  } else {
    layout.decided_by = "shape and number of labels";
  }
  return layout;
}

/// Box and classes: YOLO v8 and later. A network with three candidates a cell has an objectness.
void without_objectness(const Seen& seen, std::size_t output, const Sides& sides, std::vector<Layout>& readings) {
  if (sides.grids && sides.grids->per_cell != 1) return;
  Layout yolo = rows_layout(seen, output, sides, "yolov8");
  if (sides.grids && seen.from_ultralytics()) {
    yolo.trust = Trust::kSaid;
    yolo.decided_by = "metadata of Ultralytics, and " + yolo.decided_by;
  }
  // Ultralytics' RT-DETR: queries instead of cells, boxes relative to the stretched picture.
  const bool queries = !sides.last && !sides.grids && !seen.hints.interleaved;
  if (!queries) return add_units(seen, yolo, readings);
  readings.push_back(yolo);
  Layout detr = rows_layout(seen, output, sides, "rtdetr");
  detr.unit = BoxUnit::kNormalised;
  detr.feed = {.fit = Fit::kStretch, .scale = Scale::kZeroToOne};
  const std::string description = seen.metadata("description");
  if (description.find("rtdetr") != std::string::npos || description.find("rt-detr") != std::string::npos) {
    detr.trust = Trust::kSaid;
    detr.decided_by = "metadata description";
  }
  readings.push_back(detr);
}

/// Box, objectness and classes: YOLO v5 and v7 with three candidates a cell; YOLOX and v6 with one.
void with_objectness(const Seen& seen, std::size_t output, const Sides& sides, std::vector<Layout>& readings) {
  Layout layout = rows_layout(seen, output, sides, "yolov5");
  layout.objectness = true;
  if (!sides.grids && !seen.hints.interleaved) return readings.push_back(layout);
  if (!sides.grids || sides.grids->per_cell == 3) return add_units(seen, layout, readings);
  // Ultralytics' heads have no objectness: the label file is one short.
  if (sides.last || seen.from_ultralytics()) return;
  const Feed yolox{.fit = Fit::kTopLeft, .scale = Scale::kBytes, .bgr = true};
  layout.feed = yolox;
  layout.name = "yolox";
  layout.kind = LayoutKind::kCells;
  layout.grids = *sides.grids;
  readings.push_back(layout);
  layout.kind = LayoutKind::kRows;
  layout.name = "yolox-decoded";
  readings.push_back(layout);
  layout.feed = {};
  layout.name = "yolov6";
  layout.objectness_is_one = true;
  if (seen.name(output) == "outputs") {
    layout.objectness_is_one = false;
    layout.trust = Trust::kSaid;
    layout.decided_by = "output name, and " + layout.decided_by;
  }
  readings.push_back(layout);
}

/// Finished rows x1, y1, x2, y2, score, class: YOLO v10, v26, and exports with NMS inside.
void six_columns(const Seen& seen, std::size_t output, const Sides& sides, std::vector<Layout>& readings) {
  const std::string key = seen.metadata("end2end") == "true"                               ? "metadata end2end"
                          : seen.metadata("args").find("'nms': true") != std::string::npos ? "metadata args: nms"
                          : seen.metadata("nms") == "true"                                 ? "metadata nms"
                                                                                           : "";
  if (key.empty() && (seen.hints.classes < 1 || sides.count > kMostFinished)) return;
  Layout layout = rows_layout(seen, output, sides, "end2end");
  layout.kind = LayoutKind::kFinished;
  layout.form = BoxForm::kCorners;
  layout.trust = key.empty() ? Trust::kGuessed : Trust::kSaid;
  layout.decided_by = key.empty() ? "shape" : key;
  add_units(seen, layout, readings);
}

/// Finished rows with the number of the picture in front.
void seven_columns(const Seen& seen, std::size_t output, const Sides& sides, std::vector<Layout>& readings) {
  if (sides.count > kMostFinished) return;
  Layout layout = rows_layout(seen, output, sides, "yolov7-end2end");
  layout.kind = LayoutKind::kFinished;
  layout.form = BoxForm::kCorners;
  layout.trust = Trust::kGuessed;
  layout.decided_by = "shape";
  layout.box_column = 1;
  layout.class_column = 5;
  layout.score_column = 6;
  if (layout.open_batch) {
    layout.batch_column = 0;
    const bool flat = seen.named(output, "flat");
    if (flat) layout.behind = "flat";
    readings.push_back(layout);
    layout.name = "flat";  // super-gradients' exports of YOLO-NAS
    layout.score_column = 5;
    layout.class_column = 6;
    layout.behind = flat ? "" : "yolov7-end2end";
    if (flat) layout.decided_by = "output name";
    readings.push_back(layout);
    return;
  }
  if (seen.info.outputs[output].shape.size() == 4) {
    layout.name = "detection-output";  // Caffe's and OpenVINO's: picture, class, score, box
    layout.class_column = 1;
    layout.score_column = 2;
    layout.box_column = 3;
    layout.unit = BoxUnit::kNormalised;
    layout.feed = {.fit = Fit::kStretch, .scale = Scale::kBytes, .bgr = true};
    layout.labels_of = labels_of_ids_from_one(seen.hints.classes);
    readings.push_back(layout);
    return;
  }
  layout.name = "efficientdet";
  layout.score_column = 5;
  layout.class_column = 6;
  layout.form = BoxForm::kRowCorners;
  layout.feed = {.fit = Fit::kTopLeft, .scale = Scale::kImagenet};
  layout.labels_of = labels_of_ids_from_one(seen.hints.classes);
  readings.push_back(layout);
  // PyTorch's habit is x first. Values cannot tell the two apart.
  if (!seen.hints.interleaved) {
    layout.name = "efficientdet-xy";
    layout.form = BoxForm::kCorners;
    readings.push_back(layout);
  }
  layout.name = "efficientdet-size";  // its first exports
  layout.form = BoxForm::kCornerSize;
  layout.behind = "efficientdet";
  readings.push_back(layout);
}

/// NanoDet: class scores, then a distribution for each side.
void distances(const Seen& seen, std::size_t output, const Sides& sides, std::vector<Layout>& readings) {
  const int classes = seen.hints.classes;
  const std::int64_t rest = sides.columns - classes;
  if (classes < 1 || rest % 4 != 0 || rest / 4 < 5 || rest / 4 > 33) return;
  for (const bool plus : {true, false}) {
    const Grids grids{.strides = plus ? std::vector{8, 16, 32, 64} : std::vector{8, 16, 32}, .round_up = true};
    if (candidates_of(grids, seen.hints.input_width, seen.hints.input_height) != sides.count) continue;
    Layout layout = rows_layout(seen, output, sides, "nanodet");
    layout.kind = LayoutKind::kDistances;
    layout.form = BoxForm::kCorners;
    layout.trust = Trust::kCounted;
    layout.decided_by =
        std::to_string(sides.count) + " candidates, and " + std::to_string(rest / 4) + " bins for each side of a box";
    layout.grids = grids;
    layout.bins = int(rest / 4);
    layout.score_column = 0;
    layout.box_column = classes;
    layout.feed = {.fit = Fit::kStretch, .scale = Scale::kImagenet, .bgr = true};
    readings.push_back(layout);
    layout.score_form = ScoreForm::kLogit;
    layout.behind = layout.name;
    readings.push_back(layout);
  }
}

/// The contract's rule where no labels are known: a detector has more candidates than classes.
void without_labels(const Seen& seen, std::size_t output, const std::vector<std::int64_t>& shape,
                    std::vector<Layout>& readings) {
  const bool last = shape[1] > 0 && (shape[2] < 0 || shape[1] < shape[2]);
  const Sides sides{.columns = shape[last ? 1 : 2], .count = shape[last ? 2 : 1], .last = last};
  if (sides.columns < 5) return;
  Layout layout = rows_layout(seen, output, sides, "yolov8");
  layout.classes = layout.score_columns = int(sides.columns - 4);
  readings.push_back(layout);
}

}  // namespace

void add_units(const Seen& seen, Layout layout, std::vector<Layout>& readings) {
  Layout relative = layout;
  relative.name += "-relative";
  relative.unit = BoxUnit::kNormalised;
  relative.feed.scale = Scale::kZeroToOne;
  if (seen.hints.interleaved) std::swap(layout, relative);
  relative.behind = layout.name;
  readings.push_back(layout);
  readings.push_back(relative);
}

void read_rows(const Seen& seen, std::size_t output, std::vector<Layout>& readings) {
  const auto shape = seen.table(output);
  if (shape.size() != 3 || !seen.real(output)) return;
  const int classes = seen.hints.classes;
  for (const bool last : {true, false}) {
    Sides sides{.columns = shape[last ? 1 : 2], .count = shape[last ? 2 : 1], .last = last};
    if (sides.columns < 0) continue;
    sides.grids = grids_of(sides.count, seen.hints.input_width, seen.hints.input_height);
    if (!last) distances(seen, output, sides, readings);
    if (classes > 0 && sides.columns == 4 + classes) without_objectness(seen, output, sides, readings);
    if (classes > 0 && sides.columns == 5 + classes) with_objectness(seen, output, sides, readings);
    if (!last && sides.columns == 6) six_columns(seen, output, sides, readings);
    if (!last && sides.columns == 7) seven_columns(seen, output, sides, readings);
  }
  if (readings.empty() && classes == 0) without_labels(seen, output, shape, readings);
}

}  // namespace zmdetect
