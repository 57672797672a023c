// The order of the rules, and what is said where none of them fits.
#include "postprocess/layout.h"

#include <algorithm>
#include <cctype>

#include "postprocess/readings.h"

namespace zmdetect {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

std::string outputs_text(const ModelInfo& info) {
  constexpr std::size_t kMost = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, info.outputs.size()); ++i) {
    if (!text.empty()) text += ", ";
    text += info.outputs[i].name + " " + shape_text(info.outputs[i].shape);
  }
  if (info.outputs.size() > kMost) text += ", and " + std::to_string(info.outputs.size() - kMost) + " more";
  return text;
}

std::string labels_text(int labels) { return std::to_string(labels) + (labels == 1 ? " label" : " labels"); }

/// Our importer says so itself.
void read_darknet(const Seen& seen, std::vector<Layout>& readings) {
  if (seen.metadata("zmdetect_layout") != "darknet" || seen.info.outputs[0].shape.size() != 3) return;
  const auto classes = static_cast<int>(seen.info.outputs[0].shape[2] - 5);
  // More labels than classes do no harm.
  if (seen.hints.classes > 0 && seen.hints.classes < classes) return;
  Layout layout{.kind = LayoutKind::kDarknet, .name = "darknet", .decided_by = "Darknet importer"};
  layout.trust = Trust::kSaid;
  layout.classes = classes;
  layout.feed.fit = Fit::kStretch;
  readings.push_back(layout);
}

/// A map of features that the decoded output was made of: exports leave it beside it.
bool is_head(const TensorInfo& output, const LayoutHints& hints) {
  const auto& shape = output.shape;
  if (shape.size() != 4 && shape.size() != 5) return false;
  // [batch, anchors, rows, columns, values] or [batch, values, rows, columns]
  const std::int64_t rows = shape[2];
  const std::int64_t columns = shape[3];
  if (rows < 0 || columns < 0) return true;
  for (const int stride : {8, 16, 32, 64}) {
    if (columns == cells_along(hints.input_width, stride, true) &&
        rows == cells_along(hints.input_height, stride, true))
      return true;
  }
  return false;
}

/// The outputs of rank 3 or less where all others are heads.
std::vector<std::size_t> decoded_outputs(const Seen& seen) {
  std::vector<std::size_t> decoded;
  for (std::size_t i = 0; i < seen.outputs(); ++i) {
    const TensorInfo& output = seen.info.outputs[i];
    if (seen.outputs() > 1 && is_head(output, seen.hints)) continue;
    decoded.push_back(i);
  }
  return decoded;
}

void read_tables(const Seen& seen, std::vector<Layout>& readings) {
  const std::vector<std::size_t> decoded = decoded_outputs(seen);
  if (decoded.size() == 1) return read_rows(seen, decoded[0], readings);
  // YOLO v9 with its auxiliary head: the second one is the one to use.
  const bool twins = decoded.size() == 2 && seen.table(decoded[0]).size() == 3 &&
                     seen.info.outputs[decoded[0]].shape == seen.info.outputs[decoded[1]].shape;
  if (!twins) return;
  std::vector<Layout> second;
  read_rows(seen, decoded[1], second);
  for (Layout& layout : second) {
    if (layout.kind != LayoutKind::kRows || layout.objectness) continue;
    layout.decided_by = "second of two alike outputs: " + layout.decided_by;
    readings.push_back(layout);
  }
}

/// Tasks that are no detection of upright boxes.
std::string other_task(const Seen& seen) {
  const std::string task = seen.metadata("task");
  if (!task.empty() && task != "detect" && task != "detection" && task != "object-detection") {
    return "task=" + task + " is not supported: zmdetect reads detection models (task=detect)";
  }
  for (const TensorInfo& output : seen.info.outputs) {
    const auto& shape = output.shape;
    const bool quarter = shape.size() == 4 && shape[3] > 1 && shape[3] == seen.hints.input_width / 4 &&
                         shape[2] == seen.hints.input_height / 4;
    if (quarter && seen.outputs() == 2) {
      return "task=segment is not supported: " + output.name + " " + shape_text(shape) + " holds masks";
    }
  }
  const auto& first = seen.info.outputs[0].shape;
  if (seen.outputs() == 1 && first.size() == 2 && first[0] <= 1 && first[1] > 7) {
    return "task=classify is not supported: " + outputs_text(seen.info) + " holds no boxes";
  }
  return "";
}

