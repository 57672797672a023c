// [convolutional]: a convolution with its batch normalisation folded into weights and biases.
#include <cmath>

#include "backends/onnx/darknet/network.h"

namespace zmdetect::darknet {
namespace {

constexpr Range kFilters{1, 65536};
constexpr Range kSize{1, 64};
constexpr double kEpsilon = 1e-6;  // keeps the variance from zero

/// Values of one layer in the file's order. Empty where the file has too few.
struct Convolution {
  std::vector<float> biases;     // [filters]
  std::vector<float> scales;     // [filters], with batch normalisation
  std::vector<float> means;      // [filters], with batch normalisation
  std::vector<float> variances;  // [filters], with batch normalisation
  std::vector<float> weights;    // [filters][channels / groups][size][size]
};

/// scale * (w*x - mean) / sqrt(variance + epsilon) + bias, as new w and bias (Ioffe and Szegedy 2015).
void fold(Convolution& layer) {
  const std::size_t per_filter = layer.weights.size() / layer.biases.size();
  for (std::size_t i = 0; i < layer.biases.size(); ++i) {
    const double factor = layer.scales[i] / std::sqrt(double(layer.variances[i]) + kEpsilon);
    layer.biases[i] = static_cast<float>(layer.biases[i] - factor * layer.means[i]);
    float* const filter = layer.weights.data() + i * per_filter;
    for (std::size_t j = 0; j < per_filter; ++j) filter[j] = static_cast<float>(filter[j] * factor);
  }
}

}  // namespace

Status add_convolutional(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(from, network.previous(section));
  int filters = 0;
  int size = 0;
  int stride = 1;
  int padding = 0;
  int pad = 0;  // set: padding is half the size, whatever `padding` says
  int groups = 1;
  int normalized = 0;
  ZMD_RETURN_IF_ERROR(section.read("filters", filters, kFilters));
  ZMD_RETURN_IF_ERROR(section.read("size", size, kSize));
  ZMD_RETURN_IF_ERROR(section.read("stride", stride, kSize));
  ZMD_RETURN_IF_ERROR(section.read("padding", padding, {0, kSize.most}));
  ZMD_RETURN_IF_ERROR(section.read("pad", pad, {0, kSize.most}));
  ZMD_RETURN_IF_ERROR(section.read("groups", groups, kFilters));
  ZMD_RETURN_IF_ERROR(section.read("batch_normalize", normalized, {0, 1}));
  for (const char* option : {"dilation", "antialiasing", "binary", "xnor", "deform"}) {
    ZMD_RETURN_IF_ERROR(section.expect(option, option == std::string_view("dilation") ? "1" : "0"));
  }
  for (const char* option : {"stride_x", "stride_y"}) {
    ZMD_RETURN_IF_ERROR(section.expect(option, std::to_string(stride)));
  }
  if (filters == 0 || size == 0) return section.error(Code::kModelUnreadable, "has no filters or no size");
  if (from.volume.channels % groups != 0 || filters % groups != 0) {
    return section.error(Code::kModelUnreadable, std::to_string(from.volume.channels) + " channels and " +
                                                     std::to_string(filters) + " filters do not split into " +
                                                     std::to_string(groups) + " groups");
  }
  if (pad != 0) padding = size / 2;

  Convolution layer;
  const int channels = from.volume.channels / groups;
  ZMD_RETURN_IF_ERROR(network.weights.take(filters, layer.biases));
  if (normalized != 0) {
    ZMD_RETURN_IF_ERROR(network.weights.take(filters, layer.scales));
    ZMD_RETURN_IF_ERROR(network.weights.take(filters, layer.means));
    ZMD_RETURN_IF_ERROR(network.weights.take(filters, layer.variances));
  }
  ZMD_RETURN_IF_ERROR(network.weights.take(std::int64_t(filters) * channels * size * size, layer.weights));

  const Volume volume{filters, windows(from.volume.height, 2 * padding, size, stride),
                      windows(from.volume.width, 2 * padding, size, stride)};
  // Without its values the layer only counts on: WeightsFile::finish refuses the file with the whole sum.
  const std::int64_t operations = std::int64_t(channels) * size * size;
  if (layer.weights.empty()) return network.push(section, "", volume, operations);
  if (normalized != 0) fold(layer);

  const std::string weights = network.name("weights");
  const std::string biases = network.name("biases");
  const std::string convolved = network.name("convolved");
  network.graph.constant(weights, {filters, channels, size, size}, std::span<const float>(layer.weights));
  network.graph.constant(biases, {filters}, std::span<const float>(layer.biases));
  network.graph.node("Conv", {from.tensor, weights, biases}, {convolved},
                     {{"group", std::int64_t(groups)},
                      {"kernel_shape", Dims{size, size}},
                      {"pads", Dims{padding, padding, padding, padding}},
                      {"strides", Dims{stride, stride}}});
  ZMD_ASSIGN_OR_RETURN(tensor, network.activate(section, convolved));
  return network.push(section, tensor, volume, operations);
}

}  // namespace zmdetect::darknet
