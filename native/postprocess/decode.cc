// The float layouts of layout.h: from tensors to candidates.
#include <algorithm>
#include <cmath>

#include "postprocess/layout.h"

namespace zmdetect {
namespace {

/// From input pixels to the original picture. numpy computes (X - pad) / s in float32; so does this, before widening
/// (contract 5.3).
struct ToOriginal {
  explicit ToOriginal(const Placement& placement)
      : scale_x(static_cast<float>(placement.scale_x)),
        scale_y(static_cast<float>(placement.scale_y)),
        pad_x(static_cast<float>(placement.pad_x)),
        pad_y(static_cast<float>(placement.pad_y)) {}

  float scale_x;
  float scale_y;
  float pad_x;
  float pad_y;

  Candidate from_centre(float cx, float cy, float w, float h) const {
    return {.x = (cx - w / 2 - pad_x) / scale_x,
            .y = (cy - h / 2 - pad_y) / scale_y,
            .width = w / scale_x,
            .height = h / scale_y};
  }

  Candidate from_corners(float x1, float y1, float x2, float y2) const {
    const float left = (x1 - pad_x) / scale_x;
    const float top = (y1 - pad_y) / scale_y;
    return {.x = left, .y = top, .width = (x2 - pad_x) / scale_x - left, .height = (y2 - pad_y) / scale_y - top};
  }
};

/// Candidates of one picture as columns, whichever way they lie in memory.
struct Table {
  const float* data;
  int columns;
  int count;
  bool candidates_last;