/// What the network has instead of so many labels, where the number of candidates says it.
std::string mismatch(const Seen& seen) {
  const std::vector<std::size_t> decoded = decoded_outputs(seen);
  if (decoded.size() == 2) {
    for (const int boxes : {0, 1}) {
      const auto b = seen.table(decoded[std::size_t(boxes)]);
      const auto s = seen.table(decoded[std::size_t(1 - boxes)]);
      if (b.size() == 3 && s.size() == 3 && b[2] == 4 && b[1] == s[1] && s[2] > 0) {
        return s[2] == seen.hints.classes ? "" : "the network has " + std::to_string(s[2]) + " classes";
      }
    }
  }
  if (decoded.size() != 1) return "";
  const auto shape = seen.table(decoded[0]);
  if (shape.size() != 3) return "";
  for (const bool last : {true, false}) {
    const std::int64_t columns = shape[last ? 1 : 2];
    const auto grids = grids_of(shape[last ? 2 : 1], seen.hints.input_width, seen.hints.input_height);
    if (!grids || columns < 5) continue;
    if (columns - (grids->per_cell == 3 ? 5 : 4) == seen.hints.classes) return "";
    if (grids->per_cell == 3) return "the network has " + std::to_string(columns - 5) + " classes";
    std::string text = "the network has " + std::to_string(columns - 4) + " classes";
    if (columns == 4 + 1 + 51) text += ", or is a pose model (task=pose is not supported)";
    if (last && seen.hints.classes + 5 == columns) {
      text += ", or " + std::to_string(columns - 5) + " and an angle (task=obb is not supported)";
    }
    return text;
  }
  const bool last = shape[1] > 0 && (shape[2] < 0 || shape[1] < shape[2]);
  const std::int64_t columns = shape[last ? 1 : 2];
  if (columns < 6 || columns - 4 == seen.hints.classes || columns - 5 == seen.hints.classes) return "";
  return "the network has " + std::to_string(columns - 4) + " classes, or " + std::to_string(columns - 5) +
         " and an objectness";
}

std::string unknown_text(const Seen& seen) {
  std::string message = "no known detector layout: outputs " + outputs_text(seen.info);
  const int labels = seen.hints.classes;
  if (labels > 0) message += ", " + labels_text(labels);
  const bool darknet = seen.metadata("zmdetect_layout") == "darknet";
  const bool heads = std::all_of(seen.info.outputs.begin(), seen.info.outputs.end(),
                                 [&](const TensorInfo& output) { return is_head(output, seen.hints); });
  std::string why;
  if (darknet) {
    why = "the network has " + std::to_string(seen.info.outputs[0].shape.back() - 5) + " classes";
  } else if (heads) {
    why = "these are heads that still need the network's anchors: export it with its decoding (YOLO v7: --grid)";
  } else if (labels > 0) {
    why = mismatch(seen);
  }
  if (!why.empty()) message += ": " + why;
  return message;
}

/// The readings that the settings leave.
Result<std::vector<Layout>> as_set(const Seen& seen, std::vector<Layout> readings) {
  const LayoutHints& hints = seen.hints;
  if (!hints.layout.empty()) {
    const auto& names = layout_names();
    if (std::find(names.begin(), names.end(), hints.layout) == names.end()) {
      std::string list;
      for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
      return Status(Code::kModelLayoutUnknown, "layout: " + hints.layout + " is unknown, expected one of " + list);
    }
    std::erase_if(readings, [&](const Layout& layout) {
      return layout.name != hints.layout && layout.name != hints.layout + "-relative";
    });
    for (Layout& layout : readings) layout.decided_by = "setting layout";
    if (readings.empty()) {
      return Status(Code::kModelLayoutUnknown, "layout: " + hints.layout + " does not fit outputs " +
                                                   outputs_text(seen.info) + ", " + labels_text(hints.classes));
    }
  }
  if (hints.boxes != BoxUnit::kAuto) {
    std::vector<Layout> left = readings;
    std::erase_if(left, [&](const Layout& layout) { return layout.unit != hints.boxes; });
    if (left.empty() && !readings.empty()) {
      return Status(Code::kModelLayoutUnknown,
                    std::string("boxes: ") + (hints.boxes == BoxUnit::kPixels ? "pixels" : "normalised") +
                        " does not fit the layout " + readings[0].name + " of outputs " + outputs_text(seen.info));
    }
    readings = std::move(left);
  }
  return readings;
}

}  // namespace

