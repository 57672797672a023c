#include "backends/onnx/bound_instance.h"

#include "backends/onnx/providers.h"

#include <dlfcn.h>

#include <cstring>

namespace zmdetect::onnx {
namespace {

TensorView view_of(const Ort::Value& value) {
  const auto tensor = value.GetTensorTypeAndShapeInfo();
  return {value.GetTensorRawData(), element_type(tensor.GetElementType()), tensor.GetShape()};
}

/// The declared shape with `batch` in place of an open first side.
std::vector<std::int64_t> with_batch(std::vector<std::int64_t> shape, std::int64_t batch) {
  if (!shape.empty() && shape[0] < 0) shape[0] = batch;
  return shape;
}

bool is_fixed(const TensorInfo& tensor) {
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] < 0) return false;
  }
  return !tensor.shape.empty();
}

}  // namespace

ElementType element_type(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT: return ElementType::kFloat32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE: return ElementType::kFloat64;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: return ElementType::kFloat16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16: return ElementType::kBfloat16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8: return ElementType::kUint8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8: return ElementType::kInt8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32: return ElementType::kInt32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64: return ElementType::kInt64;
    default: return ElementType::kOther;
  }
}

ONNXTensorElementDataType onnx_type(ElementType type) {
  switch (type) {
    case ElementType::kFloat32: return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    case ElementType::kFloat64: return ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE;
    case ElementType::kFloat16: return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
    case ElementType::kBfloat16: return ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16;
    case ElementType::kUint8: return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
    case ElementType::kInt8: return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8;
    case ElementType::kInt32: return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
    case ElementType::kInt64: return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
    default: return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  }
}

std::size_t byte_size(ElementType type, const std::vector<std::int64_t>& shape) {
  std::size_t bytes = 1;
  switch (type) {
    case ElementType::kFloat32:
    case ElementType::kInt32: bytes = 4; break;
    case ElementType::kFloat16:
    case ElementType::kBfloat16: bytes = 2; break;
    case ElementType::kFloat64:
    case ElementType::kInt64: bytes = 8; break;
    default: break;
  }
  for (const std::int64_t side : shape) bytes *= static_cast<std::size_t>(side);
  return bytes;
}

Status failure(Code code, const std::string& what, const Ort::Exception& error) {
  const std::string words = error.what();
  const bool memory = words.find("allocate memory") != std::string::npos;
  return Status(memory ? Code::kOutOfMemory : code, what + ": " + plain_sentence(words));
}

PinnedInstance::PinnedInstance(Ort::Session& session, const ModelInfo& info, SideInputs side, Ort::MemoryInfo host)
    : session_(session),
      info_(info),
      side_(std::move(side)),
      host_(std::move(host)),
      allocator_(session_, host_),
      binding_(session_) {}

Status PinnedInstance::run(const TensorView& input, std::vector<TensorView>& outputs) try {
  if (input.shape != shape_) {
    input_ = Ort::Value::CreateTensor(allocator_, input.shape.data(), input.shape.size(), onnx_type(input.type));
    shape_ = input.shape;
  }
  std::memcpy(input_.GetTensorMutableRawData(), input.data, byte_size(input.type, input.shape));
  // Binding is what copies to the device, so it is done again for each picture. Outputs may change their shapes.
  binding_.BindInput(info_.inputs.at(0).name.c_str(), input_);
  side_values_ = side_.values(input.shape, cpu_);
  for (std::size_t i = 0; i < side_values_.size(); ++i) {
    binding_.BindInput(side_.tensors()[i].name.c_str(), side_values_[i]);
  }
  binding_.ClearBoundOutputs();
  for (const TensorInfo& output : info_.outputs) binding_.BindOutput(output.name.c_str(), host_);
  binding_.SynchronizeInputs();
  session_.Run(Ort::RunOptions{nullptr}, binding_);
  binding_.SynchronizeOutputs();
  values_ = binding_.GetOutputValues();
  outputs.clear();
  for (const Ort::Value& value : values_) outputs.push_back(view_of(value));
  return Status();
} catch (const Ort::Exception& error) {
  shape_.clear();
  return failure(Code::kInferenceFailed, "ONNX Runtime", error);
}

Result<std::unique_ptr<Instance>> GraphInstance::create(Ort::Session& session, const ModelInfo& info,
                                                        const Ort::MemoryInfo& device, DeviceCopy copy,
                                                        std::shared_ptr<void> token) {
  for (const auto* list : {&info.inputs, &info.outputs}) {
    for (const TensorInfo& tensor : *list) {
      if (is_fixed(tensor)) continue;
      return Status(Code::kModelLayoutUnknown,
                    "cuda_graph wants fixed shapes, and " + tensor.name + " has not: set it to no for this model");
    }
  }
  return std::unique_ptr<Instance>(new GraphInstance(session, info, device, std::move(copy), std::move(token)));
}

