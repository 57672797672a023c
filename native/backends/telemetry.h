// ONNX Runtime reports to its maker unless it is told not to. A detection daemon reports to nobody.
#pragma once

namespace zmdetect {

/// Sets ORT_DISABLE_TELEMETRY, which ONNX Runtime reads when its environment is created: with it the runtime makes no
/// id, no file and no connection. Overrides what the process was started with. To be called before other threads run,
/// since `setenv` is not safe against a `getenv` of theirs; later calls change nothing.
void forbid_telemetry();

}  // namespace zmdetect