std::vector<std::int64_t> squeezed(std::vector<std::int64_t> shape, bool open_batch) {
  if (open_batch || shape.size() == 2) shape.insert(shape.begin(), 1);
  for (std::size_t i = 1; shape.size() > 3 && i + 1 < shape.size();) {
    if (shape[i] == 1) {
      shape.erase(shape.begin() + std::ptrdiff_t(i));
    } else {
      ++i;
    }
  }
  return shape;
}

std::vector<std::int64_t> Seen::table(std::size_t output) const { return squeezed(info.outputs[output].shape, false); }

std::string Seen::metadata(const std::string& key) const {
  const auto found = info.metadata.find(key);
  return found == info.metadata.end() ? "" : lower(found->second);
}

std::string Seen::name(std::size_t output) const {
  const std::string text = lower(info.outputs[output].name);
  return text.substr(0, text.find(':'));
}

bool Seen::real(std::size_t output) const {
  switch (info.outputs[output].type) {
    case ElementType::kFloat32:
    case ElementType::kFloat64:
    case ElementType::kFloat16:
    case ElementType::kBfloat16: return true;
    case ElementType::kUint8:
    case ElementType::kInt8: return info.outputs[output].quantisation.scale > 0;
    default: return false;
  }
}

bool Seen::from_ultralytics() const {
  return metadata("author") == "ultralytics" || metadata("description").find("ultralytics") != std::string::npos;
}

std::string class_count_text(const ModelInfo& info, const LayoutHints& hints) {
  return hints.classes > 0 ? mismatch({info, hints}) : "";
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text(1, '[');
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += shape[i] < 0 ? std::string("?") : std::to_string(shape[i]);
  }
  return text + "]";
}

const std::vector<std::string>& layout_names() {
  static const std::vector<std::string> names = {"yolov8",
                                                 "yolov5",
                                                 "yolov6",
                                                 "yolox",
                                                 "yolox-decoded",
                                                 "yolov4",
                                                 "yolo-nas",
                                                 "damo-yolo",
                                                 "end2end",
                                                 "yolov7-end2end",
                                                 "flat",
                                                 "nms",
                                                 "rtdetr",
                                                 "detr",
                                                 "detr-softmax",
                                                 "detr-finished",
                                                 "ssd-priors",
                                                 "tf-ssd",
                                                 "torchvision",
                                                 "efficientdet",
                                                 "efficientdet-xy",
                                                 "efficientdet-size",
                                                 "detection-output",
                                                 "rtmdet",
                                                 "rtmdet-heads",
                                                 "nanodet",
                                                 "darknet"};
  return names;
}

Result<std::vector<Layout>> readings_of(const ModelInfo& info, const LayoutHints& hints) {
  const Seen seen{info, hints};
  std::vector<Layout> readings;
  if (info.outputs.empty()) return Status(Code::kModelLayoutUnknown, "the model has no outputs");
  const std::string task = other_task(seen);
  if (!task.empty()) return Status(Code::kModelLayoutUnknown, task);
  read_darknet(seen, readings);
  if (readings.empty() && seen.metadata("zmdetect_layout") != "darknet") {
    read_sets(seen, readings);
    read_pairs(seen, readings);
    read_heads(seen, readings);
    read_tables(seen, readings);
  }
  if (readings.empty()) return Status(Code::kModelLayoutUnknown, unknown_text(seen));
  Result<std::vector<Layout>> left = as_set(seen, std::move(readings));
  if (!left.ok()) return left.status();
  std::stable_sort(left.value().begin(), left.value().end(), [](const Layout& a, const Layout& b) {
    return a.behind.empty() != b.behind.empty() ? a.behind.empty() : a.trust > b.trust;
  });
  return left;
}

Result<Layout> recognise_layout(const ModelInfo& info, const LayoutHints& hints) {
  Result<std::vector<Layout>> readings = readings_of(info, hints);
  if (!readings.ok()) return readings.status();
  return readings.value().front();
}

}  // namespace zmdetect
