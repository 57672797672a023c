// ONNX Runtime behind the backend interface, on the CPU and on NVIDIA's GPUs. Darknet models come through an importer
// of our own.

#include <onnxruntime_cxx_api.h>

#include <filesystem>

#include "backends/backend.h"
#include "backends/onnx/darknet/importer.h"
#include "backends/onnx/external_data.h"
#include "backends/onnx/providers.h"

namespace zmdetect {
namespace {

ElementType element_type(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT: return ElementType::kFloat32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: return ElementType::kFloat16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8: return ElementType::kUint8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8: return ElementType::kInt8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32: return ElementType::kInt32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64: return ElementType::kInt64;
    default: return ElementType::kOther;
  }
}

/// The runtime's words without the line end that some of them have.
std::string words_of(const Ort::Exception& error) {
  std::string words = error.what();
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words;
}

/// Runtime failures arrive as exceptions; this is the library border at which they become a Status.
Status failure(Code code, const std::string& what, const Ort::Exception& error) {
  const bool memory = std::string_view(error.what()).find("allocate memory") != std::string_view::npos;
  return Status(memory ? Code::kOutOfMemory : code, what + ": " + words_of(error));
}

/// One environment per process, as ONNX Runtime asks; its own log stays quiet below errors. Its sessions share one
/// arena for their tensors, which grows by what is asked for: an arena for each, doubling, holds several times the
/// memory.
Ort::Env& environment() {
  static Ort::Env* env = [] {
    auto* made = new Ort::Env(ORT_LOGGING_LEVEL_ERROR, "zmdetect");
    constexpr int kSameAsRequested = 1;
    constexpr int kDefault = -1;
    const Ort::ArenaCfg arena(0 /* no limit */, kSameAsRequested, kDefault, kDefault);
    made->CreateAndRegisterAllocator(Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault), arena);
    return made;
  }();
  return *env;
}

std::vector<TensorInfo> tensors(const Ort::Session& session, bool inputs) {
  Ort::AllocatorWithDefaultOptions allocator;
  const std::size_t count = inputs ? session.GetInputCount() : session.GetOutputCount();
  std::vector<TensorInfo> list;
  for (std::size_t i = 0; i < count; ++i) {
    auto name = inputs ? session.GetInputNameAllocated(i, allocator) : session.GetOutputNameAllocated(i, allocator);
    const Ort::TypeInfo type = inputs ? session.GetInputTypeInfo(i) : session.GetOutputTypeInfo(i);
    TensorInfo info{.name = name.get()};
    if (type.GetONNXType() == ONNX_TYPE_TENSOR) {
      const auto tensor = type.GetTensorTypeAndShapeInfo();
      info.type = element_type(tensor.GetElementType());
      info.shape = tensor.GetShape();
    }
    list.push_back(std::move(info));
  }
  return list;
}

std::map<std::string, std::string> metadata(const Ort::Session& session) {
  Ort::AllocatorWithDefaultOptions allocator;
  const Ort::ModelMetadata model = session.GetModelMetadata();
  std::map<std::string, std::string> entries;
  for (const auto& key : model.GetCustomMetadataMapKeysAllocated(allocator)) {
    entries[key.get()] = model.LookupCustomMetadataMapAllocated(key.get(), allocator).get();
  }
  return entries;
}

ONNXTensorElementDataType onnx_type(ElementType type) {
  switch (type) {
    case ElementType::kFloat32: return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    case ElementType::kFloat16: return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
    case ElementType::kUint8: return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
    default: return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  }
}

std::size_t element_size(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
    case ElementType::kInt32: return 4;
    case ElementType::kFloat16: return 2;
    case ElementType::kInt64: return 8;
    default: return 1;
  }
}

class OnnxInstance : public Instance {
 public:
  OnnxInstance(Ort::Session& session, const ModelInfo& info) : session_(session) {
    input_name_ = info.inputs.at(0).name.c_str();
    for (const TensorInfo& output : info.outputs) output_names_.push_back(output.name.c_str());
  }

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override {
    std::size_t bytes = element_size(input.type);
    for (std::int64_t side : input.shape) bytes *= std::size_t(side);
    try {
      // The tensor borrows the caller's memory; nothing is copied on the way in.
      Ort::Value tensor = Ort::Value::CreateTensor(memory_, const_cast<void*>(input.data), bytes, input.shape.data(),
                                                   input.shape.size(), onnx_type(input.type));
      values_ =
          session_.Run(Ort::RunOptions{nullptr}, &input_name_, &tensor, 1, output_names_.data(), output_names_.size());
      outputs.clear();
      for (const Ort::Value& value : values_) {
        const auto shape = value.GetTensorTypeAndShapeInfo();
        outputs.push_back({value.GetTensorRawData(), element_type(shape.GetElementType()), shape.GetShape()});
      }
      return Status();
    } catch (const Ort::Exception& error) {
      return failure(Code::kInferenceFailed, "ONNX Runtime", error);
    }
  }

 private:
  Ort::Session& session_;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const char* input_name_ = nullptr;
  std::vector<const char*> output_names_;
  std::vector<Ort::Value> values_;
};

class OnnxModel : public LoadedModel {
 public:
  OnnxModel(Ort::Session session, std::string device) : session_(std::move(session)), device_(std::move(device)) {
    info_.inputs = tensors(session_, true);
    info_.outputs = tensors(session_, false);
    info_.metadata = metadata(session_);
    info_.runtime = std::string("ONNX Runtime ") + OrtGetApiBase()->GetVersionString();
  }

  const ModelInfo& info() const override { return info_; }
  std::string device() const override { return device_; }

  /// Run() may be called by many threads at once, so the instances share one session and its weights.
  Result<std::unique_ptr<Instance>> create_instance() override {
    return std::unique_ptr<Instance>(std::make_unique<OnnxInstance>(session_, info_));
  }

