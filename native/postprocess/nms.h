// Class-agnostic non-maximum suppression, with OpenCV NMSBoxes' meaning (contract 5.1).
#pragma once

#include <span>
#include <vector>

#include "postprocess/detection.h"

namespace zmdetect {

inline constexpr float kNmsIou = 0.4F;

/// Intersection over union of two boxes. Two boxes without area overlap fully. Computed in double, narrowed to float
/// as 1 - (1 - IoU), so that a tie with the threshold falls as it does in OpenCV.
float iou(const Candidate& a, const Candidate& b);

/// Indices of the kept candidates, best first: scores strictly above `score_threshold`, stable order, a box dropped
/// when its IoU with a kept one is above `iou_threshold`.
/// `comparisons`, where it is given, counts pairs of boxes.
std::vector<int> nms(std::span<const Candidate> candidates, float score_threshold, float iou_threshold = kNmsIou,
                     std::int64_t* comparisons = nullptr);

/// Keeps the strongest limits::kCandidates, in the order of their scores, equal ones in the network's order; returns
/// how many it dropped. A list that is short enough stays as it is.
int cap_candidates(std::vector<Candidate>& candidates);

/// NMS with the threshold min(0.2, min_confidence), then drops scores below `min_confidence` and rounds corners half
/// to even.
std::vector<Detection> select_detections(std::span<const Candidate> candidates, double min_confidence);

/// Score above which a candidate is worth keeping before NMS: min(0.2, min_confidence).
float candidate_threshold(double min_confidence);

}  // namespace zmdetect
