// What a .tflite file says beyond the C API: its custom operators, and which outputs are the SSD post-processing's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "status.h"

namespace zmdetect::tflite {

/// The operator into which the Edge TPU compiler packs what runs on the TPU.
inline constexpr const char* kEdgeTpuOp = "edgetpu-custom-op";

struct ModelFile {
  std::vector<std::string> custom_ops;  // names, in the file's order
  /// Positions among the model's outputs of what TFLite_Detection_PostProcess yields: boxes, classes, scores, count.
  /// -1: that result is no output of the model. Empty: the model has no such operator.
  std::vector<int> ssd_outputs;

  /// ssd_outputs as "0,1,2,3".
  std::string ssd_positions() const;

  bool has_custom_op(const std::string& name) const;
};

/// Reads a FlatBuffer of TensorFlow Lite's schema version 3 (file identifier "TFL3"). Every offset is checked; nothing
/// is returned for bytes that are no such file, or a broken one.
std::optional<ModelFile> read_model_file(std::span<const std::uint8_t> bytes);

/// A .tflite file in memory.
struct ModelData {
  std::vector<std::uint8_t> bytes;
  ModelFile file;
};

/// Errors: kModelFileMissing, kModelUnreadable. Throws std::bad_alloc.
Result<ModelData> read_model(const std::string& path);

}  // namespace zmdetect::tflite
