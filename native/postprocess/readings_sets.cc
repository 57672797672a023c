// Boxes, scores and classes in tensors of their own.
#include <algorithm>
#include <map>

#include "postprocess/label_map.h"
#include "postprocess/readings.h"

namespace zmdetect {
namespace {

using Shape = std::vector<std::int64_t>;

bool same_side(std::int64_t a, std::int64_t b) { return a == b || a < 0 || b < 0; }

bool is_integer(ElementType type) { return type == ElementType::kInt32 || type == ElementType::kInt64; }

bool is_boxes(const Shape& shape) { return (shape.size() == 2 || shape.size() == 3) && shape.back() == 4; }

/// One number for each row.
bool is_list(const Shape& shape) {
  return shape.size() == 1 || shape.size() == 2 || (shape.size() == 3 && shape.back() == 1);
}

/// Of a list that belongs to `boxes`.
bool fits_boxes(const Shape& list, const Shape& boxes) {
  if (!is_list(list)) return false;
  const std::size_t rows = list.size() == 3 ? 1 : list.size() - 1;
  return list.size() + 1 >= boxes.size() && same_side(list[rows], boxes[boxes.size() - 2]);
}

struct Roles {
  int boxes = -1;
  int scores = -1;
  int classes = -1;
  int count = -1;
  bool complete() const { return boxes >= 0 && scores >= 0 && classes >= 0; }
};

/// By what the outputs are called. Networks of TensorFlow's zoo have more of them than are needed.
Roles roles_by_name(const Seen& seen) {
  Roles roles;
  const auto named = [&](std::size_t i, std::initializer_list<const char*> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const char* part) { return seen.named(i, part); });
  };
  for (std::size_t i = 0; i < seen.outputs(); ++i) {
    const Shape& shape = seen.info.outputs[i].shape;
    if (named(i, {"raw", "multiclass", "indices", "mask", "keypoint"})) continue;
    if (named(i, {"num_", "count"}) && shape.size() <= 2) {
      roles.count = int(i);
    } else if (named(i, {"box"}) && is_boxes(shape)) {
      roles.boxes = int(i);
    } else if (named(i, {"score", "conf", "prob"}) && is_list(shape)) {
      roles.scores = int(i);
    } else if (named(i, {"class", "label", "cls", "categor"}) && is_list(shape)) {
      roles.classes = int(i);
    }
  }
  return roles;
}

/// By shapes and types: boxes, and two lists of which the one of whole numbers is the classes. Where both are floats,
/// `swapped` takes them the other way round.
Roles roles_by_shape(const Seen& seen, bool swapped) {
  Roles roles;
  if (seen.outputs() < 3 || seen.outputs() > 4) return {};
  std::vector<int> lists;
  for (std::size_t i = 0; i < seen.outputs(); ++i) {
    const Shape& shape = seen.info.outputs[i].shape;
    if (roles.boxes < 0 && is_boxes(shape)) {
      roles.boxes = int(i);
    } else if (is_list(shape)) {
      lists.push_back(int(i));
    }
  }
  if (roles.boxes < 0 || lists.size() + 1 != seen.outputs()) return {};
  const Shape& boxes = seen.info.outputs[std::size_t(roles.boxes)].shape;
  std::erase_if(lists, [&](int i) {
    const bool fits = fits_boxes(seen.info.outputs[std::size_t(i)].shape, boxes);
    if (!fits) roles.count = i;
    return !fits;
  });
  if (lists.size() != 2) return {};
  const bool first_is_classes = is_integer(seen.info.outputs[std::size_t(lists[0])].type);
  const bool second_is_classes = is_integer(seen.info.outputs[std::size_t(lists[1])].type);
  if (first_is_classes == second_is_classes ? swapped : first_is_classes) std::swap(lists[0], lists[1]);
  if ((first_is_classes || second_is_classes) && swapped) return {};
  roles.scores = lists[0];
  roles.classes = lists[1];
  return roles;
}

Layout set_layout(const Seen& seen, const Roles& roles) {
  Layout layout{.kind = LayoutKind::kSet};
  layout.output = roles.boxes;
  layout.scores = roles.scores;
  layout.class_ids = roles.classes;
  layout.count = roles.count;
  layout.columns = 4;
  layout.form = BoxForm::kCorners;
  layout.classes = seen.hints.classes;
  layout.open_batch = seen.info.outputs[std::size_t(roles.boxes)].shape.size() == 2;
  return layout;
}

