// A TensorFlow Lite model in memory and the interpreters that run it, with their C API wrapped into objects.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/tflite/model_file.h"
#include "backends/tflite/tflite_api.h"

namespace zmdetect::tflite {

/// A model's file in memory, checked by the library. Must outlive the interpreters made of it.
class Weights {
 public:
  /// Errors: kModelFileMissing, kModelUnreadable, kOutOfMemory.
  static Result<std::unique_ptr<Weights>> read(const Api& api, const std::string& path);

  /// The same of a file that was read before. Errors: kModelUnreadable.
  static Result<std::unique_ptr<Weights>> create(const Api& api, const std::string& path, ModelData data);

  const std::string& path() const { return path_; }
  const ModelFile& file() const { return data_.file; }
  const Model* model() const { return model_.get(); }

 private:
  Weights(std::string path, ModelData data) : path_(std::move(path)), data_(std::move(data)) {}

  std::string path_;
  ModelData data_;  // the model reads it in place
  std::unique_ptr<Model, void (*)(Model*)> model_{nullptr, nullptr};
};

/// One interpreter; used by one thread at a time.
class Interpreter {
 public:
  /// `delegate` may be null; else it must outlive the interpreter. Errors: kModelUnreadable with the library's words,
  /// kModelLayoutUnknown for a model without exactly one input.
  static Result<std::unique_ptr<Interpreter>> create(const Api& api, const Weights& weights, int threads,
                                                     RawDelegate* delegate);

  /// Tensors of the model; for an SSD model the metadata has kSsdOutputsKey (postprocess/ssd.h).
  ModelInfo info() const;

  /// Runs the network on `bytes` bytes of input. `outputs` are views of the interpreter's own memory, valid until the
  /// next call. Errors: kInferenceFailed with the library's words.
  Status run(const void* data, std::size_t bytes, std::vector<TensorView>& outputs);

 private:
  Interpreter(const Api& api, const Weights& weights) : api_(api), weights_(weights) {}

  static void note(void* context, const char* format, va_list arguments);
  TensorInfo describe(const Tensor* tensor) const;
  std::vector<std::int64_t> shape(const Tensor* tensor) const;

  const Api& api_;
  const Weights& weights_;
  std::string log_;  // what the library has reported since the last step
  std::unique_ptr<RawInterpreter, void (*)(RawInterpreter*)> raw_{nullptr, nullptr};
};

}  // namespace zmdetect::tflite
