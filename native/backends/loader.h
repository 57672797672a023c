// Opens backend libraries on first use.
#pragma once

#include <string>

#include "backends/backend.h"

namespace zmdetect {

/// Returns the backend called `name` ("onnx"), opening `<folder>/zmdetect_<name>.so` the first time. A failure is not
/// remembered: the library may be installed while the process runs. Errors: kBackendUnavailable with the linker's
/// sentence. Safe from any thread; the library stays open for the life of the process.
Result<Backend*> open_backend(const std::string& folder, const std::string& name);

}  // namespace zmdetect
