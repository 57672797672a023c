// Which reading the values fit, on the answer to the sample picture.
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "postprocess/tables.h"

namespace zmdetect {
namespace {

// A part of the input's side is at most 1, and little more where a box sticks out; a pixel count is rarely less than 2.
constexpr float kLargestPart = 2;
// Decoded boxes are tens of pixels; offsets and log sizes inside a cell are a few units.
constexpr double kLargestInCell = 8;
constexpr float kScoreSlack = 0.001F;

/// What the numbers of a tensor look like. Rows of zeros are padding and do not count.
struct Look {
  int rows = 0;
  int large = 0;       // a coordinate above kLargestPart
  int inside_out = 0;  // third below first, or fourth below second
  int sizeless = 0;    // third or fourth not above 0
  int stick_out = 0;   // read as centre and size, it leaves the input by more than a tenth
  double largest = 0;  // mean of the largest number of a row
  int of_one = 0;      // objectness 1
  int whole_last = 0;  // the last column is a whole number
  int of_picture = 0;  // the first column is 0, the number of the only picture

  bool most(int some) const { return 2 * some > rows; }
  bool some(int few) const { return 20 * few > rows; }
};

Look look_at(const Layout& layout, const Tables& tables, const LayoutHints& hints) {
  Look look;
  const Table& boxes = tables.boxes;
  const float width = layout.unit == BoxUnit::kPixels ? float(hints.input_width) : 1;
  const float height = layout.unit == BoxUnit::kPixels ? float(hints.input_height) : 1;
  for (int i = 0; i < boxes.count; ++i) {
    float box[4];
    float largest = 0;
    for (int k = 0; k < 4; ++k) {
      box[k] = boxes.at(i, layout.box_column + k);
      largest = std::max(largest, std::abs(box[k]));
    }
    if (!(largest > 0) || !std::isfinite(largest)) continue;
    ++look.rows;
    look.large += largest > kLargestPart;
    look.inside_out += box[2] < box[0] || box[3] < box[1];
    look.sizeless += box[2] <= 0 || box[3] <= 0;
    look.largest += largest;
    look.stick_out += box[0] + box[2] / 2 > 1.1F * width || box[1] + box[3] / 2 > 1.1F * height ||
                      box[0] - box[2] / 2 < -0.1F * width || box[1] - box[3] / 2 < -0.1F * height;
    if (layout.objectness) look.of_one += boxes.at(i, layout.score_column) == 1;
    look.of_picture += boxes.at(i, 0) == 0;
    const float last = boxes.at(i, boxes.columns - 1);
    look.whole_last += last == std::floor(last);
  }
  if (look.rows > 0) look.largest /= look.rows;
  return look;
}

struct Scores {
  int rows = 0;        // with a score that is not 0
  int beyond = 0;      // a score below 0 or above 1
  int objects = 0;     // best score above 0, background aside
  int of_one_sum = 0;  // scores add up to 1
  int uneven = 0;      // rows whose scores are not all the same
  int background = 0;  // of those, the background is the best
  int low = 0;         // no score above 0, background included
};

Scores scores_of(const Layout& layout, const Tables& tables) {
  Scores seen;
  for (int i = 0; i < tables.boxes.count; ++i) {
    float low = INFINITY;
    float high = -INFINITY;
    float best_class = -INFINITY;
    double sum = 0;
    int best = -1;
    for (int c = 0; c < tables.score_columns; ++c) {
      const float score = tables.scores.at(i, tables.first_score + c);
      if (!std::isfinite(score)) continue;
      low = std::min(low, score);
      if (score > high) best = c;
      high = std::max(high, score);
      if (c != layout.background) best_class = std::max(best_class, score);
      sum += score;
    }
    if (low > high) continue;
    seen.objects += best_class > 0;
    if (low == 0 && high == 0) continue;
    ++seen.rows;
    seen.beyond += low < -kScoreSlack || high > 1 + kScoreSlack;
    seen.of_one_sum += std::abs(sum - 1) < 0.02;
    seen.uneven += low < high;
    seen.low += high <= 0;
    seen.background += low < high && best == layout.background;
  }
  return seen;
}

using Objection = std::optional<std::string>;

Objection against_boxes(const Layout& layout, const Look& look) {
  const bool one_a_cell = layout.objectness && layout.grids.per_cell == 1 && !layout.grids.strides.empty();
  if (layout.kind == LayoutKind::kCells) {
    if (look.largest > kLargestInCell) return "its boxes are in pixels already";
    return std::nullopt;
  }
  if (look.rows == 0) {
    const bool every_candidate = layout.kind == LayoutKind::kRows || layout.kind == LayoutKind::kPair;
    if (every_candidate) return "it has no boxes";
    return std::nullopt;
  }
  if (layout.unit == BoxUnit::kPixels && look.large == 0) return "its boxes lie within 0 to 1";
  if (layout.unit == BoxUnit::kNormalised && 100 * look.large > look.rows) return "its boxes reach beyond 1";
  if (one_a_cell && look.largest <= kLargestInCell) return "its boxes are not decoded";
  if (layout.form == BoxForm::kCentre) {
    if (look.most(look.sizeless)) return "its boxes have no size";
    if (look.most(look.stick_out)) return "its boxes reach beyond the input";
  } else if (layout.form != BoxForm::kCornerSize && look.some(look.inside_out)) {
    return "its boxes are inside out";
  }
  if (layout.box_column == 1 && layout.batch_column < 0 && look.of_picture < look.rows) {
    return "its first column is not the number of the picture";
  }
  if (layout.objectness_is_one && look.of_one < look.rows) return "its objectness is not 1 everywhere";
  if (one_a_cell && layout.name == "yolox-decoded" && look.of_one == look.rows) return "its objectness is 1 everywhere";
  const bool six = layout.kind == LayoutKind::kRows && layout.name != "rtdetr" && layout.trust == Trust::kGuessed &&
                   layout.columns == 6 && !layout.candidates_last;
  if (six && look.whole_last == look.rows && !look.some(look.inside_out)) {
    return "its last column holds whole numbers, as class ids do";
  }
  return std::nullopt;
}

Objection against_scores(const Layout& layout, const Scores& scores) {
  if (scores.rows == 0) return std::nullopt;
  switch (layout.score_form) {
    case ScoreForm::kProbability:
      if (2 * scores.beyond > scores.rows) return "its scores are not within 0 to 1";
      if (layout.background >= 0 && 2 * scores.of_one_sum <= scores.rows) return "its scores do not add up to 1";
      break;
    case ScoreForm::kLogit:
      if (scores.beyond == 0) return "its scores are within 0 to 1 already";
      if (scores.rows >= 10 && 2 * scores.objects > scores.rows) return "more than half of its rows would be objects";
      if (layout.background >= 0 && scores.uneven >= 10 && 2 * scores.background > scores.uneven) {
        return "its last column is the highest of most rows, as that of \"nothing\" is";
      }
      break;
    case ScoreForm::kSoftmax:
      if (scores.beyond == 0 && 2 * scores.of_one_sum > scores.rows) return "its scores add up to 1 already";
      if (scores.rows >= 10 && 2 * scores.low > scores.rows) return "no column of most rows is above 0";
      if (scores.uneven >= 10 && 2 * scores.background < scores.uneven) {
        return "its column of \"nothing\" is not the highest of most rows";
      }
      break;
  }
  return std::nullopt;
}

/// Class ids of finished rows are whole numbers that have a label.
Objection against_classes(const Layout& layout, const Tables& tables) {
  const int ids = layout.labels_of.empty() ? layout.classes : int(layout.labels_of.size());
  for (int i = 0; i < tables.boxes.count; ++i) {
    const float score = tables.scores.at(i, tables.first_score);
    const float id = tables.class_ids.at(i, tables.class_column);
    if (!(score > 0) || !std::isfinite(id)) continue;
    if (id != std::floor(id) || id < 0) return "its classes are not whole numbers";
    if (layout.classes > 0 && id >= float(ids)) {
      return "it has class " + std::to_string(int(id)) + ", beyond " + std::to_string(layout.classes) + " labels";
    }
  }
  return std::nullopt;
}

std::span<const float> values_of(const TensorView& tensor) {
  std::size_t count = 1;
  for (const std::int64_t side : tensor.shape) count *= std::size_t(side);
  return {static_cast<const float*>(tensor.data), count};
}

/// Scores that lie in tensors of their own, one for each stride.
Objection against_head_scores(const Layout& layout, const std::vector<TensorView>& outputs) {
  bool beyond = false;
  for (std::size_t k = 0; k < layout.heads.size(); k += 2) {
    for (const float score : values_of(outputs.at(std::size_t(layout.heads[k])))) {
      beyond = beyond || score < -kScoreSlack || score > 1 + kScoreSlack;
    }
  }
  if (layout.score_form == ScoreForm::kProbability && beyond) return "its scores are not within 0 to 1";
  if (layout.score_form == ScoreForm::kLogit && !beyond) return "its scores are within 0 to 1 already";
  return std::nullopt;
}

/// In pixels, distances grow with the stride.
Objection against_planes(const Layout& layout, const std::vector<TensorView>& outputs) {
  const auto mean = [&](int output) {
    const std::span<const float> values = values_of(outputs.at(std::size_t(output)));
    double sum = 0;
    for (const float value : values) sum += std::abs(double(value));
    return sum / double(std::max<std::size_t>(1, values.size()));
  };
  const double fine = mean(layout.heads[1]);
  const double coarse = mean(layout.heads.back());
  if (!(fine > 0 && coarse > 0)) return std::nullopt;
  const bool grow = coarse > 2 * fine;
  if (layout.in_cells && grow) return "its distances grow with the stride";
  if (!layout.in_cells && !grow) return "its distances do not grow with the stride";
  return std::nullopt;
}

Objection against(const Layout& layout, const std::vector<TensorView>& outputs, const LayoutHints& hints) {
  switch (layout.kind) {
    case LayoutKind::kDarknet:
    case LayoutKind::kSsd: return std::nullopt;
    case LayoutKind::kPlanes: {
      const Objection objection = against_head_scores(layout, outputs);
      return objection ? objection : against_planes(layout, outputs);
    }
    case LayoutKind::kDistances: {
      if (!layout.heads.empty()) return against_head_scores(layout, outputs);
      Layout as_rows = layout;
      as_rows.kind = LayoutKind::kRows;
      const Result<Tables> tables = tables_of(as_rows, outputs, 0);
      if (!tables.ok()) return tables.status().message();
      return against_scores(layout, scores_of(layout, tables.value()));
    }
    default: break;
  }
  const Result<Tables> tables = tables_of(layout, outputs, 0);
  if (!tables.ok()) return tables.status().message();
  const Look look = look_at(layout, tables.value(), hints);
  const Scores scores = scores_of(layout, tables.value());
  if (Objection objection = against_boxes(layout, look)) return objection;
  if (Objection objection = against_scores(layout, scores)) return objection;
  const bool finished = layout.kind == LayoutKind::kFinished || layout.kind == LayoutKind::kSet;
  if (finished && layout.trust == Trust::kGuessed && scores.rows == 0 && look.rows > 0) {
    return "its scores are all 0";
  }
  return finished ? against_classes(layout, tables.value()) : std::nullopt;
}

std::string settings_text(const Layout& a, const Layout& b) {
  const auto setting = [](const Layout& layout) { return layout.name.substr(0, layout.name.find("-relative")); };
  if (setting(a) == setting(b)) return "`boxes: normalised` or `boxes: pixels`";
  return "`layout: " + setting(a) + "` or `layout: " + setting(b) + "`";
}

}  // namespace

Result<Layout> settle_layout(const std::vector<Layout>& readings, const std::vector<TensorView>& outputs,
                             const LayoutHints& hints) {
  if (readings.size() == 1) return readings.front();
  std::vector<Layout> left;
  std::string objections;
  for (const Layout& layout : readings) {
    const Objection objection = against(layout, outputs, hints);
    if (!objection) {
      left.push_back(layout);
    } else if (const std::string said = layout.name + ": " + *objection; objections.find(said) == std::string::npos) {
      objections += (objections.empty() ? "" : "; ") + said;
    }
  }
  if (left.empty()) {
    return Status(Code::kModelLayoutUnknown, "no layout fits the answer to the sample picture (" + objections +
                                                 "): set `layout` in the model's settings if you know it");
  }
  // What stands behind a reading that is left is not needed.
  std::vector<std::string> primary;
  for (const Layout& layout : left) {
    if (layout.behind.empty()) primary.push_back(layout.name);
  }
  std::erase_if(left, [&](const Layout& layout) {
    return std::find(primary.begin(), primary.end(), layout.behind) != primary.end();
  });
  std::stable_sort(left.begin(), left.end(), [](const Layout& a, const Layout& b) { return a.trust > b.trust; });
  Layout chosen = left.front();
  if (left.size() > 1 && left[1].trust == chosen.trust) {
    return Status(Code::kModelLayoutUnknown, "the outputs could be " + chosen.name + " or " + left[1].name +
                                                 ", and the sample picture does not tell which: set " +
                                                 settings_text(chosen, left[1]) + " in the model's settings");
  }
  const Layout& first = readings.front();
  const bool tie = readings[1].behind.empty() && readings[1].trust == first.trust;
  if (tie || chosen.name != first.name || chosen.score_form != first.score_form) {
    chosen.decided_by += ", and values on the sample picture";
  }
  return chosen;
}

}  // namespace zmdetect
