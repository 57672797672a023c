// One picture's way through a model: what is asked, what is answered, how long each stage took.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/ticket.h"
#include "image/image.h"
#include "postprocess/detection.h"

namespace zmdetect {

/// Milliseconds that one picture spent in each stage.
struct StageTimes {
  double letterbox = 0;
  double queue = 0;  // waiting for a slot and for an instance
  double infer = 0;  // of the whole batch
  double post = 0;
  int batch = 0;  // pictures that shared the inference
};

struct DetectResult {
  Answer answer;
  StageTimes times;
};

using DetectCallback = std::function<void(Result<DetectResult>)>;

/// One request for one picture.
struct DetectJob {
  std::shared_ptr<const Image> image;
  double min_confidence = 0.3;
  TicketPtr ticket;
  DetectCallback done;  // called exactly once, from an engine thread, with no lock held
};

}  // namespace zmdetect