GraphInstance::GraphInstance(Ort::Session& session, const ModelInfo& info, const Ort::MemoryInfo& device,
                             DeviceCopy copy, std::shared_ptr<void> token)
    : session_(session),
      info_(info),
      allocator_(session_, device),
      copy_(std::move(copy)),
      token_(std::move(token)),
      owner_([this] { own(); }) {}

GraphInstance::~GraphInstance() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  owner_.join();
}

void GraphInstance::own() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || task_ != nullptr; });
    if (task_ == nullptr) return;
    const std::function<void()> task = std::move(task_);
    task_ = nullptr;
    lock.unlock();
    task();
    lock.lock();
  }
}

Status GraphInstance::run(const TensorView& input, std::vector<TensorView>& outputs) {
  Status status;
  bool done = false;
  std::unique_lock lock(mutex_);
  task_ = [&] {
    Status result = infer(input, outputs);
    {
      const std::lock_guard inner(mutex_);
      status = std::move(result);
      done = true;
    }
    changed_.notify_all();
  };
  changed_.notify_all();
  changed_.wait(lock, [&] { return done; });
  return status;
}

GraphInstance::Buffers& GraphInstance::buffers_of(std::int64_t batch) {
  const auto known = buffers_.find(batch);
  if (known != buffers_.end()) return known->second;
  Buffers buffers;
  buffers.binding = Ort::IoBinding(session_);
  const auto allocate = [&](const TensorInfo& tensor) {
    const std::vector<std::int64_t> shape = with_batch(tensor.shape, batch);
    return Ort::Value::CreateTensor(allocator_, shape.data(), shape.size(), onnx_type(tensor.type));
  };
  buffers.input = allocate(info_.inputs.at(0));
  buffers.binding.BindInput(info_.inputs[0].name.c_str(), buffers.input);
  for (const TensorInfo& output : info_.outputs) {
    buffers.outputs.push_back(allocate(output));
    buffers.answers.emplace_back(byte_size(output.type, with_batch(output.shape, batch)));
    buffers.binding.BindOutput(output.name.c_str(), buffers.outputs.back());
  }
  return buffers_.emplace(batch, std::move(buffers)).first->second;
}

Status GraphInstance::infer(const TensorView& input, std::vector<TensorView>& outputs) try {
  const std::int64_t batch = input.shape.at(0);
  Buffers& buffers = buffers_of(batch);
  ZMD_RETURN_IF_ERROR(copy_.to_device(buffers.input.GetTensorMutableRawData(), input.data,
                                      byte_size(input.type, with_batch(info_.inputs[0].shape, batch))));
  Ort::RunOptions options;
  options.AddConfigEntry("gpu_graph_id", std::to_string(batch).c_str());
  session_.Run(options, buffers.binding);
  buffers.binding.SynchronizeOutputs();
  outputs.clear();
  for (std::size_t i = 0; i < info_.outputs.size(); ++i) {
    std::vector<std::byte>& answer = buffers.answers[i];
    ZMD_RETURN_IF_ERROR(copy_.to_host(answer.data(), buffers.outputs[i].GetTensorRawData(), answer.size()));
    outputs.push_back({answer.data(), info_.outputs[i].type, with_batch(info_.outputs[i].shape, batch)});
  }
  return Status();
} catch (const Ort::Exception& error) {
  return failure(Code::kInferenceFailed, "ONNX Runtime", error);
}

Result<DeviceCopy> cuda_copy(int device) {
  void* const library = dlopen("libcudart.so.12", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Status(Code::kDeviceUnavailable, std::string("cuda_graph: ") + dlerror());
  using Copy = int (*)(void*, const void*, std::size_t, int);
  using SetDevice = int (*)(int);
  const auto copy = reinterpret_cast<Copy>(dlsym(library, "cudaMemcpy"));
  const auto set_device = reinterpret_cast<SetDevice>(dlsym(library, "cudaSetDevice"));
  if (copy == nullptr || set_device == nullptr) {
    return Status(Code::kDeviceUnavailable, "libcudart.so.12 has no cudaMemcpy or no cudaSetDevice");
  }
  enum Kind { kToDevice = 1, kToHost = 2 };  // cudaMemcpyKind
  const auto copier = [=](Kind kind) {
    return [=](void* to, const void* from, std::size_t bytes) {
      int error = set_device(device);
      if (error == 0) error = copy(to, from, bytes, kind);
      return error == 0 ? Status() : Status(Code::kInferenceFailed, "CUDA cannot copy: error " + std::to_string(error));
    };
  };
  return DeviceCopy{copier(kToDevice), copier(kToHost)};
}

}  // namespace zmdetect::onnx
