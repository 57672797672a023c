// Running a session with its tensors bound to memory that suits a GPU.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/backend.h"
#include "backends/onnx/side_inputs.h"

namespace zmdetect::onnx {

ElementType element_type(ONNXTensorElementDataType type);
ONNXTensorElementDataType onnx_type(ElementType type);
std::size_t byte_size(ElementType type, const std::vector<std::int64_t>& shape);

/// Runtime failures arrive as exceptions; here they become a Status. "allocate memory" in them means kOutOfMemory.
Status failure(Code code, const std::string& what, const Ort::Exception& error);

/// Inputs and outputs go through pinned memory of the host, which the device reads and writes by itself: a copy from
/// ordinary memory holds up the processor and the device alike.
class PinnedInstance : public Instance {
 public:
  /// `host`: where inputs are put and outputs are wanted; CUDA's pinned memory, or in tests the CPU's.
  PinnedInstance(Ort::Session& session, const ModelInfo& info, SideInputs side, Ort::MemoryInfo host);

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override;

 private:
  Ort::Session& session_;
  const ModelInfo& info_;
  SideInputs side_;
  Ort::MemoryInfo cpu_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  Ort::MemoryInfo host_;
  Ort::Allocator allocator_;
  Ort::IoBinding binding_;
  Ort::Value input_{nullptr};
  std::vector<std::int64_t> shape_;  // of input_
  std::vector<Ort::Value> side_values_;
  std::vector<Ort::Value> values_;
};

/// How bytes get to the device and back. Both return once the bytes are there.
struct DeviceCopy {
  std::function<Status(void* to, const void* from, std::size_t bytes)> to_device;
  std::function<Status(void* to, const void* from, std::size_t bytes)> to_host;
};

/// Records what an inference launches on the device the first times, and replays it from then on. What was recorded
/// holds for the addresses and the thread that it was recorded with, so every batch size has buffers of its own, and
/// one thread owns them all. Only for models whose shapes are fixed but for the batch.
class GraphInstance : public Instance {
 public:
  /// `token` is held as long as the instance lives. Errors: kModelLayoutUnknown where a shape is not fixed.
  static Result<std::unique_ptr<Instance>> create(Ort::Session& session, const ModelInfo& info,
                                                  const Ort::MemoryInfo& device, DeviceCopy copy,
                                                  std::shared_ptr<void> token);
  ~GraphInstance() override;
  GraphInstance(const GraphInstance&) = delete;
  GraphInstance& operator=(const GraphInstance&) = delete;

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override;

 private:
  struct Buffers {
    Ort::IoBinding binding{nullptr};
    Ort::Value input{nullptr};
    std::vector<Ort::Value> outputs;
    std::vector<std::vector<std::byte>> answers;
  };

  GraphInstance(Ort::Session& session, const ModelInfo& info, const Ort::MemoryInfo& device, DeviceCopy copy,
                std::shared_ptr<void> token);
  Buffers& buffers_of(std::int64_t batch);
  Status infer(const TensorView& input, std::vector<TensorView>& outputs);
  void own();

  Ort::Session& session_;
  const ModelInfo& info_;
  Ort::Allocator allocator_;
  DeviceCopy copy_;
  std::shared_ptr<void> token_;
  std::map<std::int64_t, Buffers> buffers_;  // by batch size; the owner's alone

  // Guards what follows. Nothing runs under it; no other lock is taken under it.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> task_;
  bool closing_ = false;
  std::thread owner_;
};

/// Copies by CUDA's own library, which the provider has in memory anyway. Errors: kDeviceUnavailable with the linker's
/// sentence.
Result<DeviceCopy> cuda_copy(int device);

}  // namespace zmdetect::onnx
