// OpenCV's dnn module behind the backend interface: Darknet models on the CPU (contract 5.4). What it computes with
// other formats is not this program's: ONNX Runtime and TensorFlow Lite are.

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "backends/backend.h"
#include "backends/opencv/weights_count.h"
#include "input_limits.h"

namespace zmdetect::opencv {
namespace {

constexpr int kDefaultSide = 416;  // contract 5.4; the .cfg's own size does not count
constexpr int kLargestSide = 8192;

/// OpenCV's failures arrive as exceptions; this is the library border at which they become a Status.
template <typename Work>
auto guarded(Code code, const std::string& what, const Work& work) -> decltype(work()) try {
  return work();
} catch (const cv::Exception& error) {
  return Status(error.code == cv::Error::StsNoMem ? Code::kOutOfMemory : code, what + ": OpenCV: " + error.err);
} catch (const std::bad_alloc&) {
  return Status(Code::kOutOfMemory, what + ": no memory");
} catch (const std::exception& error) {
  return Status(code, what + ": OpenCV: " + error.what());
}

struct Rows {
  std::int64_t count = 0;
  std::int64_t columns = 0;
};

/// A network of its own for each instance: OpenCV's may be run by one thread at a time.
class OpenCvInstance : public Instance {
 public:
  explicit OpenCvInstance(const cv::dnn::Net& net) : net_(net), names_(net_.getUnconnectedOutLayersNames()) {}

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override {
    return guarded(Code::kInferenceFailed, "inference", [&] {
      const std::vector<int> sides(input.shape.begin(), input.shape.end());
      // Read, never written: OpenCV copies it.
      net_.setInput(cv::Mat(sides, CV_32F, const_cast<void*>(input.data)));
      std::vector<cv::Mat> blobs;
      net_.forward(blobs, names_);
      const Result<Rows> rows = gather(blobs);
      if (!rows.ok()) return rows.status();
      outputs = {TensorView{values_.data(), ElementType::kFloat32, {1, rows.value().count, rows.value().columns}}};
      return Status();
    });
  }

 private:
  /// The rows of all [yolo] layers, one after the other.
  Result<Rows> gather(const std::vector<cv::Mat>& blobs) {
    Rows rows;
    values_.clear();
    for (const cv::Mat& blob : blobs) {
      if (blob.dims != 2 || blob.type() != CV_32F || blob.cols < 6 || (rows.count > 0 && blob.cols != rows.columns)) {
        return Status(Code::kModelLayoutUnknown, "expected [yolo] or [region] layers of one width at the end, found " +
                                                     std::to_string(blobs.size()) + " outputs that are not");
      }
      rows.columns = blob.cols;
      rows.count += blob.rows;
      const cv::Mat whole = blob.isContinuous() ? blob : blob.clone();
      values_.insert(values_.end(), whole.ptr<float>(), whole.ptr<float>() + whole.total());
    }
    return rows;
  }

  cv::dnn::Net net_;
  std::vector<cv::String> names_;
  std::vector<float> values_;
};

class OpenCvModel : public LoadedModel {
 public:
  OpenCvModel(LoadOptions options, ModelInfo info, std::unique_ptr<Instance> first)
      : options_(std::move(options)), info_(std::move(info)), first_(std::move(first)) {}

  static Result<std::unique_ptr<LoadedModel>> load(const LoadOptions& options) {
    Result<std::unique_ptr<Instance>> instance = read(options);
    if (!instance.ok()) return instance.status();
    const int width = options.input_width > 0 ? options.input_width : kDefaultSide;
    const int height = options.input_height > 0 ? options.input_height : kDefaultSide;
    // OpenCV knows the shapes of its outputs only once it has run.
    const std::vector<std::int64_t> shape = {1, 3, height, width};
    const std::vector<float> black(std::size_t(3) * std::size_t(width) * std::size_t(height));
    std::vector<TensorView> outputs;
    const Status ran = instance.value()->run({black.data(), ElementType::kFloat32, shape}, outputs);
    if (!ran.ok()) {
      const Code code = ran.code() == Code::kInferenceFailed ? Code::kModelUnreadable : ran.code();
      return Status(code, options.path + ": " + ran.message());
    }
    ModelInfo info;
    info.inputs.push_back({"images", ElementType::kFloat32, shape});
    info.outputs.push_back({"detections", ElementType::kFloat32, outputs.at(0).shape});
    info.metadata["zmdetect_layout"] = "darknet";
    info.runtime = "OpenCV " + cv::getVersionString();
    return std::unique_ptr<LoadedModel>(
        std::make_unique<OpenCvModel>(options, std::move(info), std::move(instance).value()));
  }

