#include "backends/loader.h"

#include <dlfcn.h>

#include <map>
#include <mutex>

namespace zmdetect {

Result<Backend*> open_backend(const std::string& folder, const std::string& name) {
  // Guards `opened`, and keeps two threads from opening one library at once. Taken alone.
  static std::mutex mutex;
  static std::map<std::string, Backend*> opened;

  const std::string path = folder + "/zmdetect_" + name + ".so";
  std::lock_guard lock(mutex);
  if (auto found = opened.find(path); found != opened.end()) return found->second;

  // Local symbols: two backends may carry different versions of one library.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status(Code::kBackendUnavailable, "the " + name + " backend cannot be opened: " + dlerror());
  }
  auto entry = reinterpret_cast<BackendEntry>(dlsym(library, kBackendEntry));
  if (entry == nullptr) {
    dlclose(library);
    return Status(Code::kBackendUnavailable, path + " is not a zmdetect backend: it exports no " + kBackendEntry);
  }
  Backend* backend = entry();
  opened.emplace(path, backend);
  return backend;
}

}  // namespace zmdetect