 private:
  Ort::Session session_;
  std::string device_;
  ModelInfo info_;
};

/// The key and value arrays that the C API wants.
struct Words {
  explicit Words(const onnx::ProviderOptions& options) {
    for (const auto& [key, value] : options) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
  }
  std::vector<const char*> keys;
  std::vector<const char*> values;
};

void append_tensorrt(Ort::SessionOptions& session, const onnx::ProviderOptions& options) {
  const OrtApi& api = Ort::GetApi();
  OrtTensorRTProviderOptionsV2* created = nullptr;
  Ort::ThrowOnError(api.CreateTensorRTProviderOptions(&created));
  const std::unique_ptr<OrtTensorRTProviderOptionsV2, decltype(api.ReleaseTensorRTProviderOptions)> owned(
      created, api.ReleaseTensorRTProviderOptions);
  const Words words(options);
  Ort::ThrowOnError(
      api.UpdateTensorRTProviderOptions(created, words.keys.data(), words.values.data(), words.keys.size()));
  session.AppendExecutionProvider_TensorRT_V2(*created);
}

void append_cuda(Ort::SessionOptions& session, const onnx::ProviderOptions& options) {
  const OrtApi& api = Ort::GetApi();
  OrtCUDAProviderOptionsV2* created = nullptr;
  Ort::ThrowOnError(api.CreateCUDAProviderOptions(&created));
  const std::unique_ptr<OrtCUDAProviderOptionsV2, decltype(api.ReleaseCUDAProviderOptions)> owned(
      created, api.ReleaseCUDAProviderOptions);
  const Words words(options);
  Ort::ThrowOnError(api.UpdateCUDAProviderOptions(created, words.keys.data(), words.values.data(), words.keys.size()));
  session.AppendExecutionProvider_CUDA_V2(*created);
}

/// Puts TensorRT, where it is asked for, and CUDA in front of the CPU. A provider is a library of its own, which is
/// opened here; where it, what it needs or a device is missing, ONNX Runtime's sentence says which.
Status use_gpu(Ort::SessionOptions& session, const GpuOptions& gpu) {
  ZMD_RETURN_IF_ERROR(onnx::make_engine_cache(gpu));
  environment();  // its logger must be there before a provider is opened
  const char* provider = "TensorRT";
  try {
    if (gpu.tensorrt != TensorRt::kOff) append_tensorrt(session, onnx::tensorrt_options(gpu));
    provider = "CUDA";
    append_cuda(session, onnx::cuda_options(gpu));
    return Status();
  } catch (const Ort::Exception& error) {
    return Status(Code::kDeviceUnavailable,
                  std::string("ONNX Runtime cannot use ") + provider + ": " + words_of(error));
  }
}

class OnnxBackend : public Backend {
 public:
  const char* name() const override { return "onnx"; }
  std::string version() const override { return OrtGetApiBase()->GetVersionString(); }

  Result<std::unique_ptr<LoadedModel>> load(const LoadOptions& options) override {
    std::error_code missing;
    const auto size = std::filesystem::file_size(options.path, missing);
    if (missing) return Status(Code::kModelFileMissing, options.path + ": " + missing.message());
    if (size == 0) return Status(Code::kModelUnreadable, options.path + " is empty");
    try {
      Ort::SessionOptions session;
      session.SetIntraOpNumThreads(options.intra_op_threads);
      session.SetInterOpNumThreads(1);
      session.SetExecutionMode(ORT_SEQUENTIAL);
      session.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
      session.AddConfigEntry("session.use_env_allocators", "1");
      // Spinning burns a core that decoding and other models could use.
      session.AddConfigEntry("session.intra_op.allow_spinning", "0");
      session.AddConfigEntry("session.inter_op.allow_spinning", "0");
      if (options.processor == Processor::kGpu) ZMD_RETURN_IF_ERROR(use_gpu(session, options.gpu));
      Result<Ort::Session> result = open(options, session);
      if (!result.ok()) return result.status();
      Ort::Session opened = std::move(result).value();
      if (opened.GetInputCount() != 1) {
        return Status(Code::kModelLayoutUnknown,
                      options.path + " has " + std::to_string(opened.GetInputCount()) + " inputs, expected 1");
      }
      const std::string device = options.processor == Processor::kGpu ? onnx::device_name(options.gpu) : "CPU";
      return std::unique_ptr<LoadedModel>(std::make_unique<OnnxModel>(std::move(opened), device));
    } catch (const Ort::Exception& error) {
      return failure(Code::kModelUnreadable, options.path, error);
    } catch (const std::bad_alloc&) {
      return Status(Code::kOutOfMemory, options.path + ": no memory to load it");
    } catch (const std::exception& error) {
      return Status(Code::kModelUnreadable, options.path + ": " + error.what());
    }
  }

 private:
  /// A Darknet model becomes an ONNX model in memory first.
  static Result<Ort::Session> open(const LoadOptions& options, const Ort::SessionOptions& session) {
    if (!is_darknet_weights(options.path)) {
      ZMD_RETURN_IF_ERROR(onnx::check_external_data(options.path));
      return Ort::Session(environment(), options.path.c_str(), session);
    }
    const Result<std::string> model =
        import_darknet(options.config_path, options.path, options.input_width, options.input_height);
    if (!model.ok()) return model.status();
    return Ort::Session(environment(), model.value().data(), model.value().size(), session);
  }
};

}  // namespace
}  // namespace zmdetect

extern "C" __attribute__((visibility("default"))) zmdetect::Backend* zmdetect_backend() {
  // Never destroyed: threads may still run in it while the process exits.
  static auto* backend = new zmdetect::OnnxBackend();
  return backend;
}
