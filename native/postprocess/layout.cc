#include "postprocess/layout.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace zmdetect {
namespace {

/// A model as the rows of the table see it.
struct Seen {
  const ModelInfo& info;
  const LayoutHints& hints;

  const std::vector<std::int64_t>& shape(std::size_t output = 0) const { return info.outputs[output].shape; }

  /// Lower case, so that "True" and "true" are one.
  std::string metadata(const std::string& key) const {
    const auto found = info.metadata.find(key);
    if (found == info.metadata.end()) return "";
    std::string text = found->second;
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return text;
  }
};

/// Candidates by columns, either way round: columns last, or first.
bool columns_are(const Seen& seen, std::int64_t columns, Layout& layout) {
  const auto& shape = seen.shape();
  if (seen.info.outputs.size() != 1 || shape.size() != 3) return false;
  layout.candidates_last = shape[1] == columns;
  return shape[1] == columns || shape[2] == columns;
}

std::int64_t candidates_of(const Seen& seen, const Layout& layout) {
  return seen.shape()[layout.candidates_last ? 2 : 1];
}

using Row = std::optional<Layout> (*)(const Seen&);

/// Our importer says so itself.
std::optional<Layout> darknet(const Seen& seen) {
  if (seen.metadata("zmdetect_layout") != "darknet" || seen.shape().size() != 3) return std::nullopt;
  const auto classes = static_cast<int>(seen.shape()[2] - 5);
  // More labels than classes do no harm.
  if (seen.hints.classes > 0 && seen.hints.classes < classes) return std::nullopt;
  return Layout{.kind = LayoutKind::kDarknet, .name = "darknet", .classes = classes};
}

/// [batch, rows, 6]. Without the metadata (YOLO v10) only a short list is one, and only where the number of labels does
/// not make it v8's six columns or v8's rows.
std::optional<Layout> end_to_end(const Seen& seen) {
  const auto& shape = seen.shape();
  if (shape.size() != 3 || shape[2] != 6) return std::nullopt;
  const bool said = seen.metadata("end2end") == "true";
  const std::int64_t columns = 4 + seen.hints.classes;
  const bool seems = shape[1] > 0 && shape[1] <= 1000 && columns != 6 && shape[1] != columns &&
                     seen.info.outputs.size() == 1 && seen.hints.classes > 0;
  if (!said && !seems) return std::nullopt;
  return Layout{.kind = LayoutKind::kEndToEnd, .name = "end2end", .classes = seen.hints.classes};
}

/// Two tensors [batch, queries, 4] and [batch, queries, classes], the latter perhaps with one column for "nothing".
std::optional<Layout> detr(const Seen& seen) {
  if (seen.info.outputs.size() != 2) return std::nullopt;
  for (int boxes : {0, 1}) {
    const auto& b = seen.shape(boxes);
    const auto& l = seen.shape(1 - boxes);
    if (b.size() != 3 || l.size() != 3 || b[2] != 4 || b[1] != l[1]) continue;
    const std::int64_t classes = seen.hints.classes;
    if (classes > 0 && l[2] != classes && l[2] != classes + 1) continue;
    return Layout{.kind = LayoutKind::kDetr,
                  .name = "detr",
                  .output = boxes,
                  .logits = 1 - boxes,
                  .classes = static_cast<int>(classes > 0 ? classes : l[2])};
  }
  return std::nullopt;
}

/// The number of labels tells the columns. Where it is not known, a detector has more candidates than classes
/// (contract 5.3).
std::optional<Layout> yolov8(const Seen& seen) {
  Layout layout{.kind = LayoutKind::kYoloV8, .name = "yolov8", .classes = seen.hints.classes};
  if (layout.classes > 0) return columns_are(seen, 4 + layout.classes, layout) ? std::optional(layout) : std::nullopt;
  const auto& shape = seen.shape();
  if (seen.info.outputs.size() != 1 || shape.size() != 3) return std::nullopt;
  layout.candidates_last = shape[1] > 0 && (shape[2] < 0 || shape[1] < shape[2]);
  layout.classes = static_cast<int>(shape[layout.candidates_last ? 1 : 2] - 4);
  return layout.classes > 0 ? std::optional(layout) : std::nullopt;
}

/// One candidate for each cell of the grid: no anchors.
std::optional<Layout> yolox(const Seen& seen) {
  Layout layout{.kind = LayoutKind::kYolox, .name = "yolox", .classes = seen.hints.classes};
  if (layout.classes < 1 || !columns_are(seen, 5 + layout.classes, layout)) return std::nullopt;
  const bool grid = candidates_of(seen, layout) == grid_cells(seen.hints.input_width, seen.hints.input_height);
  return grid && !layout.candidates_last ? std::optional(layout) : std::nullopt;
}

/// Three anchors a cell, or another number of candidates that is no bare grid.
std::optional<Layout> yolov5(const Seen& seen) {
  Layout layout{.kind = LayoutKind::kYoloV5, .name = "yolov5", .classes = seen.hints.classes};
  if (layout.classes < 1 || !columns_are(seen, 5 + layout.classes, layout)) return std::nullopt;
  return layout;
}

/// The layout table, in the order of trust: what says what it is, then what only one layout can look like.
constexpr Row kTable[] = {darknet, detr, end_to_end, yolov8, yolox, yolov5};

std::string outputs_text(const ModelInfo& info) {
  std::string text;
  for (const TensorInfo& output : info.outputs) {
    if (!text.empty()) text += ", ";
    text += output.name + " " + shape_text(output.shape);
  }
  return text;
}

bool is_float(const TensorInfo& tensor) {
  return tensor.type == ElementType::kFloat32 || tensor.type == ElementType::kFloat16;
}

/// Columns alone do not tell an objectness from a class.
std::string classes_text(const Layout& layout) {
  std::string text = std::to_string(layout.classes) + " classes";
  if (layout.kind == LayoutKind::kYoloV8) text += ", or " + std::to_string(layout.classes - 1) + " and an objectness";
  return text;
}

}  // namespace

int grid_cells(int input_width, int input_height) {
  int cells = 0;
  for (int stride : {8, 16, 32}) cells += (input_width / stride) * (input_height / stride);
  return cells;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text(1, '[');
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += shape[i] < 0 ? std::string("?") : std::to_string(shape[i]);
  }
  return text + "]";
}

Result<Layout> recognise_layout(const ModelInfo& info, const LayoutHints& hints) {
  const Seen seen{info, hints};
  if (!info.outputs.empty() && std::all_of(info.outputs.begin(), info.outputs.end(), is_float)) {
    for (const Row& row : kTable) {
      if (const std::optional<Layout> layout = row(seen)) return *layout;
    }
  }
  std::string message = "no known detector layout: outputs " + outputs_text(info);
  if (hints.classes > 0) {
    message += ", " + std::to_string(hints.classes) + (hints.classes == 1 ? " label" : " labels");
    // Known but for the number of labels: then it is the label file that does not fit.
    const Result<Layout> alone = recognise_layout(info, {0, hints.input_width, hints.input_height});
    if (alone.ok()) message += ": the network has " + classes_text(alone.value());
  }
  return Status(Code::kModelLayoutUnknown, message);
}

}  // namespace zmdetect
