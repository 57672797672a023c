#include "backends/tflite/interpreter.h"

#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>

#include "postprocess/ssd.h"

namespace zmdetect::tflite {
namespace {

constexpr std::size_t kLongestLog = 1000;  // characters; a broken graph can report thousands of lines

/// "CONV_2D version 6" where the library reports that it does not know that version of an operator; else empty.
std::string unknown_operator(const std::string& log) {
  constexpr std::string_view kBegin = "Didn't find op for builtin opcode '";
  constexpr std::string_view kBetween = "' version '";
  const std::size_t begin = log.find(kBegin);
  if (begin == std::string::npos) return {};
  const std::size_t name = begin + kBegin.size();
  const std::size_t between = log.find(kBetween, name);
  if (between == std::string::npos) return {};
  const std::size_t version = between + kBetween.size();
  const std::size_t end = log.find('\'', version);
  if (end == std::string::npos) return {};
  return log.substr(name, between - name) + " version " + log.substr(version, end - version);
}

}  // namespace

Result<std::unique_ptr<Weights>> Weights::read(const Api& api, const std::string& path) try {
  Result<ModelData> data = read_model(path);
  if (!data.ok()) return data.status();
  return create(api, path, std::move(data).value());
} catch (const std::bad_alloc&) {
  return Status(Code::kOutOfMemory, path + ": no memory to load it");
}

Result<std::unique_ptr<Weights>> Weights::create(const Api& api, const std::string& path, ModelData data) {
  std::unique_ptr<Weights> weights(new Weights(path, std::move(data)));
  weights->model_ = {api.ModelCreate(weights->data_.bytes.data(), weights->data_.bytes.size()), api.ModelDelete};
  if (weights->model_ == nullptr) {
    return Status(Code::kModelUnreadable, path + " is refused by TensorFlow Lite " + api.Version() +
                                              ": broken, truncated or of a newer format");
  }
  return weights;
}

void Interpreter::note(void* context, const char* format, va_list arguments) {
  auto& log = static_cast<Interpreter*>(context)->log_;
  char line[512];
  if (std::vsnprintf(line, sizeof line, format, arguments) < 0 || log.size() > kLongestLog) return;
  if (!log.empty()) log += "; ";
  log += line;
  while (!log.empty() && log.back() == '\n') log.pop_back();
}

Result<std::unique_ptr<Interpreter>> Interpreter::create(const Api& api, const Weights& weights, int threads,
                                                         RawDelegate* delegate) {
  std::unique_ptr<Interpreter> made(new Interpreter(api, weights));
  const std::unique_ptr<InterpreterOptions, void (*)(InterpreterOptions*)> options(api.InterpreterOptionsCreate(),
                                                                                   api.InterpreterOptionsDelete);
  api.InterpreterOptionsSetNumThreads(options.get(), threads);
  api.InterpreterOptionsSetErrorReporter(options.get(), note, made.get());
  if (delegate != nullptr) api.InterpreterOptionsAddDelegate(options.get(), delegate);
  made->raw_ = {api.InterpreterCreate(weights.model(), options.get()), api.InterpreterDelete};
  if (made->raw_ == nullptr || api.InterpreterAllocateTensors(made->raw_.get()) != kOk) {
    if (const std::string newer = unknown_operator(made->log_); !newer.empty()) {
      return Status(
          Code::kModelUnreadable,
          weights.path() + " needs " + newer + ", which TensorFlow Lite " + api.Version() +
              " does not have: name LiteRT's libLiteRt.so (pip package ai-edge-litert) in ZMDETECT_TFLITE_LIBRARY, " +
              "convert the model with TensorFlow " + api.Version() + " or older, or export it to ONNX");
    }
    return Status(Code::kModelUnreadable,
                  weights.path() + " is refused by TensorFlow Lite " + api.Version() + ": " + made->log_);
  }
  if (const auto inputs = api.InterpreterGetInputTensorCount(made->raw_.get()); inputs != 1) {
    return Status(Code::kModelLayoutUnknown, weights.path() + " has " + std::to_string(inputs) + " inputs, expected 1");
  }
  return made;
}

std::vector<std::int64_t> Interpreter::shape(const Tensor* tensor) const {
  std::vector<std::int64_t> sides(std::size_t(api_.TensorNumDims(tensor)));
  for (std::size_t i = 0; i < sides.size(); ++i) sides[i] = api_.TensorDim(tensor, std::int32_t(i));
  return sides;
}

TensorInfo Interpreter::describe(const Tensor* tensor) const {
  const QuantizationParams quantisation = api_.TensorQuantizationParams(tensor);
  const char* name = api_.TensorName(tensor);
  return {.name = name == nullptr ? "" : name,
          .type = element_type(api_.TensorType(tensor)),
          .shape = shape(tensor),
          .quantisation = {.scale = quantisation.scale, .zero_point = quantisation.zero_point}};
}

ModelInfo Interpreter::info() const {
  ModelInfo info;
  info.inputs.push_back(describe(api_.InterpreterGetInputTensor(raw_.get(), 0)));
  for (std::int32_t i = 0; i < api_.InterpreterGetOutputTensorCount(raw_.get()); ++i) {
    info.outputs.push_back(describe(api_.InterpreterGetOutputTensor(raw_.get(), i)));
  }
  if (const std::string positions = weights_.file().ssd_positions(); !positions.empty()) {
    info.metadata[kSsdOutputsKey] = positions;
  }
  info.runtime = std::string("TensorFlow Lite ") + api_.Version();
  return info;
}

Status Interpreter::run(const void* data, std::size_t bytes, std::vector<TensorView>& outputs) {
  log_.clear();
  Tensor* const input = api_.InterpreterGetInputTensor(raw_.get(), 0);
  if (const std::size_t expected = api_.TensorByteSize(input); expected != bytes) {
    return Status(Code::kInferenceFailed,
                  "the input has " + std::to_string(bytes) + " bytes, expected " + std::to_string(expected));
  }
  std::memcpy(api_.TensorData(input), data, bytes);
  if (api_.InterpreterInvoke(raw_.get()) != kOk) return Status(Code::kInferenceFailed, "TensorFlow Lite: " + log_);
  const std::int32_t count = api_.InterpreterGetOutputTensorCount(raw_.get());
  outputs.clear();
  outputs.reserve(std::size_t(count));
  for (std::int32_t i = 0; i < count; ++i) {
    const Tensor* const output = api_.InterpreterGetOutputTensor(raw_.get(), i);
    outputs.push_back({api_.TensorData(output), element_type(api_.TensorType(output)), shape(output)});
  }
  return Status();
}

}  // namespace zmdetect::tflite