/// DETR's `orig_target_sizes`: the boxes are in pixels of the size that is given there.
bool takes_sizes(const Seen& seen) {
  return std::any_of(seen.info.inputs.begin(), seen.info.inputs.end(),
                     [](const TensorInfo& input) { return input.name.find("size") != std::string::npos; });
}

void read_roles(const Seen& seen, const Roles& roles, bool named, std::vector<Layout>& readings) {
  Layout layout = set_layout(seen, roles);
  layout.trust = named ? Trust::kSaid : Trust::kGuessed;
  layout.decided_by = named ? "output names" : "shapes and types of the outputs";
  if (takes_sizes(seen)) {
    layout.name = "detr-finished";
    layout.feed = {.fit = Fit::kStretch, .scale = Scale::kZeroToOne};
    readings.push_back(layout);
    return;
  }
  if (named ? seen.named(std::size_t(roles.boxes), "detection_boxes") : seen.hints.interleaved) {
    Layout zoo = layout;
    zoo.name = "tf-ssd";
    zoo.form = BoxForm::kRowCorners;
    zoo.unit = BoxUnit::kNormalised;
    zoo.feed = {.fit = Fit::kStretch, .scale = Scale::kMinusOneToOne};
    zoo.labels_of = labels_of_ids_from_one(seen.hints.classes);
    readings.push_back(zoo);
    if (named) return;
  }
  if (named && layout.open_batch && roles.count < 0) {
    layout.name = "torchvision";
    layout.labels_of = labels_of_ids_from_one(seen.hints.classes);
    readings.push_back(layout);
    return;
  }
  layout.name = "nms";
  add_units(seen, layout, readings);
}

/// MMDeploy: [batch, rows, 5] and [batch, rows].
void read_scored_boxes(const Seen& seen, std::vector<Layout>& readings) {
  if (seen.outputs() != 2) return;
  for (const int boxes : {0, 1}) {
    const Shape shape = seen.table(std::size_t(boxes));
    const Shape& list = seen.info.outputs[std::size_t(1 - boxes)].shape;
    if (shape.size() != 3 || shape[2] != 5 || !is_list(list)) continue;
    if (!same_side(list.back(), shape[1]) && list.back() != 1) continue;
    Layout layout = set_layout(seen, {.boxes = boxes, .classes = 1 - boxes});
    layout.name = "rtmdet";
    layout.columns = 5;
    layout.score_column = 4;
    layout.feed = {.fit = Fit::kTopLeft, .scale = Scale::kImagenet, .bgr = true};
    layout.trust = seen.named(std::size_t(boxes), "dets") ? Trust::kSaid : Trust::kGuessed;
    layout.decided_by = layout.trust == Trust::kSaid ? "output names" : "shapes and types of the outputs";
    readings.push_back(layout);
  }
}

/// A tensor of boxes and one of scores, of which it is known which is which.
struct Pair {
  const Seen& seen;
  int boxes;
  int scores;
  bool scores_last;
  int columns;  // of the scores
  std::int64_t count;

  /// A candidate for each cell: no queries and no priors.
  bool of_cells() const {
    const auto grids = grids_of(count, seen.hints.input_width, seen.hints.input_height);
    return grids && grids->per_cell == 1;
  }
  bool boxes_named(const char* part) const { return seen.named(std::size_t(boxes), part); }
  bool scores_named(const char* part) const { return seen.named(std::size_t(scores), part); }

  Layout layout(const char* name, bool said, const char* rule) const {
    Layout made{.kind = LayoutKind::kPair, .name = name};
    made.decided_by = said ? rule : "shapes of the outputs";
    made.trust = said ? Trust::kSaid : Trust::kGuessed;
    made.output = boxes;
    made.scores = scores;
    made.columns = 4;
    made.scores_last = scores_last;
    made.score_columns = columns;
    made.classes = seen.hints.classes > 0 ? seen.hints.classes : columns;
    made.open_batch = seen.open_batch(std::size_t(boxes));
    return made;
  }
};

std::vector<int> behind_background(int columns, int labels) {
  std::vector<int> map = {-1};
  // The list of labels may have a name for the background.
  for (int i = 1; i < columns; ++i) map.push_back(columns == labels ? i : i - 1);
  return map;
}

