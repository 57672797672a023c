// An Edge TPU behind TensorFlow Lite's external-delegate plug-in interface. Lives in zmdetect-tpu-worker only.
#pragma once

#include <memory>
#include <string>

#include "backends/backend.h"
#include "backends/tflite/tflite_api.h"

namespace zmdetect::tflite {

using DelegatePtr = std::unique_ptr<RawDelegate, void (*)(RawDelegate*)>;

/// libedgetpu, or another library with the two entry points of the plug-in interface.
class DelegateLibrary {
 public:
  /// Opens `configured`, else what ZMDETECT_EDGETPU_LIBRARY names, else the system's libedgetpu.so.1. It is never
  /// closed. Errors: kDeviceUnavailable, with a sentence for a library that is not there and another for one of a
  /// version that does not fit this system.
  static Result<DelegateLibrary> open(const std::string& configured);

  /// Opens the device. Errors: kDeviceUnavailable when there is none, or none that this process may use.
  Result<DelegatePtr> create() const;

  /// The library's own version, in its own words; its path when it does not tell.
  std::string version() const;

  /// "Edge TPU (USB)", "Edge TPU (PCIe)", or "Edge TPU" when the library does not tell.
  std::string device() const;

 private:
  struct Device {  // edgetpu_device
    int type;      // 0: PCIe, 1: USB
    const char* path;
  };

  std::string path_;
  RawDelegate* (*create_)(char** keys, char** values, std::size_t count, void (*report)(const char*)) = nullptr;
  void (*destroy_)(RawDelegate*) = nullptr;
  // libedgetpu's own C API; null in other libraries.
  const char* (*version_)() = nullptr;
  Device* (*list_)(std::size_t* count) = nullptr;
  void (*free_)(Device*) = nullptr;
};

}  // namespace zmdetect::tflite
