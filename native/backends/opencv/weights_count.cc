#include "backends/opencv/weights_count.h"

#include <array>
#include <filesystem>
#include <fstream>

namespace zmdetect::opencv {
namespace {

/// Floats that the layers were to take from the file. Other layers' blobs (the anchors of a [yolo]) are from the .cfg.
std::uintmax_t wanted_by(cv::dnn::Net& net) {
  std::uintmax_t count = 0;
  for (const cv::String& name : net.getLayerNames()) {
    const cv::Ptr<cv::dnn::Layer> layer = net.getLayer(net.getLayerId(name));
    if (layer->type != "Convolution" && layer->type != "BatchNorm" && layer->type != "InnerProduct") continue;
    for (const cv::Mat& blob : layer->blobs) count += blob.total();
  }
  return count;
}

}  // namespace

Status check_weights(cv::dnn::Net& net, const std::string& weights_path, const std::string& cfg_path) {
  std::array<std::int32_t, 3> version = {};  // major, minor, revision; then the pictures seen in training
  std::ifstream(weights_path, std::ios::binary).read(reinterpret_cast<char*>(version.data()), sizeof version);
  const bool wide = std::int64_t(10) * version[0] + version[1] >= 2;
  const std::uintmax_t header = sizeof version + (wide ? sizeof(std::int64_t) : sizeof(std::int32_t));
  std::error_code gone;
  const std::uintmax_t bytes = std::filesystem::file_size(weights_path, gone);
  if (gone || bytes < header) {
    return Status(Code::kModelUnreadable, weights_path + " is shorter than the header of a Darknet .weights");
  }
  const std::uintmax_t wanted = wanted_by(net);
  const std::uintmax_t available = (bytes - header) / sizeof(float);
  if (wanted == available) return Status();
  return Status(Code::kModelUnreadable, weights_path + " does not belong to " + cfg_path + ": the .cfg wants " +
                                            std::to_string(wanted) + " floats, the .weights has " +
                                            std::to_string(available));
}

}  // namespace zmdetect::opencv
