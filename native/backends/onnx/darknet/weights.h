// Darknet's .weights: a header, then float32 values in the order of the .cfg's layers; no names, no sizes.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "status.h"

namespace zmdetect::darknet {

/// Reads the values front to back. The file does not say which layer wants how many, so whether it belongs to a .cfg
/// shows only in their sum: `take` counts what is asked for, past the end too, and `finish` compares.
class WeightsFile {
 public:
  /// Opens the file and reads the header: int32 major, minor, revision, then the pictures seen in training, 64 bits
  /// wide from version 0.2 on (10 * major + minor >= 2) and 32 before. All numbers are little-endian. Errors:
  /// kModelFileMissing, kModelUnreadable for a header cut short or a file over 1.9 GB, more than an ONNX model holds.
  static Result<WeightsFile> open(const std::string& path);

  /// Sets `values` to the next `count` values, or empties it when fewer are left. Errors: kModelUnreadable when the
  /// disk fails, not when the values run out.
  Status take(std::int64_t count, std::vector<float>& values);

  /// Errors: kModelUnreadable with both counts when the .cfg wanted more or fewer values than the file has.
  Status finish(const std::string& cfg) const;

 private:
  WeightsFile() = default;

  std::string path_;
  std::ifstream file_;
  std::int64_t available_ = 0;
  std::int64_t wanted_ = 0;
};

}  // namespace zmdetect::darknet
