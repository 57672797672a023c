// LiteRT, the successor of TensorFlow Lite, through the C API of libLiteRt.so, looked up at run time. The declarations
// state the API's ABI (symbol version VERS_1.0), so that no header of it is needed to build. CPU only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "backends/backend.h"
#include "backends/tflite/model_file.h"

namespace zmdetect::tflite {

namespace litert {

struct Environment;
struct Model;
struct Options;
struct OpaqueOptions;
struct CompiledModel;
struct Signature;
struct Subgraph;
struct Tensor;
struct TensorBuffer;

constexpr int kOk = 0;  // LiteRtStatus

/// An option of an environment: its tag, and a value of the type integer.
struct EnvironmentOption {
  std::int32_t tag;
  alignas(8) std::int32_t type;
  std::int64_t value;
};

struct Layout {
  std::uint32_t rank_and_flags;  // the rank in the lowest 7 bits
  std::int32_t dimensions[8];
  std::uint32_t strides[8];
};

struct TensorType {
  std::int32_t element_type;  // numbered as TfLiteType
  Layout layout;
};

struct Quantization {  // of a whole tensor
  float scale;
  std::int64_t zero_point;
};

static_assert(sizeof(EnvironmentOption) == 24 && sizeof(Layout) == 68 && sizeof(TensorType) == 72 &&
              sizeof(Quantization) == 16);

/// Entry points by their name in the library, without its prefix "LiteRt". Those that return int return a status.
struct Api {
  int (*CreateEnvironment)(int count, const EnvironmentOption*, Environment**);
  int (*CreateModelFromBuffer)(Environment*, const void* data, std::size_t bytes, Model**);  // the data must outlive it
  void (*DestroyModel)(Model*);
  int (*GetModelSignature)(Model*, std::size_t index, Signature**);
  int (*GetSignatureSubgraph)(Signature*, Subgraph**);
  int (*GetNumSignatureInputs)(Signature*, std::size_t*);
  int (*GetNumSignatureOutputs)(Signature*, std::size_t*);
  int (*GetSignatureInputTensorByIndex)(Signature*, std::size_t, Tensor**);
  int (*GetSignatureOutputTensorByIndex)(Signature*, std::size_t, Tensor**);
  int (*GetNumSubgraphOutputs)(Subgraph*, std::size_t*);
  int (*GetSubgraphOutput)(Subgraph*, std::size_t, Tensor**);
  int (*GetTensorName)(Tensor*, const char**);
  int (*GetRankedTensorType)(Tensor*, TensorType*);
  int (*GetQuantizationTypeId)(Tensor*, int*);
  int (*GetPerTensorQuantization)(Tensor*, Quantization*);
  int (*CreateOptions)(Options**);
  void (*DestroyOptions)(Options*);
  int (*SetOptionsHardwareAccelerators)(Options*, int);
  int (*CreateOpaqueOptions)(const char* name, void* payload, void (*destroy)(void*), OpaqueOptions**);
  void (*DestroyOpaqueOptions)(OpaqueOptions*);
  int (*AddOpaqueOptions)(Options*, OpaqueOptions*);  // takes them
  int (*CreateCompiledModel)(Environment*, Model*, Options*, CompiledModel**);
  void (*DestroyCompiledModel)(CompiledModel*);
  int (*GetCompiledModelInputTensorLayout)(CompiledModel*, std::size_t signature, std::size_t input, Layout*);
  int (*GetCompiledModelOutputTensorLayouts)(CompiledModel*, std::size_t signature, std::size_t count, Layout*,
                                             bool allocate);
  int (*RunCompiledModel)(CompiledModel*, std::size_t signature, std::size_t inputs, TensorBuffer**,
                          std::size_t outputs, TensorBuffer**);
  int (*CreateManagedTensorBuffer)(Environment*, int type, const TensorType*, std::size_t bytes, TensorBuffer**);
  void (*DestroyTensorBuffer)(TensorBuffer*);
  int (*LockTensorBuffer)(TensorBuffer*, void**, int mode);
  int (*UnlockTensorBuffer)(TensorBuffer*);
};

}  // namespace litert

/// An opened libLiteRt.so with its one environment, which is never destroyed.
class LiteRt {
 public:
  /// Whether `library`, from dlopen, is LiteRT's.
  static bool is(void* library);

  /// Errors: kBackendUnavailable with the first function that is not there.
  static Result<std::unique_ptr<LiteRt>> open(void* library, const std::string& path);

  /// Loads a model on the CPU; for an SSD model the metadata has kSsdOutputsKey (postprocess/ssd.h). Errors:
  /// kModelUnreadable, kModelLayoutUnknown for a model without exactly one input.
  Result<std::unique_ptr<LoadedModel>> load(const std::string& path, ModelData data, int threads) const;

 private:
  LiteRt() = default;

  litert::Api api_{};
  litert::Environment* environment_ = nullptr;
};

}  // namespace zmdetect::tflite
