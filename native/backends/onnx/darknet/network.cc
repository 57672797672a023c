#include "backends/onnx/darknet/network.h"

#include "input_limits.h"

namespace zmdetect::darknet {
namespace {

constexpr int kMaxSide = 65536;  // channels, height, width; keeps every product of sizes inside 64 bits

}  // namespace

std::string volume_text(const Volume& volume) {
  return std::to_string(volume.channels) + "x" + std::to_string(volume.height) + "x" + std::to_string(volume.width);
}

Result<Layer> Network::previous(const Section& section) const {
  if (layers.empty()) return input;
  return at(section, -1);
}

Result<Layer> Network::at(const Section& section, int index) const {
  const std::int64_t count = std::ssize(layers);
  const std::int64_t absolute = index < 0 ? count + index : index;
  if (absolute < 0 || absolute >= count) {
    return section.error(Code::kModelUnreadable, "refers to layer " + std::to_string(index) + ", but " +
                                                     std::to_string(count) + " layers come before it");
  }
  const Layer& layer = layers[static_cast<std::size_t>(absolute)];
  if (layer.is_yolo) {
    return section.error(Code::kModelLayoutUnknown,
                         "reads layer " + std::to_string(absolute) + ", a [yolo], which is an end of the network");
  }
  return layer;
}

Status Network::push(const Section& section, const std::string& tensor, const Volume& volume, std::int64_t each) {
  const std::int64_t plane = std::int64_t(volume.height) * volume.width;
  if (volume.channels < 1 || volume.height < 1 || volume.width < 1 || volume.channels > kMaxSide ||
      volume.height > kMaxSide || volume.width > kMaxSide || plane > limits::kDarknetVolume / volume.channels) {
    return section.error(Code::kModelLayoutUnknown, "would make a volume of " + volume_text(volume));
  }
  const auto check = [&](std::int64_t sum, std::int64_t limit, const char* what) {
    if (sum <= limit) return Status();
    return section.error(Code::kModelLayoutUnknown, "brings the network to " + std::to_string(sum) + " " + what +
                                                        ", more than " + std::to_string(limit));
  };
  // No sum overflows: a volume has at most 2^28 values, each of at most 2^28 operations, and the limits are far below.
  values += plane * volume.channels;
  operations += plane * volume.channels * each;
  ZMD_RETURN_IF_ERROR(check(values, limits::kDarknetValues, "values between its layers"));
  ZMD_RETURN_IF_ERROR(check(operations, limits::kDarknetOperations, "operations for a picture"));
  ZMD_RETURN_IF_ERROR(check(graph.nodes(), limits::kDarknetNodes, "nodes"));
  layers.push_back({tensor, volume});
  return Status();
}

/// x * tanh(ln(1 + e^x)), Misra 2019. With t = sigmoid(-x) = 1 / (1 + e^x) the tangent is (1 - t^2) / (1 + t^2), for
/// which ONNX Runtime needs far less time than for its Softplus and Tanh; t is in 0..1, so nothing overflows.
void Network::add_mish(const std::string& tensor, const std::string& active) {
  const float value = 1;
  const std::string one = name("one");
  graph.constant(one, {1}, std::span(&value, 1));
  graph.node("Neg", {tensor}, {name("negative")});
  graph.node("Sigmoid", {name("negative")}, {name("t")});
  graph.node("Mul", {name("t"), name("t")}, {name("squared")});
  graph.node("Sub", {one, name("squared")}, {name("numerator")});
  graph.node("Add", {one, name("squared")}, {name("denominator")});
  graph.node("Div", {name("numerator"), name("denominator")}, {name("gate")});
  graph.node("Mul", {tensor, name("gate")}, {active});
}

Result<std::string> Network::activate(const Section& section, const std::string& tensor) {
  std::string activation = "linear";
  ZMD_RETURN_IF_ERROR(section.read("activation", activation));
  if (activation == "linear") return tensor;
  const std::string active = name(activation);
  if (activation == "leaky") {
    graph.node("LeakyRelu", {tensor}, {active}, {{"alpha", 0.1F}});
  } else if (activation == "relu") {
    graph.node("Relu", {tensor}, {active});
  } else if (activation == "logistic") {
    graph.node("Sigmoid", {tensor}, {active});
  } else if (activation == "tanh") {
    graph.node("Tanh", {tensor}, {active});
  } else if (activation == "swish") {  // x * sigmoid(x)
    const std::string gate = name("sigmoid");
    graph.node("Sigmoid", {tensor}, {gate});
    graph.node("Mul", {tensor, gate}, {active});
  } else if (activation == "mish") {
    add_mish(tensor, active);
  } else {
    return section.error(
        Code::kModelLayoutUnknown,
        "expected linear, leaky, relu, logistic, tanh, swish or mish for activation, got \"" + activation + "\"");
  }
  return active;
}

}  // namespace zmdetect::darknet
