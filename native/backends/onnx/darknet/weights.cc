#include "backends/onnx/darknet/weights.h"

#include <array>
#include <bit>
#include <filesystem>

#include "input_limits.h"

namespace zmdetect::darknet {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in the file");

constexpr std::uintmax_t kMaxBytes = limits::kDarknetWeights;

}  // namespace

Result<WeightsFile> WeightsFile::open(const std::string& path) {
  std::error_code missing;
  const std::uintmax_t bytes = std::filesystem::file_size(path, missing);
  if (missing) return Status(Code::kModelFileMissing, path + ": " + missing.message());
  if (bytes > kMaxBytes) {
    return Status(Code::kModelUnreadable, path + " has " + std::to_string(bytes) + " bytes, expected at most " +
                                              std::to_string(kMaxBytes) + " in a Darknet .weights");
  }
  WeightsFile weights;
  weights.path_ = path;
  weights.file_.open(path, std::ios::binary);
  if (!weights.file_) return Status(Code::kModelFileMissing, path + ": cannot be opened");

  std::array<std::int32_t, 3> version = {};  // major, minor, revision
  weights.file_.read(reinterpret_cast<char*>(version.data()), sizeof version);
  const std::int64_t number = std::int64_t(10) * version[0] + version[1];
  const std::uintmax_t header = sizeof version + (number >= 2 ? sizeof(std::int64_t) : sizeof(std::int32_t));
  if (!weights.file_ || bytes < header) {
    return Status(Code::kModelUnreadable, path + " has " + std::to_string(bytes) +
                                              " bytes, which is less than the header of a Darknet .weights");
  }
  weights.file_.seekg(static_cast<std::streamoff>(header));
  // A last value cut short counts as none; the sums differ then.
  weights.available_ = static_cast<std::int64_t>((bytes - header) / sizeof(float));
  return weights;
}

Status WeightsFile::take(std::int64_t count, std::vector<float>& values) {
  values.clear();
  wanted_ += count;
  if (wanted_ > available_) return Status();
  values.resize(static_cast<std::size_t>(count));
  file_.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!file_) return Status(Code::kModelUnreadable, path_ + ": cannot be read");
  return Status();
}

Status WeightsFile::finish(const std::string& cfg) const {
  if (wanted_ == available_) return Status();
  return Status(Code::kModelUnreadable, path_ + " does not belong to " + cfg + ": the .cfg wants " +
                                            std::to_string(wanted_) + " floats, the .weights has " +
                                            std::to_string(available_));
}

}  // namespace zmdetect::darknet
