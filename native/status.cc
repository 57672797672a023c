#include "status.h"

namespace zmdetect {

const char* code_name(Code code) {
  switch (code) {
    case Code::kOk: return "OK";
    case Code::kImageEmpty: return "IMAGE_EMPTY";
    case Code::kImageUndecodable: return "IMAGE_UNDECODABLE";
    case Code::kImageTooLarge: return "IMAGE_TOO_LARGE";
    case Code::kImageTooThin: return "IMAGE_TOO_THIN";
    case Code::kModelFileMissing: return "MODEL_FILE_MISSING";
    case Code::kModelUnreadable: return "MODEL_UNREADABLE";
    case Code::kModelLayoutUnknown: return "MODEL_LAYOUT_UNKNOWN";
    case Code::kModelLabelsMissing: return "MODEL_LABELS_MISSING";
    case Code::kModelOutputInvalid: return "MODEL_OUTPUT_INVALID";
    case Code::kBackendUnavailable: return "BACKEND_UNAVAILABLE";
    case Code::kDeviceUnavailable: return "DEVICE_UNAVAILABLE";
    case Code::kOutOfMemory: return "OUT_OF_MEMORY";
    case Code::kInferenceFailed: return "INFERENCE_FAILED";
    case Code::kCancelled: return "CANCELLED";
    case Code::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
    case Code::kQueueFull: return "QUEUE_FULL";
    case Code::kEngineClosed: return "ENGINE_CLOSED";
    case Code::kInternal: return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace zmdetect