void read_detr(const Pair& pair, std::vector<Layout>& readings) {
  const int labels = pair.seen.hints.classes;
  const bool dets = pair.boxes_named("dets") && pair.scores_named("labels");
  const bool said = dets || pair.boxes_named("pred_boxes") || pair.scores_named("logits");
  if (!said && pair.of_cells()) return;
  Layout layout = pair.layout("detr", said, "output names");
  layout.unit = BoxUnit::kNormalised;
  layout.score_form = ScoreForm::kLogit;
  const bool own = labels == 0 || pair.columns == labels;
  const bool coco_ids = pair.columns >= 90 && pair.columns <= 92;
  // RT-DETR and D-FINE know their own classes alone; RF-DETR, which has COCO's ids or a column for nothing, and the
  // original DETR were trained on ImageNet's mean and deviation.
  layout.feed = {.fit = Fit::kStretch, .scale = own && !dets && !coco_ids ? Scale::kZeroToOne : Scale::kImagenet};
  const auto map = labels_of_columns(pair.columns, layout.classes);
  const bool coco_and_nothing = pair.columns == 92 && labels >= 80;
  if (!coco_and_nothing && (map || pair.columns == labels + 1)) {
    if (map) layout.labels_of = *map;
    if (!map) layout.background = labels;
    readings.push_back(layout);
    if (own) {
      Layout finished = layout;
      finished.score_form = ScoreForm::kProbability;
      finished.behind = finished.name;
      readings.push_back(finished);
    }
  }
  if (dets || labels == 0) return;
  const auto before_nothing = labels_of_columns(pair.columns - 1, labels);
  if (!before_nothing) return;
  layout.name = "detr-softmax";
  layout.score_form = ScoreForm::kSoftmax;
  layout.labels_of = *before_nothing;
  layout.background = pair.columns - 1;
  readings.push_back(layout);
}

void read_yolov4(const Pair& pair, std::vector<Layout>& readings) {
  const bool said = pair.scores_named("confs") || pair.seen.info.outputs[std::size_t(pair.boxes)].shape.size() == 4;
  if (!said || pair.columns != pair.seen.hints.classes) return;
  Layout layout = pair.layout("yolov4", true, "output names and shapes");
  layout.form = BoxForm::kCorners;
  layout.unit = BoxUnit::kNormalised;
  layout.feed = {.fit = Fit::kStretch, .scale = Scale::kZeroToOne};
  readings.push_back(layout);
}

/// MobileNet-SSD of PyTorch: scores with the background first, boxes that the priors are worked into already.
void read_priors(const Pair& pair, std::vector<Layout>& readings) {
  const int labels = pair.seen.hints.classes;
  if (pair.columns != labels + 1 && pair.columns != labels) return;
  if (pair.columns < 2) return;
  const bool named = pair.scores_named("scores") && pair.boxes_named("boxes") && pair.columns == labels + 1;
  if (!named && pair.of_cells()) return;
  Layout layout = pair.layout("ssd-priors", named, "output names and number of labels");
  layout.form = BoxForm::kCorners;
  layout.unit = BoxUnit::kNormalised;
  layout.background = 0;
  layout.labels_of = behind_background(pair.columns, labels);
  layout.feed = {.fit = Fit::kStretch, .scale = Scale::kPriors};
  readings.push_back(layout);
  layout.score_form = ScoreForm::kSoftmax;
  layout.behind = layout.name;
  readings.push_back(layout);
}

/// YOLO-NAS, DAMO-YOLO, PP-YOLOE: a candidate for each cell, corners in pixels, finished scores.
void read_anchors(const Pair& pair, std::vector<Layout>& readings) {
  const Seen& seen = pair.seen;
  const auto map = labels_of_columns(pair.columns, seen.hints.classes);
  if (seen.hints.classes == 0 || !map) return;
  Layout layout = pair.layout("yolo-nas", false, "");
  if (pair.of_cells()) {
    layout.trust = Trust::kCounted;
    layout.decided_by = std::to_string(pair.count) + " candidates, one for each cell of " +
                        std::to_string(seen.hints.input_width) + "x" + std::to_string(seen.hints.input_height);
  }
  layout.labels_of = *map;
  layout.form = BoxForm::kCorners;
  if (pair.of_cells()) {
    add_units(seen, layout, readings);
  } else {
    readings.push_back(layout);
  }
  layout.name = "damo-yolo";
  layout.feed = {.fit = Fit::kTopLeft, .scale = Scale::kBytes};
  layout.behind = "yolo-nas";
  layout.trust = Trust::kGuessed;
  readings.push_back(layout);
}

}  // namespace

