#include "backends/onnx/darknet/importer.h"

#include <algorithm>
#include <cctype>

#include "backends/onnx/darknet/network.h"

namespace zmdetect {
namespace darknet {
namespace {

constexpr int kOpset = 13;  // the oldest that has all we use; Split takes its sizes as an input since
constexpr Range kSides{32, 8192};

struct LayerType {
  std::string_view name;
  AddLayer add;
};

constexpr LayerType kLayerTypes[] = {
    {"convolutional", add_convolutional},
    {"conv", add_convolutional},
    {"maxpool", add_maxpool},
    {"max", add_maxpool},
    {"avgpool", add_avgpool},
    {"avg", add_avgpool},
    {"upsample", add_upsample},
    {"route", add_route},
    {"shortcut", add_shortcut},
    {"sam", add_sam},
    {"scale_channels", add_scale_channels},
    {"dropout", add_dropout},
    {"yolo", add_yolo},
};

Status check_side(const char* name, int side) {
  if (side % 32 == 0 && side >= kSides.least && side <= kSides.most) return Status();
  return Status(Code::kModelLayoutUnknown,
                std::string("expected a multiple of 32 from 32 to 8192 for ") + name + ", got " + std::to_string(side));
}

Status add_input(Network& network, const Section& section, int width, int height) {
  if (section.type() != "net" && section.type() != "network") {
    return section.error(Code::kModelUnreadable, "expected [net] as the first section");
  }
  int channels = 3;
  ZMD_RETURN_IF_ERROR(section.read("channels", channels, {1, 64}));
  network.input = {"images", {channels, height, width}};
  network.graph.input("images", {-1, channels, height, width});
  return Status();
}

Status add_layer(Network& network, const Section& section) {
  const auto type = std::find_if(std::begin(kLayerTypes), std::end(kLayerTypes),
                                 [&](const LayerType& row) { return row.name == section.type(); });
  if (type != std::end(kLayerTypes)) return type->add(network, section);
  std::string known;
  for (const LayerType& row : kLayerTypes) known += (known.empty() ? "" : ", ") + std::string(row.name);
  return section.error(Code::kModelLayoutUnknown, "is no layer that the importer knows: " + known);
}

}  // namespace
}  // namespace darknet

Result<std::string> import_darknet(const std::string& cfg_path, const std::string& weights_path, int width,
                                   int height) {
  using namespace darknet;
  if (width == 0) width = kDarknetDefaultSide;
  if (height == 0) height = kDarknetDefaultSide;
  ZMD_RETURN_IF_ERROR(check_side("model_width", width));
  ZMD_RETURN_IF_ERROR(check_side("model_height", height));
  if (cfg_path.empty()) {
    return Status(Code::kModelFileMissing, weights_path + " needs its .cfg file, and none was found beside it");
  }
  ZMD_ASSIGN_OR_RETURN(sections, read_cfg(cfg_path));
  ZMD_ASSIGN_OR_RETURN(weights, WeightsFile::open(weights_path));

  Network network{.weights = std::move(weights)};
  ZMD_RETURN_IF_ERROR(add_input(network, sections.front(), width, height));
  for (std::size_t i = 1; i < sections.size(); ++i) ZMD_RETURN_IF_ERROR(add_layer(network, sections[i]));
  if (network.detections.empty()) {
    return Status(Code::kModelLayoutUnknown, cfg_path + " has no [yolo] section, so it is no detector");
  }
  ZMD_RETURN_IF_ERROR(network.weights.finish(cfg_path));

  network.graph.node("Concat", network.detections, {"detections"}, {{"axis", std::int64_t(1)}});
  std::int64_t rows = 0;
  for (const Layer& layer : network.layers) {
    if (layer.is_yolo) rows += std::int64_t(layer.volume.height) * layer.volume.width * layer.volume.channels;
  }
  const int columns = 5 + network.classes;
  network.graph.output("detections", {-1, rows / columns, columns});
  return network.graph.finish(kOpset,
                              {{"zmdetect_layout", "darknet"}, {"zmdetect_classes", std::to_string(network.classes)}});
}

bool is_darknet_weights(const std::string& path) {
  constexpr std::string_view ending = ".weights";
  return path.size() >= ending.size() &&
         std::equal(ending.begin(), ending.end(), path.end() - std::ssize(ending), [](char expected, char c) {
           return expected == static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
         });
}

}  // namespace zmdetect
