// [yolo]: the numbers of the last convolution become boxes and scores, as in OpenCV's Region layer.
#include <algorithm>
#include <numeric>

#include "backends/onnx/darknet/network.h"
#include "input_limits.h"

namespace zmdetect::darknet {
namespace {

struct Yolo {
  int classes = 20;
  std::vector<int> mask;
  std::vector<float> anchors;  // pairs width, height in pixels of the network's input
  float threshold = 0.2F;      // a class score has to be above it
  float scale_x_y = 1;
  int new_coords = 0;
};

Status read_options(const Section& section, Yolo& yolo) {
  ZMD_RETURN_IF_ERROR(section.read("classes", yolo.classes, {1, 65531}));
  ZMD_RETURN_IF_ERROR(section.read("anchors", yolo.anchors));
  if (yolo.anchors.empty() || yolo.anchors.size() % 2 != 0) {
    return section.error(Code::kModelUnreadable, "expected pairs of numbers for anchors, got " +
                                                     std::to_string(yolo.anchors.size()) + " numbers");
  }
  const int pairs = static_cast<int>(yolo.anchors.size() / 2);
  yolo.mask.resize(static_cast<std::size_t>(pairs));
  std::iota(yolo.mask.begin(), yolo.mask.end(), 0);
  ZMD_RETURN_IF_ERROR(section.read("mask", yolo.mask, {0, pairs - 1}));
  ZMD_RETURN_IF_ERROR(section.read("thresh", yolo.threshold));
  ZMD_RETURN_IF_ERROR(section.read("scale_x_y", yolo.scale_x_y));
  ZMD_RETURN_IF_ERROR(section.read("new_coords", yolo.new_coords, {0, 1}));
  return section.expect("nms_threshold", "0");
}

/// Writes one [yolo]: every step is a node whose output is named after it.
class YoloWriter {
 public:
  YoloWriter(Network& network, const Yolo& yolo, const Volume& volume)
      : network_(network), yolo_(yolo), volume_(volume), anchors_(static_cast<int>(yolo.mask.size())) {}

  /// `tensor` is [batch, anchors * (5 + classes), height, width]; the outcome [batch, height * width * anchors,
  /// 5 + classes] is in the order of OpenCV's rows: by y, then x, then anchor.
  std::string write(const std::string& tensor) {
    const int columns = 5 + yolo_.classes;
    const int cells = volume_.height * volume_.width;
    // The planes are worked on as they lie, [batch, anchor, column, cell]; only the outcome is turned round.
    const std::string planes = node("Reshape", {tensor, ints("planes_shape", {0, anchors_, columns, cells})}, "planes");
    const std::string xy = network_.name("xy");
    const std::string wh = network_.name("wh");
    const std::string objectness = network_.name("objectness");
    const std::string classes = network_.name("classes");
    network_.graph.node("Split", {planes, ints("columns", {2, 2, 1, yolo_.classes})}, {xy, wh, objectness, classes},
                        {{"axis", std::int64_t(2)}});
    const std::string score = logistic(objectness);
    const std::string scores = node("Mul", {logistic(classes), score}, "scores");
    const std::string kept = node("ThresholdedRelu", {scores}, "kept", {{"alpha", yolo_.threshold}});
    const std::string found =
        node("Concat", {centres(xy), sizes(wh), score, kept}, "found", {{"axis", std::int64_t(2)}});
    const std::string turned = node("Transpose", {found}, "turned", {{"perm", Dims{0, 3, 1, 2}}});
    return node("Reshape", {turned, ints("rows_shape", {0, std::int64_t(cells) * anchors_, columns})}, "rows");
  }

