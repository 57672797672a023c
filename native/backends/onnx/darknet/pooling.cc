// [maxpool], [avgpool], [upsample]: layers that change the size of the planes and have no weights.
#include "backends/onnx/darknet/network.h"

namespace zmdetect::darknet {
namespace {

constexpr Range kSize{1, 64};

}  // namespace

/// Darknet pads by size - 1 in sum, the smaller half at the left and top, so stride 1 keeps the size and stride 2
/// halves it; what lies outside never wins.
Status add_maxpool(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(from, network.previous(section));
  int size = 2;
  int stride = 2;
  ZMD_RETURN_IF_ERROR(section.read("size", size, kSize));
  ZMD_RETURN_IF_ERROR(section.read("stride", stride, kSize));
  int padding = size - 1;
  // Padding by a whole window would leave windows with nothing in them.
  ZMD_RETURN_IF_ERROR(section.read("padding", padding, {0, 2 * size - 2}));
  for (const char* option : {"maxpool_depth", "antialiasing"}) ZMD_RETURN_IF_ERROR(section.expect(option, "0"));
  for (const char* option : {"stride_x", "stride_y"}) {
    ZMD_RETURN_IF_ERROR(section.expect(option, std::to_string(stride)));
  }
  const int before = padding / 2;
  const int after = padding - before;
  const std::string tensor = network.name("maxpool");
  network.graph.node("MaxPool", {from.tensor}, {tensor},
                     {{"kernel_shape", Dims{size, size}},
                      {"pads", Dims{before, before, after, after}},
                      {"strides", Dims{stride, stride}}});
  return network.push(section, tensor,
                      {from.volume.channels, windows(from.volume.height, padding, size, stride),
                       windows(from.volume.width, padding, size, stride)},
                      std::int64_t(size) * size);
}

/// The mean of every plane: channels x 1 x 1.
Status add_avgpool(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(from, network.previous(section));
  const std::string tensor = network.name("avgpool");
  network.graph.node("GlobalAveragePool", {from.tensor}, {tensor});
  return network.push(section, tensor, {from.volume.channels, 1, 1},
                      std::int64_t(from.volume.height) * from.volume.width);
}

/// Repeats every value `stride` times along both axes.
Status add_upsample(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(from, network.previous(section));
  int stride = 2;
  ZMD_RETURN_IF_ERROR(section.read("stride", stride, kSize));
  ZMD_RETURN_IF_ERROR(section.expect("scale", "1"));
  const Volume volume{from.volume.channels, from.volume.height * stride, from.volume.width * stride};
  const std::string tensor = network.name("upsample");
  const std::string scales = network.name("scales");
  const std::vector<float> factors = {1, 1, float(stride), float(stride)};
  network.graph.constant(scales, {4}, std::span<const float>(factors));
  network.graph.node(
      "Resize", {from.tensor, "", scales}, {tensor},
      {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
  return network.push(section, tensor, volume);
}

}  // namespace zmdetect::darknet
