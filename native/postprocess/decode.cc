// The float layouts of layout.h: from tensors to candidates.
#include <algorithm>
#include <cmath>

#include "postprocess/tables.h"

namespace zmdetect {
namespace {

// A probability of half precision may be a last bit above 1.
constexpr float kHighestScore = 1.001F;
// In pixels, a box this small is one in parts of the input that was taken for one in pixels.
constexpr float kSmallestBox = 1.5F;
// How often a box may be as long as the input, and how far off.
constexpr double kFarthest = 3;

/// From the network's four numbers to the original picture.
class Boxes {
 public:
  Boxes(const Layout& layout, const Placement& placement)
      : layout_(layout),
        placement_(placement),
        scale_x_(static_cast<float>(placement.scale_x)),
        scale_y_(static_cast<float>(placement.scale_y)),
        pad_x_(static_cast<float>(placement.pad_x)),
        pad_y_(static_cast<float>(placement.pad_y)),
        stretched_(placement.scaled_width == placement.input_width &&
                   placement.scaled_height == placement.input_height),
        farthest_x_(kFarthest * placement.input_width / placement.scale_x),
        farthest_y_(kFarthest * placement.input_height / placement.scale_y) {}

  /// Adds the box, or counts it where no picture can have it.
  void add(float a, float b, float c, float d, float score, int class_id, Found& found) const {
    if (layout_.form == BoxForm::kRowCorners) {
      std::swap(a, b);
      std::swap(c, d);
    }
    const bool tiny = layout_.unit == BoxUnit::kPixels && std::abs(a) < kSmallestBox && std::abs(b) < kSmallestBox &&
                      std::abs(c) < kSmallestBox && std::abs(d) < kSmallestBox;
    Candidate candidate = layout_.unit == BoxUnit::kPixels ? from_pixels(a, b, c, d) : from_parts(a, b, c, d);
    candidate.score = std::min(score, 1.0F);
    candidate.class_id = class_id;
    if (tiny || !(score <= kHighestScore) || !possible(candidate)) {
      ++found.impossible;
    } else {
      found.candidates.push_back(candidate);
    }
  }

 private:
  /// numpy computes (X - pad) / s in float32; so does this, before widening (contract 5.3).
  Candidate from_pixels(float a, float b, float c, float d) const {
    if (layout_.form == BoxForm::kCentre) {
      return {.x = (a - c / 2 - pad_x_) / scale_x_,
              .y = (b - d / 2 - pad_y_) / scale_y_,
              .width = c / scale_x_,
              .height = d / scale_y_};
    }
    const float left = (a - pad_x_) / scale_x_;
    const float top = (b - pad_y_) / scale_y_;
    if (layout_.form == BoxForm::kCornerSize) {
      return {.x = left, .y = top, .width = c / scale_x_, .height = d / scale_y_};
    }
    return {.x = left, .y = top, .width = (c - pad_x_) / scale_x_ - left, .height = (d - pad_y_) / scale_y_ - top};
  }

  Candidate from_parts(float a, float b, float c, float d) const {
    if (!stretched_) {
      const auto width = static_cast<float>(placement_.input_width);
      const auto height = static_cast<float>(placement_.input_height);
      return from_pixels(a * width, b * height, c * width, d * height);
    }
    // Parts of the input are parts of the picture.
    const double x = double(a) * placement_.picture_width;
    const double y = double(b) * placement_.picture_height;
    const double right = double(c) * placement_.picture_width;
    const double bottom = double(d) * placement_.picture_height;
    if (layout_.form == BoxForm::kCentre) {
      return {.x = x - right / 2, .y = y - bottom / 2, .width = right, .height = bottom};
    }
    if (layout_.form == BoxForm::kCornerSize) return {.x = x, .y = y, .width = right, .height = bottom};
    return {.x = x, .y = y, .width = right - x, .height = bottom - y};
  }

  /// False for a box that is no number, inside out or far outside.
  bool possible(const Candidate& box) const {
    const auto near = [](double value, double farthest) { return std::abs(value) <= farthest; };
    return box.width >= 0 && box.height >= 0 && near(box.x, farthest_x_) && near(box.width, farthest_x_) &&
           near(box.y, farthest_y_) && near(box.height, farthest_y_);
  }

