#include "backends/tflite/litert.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "backends/tflite/tensor_bytes.h"
#include "backends/tflite/tflite_api.h"
#include "postprocess/ssd.h"

namespace zmdetect::tflite {
namespace {

using litert::CompiledModel;
using litert::Environment;
using litert::Layout;
using litert::OpaqueOptions;
using litert::Options;
using litert::Quantization;
using litert::Signature;
using litert::Subgraph;
using litert::TensorBuffer;
using litert::TensorType;

constexpr const char* kSymbolVersion = "VERS_1.0";
constexpr std::size_t kSignature = 0;  // models without one have an unnamed one
constexpr int kCpu = 1;                // LiteRtHwAcceleratorCpu
constexpr int kHostMemory = 1;         // LiteRtTensorBufferTypeHostMemory
enum LockMode { kRead = 0, kWrite = 1 };

template <typename Function>
void look_up(void* library, const char* name, Function*& function, std::string& missing) {
  function = reinterpret_cast<Function*>(dlvsym(library, name, kSymbolVersion));
  if (function == nullptr && missing.empty()) missing = name;
}

std::string fill(void* library, litert::Api& api) {
  std::string missing;
#define ZMD_LOOK_UP(name) look_up(library, "LiteRt" #name, api.name, missing)
  ZMD_LOOK_UP(CreateEnvironment);
  ZMD_LOOK_UP(CreateModelFromBuffer);
  ZMD_LOOK_UP(DestroyModel);
  ZMD_LOOK_UP(GetModelSignature);
  ZMD_LOOK_UP(GetSignatureSubgraph);
  ZMD_LOOK_UP(GetNumSignatureInputs);
  ZMD_LOOK_UP(GetNumSignatureOutputs);
  ZMD_LOOK_UP(GetSignatureInputTensorByIndex);
  ZMD_LOOK_UP(GetSignatureOutputTensorByIndex);
  ZMD_LOOK_UP(GetNumSubgraphOutputs);
  ZMD_LOOK_UP(GetSubgraphOutput);
  ZMD_LOOK_UP(GetTensorName);
  ZMD_LOOK_UP(GetRankedTensorType);
  ZMD_LOOK_UP(GetQuantizationTypeId);
  ZMD_LOOK_UP(GetPerTensorQuantization);
  ZMD_LOOK_UP(CreateOptions);
  ZMD_LOOK_UP(DestroyOptions);
  ZMD_LOOK_UP(SetOptionsHardwareAccelerators);
  ZMD_LOOK_UP(CreateOpaqueOptions);
  ZMD_LOOK_UP(DestroyOpaqueOptions);
  ZMD_LOOK_UP(AddOpaqueOptions);
  ZMD_LOOK_UP(CreateCompiledModel);
  ZMD_LOOK_UP(DestroyCompiledModel);
  ZMD_LOOK_UP(GetCompiledModelInputTensorLayout);
  ZMD_LOOK_UP(GetCompiledModelOutputTensorLayouts);
  ZMD_LOOK_UP(RunCompiledModel);
  ZMD_LOOK_UP(CreateManagedTensorBuffer);
  ZMD_LOOK_UP(DestroyTensorBuffer);
  ZMD_LOOK_UP(LockTensorBuffer);
  ZMD_LOOK_UP(UnlockTensorBuffer);
#undef ZMD_LOOK_UP
  return missing;
}

template <typename Handle>
using Owned = std::unique_ptr<Handle, void (*)(Handle*)>;

/// A model of a file in memory, and what its one signature says of its tensors.
struct LiteRtFile {
  std::string path;
  ModelData data;  // the model reads it in place
  Owned<litert::Model> model{nullptr, nullptr};
  TensorInfo input;
  std::vector<TensorInfo> outputs;  // in the signature's order, shapes still unknown
  std::vector<std::size_t> order;   // the signature's number of each output of the graph
};

/// The library says why on standard error only.
Status refused(const std::string& path, const char* step, int status) {
  return Status(Code::kModelUnreadable, path + " is refused by LiteRT (" + step + ", status " + std::to_string(status) +
                                            "); its reason is on standard error");
}

#define ZMD_STEP(name, ...)                                                                                        \
  do {                                                                                                             \
    if (const int status = api.name(__VA_ARGS__); status != litert::kOk) return refused(file.path, #name, status); \
  } while (false)

Status describe(const litert::Api& api, const LiteRtFile& file, litert::Tensor* tensor, TensorInfo& info) {
  const char* name = nullptr;
  ZMD_STEP(GetTensorName, tensor, &name);
  TensorType type{};
  ZMD_STEP(GetRankedTensorType, tensor, &type);
  int quantised = 0;
  ZMD_STEP(GetQuantizationTypeId, tensor, &quantised);
  constexpr int kWholeTensor = 1;
  Quantization quantization{};
  if (quantised == kWholeTensor) ZMD_STEP(GetPerTensorQuantization, tensor, &quantization);
  info.name = name == nullptr ? "" : name;
  info.type = element_type(type.element_type);
  info.quantisation = {.scale = quantization.scale, .zero_point = std::int32_t(quantization.zero_point)};
  return Status();
}

Status read_signature(const litert::Api& api, LiteRtFile& file) {
  Signature* signature = nullptr;
  ZMD_STEP(GetModelSignature, file.model.get(), kSignature, &signature);
  std::size_t inputs = 0;
  ZMD_STEP(GetNumSignatureInputs, signature, &inputs);
  if (inputs != 1) {
    return Status(Code::kModelLayoutUnknown, file.path + " has " + std::to_string(inputs) + " inputs, expected 1");
  }
  litert::Tensor* tensor = nullptr;
  ZMD_STEP(GetSignatureInputTensorByIndex, signature, 0, &tensor);
  ZMD_RETURN_IF_ERROR(describe(api, file, tensor, file.input));

  std::size_t outputs = 0;
  ZMD_STEP(GetNumSignatureOutputs, signature, &outputs);
  std::vector<litert::Tensor*> tensors(outputs);
  file.outputs.resize(outputs);
  for (std::size_t i = 0; i < outputs; ++i) {
    ZMD_STEP(GetSignatureOutputTensorByIndex, signature, i, &tensors[i]);
    ZMD_RETURN_IF_ERROR(describe(api, file, tensors[i], file.outputs[i]));
  }
  Subgraph* graph = nullptr;
  ZMD_STEP(GetSignatureSubgraph, signature, &graph);
  std::size_t graph_outputs = 0;
  ZMD_STEP(GetNumSubgraphOutputs, graph, &graph_outputs);
  for (std::size_t i = 0; i < graph_outputs; ++i) {
    ZMD_STEP(GetSubgraphOutput, graph, i, &tensor);
    const auto found = std::find(tensors.begin(), tensors.end(), tensor);
    if (found == tensors.end()) {
      return Status(Code::kModelLayoutUnknown,
                    file.path + " has outputs that its signature lacks: convert it with one signature of all outputs");
    }
    file.order.push_back(std::size_t(found - tensors.begin()));
  }
  return Status();
}

/// A compiled model with the buffers of its tensors.
class LiteRtInstance : public Instance {
 public:
  static Result<std::unique_ptr<LiteRtInstance>> create(const litert::Api& api, Environment* environment,
                                                        const LiteRtFile& file, int threads) {
    std::unique_ptr<LiteRtInstance> made(new LiteRtInstance(api, file));
    ZMD_RETURN_IF_ERROR(made->compile(environment, threads));
    ZMD_RETURN_IF_ERROR(made->allocate(environment));
    return made;
  }

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override {
    if (const std::size_t bytes = byte_size(input); bytes != input_bytes_) {
      return Status(Code::kInferenceFailed,
                    "the input has " + std::to_string(bytes) + " bytes, expected " + std::to_string(input_bytes_));
    }
    ZMD_RETURN_IF_ERROR(copy(buffers_[0].get(), kWrite, const_cast<void*>(input.data), input_bytes_));
    std::vector<TensorBuffer*> raw;
    raw.reserve(buffers_.size());
    for (const auto& buffer : buffers_) raw.push_back(buffer.get());
    if (const int status =
            api_.RunCompiledModel(model_.get(), kSignature, 1, raw.data(), raw.size() - 1, raw.data() + 1);
        status != litert::kOk) {
      return failed("RunCompiledModel", status);
    }
    outputs.clear();
    for (const std::size_t i : file_.order) {
      ZMD_RETURN_IF_ERROR(copy(buffers_[1 + i].get(), kRead, results_[i].data(), results_[i].size()));
      outputs.push_back({results_[i].data(), outputs_[i].type, outputs_[i].shape});
    }
    return Status();
  }

  ModelInfo info() const {
    ModelInfo info;
    info.inputs = {input_};
    for (const std::size_t i : file_.order) info.outputs.push_back(outputs_[i]);
    if (const std::string positions = file_.data.file.ssd_positions(); !positions.empty()) {
      info.metadata[kSsdOutputsKey] = positions;
    }
    info.runtime = "LiteRT";
    return info;
  }

 private:
  LiteRtInstance(const litert::Api& api, const LiteRtFile& file)
      : api_(api), file_(file), input_(file.input), outputs_(file.outputs) {}

  static Status failed(const char* step, int status) {
    return Status(Code::kInferenceFailed, std::string("LiteRT: ") + step + " failed with status " +
                                              std::to_string(status) + "; its reason is on standard error");
  }

  Status compile(Environment* environment, int threads) {
    const litert::Api& api = api_;
    const LiteRtFile& file = file_;
    Options* made = nullptr;
    ZMD_STEP(CreateOptions, &made);
    const Owned<Options> options(made, api.DestroyOptions);
    ZMD_STEP(SetOptionsHardwareAccelerators, made, kCpu);
    OpaqueOptions* cpu = nullptr;
    // Its own kernels: XNNPACK's round otherwise, so that scores and boxes would differ from TensorFlow Lite's.
    void* text = strdup(("kernel_mode = \"builtin\"\nnum_threads = " + std::to_string(threads) + "\n").c_str());
    ZMD_STEP(CreateOpaqueOptions, "xnnpack", text, std::free, &cpu);
    Owned<OpaqueOptions> owned(cpu, api.DestroyOpaqueOptions);
    ZMD_STEP(AddOpaqueOptions, made, cpu);
    [[maybe_unused]] const OpaqueOptions* added = owned.release();  // the options own it now
    CompiledModel* compiled = nullptr;
    ZMD_STEP(CreateCompiledModel, environment, file.model.get(), made, &compiled);
    model_ = {compiled, api.DestroyCompiledModel};
    return Status();
  }

  Status allocate(Environment* environment) {
    const litert::Api& api = api_;
    const LiteRtFile& file = file_;
    Layout layout{};
    ZMD_STEP(GetCompiledModelInputTensorLayout, model_.get(), kSignature, 0, &layout);
    ZMD_RETURN_IF_ERROR(add_buffer(environment, layout, input_, input_bytes_));
    std::vector<Layout> layouts(outputs_.size());
    ZMD_STEP(GetCompiledModelOutputTensorLayouts, model_.get(), kSignature, layouts.size(), layouts.data(), true);
    results_.resize(layouts.size());
    for (std::size_t i = 0; i < layouts.size(); ++i) {
      std::size_t bytes = 0;
      ZMD_RETURN_IF_ERROR(add_buffer(environment, layouts[i], outputs_[i], bytes));
      results_[i].resize(bytes);
    }
    return Status();
  }

  Status add_buffer(Environment* environment, const Layout& layout, TensorInfo& tensor, std::size_t& bytes) {
    const litert::Api& api = api_;
    const LiteRtFile& file = file_;
    const std::size_t rank = layout.rank_and_flags & 0x7F;
    const auto* const end = layout.dimensions + std::min(rank, std::size(layout.dimensions));
    tensor.shape.assign(layout.dimensions, end);
    if (rank > std::size(layout.dimensions) ||
        std::any_of(layout.dimensions, end, [](auto side) { return side < 1; }) || tensor.type == ElementType::kOther) {
      return Status(Code::kModelLayoutUnknown,
                    file.path + ": the tensor " + tensor.name + " has no fixed shape, or elements of an unknown type");
    }
    bytes = byte_size({nullptr, tensor.type, tensor.shape});
    const TensorType type{element_number(tensor.type), layout};
    TensorBuffer* buffer = nullptr;
    ZMD_STEP(CreateManagedTensorBuffer, environment, kHostMemory, &type, bytes, &buffer);
    buffers_.emplace_back(buffer, api.DestroyTensorBuffer);
    return Status();
  }

  Status copy(TensorBuffer* buffer, LockMode mode, void* data, std::size_t bytes) {
    void* memory = nullptr;
    if (const int status = api_.LockTensorBuffer(buffer, &memory, mode); status != litert::kOk) {
      return failed("LockTensorBuffer", status);
    }
    if (mode == kWrite) {
      std::memcpy(memory, data, bytes);
    } else {
      std::memcpy(data, memory, bytes);
    }
    api_.UnlockTensorBuffer(buffer);
    return Status();
  }

  const litert::Api& api_;
  const LiteRtFile& file_;
  TensorInfo input_;
  std::vector<TensorInfo> outputs_;  // in the signature's order
  std::size_t input_bytes_ = 0;
  Owned<CompiledModel> model_{nullptr, nullptr};
  std::vector<Owned<TensorBuffer>> buffers_;  // the input, then the outputs
  std::vector<std::vector<std::uint8_t>> results_;
};

class LiteRtModel : public LoadedModel {
 public:
  LiteRtModel(const litert::Api& api, Environment* environment, std::unique_ptr<LiteRtFile> file,
              std::unique_ptr<LiteRtInstance> first, int threads)
      : api_(api),
        environment_(environment),
        file_(std::move(file)),
        first_(std::move(first)),
        info_(first_->info()),
        threads_(threads) {}

  const ModelInfo& info() const override { return info_; }

  Result<std::unique_ptr<Instance>> create_instance() override {
    std::unique_ptr<LiteRtInstance> instance = std::move(first_);
    if (instance == nullptr) {
      Result<std::unique_ptr<LiteRtInstance>> another = LiteRtInstance::create(api_, environment_, *file_, threads_);
      if (!another.ok()) return another.status();
      instance = std::move(another).value();
    }
    return std::unique_ptr<Instance>(std::move(instance));
  }

 private:
  const litert::Api& api_;
  Environment* environment_;
  std::unique_ptr<LiteRtFile> file_;
  std::unique_ptr<LiteRtInstance> first_;  // made at load to learn the shapes; the first instance takes it
  ModelInfo info_;
  int threads_;
};

}  // namespace

bool LiteRt::is(void* library) { return dlsym(library, "LiteRtCreateEnvironment") != nullptr; }

Result<std::unique_ptr<LiteRt>> LiteRt::open(void* library, const std::string& path) {
  std::unique_ptr<LiteRt> opened(new LiteRt());
  if (const std::string missing = fill(library, opened->api_); !missing.empty()) {
    return Status(Code::kBackendUnavailable, path + " has no " + missing + " of version " + kSymbolVersion +
                                                 ": expected the libLiteRt.so of ai-edge-litert 2.3");
  }
  constexpr std::int32_t kAccelerators = 24;  // those that it looks for: without this it opens libraries by their names
  constexpr std::int32_t kLogSeverity = 25;
  constexpr std::int32_t kInteger = 2;
  constexpr std::int64_t kErrors = 3;
  const litert::EnvironmentOption options[] = {{kAccelerators, kInteger, kCpu}, {kLogSeverity, kInteger, kErrors}};
  if (const int status = opened->api_.CreateEnvironment(2, options, &opened->environment_); status != litert::kOk) {
    return Status(Code::kBackendUnavailable,
                  path + " does not start: LiteRtCreateEnvironment failed with status " + std::to_string(status));
  }
  return opened;
}

Result<std::unique_ptr<LoadedModel>> LiteRt::load(const std::string& path, ModelData data, int threads) const {
  const litert::Api& api = api_;
  auto owned = std::make_unique<LiteRtFile>();
  LiteRtFile& file = *owned;
  file.path = path;
  file.data = std::move(data);
  litert::Model* model = nullptr;
  ZMD_STEP(CreateModelFromBuffer, environment_, file.data.bytes.data(), file.data.bytes.size(), &model);
  file.model = {model, api.DestroyModel};
  ZMD_RETURN_IF_ERROR(read_signature(api, file));
  Result<std::unique_ptr<LiteRtInstance>> first = LiteRtInstance::create(api, environment_, file, threads);
  if (!first.ok()) return first.status();
  return std::unique_ptr<LoadedModel>(
      std::make_unique<LiteRtModel>(api_, environment_, std::move(owned), std::move(first).value(), threads));
}

}  // namespace zmdetect::tflite
