// ONNX Runtime behind the backend interface, on the CPU and on NVIDIA's GPUs. Darknet models come through an importer
// of our own.

#include <onnxruntime_cxx_api.h>

#include <filesystem>
#include <optional>

#include "backends/backend.h"
#include "backends/onnx/bound_instance.h"
#include "backends/onnx/darknet/importer.h"
#include "backends/onnx/external_data.h"
#include "backends/onnx/providers.h"
#include "backends/onnx/side_inputs.h"

namespace zmdetect {
namespace {

/// One environment per process, as ONNX Runtime asks. Its failures reach the caller as errors, so its own log, which
/// names its source files, is written only where somebody debugs. Its sessions share one arena for their tensors, which
/// grows by what is asked for: an arena for each, doubling, holds several times the memory.
Ort::Env& environment(bool log) {
  static Ort::Env* env = [log] {
    auto* made = new Ort::Env(log ? ORT_LOGGING_LEVEL_WARNING : ORT_LOGGING_LEVEL_FATAL, "zmdetect");
    // The loader has set ORT_DISABLE_TELEMETRY before; this holds for a runtime that does not read it.
    made->DisableTelemetryEvents();
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
      info.type = onnx::element_type(tensor.GetElementType());
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

class OnnxInstance : public Instance {
 public:
  OnnxInstance(Ort::Session& session, const ModelInfo& info, onnx::SideInputs side)
      : session_(session), side_(std::move(side)) {
    for (const TensorInfo& input : info.inputs) input_names_.push_back(input.name.c_str());
    for (const TensorInfo& output : info.outputs) output_names_.push_back(output.name.c_str());
  }

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override {
    const std::size_t bytes = onnx::byte_size(input.type, input.shape);
    try {
      // The tensor borrows the caller's memory; nothing is copied on the way in.
      std::vector<Ort::Value> tensors;
      tensors.push_back(Ort::Value::CreateTensor(memory_, const_cast<void*>(input.data), bytes, input.shape.data(),
                                                 input.shape.size(), onnx::onnx_type(input.type)));
      for (Ort::Value& value : side_.values(input.shape, memory_)) tensors.push_back(std::move(value));
      values_ = session_.Run(Ort::RunOptions{nullptr}, input_names_.data(), tensors.data(), tensors.size(),
                             output_names_.data(), output_names_.size());
      outputs.clear();
      for (const Ort::Value& value : values_) {
        const auto shape = value.GetTensorTypeAndShapeInfo();
        outputs.push_back({value.GetTensorRawData(), onnx::element_type(shape.GetElementType()), shape.GetShape()});
      }
      return Status();
    } catch (const Ort::Exception& error) {
      return onnx::failure(Code::kInferenceFailed, "ONNX Runtime", error);
    }
  }

 private:
  Ort::Session& session_;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  onnx::SideInputs side_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;
  std::vector<Ort::Value> values_;
};

class OnnxModel : public LoadedModel {
 public:
  /// `gpu` where it runs on one. Errors: kModelLayoutUnknown for inputs that nothing is known to be put into.
  static Result<std::unique_ptr<LoadedModel>> create(Ort::Session session, std::optional<GpuOptions> gpu) {
    ModelInfo info{.inputs = tensors(session, true), .outputs = tensors(session, false), .metadata = metadata(session)};
    if (info.inputs.empty()) return Status(Code::kModelLayoutUnknown, "the model has no input");
    info.runtime = std::string("ONNX Runtime ") + OrtGetApiBase()->GetVersionString();
    onnx::picture_first(info.inputs);
    Result<onnx::SideInputs> side = onnx::SideInputs::create(info.inputs);
    if (!side.ok()) return side.status();
    return std::unique_ptr<LoadedModel>(
        new OnnxModel(std::move(session), std::move(info), std::move(side).value(), std::move(gpu)));
  }

  const ModelInfo& info() const override { return info_; }
  std::string device() const override { return gpu_ ? onnx::device_name(*gpu_) : "CPU"; }

  /// Run() may be called by many threads at once, so the instances share one session and its weights.
  Result<std::unique_ptr<Instance>> create_instance() override try {
    if (!gpu_) return std::unique_ptr<Instance>(std::make_unique<OnnxInstance>(session_, info_, side_));
    if (gpu_->cuda_graph) return create_graph(gpu_->device);
    // What the provider calls its pinned memory; it is the host's, and so of the kind of outputs for the CPU.
    Ort::MemoryInfo pinned("CudaPinned", OrtDeviceAllocator, gpu_->device, OrtMemTypeCPUOutput);
    return std::unique_ptr<Instance>(std::make_unique<onnx::PinnedInstance>(session_, info_, side_, std::move(pinned)));
  } catch (const Ort::Exception& error) {
    return onnx::failure(Code::kDeviceUnavailable, "ONNX Runtime", error);
  }

 private:
  OnnxModel(Ort::Session session, ModelInfo info, onnx::SideInputs side, std::optional<GpuOptions> gpu)
      : session_(std::move(session)), gpu_(std::move(gpu)), info_(std::move(info)), side_(std::move(side)) {}

  Result<std::unique_ptr<Instance>> create_graph(int number) {
    if (!side_.tensors().empty()) {
      return Status(Code::kDeviceUnavailable, "cuda_graph serves models with one input: set it to no for this model");
    }
    if (!recorder_.expired()) {
      return Status(Code::kDeviceUnavailable,
                    "cuda_graph serves one instance: set instances to 1, or cuda_graph to no");
    }
    auto token = std::make_shared<char>();
    recorder_ = token;
    Result<onnx::DeviceCopy> copy = onnx::cuda_copy(number);
    if (!copy.ok()) return copy.status();
    const Ort::MemoryInfo device("Cuda", OrtDeviceAllocator, number, OrtMemTypeDefault);
    return onnx::GraphInstance::create(session_, info_, device, std::move(copy).value(), std::move(token));
  }

  Ort::Session session_;
  std::optional<GpuOptions> gpu_;
  ModelInfo info_;
  onnx::SideInputs side_;
  std::weak_ptr<char> recorder_;  // alive while an instance with a recorded graph is
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
  const char* provider = "TensorRT";
  try {
    if (gpu.tensorrt != TensorRt::kOff) append_tensorrt(session, onnx::tensorrt_options(gpu));
    provider = "CUDA";
    append_cuda(session, onnx::cuda_options(gpu));
    return Status();
  } catch (const Ort::Exception& error) {
    const Status failed =
        onnx::failure(Code::kDeviceUnavailable, std::string("ONNX Runtime cannot use ") + provider, error);
    return Status(failed.code(), failed.message() + ": " + onnx::gpu_remedy(failed.message()));
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
      if (options.exact_int8) session.AddConfigEntry("session.x64quantprecision", "1");
      environment(options.runtime_log);  // its logger must be there before a provider is opened
      if (options.processor == Processor::kGpu) ZMD_RETURN_IF_ERROR(use_gpu(session, options.gpu));
      Result<Ort::Session> result = open(options, session);
      if (!result.ok()) return result.status();
      Ort::Session opened = std::move(result).value();
      const auto gpu = options.processor == Processor::kGpu ? std::optional(options.gpu) : std::nullopt;
      return OnnxModel::create(std::move(opened), gpu);
    } catch (const Ort::Exception& error) {
      return onnx::failure(Code::kModelUnreadable, options.path, error);
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
      return Ort::Session(environment(options.runtime_log), options.path.c_str(), session);
    }
    const Result<std::string> model =
        import_darknet(options.config_path, options.path, options.input_width, options.input_height);
    if (!model.ok()) return model.status();
    return Ort::Session(environment(options.runtime_log), model.value().data(), model.value().size(), session);
  }
};

}  // namespace
}  // namespace zmdetect

extern "C" __attribute__((visibility("default"))) zmdetect::Backend* zmdetect_backend() {
  // Never destroyed: threads may still run in it while the process exits.
  static auto* backend = new zmdetect::OnnxBackend();
  return backend;
}