 private:
  /// (column + (sigmoid(x) - 0.5) * scale_x_y + 0.5) / columns, and y likewise (YOLOv3, Redmon and Farhadi 2018;
  /// scale_x_y: YOLOv4, Bochkovskiy et al. 2020).
  std::string centres(const std::string& xy) {
    const float scale = yolo_.scale_x_y;
    std::string offset = logistic(xy);
    if (scale != 1) {
      offset = node("Mul", {offset, floats("xy_scale", {1}, {scale})}, "xy_scaled");
      offset = node("Add", {offset, floats("xy_shift", {1}, {0.5F - 0.5F * scale})}, "xy_shifted");
    }
    std::vector<float> corners;  // [2][cells]: the column of every cell, then its row
    for (int y = 0; y < volume_.height; ++y) {
      for (int x = 0; x < volume_.width; ++x) corners.push_back(float(x));
    }
    for (int y = 0; y < volume_.height; ++y) corners.insert(corners.end(), std::size_t(volume_.width), float(y));
    const std::int64_t cells = std::ssize(corners) / 2;
    const std::string in_cells = node("Add", {offset, floats("cells", {1, 1, 2, cells}, corners)}, "xy_in_cells");
    const std::vector<float> grid = {float(volume_.width), float(volume_.height)};
    return node("Div", {in_cells, floats("grid", {1, 1, 2, 1}, grid)}, "xy_relative");
  }

  /// anchor * e^w / input width, with new_coords anchor * 4 * w^2 / input width; height likewise.
  std::string sizes(const std::string& wh) {
    const std::string factor =
        yolo_.new_coords != 0 ? node("Mul", {wh, wh}, "wh_squared") : node("Exp", {wh}, "wh_exp");
    const float times = yolo_.new_coords != 0 ? 4.0F : 1.0F;
    std::vector<float> relative;
    for (const int index : yolo_.mask) {
      relative.push_back(times * yolo_.anchors[2 * std::size_t(index)] / float(network_.input.volume.width));
      relative.push_back(times * yolo_.anchors[2 * std::size_t(index) + 1] / float(network_.input.volume.height));
    }
    return node("Mul", {factor, floats("anchors", {1, anchors_, 2, 1}, relative)}, "wh_relative");
  }

  /// With new_coords the convolution's own activation has done it.
  std::string logistic(const std::string& tensor) {
    if (yolo_.new_coords != 0) return tensor;
    network_.graph.node("Sigmoid", {tensor}, {tensor + "_logistic"});
    return tensor + "_logistic";
  }

  std::string node(const char* op, const std::vector<std::string>& inputs, const char* part,
                   const std::vector<Attribute>& attributes = {}) {
    network_.graph.node(op, inputs, {network_.name(part)}, attributes);
    return network_.name(part);
  }

  std::string ints(const char* part, const std::vector<std::int64_t>& values) {
    network_.graph.constant(network_.name(part), {std::ssize(values)}, std::span(values));
    return network_.name(part);
  }

  std::string floats(const char* part, const Dims& dims, const std::vector<float>& values) {
    network_.graph.constant(network_.name(part), dims, std::span(values));
    return network_.name(part);
  }

  Network& network_;
  const Yolo& yolo_;
  const Volume volume_;
  const int anchors_;
};

}  // namespace

Status add_yolo(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(from, network.previous(section));
  Yolo yolo;
  ZMD_RETURN_IF_ERROR(read_options(section, yolo));
  const std::int64_t wanted = std::ssize(yolo.mask) * (5 + yolo.classes);
  if (from.volume.channels != wanted) {
    return section.error(Code::kModelUnreadable, "expected " + std::to_string(wanted) + " channels (" +
                                                     std::to_string(yolo.mask.size()) + " anchors, " +
                                                     std::to_string(yolo.classes) + " classes), got " +
                                                     std::to_string(from.volume.channels));
  }
  network.cells += std::int64_t(from.volume.height) * from.volume.width;
  if (network.cells > limits::kDarknetCells) {
    return section.error(Code::kModelLayoutUnknown, "brings the grids to " + std::to_string(network.cells) +
                                                        " cells, more than " + std::to_string(limits::kDarknetCells));
  }
  if (network.classes != 0 && network.classes != yolo.classes) {
    return section.error(Code::kModelLayoutUnknown, "has " + std::to_string(yolo.classes) +
                                                        " classes, an earlier one " + std::to_string(network.classes));
  }
  network.classes = yolo.classes;
  network.detections.push_back(YoloWriter(network, yolo, from.volume).write(from.tensor));
  ZMD_RETURN_IF_ERROR(network.push(section, from.tensor, from.volume));
  network.layers.back().is_yolo = true;
  return Status();
}

}  // namespace zmdetect::darknet
