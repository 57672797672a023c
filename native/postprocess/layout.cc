#include "postprocess/layout.h"

#include <algorithm>
#include <cctype>

namespace zmdetect {
namespace {

bool says_true(const ModelInfo& info, const std::string& key) {
  const auto found = info.metadata.find(key);
  if (found == info.metadata.end()) return false;
  std::string text = found->second;
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text == "true";
}

std::string outputs_text(const ModelInfo& info) {
  std::string text;
  for (const TensorInfo& output : info.outputs) {
    text += (text.empty() ? "" : ", ") + output.name + " " + shape_text(output.shape);
  }
  return text;
}

Layout end_to_end(int classes) {
  return {.kind = LayoutKind::kEndToEnd, .name = "end2end", .output = 0, .classes = classes, .candidates_last = false};
}

/// [batch, 4 + classes, candidates] or its transpose. Where the number of labels does not tell which side is which, a
/// detector has more candidates than classes (contract 5.3).
bool match_yolov8(const std::vector<std::int64_t>& shape, int classes, Layout& layout) {
  if (shape.size() != 3) return false;
  const std::int64_t rows = shape[1];
  const std::int64_t columns = shape[2];
  layout = {.kind = LayoutKind::kYoloV8, .name = "yolov8", .output = 0, .classes = classes, .candidates_last = true};
  if (classes > 0) {
    if (rows == 4 + classes) return true;
    layout.candidates_last = false;
    return columns == 4 + classes;
  }
  layout.candidates_last = rows > 0 && (columns < 0 || rows < columns);
  layout.classes = static_cast<int>((layout.candidates_last ? rows : columns) - 4);
  return layout.classes > 0;
}

/// numpy computes (X - pad) / s in float32; so does this, before widening (contract 5.3).
struct ToOriginal {
  explicit ToOriginal(const LetterboxGeometry& geometry)
      : scale(static_cast<float>(geometry.scale)),
        pad_x(static_cast<float>(geometry.pad_x)),
        pad_y(static_cast<float>(geometry.pad_y)) {}

  float scale;
  float pad_x;
  float pad_y;

  Candidate from_centre(float cx, float cy, float w, float h) const {
    return {
        .x = (cx - w / 2 - pad_x) / scale, .y = (cy - h / 2 - pad_y) / scale, .width = w / scale, .height = h / scale};
  }

  Candidate from_corners(float x1, float y1, float x2, float y2) const {
    const float left = (x1 - pad_x) / scale;
    const float top = (y1 - pad_y) / scale;
    return {.x = left, .y = top, .width = (x2 - pad_x) / scale - left, .height = (y2 - pad_y) / scale - top};
  }
};

/// Best class of every candidate, walking memory in order: the tensor is [4 + classes][candidates].
void decode_planar(const float* data, int classes, int count, const ToOriginal& back, float threshold,
                   std::vector<Candidate>& candidates) {
  std::vector<float> best(data + std::ptrdiff_t(4) * count, data + std::ptrdiff_t(5) * count);
  std::vector<int> best_class(count, 0);
  for (int c = 1; c < classes; ++c) {
    const float* scores = data + std::ptrdiff_t(4 + c) * count;
    for (int i = 0; i < count; ++i) {
      const bool better = scores[i] > best[i];  // the first class wins a tie
      best[i] = better ? scores[i] : best[i];
      best_class[i] = better ? c : best_class[i];
    }
  }
  for (int i = 0; i < count; ++i) {
    if (!(best[i] >= threshold)) continue;
    Candidate candidate = back.from_centre(data[i], data[count + i], data[2 * count + i], data[3 * count + i]);
    candidate.score = best[i];
    candidate.class_id = best_class[i];
    candidates.push_back(candidate);
  }
}

void decode_rows(const float* data, int classes, int count, const ToOriginal& back, float threshold,
                 std::vector<Candidate>& candidates) {
  for (int i = 0; i < count; ++i) {
    const float* row = data + std::ptrdiff_t(i) * (4 + classes);
    const float* best = std::max_element(row + 4, row + 4 + classes);
    if (!(*best >= threshold)) continue;
    Candidate candidate = back.from_centre(row[0], row[1], row[2], row[3]);
    candidate.score = *best;
    candidate.class_id = static_cast<int>(best - (row + 4));
    candidates.push_back(candidate);
  }
}

Status decode_end_to_end(const float* data, int classes, int count, const ToOriginal& back, float threshold,
                         std::vector<Candidate>& candidates) {
  for (int i = 0; i < count; ++i) {
    const float* row = data + std::ptrdiff_t(i) * 6;
    if (!(row[4] >= threshold)) continue;
    if (!(row[5] >= 0 && row[5] < static_cast<float>(classes))) {
      return Status(Code::kModelOutputInvalid,
                    "class " + std::to_string(row[5]) + " is beyond the " + std::to_string(classes) + " labels");
    }
    Candidate candidate = back.from_corners(row[0], row[1], row[2], row[3]);
    candidate.score = row[4];
    candidate.class_id = static_cast<int>(row[5]);
    candidates.push_back(candidate);
  }
  return Status();
}

}  // namespace

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text(1, '[');
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += shape[i] < 0 ? std::string("?") : std::to_string(shape[i]);
  }
  return text + "]";
}

Result<Layout> recognise_layout(const ModelInfo& info, int classes) {
  const Status unknown(Code::kModelLayoutUnknown, "no known detector layout: outputs " + outputs_text(info) +
                                                      (classes > 0 ? ", " + std::to_string(classes) + " labels" : ""));
  if (info.outputs.empty() || info.outputs[0].type != ElementType::kFloat32) return unknown;
  const auto& shape = info.outputs[0].shape;
  if (says_true(info, "end2end") && shape.size() == 3 && shape[2] == 6) return end_to_end(classes);
  Layout layout;
  if (info.outputs.size() == 1 && match_yolov8(shape, classes, layout)) return layout;
  return unknown;
}

Status decode_candidates(const Layout& layout, const std::vector<TensorView>& outputs, int index,
                         const LetterboxGeometry& geometry, float threshold, std::vector<Candidate>& candidates) {
  const TensorView& tensor = outputs.at(layout.output);
  const auto& shape = tensor.shape;
  const int columns = layout.kind == LayoutKind::kEndToEnd ? 6 : 4 + layout.classes;
  const int candidate_axis = layout.candidates_last ? 2 : 1;
  if (tensor.type != ElementType::kFloat32 || shape.size() != 3 || index >= shape[0] ||
      shape[3 - candidate_axis] != columns) {
    return Status(Code::kModelOutputInvalid, "the network answered " + shape_text(shape) + ", which is no " +
                                                 layout.name + " output of " + std::to_string(layout.classes) +
                                                 " classes");
  }
  const int count = static_cast<int>(shape[candidate_axis]);
  const float* data = static_cast<const float*>(tensor.data) + std::ptrdiff_t(index) * count * columns;
  const ToOriginal back(geometry);
  if (layout.kind == LayoutKind::kEndToEnd) {
    return decode_end_to_end(data, layout.classes, count, back, threshold, candidates);
  }
  if (layout.candidates_last) {
    decode_planar(data, layout.classes, count, back, threshold, candidates);
  } else {
    decode_rows(data, layout.classes, count, back, threshold, candidates);
  }
  return Status();
}

}  // namespace zmdetect
