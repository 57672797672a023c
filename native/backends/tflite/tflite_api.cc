#include "backends/tflite/tflite_api.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

namespace zmdetect::tflite {
namespace {

constexpr const char* kLibrary = "libtensorflowlite_c.so";

/// Fills `function` from the library; notes the first name that is not there.
template <typename Function>
void look_up(void* library, const char* name, Function*& function, std::string& missing) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr && missing.empty()) missing = name;
}

std::string fill(void* library, Api& api) {
  std::string missing;
#define ZMD_LOOK_UP(name) look_up(library, "TfLite" #name, api.name, missing)
  ZMD_LOOK_UP(Version);
  ZMD_LOOK_UP(ModelCreate);
  ZMD_LOOK_UP(ModelDelete);
  ZMD_LOOK_UP(InterpreterOptionsCreate);
  ZMD_LOOK_UP(InterpreterOptionsDelete);
  ZMD_LOOK_UP(InterpreterOptionsSetNumThreads);
  ZMD_LOOK_UP(InterpreterOptionsAddDelegate);
  ZMD_LOOK_UP(InterpreterOptionsSetErrorReporter);
  ZMD_LOOK_UP(InterpreterCreate);
  ZMD_LOOK_UP(InterpreterDelete);
  ZMD_LOOK_UP(InterpreterAllocateTensors);
  ZMD_LOOK_UP(InterpreterGetInputTensorCount);
  ZMD_LOOK_UP(InterpreterGetInputTensor);
  ZMD_LOOK_UP(InterpreterGetOutputTensorCount);
  ZMD_LOOK_UP(InterpreterGetOutputTensor);
  ZMD_LOOK_UP(InterpreterInvoke);
  ZMD_LOOK_UP(TensorType);
  ZMD_LOOK_UP(TensorNumDims);
  ZMD_LOOK_UP(TensorDim);
  ZMD_LOOK_UP(TensorByteSize);
  ZMD_LOOK_UP(TensorData);
  ZMD_LOOK_UP(TensorName);
  ZMD_LOOK_UP(TensorQuantizationParams);
#undef ZMD_LOOK_UP
  return missing;
}

std::string choose(const std::string& configured) {
  if (!configured.empty()) return configured;
  if (const char* named = std::getenv("ZMDETECT_TFLITE_LIBRARY"); named != nullptr && *named != '\0') return named;
  const std::string beside = own_folder() + "/" + kLibrary;
  return access(beside.c_str(), F_OK) == 0 ? beside : kLibrary;
}

}  // namespace

std::string own_folder() {
  Dl_info self = {};
  if (dladdr(reinterpret_cast<void*>(&own_folder), &self) == 0 || self.dli_fname == nullptr) return ".";
  const std::string path = self.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Result<Library> open_library(const std::string& configured) {
  // Guards `opened`, and keeps two threads from opening one library at once. Taken alone.
  static std::mutex mutex;
  // Never destroyed: threads may still be inside the library while the process exits.
  static auto& opened = *new std::map<std::string, Library>();

  const std::string path = choose(configured);
  std::lock_guard lock(mutex);
  if (auto found = opened.find(path); found != opened.end()) return found->second;

  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return Status(Code::kBackendUnavailable, std::string("TensorFlow Lite cannot be opened: ") + dlerror() +
                                                 "; install libtensorflowlite_c.so (TensorFlow Lite's C API) or name "
                                                 "its path in ZMDETECT_TFLITE_LIBRARY");
  }
  Library library;
  if (LiteRt::is(handle)) {
    Result<std::unique_ptr<LiteRt>> litert = LiteRt::open(handle, path);
    if (!litert.ok()) return litert.status();
    library.litert = std::move(litert).value().release();
  } else {
    auto api = std::make_unique<Api>();
    if (const std::string missing = fill(handle, *api); !missing.empty()) {
      dlclose(handle);
      return Status(Code::kBackendUnavailable, path + " has no " + missing +
                                                   ": expected TensorFlow Lite's C API, libtensorflowlite_c.so 2.5 or "
                                                   "later, or libLiteRt.so of ai-edge-litert 2.3");
    }
    library.tflite = api.release();
  }
  return opened.emplace(path, library).first->second;
}

Result<const Api*> open_tflite(const std::string& configured) {
  const Result<Library> library = open_library(configured);
  if (!library.ok()) return library.status();
  if (library.value().tflite == nullptr) {
    return Status(Code::kBackendUnavailable,
                  "LiteRT runs models on the CPU only: for an Edge TPU, name a libtensorflowlite_c.so in "
                  "ZMDETECT_TFLITE_LIBRARY, or leave it empty");
  }
  return library.value().tflite;
}

ElementType element_type(int type) {
  switch (type) {
    case 1: return ElementType::kFloat32;
    case 2: return ElementType::kInt32;
    case 3: return ElementType::kUint8;
    case 4: return ElementType::kInt64;
    case 9: return ElementType::kInt8;
    case 10: return ElementType::kFloat16;
    case 11: return ElementType::kFloat64;
    default: return ElementType::kOther;
  }
}

int element_number(ElementType type) {
  for (const int number : {1, 2, 3, 4, 9, 10, 11}) {
    if (element_type(number) == type) return number;
  }
  return 0;
}

}  // namespace zmdetect::tflite
