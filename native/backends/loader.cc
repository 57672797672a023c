#include "backends/loader.h"

#include <dlfcn.h>

#include <unistd.h>

#include <map>
#include <mutex>

#include "backends/telemetry.h"

namespace zmdetect {
namespace {

/// What a person installs to get a backend that not every host has.
std::string package_of(const std::string& backend) {
  if (backend == "opencv") return "libopencv-dnn-dev (OpenCV 4; Debian, Ubuntu)";
  return "";
}

/// Why a backend cannot be had: it was not built, or a library that it needs is not on this host any more.
Status cannot_open(const std::string& path, const std::string& name, const std::string& linker) {
  const std::string package = package_of(name);
  if (package.empty()) {
    return Status(Code::kBackendUnavailable, "the " + name + " backend cannot be opened: " + linker);
  }
  if (access(path.c_str(), F_OK) != 0) {
    return Status(Code::kBackendUnavailable, "this build has no " + name + " backend (" + path + "): install " +
                                                 package + " and run `npm run build:native`");
  }
  return Status(Code::kBackendUnavailable, "the " + name + " backend cannot be opened: " + linker + ": install " +
                                               package +
                                               ", and run `npm run build:native` where its version is another than "
                                               "the build's");
}

}  // namespace

Result<Backend*> open_backend(const std::string& folder, const std::string& name) {
  // Guards `opened`, and keeps two threads from opening one library at once. Taken alone.
  static std::mutex mutex;
  static std::map<std::string, Backend*> opened;

  const std::string path = folder + "/zmdetect_" + name + ".so";
  std::lock_guard lock(mutex);
  if (auto found = opened.find(path); found != opened.end()) return found->second;

  forbid_telemetry();
  // Local symbols: two backends may carry different versions of one library.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return cannot_open(path, name, dlerror());
  auto entry = reinterpret_cast<BackendEntry>(dlsym(library, kBackendEntry));
  if (entry == nullptr) {
    dlclose(library);
    return Status(Code::kBackendUnavailable, path + " is not a zmdetect backend: it exports no " + kBackendEntry);
  }
  Backend* backend = entry();
  if (backend == nullptr) return Status(Code::kBackendUnavailable, path + " gave no backend");
  opened.emplace(path, backend);
  return backend;
}

}  // namespace zmdetect
