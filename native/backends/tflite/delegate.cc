#include "backends/tflite/delegate.h"

#include <dlfcn.h>

#include <cstdlib>

namespace zmdetect::tflite {
namespace {

constexpr const char* kLibrary = "libedgetpu.so.1";

template <typename Function>
void look_up(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
}

std::string choose(const std::string& configured) {
  if (!configured.empty()) return configured;
  const char* named = std::getenv("ZMDETECT_EDGETPU_LIBRARY");
  return named != nullptr && *named != '\0' ? named : kLibrary;
}

// The plug-in reports without a context, on the thread that creates the delegate.
thread_local std::string reported;
void report(const char* words) { reported += (reported.empty() ? "" : "; ") + std::string(words); }

}  // namespace

Result<DelegateLibrary> DelegateLibrary::open(const std::string& configured) {
  DelegateLibrary opened;
  opened.path_ = choose(configured);
  void* library = dlopen(opened.path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const std::string words = dlerror();
    // The linker names the file that it misses first: the library itself, or one that it needs.
    if (words.starts_with(opened.path_ + ": cannot open shared object file: No such file")) {
      return Status(Code::kDeviceUnavailable, "the Edge TPU's library is not there (" + words +
                                                  "): install Coral's package libedgetpu1-std, or name the library's "
                                                  "path in ZMDETECT_EDGETPU_LIBRARY");
    }
    return Status(Code::kDeviceUnavailable,
                  "the Edge TPU's library is of a version that does not fit this system: " + words);
  }
  look_up(library, "tflite_plugin_create_delegate", opened.create_);
  look_up(library, "tflite_plugin_destroy_delegate", opened.destroy_);
  if (opened.create_ == nullptr || opened.destroy_ == nullptr) {
    return Status(Code::kDeviceUnavailable,
                  "the Edge TPU's library is of a version that does not fit: " + opened.path_ +
                      " has no tflite_plugin_create_delegate; libedgetpu 13 (2020) and later have it");
  }
  look_up(library, "edgetpu_version", opened.version_);
  look_up(library, "edgetpu_list_devices", opened.list_);
  look_up(library, "edgetpu_free_devices", opened.free_);
  return opened;
}

Result<DelegatePtr> DelegateLibrary::create() const {
  reported.clear();
  RawDelegate* delegate = create_(nullptr, nullptr, 0, report);
  if (delegate == nullptr) {
    return Status(Code::kDeviceUnavailable,
                  "no Edge TPU could be opened: plug it in, let no other process use it, and let this user read and "
                  "write it (group plugdev for USB, apex for PCIe); " +
                      version() + (reported.empty() ? "" : " says: " + reported));
  }
  return DelegatePtr(delegate, destroy_);
}

std::string DelegateLibrary::version() const { return version_ == nullptr ? path_ : version_(); }

std::string DelegateLibrary::device() const {
  std::string name = "Edge TPU";
  if (list_ == nullptr || free_ == nullptr) return name;
  std::size_t count = 0;
  Device* devices = list_(&count);
  if (devices == nullptr) return name;
  if (count > 0) name += devices[0].type == 1 ? " (USB)" : " (PCIe)";
  free_(devices);
  return name;
}

}  // namespace zmdetect::tflite
