// The network while it grows, section by section; what every kind of layer reads and adds to.
#pragma once

#include <string>
#include <vector>

#include "backends/onnx/darknet/cfg.h"
#include "backends/onnx/darknet/onnx_writer.h"
#include "backends/onnx/darknet/weights.h"
#include "status.h"

namespace zmdetect::darknet {

/// What one picture of the batch holds after a layer: planes of height x width.
struct Volume {
  int channels = 0;
  int height = 0;
  int width = 0;

  bool operator==(const Volume&) const = default;
};

/// "8x52x52": channels, height, width.
std::string volume_text(const Volume& volume);

/// How many windows of `size` fit into `length` values with `padding` more around them, `stride` apart; 0 if none.
inline int windows(int length, int padding, int size, int stride) {
  return length + padding < size ? 0 : (length + padding - size) / stride + 1;
}

/// A layer's output: an ONNX tensor [batch, channels, height, width].
struct Layer {
  std::string tensor;
  Volume volume;
  bool is_yolo = false;  // its output is rows of detections, which no other layer can read
};

struct Network {
  OnnxWriter graph;
  WeightsFile weights;
  Layer input;
  std::vector<Layer> layers;            // one for each section after [net], as Darknet counts them
  std::vector<std::string> detections;  // tensors [batch, rows, 5 + classes] in the order of the .cfg
  int classes = 0;                      // 0 before the first [yolo]
  std::int64_t values = 0;              // of all layers' outputs
  std::int64_t operations = 0;          // for one picture
  std::int64_t cells = 0;               // of all [yolo] grids

  /// A tensor name for the layer being added, for example "12/weights".
  std::string name(const std::string& part) const { return std::to_string(layers.size()) + "/" + part; }

  /// The layer before this one. Errors: kModelLayoutUnknown after a [yolo].
  Result<Layer> previous(const Section& section) const;

  /// The layer that a "from" or "layers" option means: below 0 counted back from this one, else the number of a section
  /// after [net]. Errors: kModelUnreadable when there is none, kModelLayoutUnknown for a [yolo].
  Result<Layer> at(const Section& section, int index) const;

  /// Adds the outcome of a section; each of its values takes `operations` multiplications or comparisons. Errors:
  /// kModelLayoutUnknown where nothing is left of the picture, or where the network grows beyond the limits.
  Status push(const Section& section, const std::string& tensor, const Volume& volume, std::int64_t operations = 1);

  /// Applies the section's `activation` (default linear, as in OpenCV) to `tensor` and returns the outcome's name.
  /// Knows linear, leaky (slope 0.1 below zero), relu, logistic, tanh, swish and mish. Errors: kModelLayoutUnknown.
  Result<std::string> activate(const Section& section, const std::string& tensor);

  /// Adds the nodes from `tensor` to `active`, its mish.
  void add_mish(const std::string& tensor, const std::string& active);
};

/// Adds one section of its type to the network.
using AddLayer = Status (*)(Network& network, const Section& section);

// convolution.cc
Status add_convolutional(Network& network, const Section& section);
// pooling.cc
Status add_maxpool(Network& network, const Section& section);
Status add_avgpool(Network& network, const Section& section);
Status add_upsample(Network& network, const Section& section);
// combination.cc
Status add_route(Network& network, const Section& section);
Status add_shortcut(Network& network, const Section& section);
Status add_sam(Network& network, const Section& section);
Status add_scale_channels(Network& network, const Section& section);
Status add_dropout(Network& network, const Section& section);
// yolo.cc
Status add_yolo(Network& network, const Section& section);

}  // namespace zmdetect::darknet

/// Leaves the current function with the failure of `expression`, or declares `name` as its value.
#define ZMD_ASSIGN_OR_RETURN(name, expression)            \
  auto name##_result = (expression);                      \
  if (!name##_result.ok()) return name##_result.status(); \
  auto name = std::move(name##_result).value()
