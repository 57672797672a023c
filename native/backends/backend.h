// The one interface behind which every inference runtime stands. A backend is a shared library of its own, opened on
// first use; it exports `zmdetect_backend` and knows no other backend.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "status.h"

namespace zmdetect {

enum class ElementType { kFloat32, kFloat64, kFloat16, kBfloat16, kUint8, kInt8, kInt32, kInt64, kOther };

/// What a model was asked to run on, and what it runs on.
enum class Processor { kCpu, kGpu, kTpu };

/// real = scale * (stored - zero_point). A scale of 0: the tensor is not quantised.
struct Quantisation {
  float scale = 0;
  int zero_point = 0;
};

/// A tensor as the model file declares it. A dimension of -1 is symbolic: the caller chooses it.
struct TensorInfo {
  std::string name;
  ElementType type = ElementType::kOther;
  std::vector<std::int64_t> shape;
  Quantisation quantisation = {};
};

/// What a model file says of itself.
struct ModelInfo {
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::map<std::string, std::string> metadata;
  std::string runtime;  // the library that runs it, with its version: "ONNX Runtime 1.30.0"
};

/// A tensor that somebody else owns. `data` has the row-major elements of `shape`.
struct TensorView {
  const void* data = nullptr;
  ElementType type = ElementType::kOther;
  std::vector<std::int64_t> shape;
};

/// TensorRT in front of CUDA, and the precision that it computes in.
enum class TensorRt { kOff, kFp32, kFp16 };

/// What a GPU is used for. Only a backend that has one looks at it.
struct GpuOptions {
  int device = 0;                 // CUDA's number
  std::int64_t memory_limit = 0;  // bytes for one model's tensors; 0: no limit
  TensorRt tensorrt = TensorRt::kOff;
  std::string engine_cache;  // folder for what TensorRT builds
  bool cuda_graph = false;   // record the launches of one inference and replay them
};

struct LoadOptions {
  std::string path;                       // weights file
  std::string config_path;                // Darknet's .cfg; empty for the other formats
  Processor processor = Processor::kCpu;  // a backend that has no such processor fails with kDeviceUnavailable
  std::string library;                    // path of the runtime's own library; empty: where the system has it
  GpuOptions gpu = {};
  bool exact_int8 = false;       // 8-bit models in a form that does not saturate on this processor, for some time more
  bool runtime_log = false;      // the runtime writes its own words to standard error
  int intra_op_threads = 1;      // threads of one inference, at least 1
  int input_width = 0;           // pixels, for formats that leave the size to the reader (Darknet);
  int input_height = 0;          // 0: the backend's default
  std::string delegate_library;  // path of the Edge TPU's library; empty: where the system has it
  int inference_deadline_ms = 5000;  // Edge TPU: an inference that takes longer is killed with its process
};

/// One place to run a model; used by one thread at a time.
class Instance {
 public:
  virtual ~Instance() = default;

  /// Runs the network on one input tensor, which is read in place. `outputs` stay valid until the next call on this
  /// instance. Errors: kInferenceFailed, kOutOfMemory, kDeviceUnavailable.
  virtual Status run(const TensorView& input, std::vector<TensorView>& outputs) = 0;
};

/// A model's weights in memory, shared by its instances. Must outlive them.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  virtual const ModelInfo& info() const = 0;
  /// The device that inference runs on, in the words of its driver; "CPU" for the host.
  virtual std::string device() const { return "CPU"; }
  virtual Result<std::unique_ptr<Instance>> create_instance() = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const char* name() const = 0;
  /// Version of the runtime behind it, for example "1.30.0".
  virtual std::string version() const = 0;
  /// Errors: kModelFileMissing, kModelUnreadable, kDeviceUnavailable, kOutOfMemory. Safe from any thread.
  virtual Result<std::unique_ptr<LoadedModel>> load(const LoadOptions& options) = 0;
};

/// Signature of the one symbol that a backend library exports: `extern "C" Backend* zmdetect_backend()`.
/// The object lives as long as the process.
using BackendEntry = Backend* (*)();
inline constexpr const char* kBackendEntry = "zmdetect_backend";

}  // namespace zmdetect