void read_sets(const Seen& seen, std::vector<Layout>& readings) {
  const Roles named = roles_by_name(seen);
  if (named.complete()) return read_roles(seen, named, true, readings);
  read_scored_boxes(seen, readings);
  for (const bool swapped : {false, true}) {
    const Roles roles = roles_by_shape(seen, swapped);
    if (roles.complete()) read_roles(seen, roles, false, readings);
  }
}

void read_pairs(const Seen& seen, std::vector<Layout>& readings) {
  if (seen.outputs() != 2) return;
  for (const int boxes : {0, 1}) {
    const int scores = 1 - boxes;
    const Shape b = seen.table(std::size_t(boxes));
    const Shape s = seen.table(std::size_t(scores));
    if (b.size() != 3 || s.size() != 3 || b[2] != 4) continue;
    if (!seen.real(std::size_t(boxes)) || !seen.real(std::size_t(scores))) continue;
    if (seen.named(std::size_t(boxes), "score") || seen.named(std::size_t(boxes), "logit")) continue;
    if (seen.named(std::size_t(scores), "box")) continue;
    for (const bool last : {false, true}) {
      const std::int64_t columns = s[last ? 1 : 2];
      if (columns < 1 || !same_side(s[last ? 2 : 1], b[1])) continue;
      const Pair pair{.seen = seen,
                      .boxes = boxes,
                      .scores = scores,
                      .scores_last = last,
                      .columns = int(columns),
                      .count = std::max(b[1], s[last ? 2 : 1])};
      if (!last) {
        read_detr(pair, readings);
        read_yolov4(pair, readings);
        if (seen.hints.classes > 0) read_priors(pair, readings);
      }
      read_anchors(pair, readings);
    }
  }
}

void read_heads(const Seen& seen, std::vector<Layout>& readings) {
  const int classes = seen.hints.classes;
  const std::size_t count = seen.outputs();
  if (classes < 1 || count < 6 || count % 2 != 0) return;
  // The scores and the distances of each stride, by the number of its cells.
  std::map<std::int64_t, std::pair<int, int>, std::greater<>> levels;
  std::int64_t side_columns = 0;
  bool planes = true;
  for (std::size_t i = 0; i < count; ++i) {
    const Shape& raw = seen.info.outputs[i].shape;
    const bool map = raw.size() == 4 && raw[2] > 1 && raw[3] > 1;
    planes = planes && map;
    const Shape shape = map ? Shape{raw[0], raw[2] * raw[3], raw[1]} : seen.table(i);
    if (shape.size() != 3) return;
    auto& level = levels.try_emplace(shape[1], std::pair{-1, -1}).first->second;
    if (level.first < 0 && shape[2] == classes) {
      level.first = int(i);
    } else {
      if (level.second >= 0 || shape[2] < 4 || shape[2] % 4 != 0) return;
      if (side_columns != 0 && side_columns != shape[2]) return;
      side_columns = shape[2];
      level.second = int(i);
    }
  }
  const int width = seen.hints.input_width;
  const int height = seen.hints.input_height;
  Layout layout{.kind = planes ? LayoutKind::kPlanes : LayoutKind::kDistances};
  for (const auto& [cells, level] : levels) {
    if (level.first < 0 || level.second < 0) return;
    for (const int stride : {8, 16, 32, 64}) {
      if (std::int64_t(cells_along(width, stride, true)) * cells_along(height, stride, true) != cells) continue;
      layout.grids.strides.push_back(stride);
      layout.heads.push_back(level.first);
      layout.heads.push_back(level.second);
    }
  }
  if (layout.grids.strides.size() != levels.size() || levels.size() * 2 != count) return;
  if (planes ? side_columns != 4 : side_columns < 20) return;
  layout.grids.round_up = true;
  layout.name = planes ? "rtmdet-heads" : "nanodet";
  layout.decided_by = "a pair of outputs for each stride";
  layout.trust = Trust::kCounted;
  layout.classes = layout.score_columns = classes;
  layout.score_column = 0;
  layout.columns = int(side_columns);
  layout.bins = int(side_columns / 4);
  layout.form = BoxForm::kCorners;
  layout.feed = {.fit = planes ? Fit::kTopLeft : Fit::kStretch, .scale = Scale::kImagenet, .bgr = true};
  for (const bool logits : {planes, !planes}) {
    for (const bool in_cells : {false, true}) {
      if (in_cells && !planes) continue;
      layout.score_form = logits ? ScoreForm::kLogit : ScoreForm::kProbability;
      layout.in_cells = in_cells;
      layout.behind = logits != planes || in_cells ? layout.name : "";
      readings.push_back(layout);
    }
  }
}

}  // namespace zmdetect
