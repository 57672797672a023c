// [route], [shortcut], [sam], [scale_channels], [dropout]: layers that bring earlier outputs together.
#include "backends/onnx/darknet/network.h"

namespace zmdetect::darknet {
namespace {

constexpr Range kAnyLayer{-65536, 65536};

/// The layer that the section's `from` means.
Result<Layer> from_layer(const Network& network, const Section& section) {
  if (!section.has("from")) return section.error(Code::kModelUnreadable, "has no from");
  int from = 0;
  ZMD_RETURN_IF_ERROR(section.read("from", from, kAnyLayer));
  return network.at(section, from);
}

Status sizes_differ(const Section& section, const Layer& a, const Layer& b) {
  return section.error(Code::kModelLayoutUnknown,
                       "combines volumes that do not fit: " + volume_text(a.volume) + " and " + volume_text(b.volume));
}

}  // namespace

/// Puts the channels of several layers one after the other; with groups, of each layer only part `group_id`.
Status add_route(Network& network, const Section& section) {
  std::vector<int> indices;
  int groups = 1;
  int group = 0;
  ZMD_RETURN_IF_ERROR(section.read("layers", indices, kAnyLayer));
  ZMD_RETURN_IF_ERROR(section.read("groups", groups, {1, 65536}));
  ZMD_RETURN_IF_ERROR(section.read("group_id", group, {0, groups - 1}));
  if (indices.empty()) return section.error(Code::kModelUnreadable, "has no layers");

  std::vector<std::string> parts;
  Volume volume;
  for (const int index : indices) {
    ZMD_ASSIGN_OR_RETURN(layer, network.at(section, index));
    const int channels = layer.volume.channels / groups;
    if (channels * groups != layer.volume.channels) {
      return section.error(
          Code::kModelUnreadable,
          std::to_string(layer.volume.channels) + " channels do not split into " + std::to_string(groups) + " groups");
    }
    if (parts.empty()) volume = {0, layer.volume.height, layer.volume.width};
    if (layer.volume.height != volume.height || layer.volume.width != volume.width) {
      return sizes_differ(section, {"", volume}, layer);
    }
    volume.channels += channels;  // at most kDarknetList times 65536
    if (groups > 1) {
      const std::string number = std::to_string(parts.size());
      const std::string part = network.name("part" + number);
      const std::vector<std::int64_t> range[] = {
          {std::int64_t(group) * channels}, {std::int64_t(group + 1) * channels}, {1}};
      std::vector<std::string> inputs = {layer.tensor};
      for (const char* bound : {"start", "end", "axis"}) {
        inputs.push_back(network.name(bound + number));
        network.graph.constant(inputs.back(), {1}, std::span<const std::int64_t>(range[inputs.size() - 2]));
      }
      network.graph.node("Slice", inputs, {part});
      parts.push_back(part);
    } else {
      parts.push_back(layer.tensor);
    }
  }
  if (parts.size() == 1) return network.push(section, parts[0], volume);
  const std::string tensor = network.name("route");
  network.graph.node("Concat", parts, {tensor}, {{"axis", std::int64_t(1)}});
  return network.push(section, tensor, volume);
}

/// Adds an earlier layer to the previous one.
Status add_shortcut(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(previous, network.previous(section));
  ZMD_ASSIGN_OR_RETURN(from, from_layer(network, section));
  for (const char* option : {"alpha", "beta"}) ZMD_RETURN_IF_ERROR(section.expect(option, "1"));
  ZMD_RETURN_IF_ERROR(section.expect("weights_type", "none"));
  if (previous.volume != from.volume) return sizes_differ(section, previous, from);
  const std::string sum = network.name("sum");
  network.graph.node("Add", {previous.tensor, from.tensor}, {sum});
  ZMD_ASSIGN_OR_RETURN(tensor, network.activate(section, sum));
  return network.push(section, tensor, from.volume);
}

/// Spatial attention: multiplies an earlier layer by the previous one, value by value (Woo et al. 2018, as in YOLOv4).
Status add_sam(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(previous, network.previous(section));
  ZMD_ASSIGN_OR_RETURN(from, from_layer(network, section));
  if (previous.volume != from.volume) return sizes_differ(section, previous, from);
  const std::string product = network.name("product");
  network.graph.node("Mul", {from.tensor, previous.tensor}, {product});
  ZMD_ASSIGN_OR_RETURN(tensor, network.activate(section, product));
  return network.push(section, tensor, from.volume);
}

/// Squeeze and excitation: multiplies every plane of an earlier layer by one value of the previous layer, which is
/// channels x 1 x 1 (Hu et al. 2018).
Status add_scale_channels(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(previous, network.previous(section));
  ZMD_ASSIGN_OR_RETURN(from, from_layer(network, section));
  ZMD_RETURN_IF_ERROR(section.expect("scale_wh", "0"));
  if (previous.volume != Volume{from.volume.channels, 1, 1}) return sizes_differ(section, previous, from);
  const std::string product = network.name("product");
  network.graph.node("Mul", {from.tensor, previous.tensor}, {product});
  ZMD_ASSIGN_OR_RETURN(tensor, network.activate(section, product));
  return network.push(section, tensor, from.volume);
}

/// Does nothing outside training.
Status add_dropout(Network& network, const Section& section) {
  ZMD_ASSIGN_OR_RETURN(from, network.previous(section));
  return network.push(section, from.tensor, from.volume);
}

}  // namespace zmdetect::darknet