  float at(int candidate, int column) const {
    return candidates_last ? data[std::ptrdiff_t(column) * count + candidate]
                           : data[std::ptrdiff_t(candidate) * columns + column];
  }
};

struct Best {
  std::vector<float> score;
  std::vector<int> class_id;
};

/// Best class of every candidate, walking memory in order. The first class wins a tie.
Best best_classes(const Table& table, int first, int classes) {
  Best best{std::vector<float>(table.count), std::vector<int>(table.count, 0)};
  if (table.candidates_last) {
    std::copy_n(table.data + std::ptrdiff_t(first) * table.count, table.count, best.score.begin());
    for (int c = 1; c < classes; ++c) {
      const float* scores = table.data + std::ptrdiff_t(first + c) * table.count;
      for (int i = 0; i < table.count; ++i) {
        const bool better = scores[i] > best.score[i];
        best.score[i] = better ? scores[i] : best.score[i];
        best.class_id[i] = better ? c : best.class_id[i];
      }
    }
    return best;
  }
  for (int i = 0; i < table.count; ++i) {
    const float* scores = table.data + std::ptrdiff_t(i) * table.columns + first;
    const float* top = std::max_element(scores, scores + classes);
    best.score[i] = *top;
    best.class_id[i] = static_cast<int>(top - scores);
  }
  return best;
}

/// kYoloV8 and kYoloV5: they differ by the objectness in column 4.
void decode_yolo(const Table& table, int classes, bool objectness, const ToOriginal& back, float threshold,
                 std::vector<Candidate>& candidates) {
  Best best = best_classes(table, objectness ? 5 : 4, classes);
  for (int i = 0; i < table.count; ++i) {
    if (objectness) best.score[i] *= table.at(i, 4);
    if (!(best.score[i] >= threshold)) continue;
    Candidate candidate = back.from_centre(table.at(i, 0), table.at(i, 1), table.at(i, 2), table.at(i, 3));
    candidate.score = best.score[i];
    candidate.class_id = best.class_id[i];
    candidates.push_back(candidate);
  }
}

/// YOLOX (its own demo's formula): centre = (offset + cell) * stride, size = exp(log size) * stride, cells row by row,
/// strides 8, 16, 32 one after the other.
void decode_yolox(const Table& table, int classes, const Placement& placement, float threshold,
                  std::vector<Candidate>& candidates) {
  const ToOriginal back(placement);
  const Best best = best_classes(table, 5, classes);
  int i = 0;
  for (int stride : {8, 16, 32}) {
    const int columns = placement.input_width / stride;
    const int rows = placement.input_height / stride;
    for (int cell = 0; cell < rows * columns; ++cell, ++i) {
      const float score = best.score[i] * table.at(i, 4);
      if (!(score >= threshold)) continue;
      const auto s = static_cast<float>(stride);
      const int whole_row = cell / columns;
      const auto row = static_cast<float>(whole_row);
      const auto column = static_cast<float>(cell - whole_row * columns);
      Candidate candidate = back.from_centre((table.at(i, 0) + column) * s, (table.at(i, 1) + row) * s,
                                             std::exp(table.at(i, 2)) * s, std::exp(table.at(i, 3)) * s);
      candidate.score = score;
      candidate.class_id = best.class_id[i];
      candidates.push_back(candidate);
    }
  }
}

Status decode_end_to_end(const Table& table, int classes, const ToOriginal& back, float threshold,
                         std::vector<Candidate>& candidates) {
  for (int i = 0; i < table.count; ++i) {
    const float score = table.at(i, 4);
    if (!(score >= threshold)) continue;
    const float id = table.at(i, 5);
    if (!(id >= 0 && id < static_cast<float>(classes))) {
      return Status(Code::kModelOutputInvalid,
                    "class " + std::to_string(id) + " is beyond the " + std::to_string(classes) + " labels");
    }
    Candidate candidate = back.from_corners(table.at(i, 0), table.at(i, 1), table.at(i, 2), table.at(i, 3));
    candidate.score = score;
    candidate.class_id = static_cast<int>(id);
    candidates.push_back(candidate);
  }
  return Status();
}

/// Boxes relative to the picture, which was stretched over the whole input; score = sigmoid of the best logit.
void decode_detr(const Table& boxes, const Table& logits, int classes, const Placement& placement, float threshold,
                 std::vector<Candidate>& candidates) {
  const Best best = best_classes(logits, 0, classes);
  for (int i = 0; i < boxes.count; ++i) {
    const float score = 1.0F / (1.0F + std::exp(-best.score[i]));
    if (!(score >= threshold)) continue;
    const double width = double(boxes.at(i, 2)) * placement.picture_width;
    const double height = double(boxes.at(i, 3)) * placement.picture_height;
    candidates.push_back({.x = double(boxes.at(i, 0)) * placement.picture_width - width / 2,
                          .y = double(boxes.at(i, 1)) * placement.picture_height - height / 2,
                          .width = width,
                          .height = height,
                          .score = score,
                          .class_id = best.class_id[i]});
  }
}

/// Picture `index` of a tensor that must be float32 [batch, ...] with so many columns (`extra` more are let pass).
Result<Table> table_of(const TensorView& tensor, int index, int columns, bool candidates_last, int extra = 0) {
  const auto& shape = tensor.shape;
  const std::size_t column_axis = candidates_last ? 1 : 2;
  if (tensor.type != ElementType::kFloat32 || shape.size() != 3 || index >= shape[0] || shape[column_axis] < columns ||
      shape[column_axis] > columns + extra) {
    return Status(Code::kModelOutputInvalid, "the network answered " + shape_text(shape) + ", expected float32 with " +
                                                 std::to_string(columns) + " columns");
  }
  const int real_columns = static_cast<int>(shape[column_axis]);
  const int count = static_cast<int>(shape[3 - column_axis]);
  const float* data = static_cast<const float*>(tensor.data) + std::ptrdiff_t(index) * count * real_columns;
  return Table{data, real_columns, count, candidates_last};
}

int columns_of(const Layout& layout) {
  switch (layout.kind) {
    case LayoutKind::kYoloV5:
    case LayoutKind::kYolox: return 5 + layout.classes;
    case LayoutKind::kEndToEnd: return 6;
    case LayoutKind::kDetr: return 4;
    default: return 4 + layout.classes;
  }
}

}  // namespace

Status decode_candidates(const Layout& layout, const std::vector<TensorView>& outputs, int index,
                         const Placement& placement, float threshold, std::vector<Candidate>& candidates) {
  const Result<Table> table = table_of(outputs.at(layout.output), index, columns_of(layout), layout.candidates_last);
  if (!table.ok()) return table.status();
  const ToOriginal back(placement);
  switch (layout.kind) {
    case LayoutKind::kYoloV8:
      decode_yolo(table.value(), layout.classes, false, back, threshold, candidates);
      return Status();
    case LayoutKind::kYoloV5:
      decode_yolo(table.value(), layout.classes, true, back, threshold, candidates);
      return Status();
    case LayoutKind::kYolox:
      if (table.value().count != grid_cells(placement.input_width, placement.input_height)) break;
      decode_yolox(table.value(), layout.classes, placement, threshold, candidates);
      return Status();
    case LayoutKind::kEndToEnd: return decode_end_to_end(table.value(), layout.classes, back, threshold, candidates);
    case LayoutKind::kDetr: {
      const Result<Table> logits = table_of(outputs.at(layout.logits), index, layout.classes, false, 1);
      if (!logits.ok()) return logits.status();
      if (logits.value().count != table.value().count) break;
      decode_detr(table.value(), logits.value(), layout.classes, placement, threshold, candidates);
      return Status();
    }
    default: break;
  }
  return Status(Code::kModelOutputInvalid, "the network's answer is no " + layout.name + " output");
}

}  // namespace zmdetect