  const ModelInfo& info() const override { return info_; }

  Result<std::unique_ptr<Instance>> create_instance() override {
    if (first_ != nullptr) return std::move(first_);
    return guarded(Code::kModelUnreadable, options_.path, [&] { return read(options_); });
  }

 private:
  static Result<std::unique_ptr<Instance>> read(const LoadOptions& options) {
    cv::dnn::Net net = cv::dnn::readNetFromDarknet(options.config_path, options.path);
    ZMD_RETURN_IF_ERROR(check_weights(net, options.path, options.config_path));
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    return std::unique_ptr<Instance>(std::make_unique<OpenCvInstance>(net));
  }

  LoadOptions options_;
  ModelInfo info_;
  std::unique_ptr<Instance> first_;  // made at load to learn the shapes; the first caller takes it
};

bool has_ending(const std::string& path, std::string_view ending) {
  return path.size() >= ending.size() &&
         std::equal(ending.rbegin(), ending.rend(), path.rbegin(), [](char expected, char c) {
           return expected == static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
         });
}

/// OpenCV's own reader has no limits.
Status check_cfg(const std::string& path) {
  std::string text(limits::kDarknetBytes + 1, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), std::streamsize(text.size()));
  text.resize(std::size_t(file.gcount()));
  if (text.size() > limits::kDarknetBytes) {
    return Status(Code::kModelUnreadable,
                  path + " has more than " + std::to_string(limits::kDarknetBytes) + " bytes; it is no Darknet .cfg");
  }
  if (std::count(text.begin(), text.end(), '[') > std::ptrdiff_t(limits::kDarknetSections)) {
    return Status(Code::kModelUnreadable,
                  path + " has more than " + std::to_string(limits::kDarknetSections) + " sections");
  }
  return Status();
}

Status check(const LoadOptions& options) {
  if (options.processor != Processor::kCpu) {
    return Status(
        Code::kDeviceUnavailable,
        options.path + ": the opencv engine runs on the CPU only; darknet_engine: onnxruntime reaches the GPU");
  }
  if (!has_ending(options.path, ".weights")) {
    return Status(Code::kModelUnreadable, options.path + ": the opencv engine reads Darknet's .weights only");
  }
  if (options.config_path.empty()) {
    return Status(Code::kModelFileMissing, options.path + " needs its .cfg file, and none was found beside it");
  }
  for (const int side : {options.input_width, options.input_height}) {
    if (side < 0 || side > kLargestSide) {
      return Status(Code::kModelLayoutUnknown, "expected at most " + std::to_string(kLargestSide) +
                                                   " for model_width and model_height, got " + std::to_string(side));
    }
  }
  for (const std::string& path : {options.path, options.config_path}) {
    std::error_code missing;
    const bool there = std::filesystem::exists(path, missing);
    if (!there || missing) return Status(Code::kModelFileMissing, path + ": no such file, or it cannot be read");
  }
  return check_cfg(options.config_path);
}

class OpenCvBackend : public Backend {
 public:
  OpenCvBackend() {
    // What it would print says the Status, and the daemon's log is no place for its colours.
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
  }

  const char* name() const override { return "opencv"; }
  std::string version() const override { return cv::getVersionString(); }

  Result<std::unique_ptr<LoadedModel>> load(const LoadOptions& options) override {
    ZMD_RETURN_IF_ERROR(check(options));
    use_threads(options.intra_op_threads);
    return guarded(Code::kModelUnreadable, options.path, [&] { return OpenCvModel::load(options); });
  }

 private:
  /// OpenCV has one pool for the whole process: the model that asks for most decides.
  void use_threads(int threads) {
    const std::lock_guard lock(mutex_);
    threads_ = std::max(threads_, threads);
    cv::setNumThreads(threads_);
  }

  std::mutex mutex_;  // guards threads_; no other lock is taken under it
  int threads_ = 1;
};

}  // namespace
}  // namespace zmdetect::opencv

extern "C" __attribute__((visibility("default"))) zmdetect::Backend* zmdetect_backend() {
  // Never destroyed: threads may still run in it while the process exits.
  static auto* backend = new zmdetect::opencv::OpenCvBackend();
  return backend;
}
