#include "backends/telemetry.h"

#include <cstdlib>
#include <cstring>

namespace zmdetect {

void forbid_telemetry() {
  constexpr const char* kSwitch = "ORT_DISABLE_TELEMETRY";
  const char* set = std::getenv(kSwitch);
  if (set != nullptr && std::strcmp(set, "1") == 0) return;
  setenv(kSwitch, "1", 1);
}

}  // namespace zmdetect
