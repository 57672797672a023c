// The functions of TensorFlow Lite's C API that we use, looked up at run time in whichever libtensorflowlite_c.so the
// host has. The declarations below state the API's stable ABI, so that no header of it is needed to build.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <string>

#include "backends/backend.h"
#include "backends/tflite/litert.h"

namespace zmdetect::tflite {

struct Model;               // TfLiteModel
struct InterpreterOptions;  // TfLiteInterpreterOptions
struct RawInterpreter;      // TfLiteInterpreter
struct Tensor;              // TfLiteTensor
struct RawDelegate;         // TfLiteDelegate

constexpr int kOk = 0;  // TfLiteStatus kTfLiteOk; everything else is a failure

struct QuantizationParams {  // TfLiteQuantizationParams
  float scale;
  std::int32_t zero_point;
};

/// Entry points by their name in the library, without its prefix "TfLite".
struct Api {
  const char* (*Version)();
  Model* (*ModelCreate)(const void* data, std::size_t bytes);  // the data must outlive the model
  void (*ModelDelete)(Model*);
  InterpreterOptions* (*InterpreterOptionsCreate)();
  void (*InterpreterOptionsDelete)(InterpreterOptions*);
  void (*InterpreterOptionsSetNumThreads)(InterpreterOptions*, std::int32_t);
  void (*InterpreterOptionsAddDelegate)(InterpreterOptions*, RawDelegate*);
  void (*InterpreterOptionsSetErrorReporter)(InterpreterOptions*,
                                             void (*report)(void* context, const char* format, va_list arguments),
                                             void* context);
  RawInterpreter* (*InterpreterCreate)(const Model*, const InterpreterOptions*);
  void (*InterpreterDelete)(RawInterpreter*);
  int (*InterpreterAllocateTensors)(RawInterpreter*);
  std::int32_t (*InterpreterGetInputTensorCount)(const RawInterpreter*);
  Tensor* (*InterpreterGetInputTensor)(const RawInterpreter*, std::int32_t);
  std::int32_t (*InterpreterGetOutputTensorCount)(const RawInterpreter*);
  const Tensor* (*InterpreterGetOutputTensor)(const RawInterpreter*, std::int32_t);
  int (*InterpreterInvoke)(RawInterpreter*);
  int (*TensorType)(const Tensor*);
  std::int32_t (*TensorNumDims)(const Tensor*);
  std::int32_t (*TensorDim)(const Tensor*, std::int32_t);
  std::size_t (*TensorByteSize)(const Tensor*);
  void* (*TensorData)(const Tensor*);
  const char* (*TensorName)(const Tensor*);
  QuantizationParams (*TensorQuantizationParams)(const Tensor*);
};

/// A library that runs .tflite files: TensorFlow Lite's or LiteRT's. The other one is null.
struct Library {
  const Api* tflite = nullptr;
  const LiteRt* litert = nullptr;

  std::string version() const { return tflite != nullptr ? tflite->Version() : "LiteRT"; }
};

/// Opens a library; its symbols tell which of the two it is. The first of these that is set, or exists, decides:
/// `configured`, the environment's ZMDETECT_TFLITE_LIBRARY, libtensorflowlite_c.so beside this library, the system's
/// libtensorflowlite_c.so. Errors: kBackendUnavailable with a sentence that says what to install. A success lasts for
/// the life of the process; a failure is not remembered. Safe from any thread.
Result<Library> open_library(const std::string& configured);

/// The same for an Edge TPU, whose delegate needs TensorFlow Lite. Errors: kBackendUnavailable for LiteRT too.
Result<const Api*> open_tflite(const std::string& configured);

/// What `type` (TfLiteType) is called here.
ElementType element_type(int type);

/// The number of a type that element_type knows.
int element_number(ElementType type);

/// The folder of the library or program that this code is part of, without a slash at its end.
std::string own_folder();

}  // namespace zmdetect::tflite
