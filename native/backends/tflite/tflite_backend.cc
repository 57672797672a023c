// TensorFlow Lite behind the backend interface: on the CPU in this process, on an Edge TPU in a supervised one.

#include <map>
#include <memory>
#include <mutex>
#include <new>

#include "backends/backend.h"
#include "backends/tflite/interpreter.h"
#include "backends/tflite/supervisor.h"
#include "backends/tflite/tensor_bytes.h"

namespace zmdetect::tflite {
namespace {

class CpuInstance : public Instance {
 public:
  explicit CpuInstance(std::unique_ptr<Interpreter> interpreter) : interpreter_(std::move(interpreter)) {}

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override {
    return interpreter_->run(input.data, byte_size(input), outputs);
  }

 private:
  std::unique_ptr<Interpreter> interpreter_;
};

class CpuModel : public LoadedModel {
 public:
  CpuModel(const Api& api, std::unique_ptr<Weights> weights, std::unique_ptr<Interpreter> first, int threads)
      : api_(api), weights_(std::move(weights)), first_(std::move(first)), info_(first_->info()), threads_(threads) {}

  const ModelInfo& info() const override { return info_; }

  Result<std::unique_ptr<Instance>> create_instance() override {
    std::unique_ptr<Interpreter> interpreter = std::move(first_);
    if (interpreter == nullptr) {
      Result<std::unique_ptr<Interpreter>> another = Interpreter::create(api_, *weights_, threads_, nullptr);
      if (!another.ok()) return another.status();
      interpreter = std::move(another).value();
    }
    return std::unique_ptr<Instance>(std::make_unique<CpuInstance>(std::move(interpreter)));
  }

 private:
  const Api& api_;
  std::unique_ptr<Weights> weights_;
  std::unique_ptr<Interpreter> first_;  // made at load to learn the shapes; the first instance takes it
  ModelInfo info_;
  int threads_;
};

class TpuInstance : public Instance {
 public:
  TpuInstance(std::shared_ptr<Supervisor> supervisor, std::uint32_t id) : supervisor_(std::move(supervisor)), id_(id) {}

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override {
    return supervisor_->run(id_, input, answer_, outputs);
  }

 private:
  std::shared_ptr<Supervisor> supervisor_;
  std::uint32_t id_;
  Bytes answer_;
};

class TpuModel : public LoadedModel {
 public:
  TpuModel(std::shared_ptr<Supervisor> supervisor, Supervisor::Loaded loaded)
      : supervisor_(std::move(supervisor)), loaded_(std::move(loaded)) {}
  ~TpuModel() override { supervisor_->unload(loaded_.id); }
  TpuModel(const TpuModel&) = delete;
  TpuModel& operator=(const TpuModel&) = delete;

  const ModelInfo& info() const override { return loaded_.info; }
  std::string device() const override { return loaded_.device; }

  /// Instances share the one device, one request at a time; more than one only hides the time of the transfers.
  Result<std::unique_ptr<Instance>> create_instance() override {
    return std::unique_ptr<Instance>(std::make_unique<TpuInstance>(supervisor_, loaded_.id));
  }

 private:
  std::shared_ptr<Supervisor> supervisor_;
  Supervisor::Loaded loaded_;
};

class TfliteBackend : public Backend {
 public:
  const char* name() const override { return "tflite"; }

  /// Of the library that the last model was loaded with, or that would be opened for one; the reason when there is
  /// none.
  std::string version() const override {
    std::string library;
    {
      std::lock_guard lock(mutex_);
      library = library_;
    }
    const Result<Library> opened = open_library(library);
    return opened.ok() ? opened.value().version() : opened.status().message();
  }

  Result<std::unique_ptr<LoadedModel>> load(const LoadOptions& options) override {
    {
      std::lock_guard lock(mutex_);
      library_ = options.library;
    }
    switch (options.processor) {
      case Processor::kCpu: return load_cpu(options);
      case Processor::kTpu: return load_tpu(options);
      default:
        return Status(Code::kDeviceUnavailable,
                      options.path + ": TensorFlow Lite models run on the processor cpu or tpu, not on a GPU");
    }
  }

 private:
  static Result<std::unique_ptr<LoadedModel>> load_cpu(const LoadOptions& options) try {
    const Result<Library> library = open_library(options.library);
    if (!library.ok()) return library.status();
    Result<ModelData> data = read_model(options.path);
    if (!data.ok()) return data.status();
    if (data.value().file.has_custom_op(kEdgeTpuOp)) {
      return Status(Code::kDeviceUnavailable,
                    options.path +
                        " is compiled for the Edge TPU and runs on nothing else: ask for the processor tpu, "
                        "or take the model from before the Edge TPU compiler");
    }
    const int threads = options.intra_op_threads;
    if (library.value().litert != nullptr) {
      return library.value().litert->load(options.path, std::move(data).value(), threads);
    }
    const Api& api = *library.value().tflite;
    Result<std::unique_ptr<Weights>> weights = Weights::create(api, options.path, std::move(data).value());
    if (!weights.ok()) return weights.status();
    Result<std::unique_ptr<Interpreter>> first = Interpreter::create(api, *weights.value(), threads, nullptr);
    if (!first.ok()) return first.status();
    return std::unique_ptr<LoadedModel>(
        std::make_unique<CpuModel>(api, std::move(weights).value(), std::move(first).value(), threads));
  } catch (const std::bad_alloc&) {
    return Status(Code::kOutOfMemory, options.path + ": no memory to load it");
  }

  Result<std::unique_ptr<LoadedModel>> load_tpu(const LoadOptions& options) {
    std::shared_ptr<Supervisor> supervisor;
    {
      std::lock_guard lock(mutex_);
      std::weak_ptr<Supervisor>& known = supervisors_[{options.library, options.delegate_library}];
      supervisor = known.lock();
      if (supervisor == nullptr) {
        supervisor = std::make_shared<Supervisor>(own_folder() + "/zmdetect-tpu-worker", options.library,
                                                  options.delegate_library);
        known = supervisor;
      }
    }
    Result<Supervisor::Loaded> loaded = supervisor->load(options);
    if (!loaded.ok()) return loaded.status();
    return std::unique_ptr<LoadedModel>(std::make_unique<TpuModel>(std::move(supervisor), std::move(loaded).value()));
  }

  // Guards everything below. Nothing slow runs under it; no other lock is taken under it.
  mutable std::mutex mutex_;
  std::string library_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<Supervisor>> supervisors_;
};

}  // namespace
}  // namespace zmdetect::tflite

extern "C" __attribute__((visibility("default"))) zmdetect::Backend* zmdetect_backend() {
  // Never destroyed: threads may still run in it while the process exits.
  static auto* backend = new zmdetect::tflite::TfliteBackend();
  return backend;
}