  const Layout& layout_;
  const Placement& placement_;
  const float scale_x_;
  const float scale_y_;
  const float pad_x_;
  const float pad_y_;
  const bool stretched_;
  const double farthest_x_;
  const double farthest_y_;
};

struct Best {
  std::vector<float> score;
  std::vector<int> class_id;
};

/// Best class of every candidate, walking memory in order. The first class wins a tie. A score that is no number makes
/// the candidate's one too.
Best best_classes(const Table& table, int first, int classes) {
  Best best{std::vector<float>(std::size_t(table.count)), std::vector<int>(std::size_t(table.count), 0)};
  if (table.candidates_last) {
    std::copy_n(table.data + std::ptrdiff_t(first) * table.count, table.count, best.score.begin());
    for (int c = 1; c < classes; ++c) {
      const float* scores = table.data + std::ptrdiff_t(first + c) * table.count;
      for (int i = 0; i < table.count; ++i) {
        const bool better = scores[i] > best.score[std::size_t(i)] || std::isnan(scores[i]);
        best.score[std::size_t(i)] = better ? scores[i] : best.score[std::size_t(i)];
        best.class_id[std::size_t(i)] = better ? c : best.class_id[std::size_t(i)];
      }
    }
    return best;
  }
  for (int i = 0; i < table.count; ++i) {
    const float* scores = table.data + std::ptrdiff_t(i) * table.columns + first;
    float top = scores[0];
    int at = 0;
    for (int c = 1; c < classes; ++c) {
      if (scores[c] > top || std::isnan(scores[c])) {
        top = scores[c];
        at = c;
      }
    }
    best.score[std::size_t(i)] = top;
    best.class_id[std::size_t(i)] = at;
  }
  return best;
}

/// Above the threshold, or no number: that is counted when the box is added.
bool is_candidate(float score, float threshold) { return !(score < threshold); }

float sigmoid(float logit) { return 1.0F / (1.0F + std::exp(-logit)); }

/// The label of one of the network's class numbers, -1 where it has none.
int label_of(const Layout& layout, int id) {
  if (layout.labels_of.empty()) return id;
  return id < int(layout.labels_of.size()) ? layout.labels_of[std::size_t(id)] : -1;
}

void decode_rows(const Layout& layout, const Table& table, const Placement& placement, float threshold, Found& found) {
  const int first = layout.score_column + (layout.objectness ? 1 : 0);
  const Best best = best_classes(table, first, layout.score_columns);
  const Boxes boxes(layout, placement);
  for (int i = 0; i < table.count; ++i) {
    float score = best.score[std::size_t(i)];
    if (layout.objectness) score *= table.at(i, layout.score_column);
    if (!is_candidate(score, threshold)) continue;
    boxes.add(table.at(i, 0), table.at(i, 1), table.at(i, 2), table.at(i, 3), score, best.class_id[std::size_t(i)],
              found);
  }
}

/// YOLOX (its own demo's formula): centre = (offset + cell) * stride, size = exp(log size) * stride, cells row by row,
/// one stride after the other.
void decode_cells(const Layout& layout, const Table& table, const Placement& placement, float threshold, Found& found) {
  const Best best = best_classes(table, layout.score_column + 1, layout.score_columns);
  const Boxes boxes(layout, placement);
  int i = 0;
  for (const int stride : layout.grids.strides) {
    const int columns = cells_along(placement.input_width, stride, layout.grids.round_up);
    const int rows = cells_along(placement.input_height, stride, layout.grids.round_up);
    for (int cell = 0; cell < rows * columns; ++cell, ++i) {
      const float score = best.score[std::size_t(i)] * table.at(i, layout.score_column);
      if (!is_candidate(score, threshold)) continue;
      const auto s = static_cast<float>(stride);
      const int whole_row = cell / columns;
      const auto row = static_cast<float>(whole_row);
      const auto column = static_cast<float>(cell - whole_row * columns);
      boxes.add((table.at(i, 0) + column) * s, (table.at(i, 1) + row) * s, std::exp(table.at(i, 2)) * s,
                std::exp(table.at(i, 3)) * s, score, best.class_id[std::size_t(i)], found);
    }
  }
}

/// The best class of one row of scores, as a probability. Skips the background.
std::pair<float, int> best_of_row(const Layout& layout, const Table& scores, int row) {
  float top = -INFINITY;
  int at = -1;
  float highest = -INFINITY;
  for (int c = 0; c < layout.score_columns; ++c) {
    const float score = scores.at(row, c);
    highest = std::max(highest, score);
    if (c == layout.background || label_of(layout, c) < 0) continue;
    if (score > top || std::isnan(score)) {
      top = score;
      at = c;
    }
  }
  if (at < 0) return {0, 0};
  if (layout.score_form == ScoreForm::kLogit) return {sigmoid(top), at};
  if (layout.score_form == ScoreForm::kProbability) return {top, at};
  float sum = 0;
  for (int c = 0; c < layout.score_columns; ++c) sum += std::exp(scores.at(row, c) - highest);
  return {std::exp(top - highest) / sum, at};
}

void decode_pair(const Layout& layout, const Tables& tables, const Placement& placement, float threshold,
                 Found& found) {
  const Boxes boxes(layout, placement);
  for (int i = 0; i < tables.boxes.count; ++i) {
    const auto [score, column] = best_of_row(layout, tables.scores, i);
    if (!is_candidate(score, threshold)) continue;
    const Table& box = tables.boxes;
    boxes.add(box.at(i, 0), box.at(i, 1), box.at(i, 2), box.at(i, 3), score, label_of(layout, column), found);
  }
}

/// kFinished and kSet. Errors: kModelOutputInvalid for a class beyond the labels (contract 5.1).
Status decode_finished(const Layout& layout, const Tables& tables, int index, const Placement& placement,
                       float threshold, Found& found) {
  const Boxes boxes(layout, placement);
  const Table& table = tables.boxes;
  const int ids = layout.labels_of.empty() ? layout.classes : int(layout.labels_of.size());
  for (int i = 0; i < table.count; ++i) {
    if (layout.batch_column >= 0 && table.at(i, layout.batch_column) != float(index)) continue;
    const float score = tables.scores.at(i, tables.first_score);
    if (!is_candidate(score, threshold)) continue;
    const float id = tables.class_ids.at(i, tables.class_column);
    if (id >= float(ids)) {
      return Status(Code::kModelOutputInvalid,
                    "class " + std::to_string(id) + " is beyond the " + std::to_string(layout.classes) + " labels");
    }
    const int label = id >= 0 ? label_of(layout, int(id)) : -1;
    if (label < 0) {
      ++found.impossible;
      continue;
    }
    const int first = layout.box_column;
    boxes.add(table.at(i, first), table.at(i, first + 1), table.at(i, first + 2), table.at(i, first + 3), score, label,
              found);
  }
  return Status();
}

/// The mean of a softmax distribution over 0, 1, 2, ...
float mean_of(const Table& table, int row, int first, int bins) {
  float highest = -INFINITY;
  for (int k = 0; k < bins; ++k) highest = std::max(highest, table.at(row, first + k));
  float sum = 0;
  float weighted = 0;
  for (int k = 0; k < bins; ++k) {
    const float weight = std::exp(table.at(row, first + k) - highest);
    sum += weight;
    weighted += weight * float(k);
  }
  return weighted / sum;
}

/// One stride of NanoDet or RTMDet: rows of scores, rows of distances, and the first row of each.
struct Level {
  Table scores;
  int first_score = 0;
  int score_row = 0;
  Table sides;
  int first_side = 0;
  int side_row = 0;
};

void decode_level(const Layout& layout, const Level& level, int stride, const Placement& placement, float threshold,
                  Found& found) {
  const Boxes boxes(layout, placement);
  const auto s = static_cast<float>(stride);
  const int columns = cells_along(placement.input_width, stride, layout.grids.round_up);
  const int rows = cells_along(placement.input_height, stride, layout.grids.round_up);
  // NanoDet-Plus, which has four strides, and RTMDet measure from a cell's corner, the first NanoDet from its centre.
  const bool from_centre = layout.kind == LayoutKind::kDistances && layout.grids.strides.size() == 3;
  for (int cell = 0; cell < rows * columns; ++cell) {
    float score = -INFINITY;
    int class_id = 0;
    for (int c = 0; c < layout.score_columns; ++c) {
      const float value = level.scores.at(level.score_row + cell, level.first_score + c);
      if (value > score || std::isnan(value)) {
        score = value;
        class_id = c;
      }
    }
    if (layout.score_form == ScoreForm::kLogit) score = sigmoid(score);
    if (!is_candidate(score, threshold)) continue;
    float sides[4];
    for (int k = 0; k < 4; ++k) {
      if (layout.kind == LayoutKind::kPlanes) {
        sides[k] = level.sides.at(level.side_row + cell, k) * (layout.in_cells ? s : 1);
      } else {
        sides[k] = mean_of(level.sides, level.side_row + cell, level.first_side + k * layout.bins, layout.bins) * s;
      }
    }
    const int row = cell / columns;
    const float x = (float(cell - row * columns) + (from_centre ? 0.5F : 0)) * s;
    const float y = (float(row) + (from_centre ? 0.5F : 0)) * s;
    boxes.add(x - sides[0], y - sides[1], x + sides[2], y + sides[3], score, class_id, found);
  }
}

/// A map [batch, values, rows, columns] as a table with candidates last.
Result<Table> map_of(const TensorView& tensor, int index, int columns) {
  TensorView flat = tensor;
  if (tensor.shape.size() == 4) flat.shape = {tensor.shape[0], tensor.shape[1], tensor.shape[2] * tensor.shape[3]};
  return table_of(flat, index, columns, true, false);
}

Status decode_levels(const Layout& layout, const std::vector<TensorView>& outputs, int index,
                     const Placement& placement, float threshold, Found& found) {
  Table all;
  if (layout.heads.empty()) {
    const Result<Table> table =
        table_of(outputs.at(std::size_t(layout.output)), index, layout.columns, false, layout.open_batch);
    if (!table.ok()) return table.status();
    all = table.value();
    if (all.count != candidates_of(layout.grids, placement.input_width, placement.input_height)) {
      return Status(Code::kModelOutputInvalid, "the network answered " + std::to_string(all.count) +
                                                   " rows, which are not the cells of its grids");
    }
  }
  int row = 0;
  for (std::size_t k = 0; k < layout.grids.strides.size(); ++k) {
    const int stride = layout.grids.strides[k];
    const int cells = cells_along(placement.input_width, stride, layout.grids.round_up) *
                      cells_along(placement.input_height, stride, layout.grids.round_up);
    Level level{.scores = all,
                .first_score = layout.score_column,
                .score_row = row,
                .sides = all,
                .first_side = layout.box_column,
                .side_row = row};
    row += cells;
    if (!layout.heads.empty()) {
      const TensorView& scores = outputs.at(std::size_t(layout.heads[2 * k]));
      const TensorView& sides = outputs.at(std::size_t(layout.heads[2 * k + 1]));
      const bool maps = layout.kind == LayoutKind::kPlanes;
      const auto read = [&](const TensorView& tensor, int columns) {
        return maps ? map_of(tensor, index, columns) : table_of(tensor, index, columns, false, false);
      };
      const Result<Table> score_table = read(scores, layout.score_columns);
      const Result<Table> side_table = read(sides, layout.columns);
      if (!score_table.ok()) return score_table.status();
      if (!side_table.ok()) return side_table.status();
      if (score_table.value().count != cells || side_table.value().count != cells) {
        return Status(Code::kModelOutputInvalid, "the network answered " + shape_text(scores.shape) + " and " +
                                                     shape_text(sides.shape) + " for a grid of " +
                                                     std::to_string(cells) + " cells");
      }
      level = {.scores = score_table.value(), .sides = side_table.value()};
    }
    decode_level(layout, level, stride, placement, threshold, found);
  }
  return Status();
}

}  // namespace

Status decode_candidates(const Layout& layout, const std::vector<TensorView>& outputs, int index,
                         const Placement& placement, float threshold, Found& found) {
  if (layout.kind == LayoutKind::kDistances || layout.kind == LayoutKind::kPlanes) {
    return decode_levels(layout, outputs, index, placement, threshold, found);
  }
  const Result<Tables> tables = tables_of(layout, outputs, index);
  if (!tables.ok()) return tables.status();
  switch (layout.kind) {
    case LayoutKind::kRows: decode_rows(layout, tables.value().boxes, placement, threshold, found); return Status();
    case LayoutKind::kCells:
      if (tables.value().boxes.count != candidates_of(layout.grids, placement.input_width, placement.input_height)) {
        break;
      }
      decode_cells(layout, tables.value().boxes, placement, threshold, found);
      return Status();
    case LayoutKind::kPair: decode_pair(layout, tables.value(), placement, threshold, found); return Status();
    case LayoutKind::kFinished:
    case LayoutKind::kSet: return decode_finished(layout, tables.value(), index, placement, threshold, found);
    default: break;
  }
  return Status(Code::kModelOutputInvalid, "the network's answer is not a " + layout.name + " output");
}

}  // namespace zmdetect
