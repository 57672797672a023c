#include "postprocess/nms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "input_limits.h"

namespace zmdetect {

float iou(const Candidate& a, const Candidate& b) {
  const double area_a = a.width * a.height;
  const double area_b = b.width * b.height;
  if (area_a + area_b <= std::numeric_limits<double>::epsilon()) return 1.0F;
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  const double shared = width > 0 && height > 0 ? width * height : 0.0;
  return 1.0F - static_cast<float>(1.0 - shared / (area_a + area_b - shared));
}

int cap_candidates(std::vector<Candidate>& candidates) {
  const auto most = std::size_t(limits::kCandidates);
  if (candidates.size() <= most) return 0;
  std::vector<int> order(candidates.size());
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(most), order.end(), [&](int a, int b) {
    const float first = candidates[std::size_t(a)].score;
    const float second = candidates[std::size_t(b)].score;
    return first != second ? first > second : a < b;
  });
  std::vector<Candidate> strongest;
  strongest.reserve(most);
  for (std::size_t i = 0; i < most; ++i) strongest.push_back(candidates[std::size_t(order[i])]);
  const int dropped = int(candidates.size() - most);
  candidates = std::move(strongest);
  return dropped;
}

std::vector<int> nms(std::span<const Candidate> candidates, float score_threshold, float iou_threshold,
                     std::int64_t* comparisons) {
  std::vector<int> order;
  for (int i = 0; i < static_cast<int>(candidates.size()); ++i) {
    if (candidates[i].score > score_threshold) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return candidates[a].score > candidates[b].score; });
  std::vector<int> kept;
  for (int index : order) {
    const bool free = std::none_of(kept.begin(), kept.end(), [&](int winner) {
      if (comparisons != nullptr) ++*comparisons;
      return iou(candidates[index], candidates[winner]) > iou_threshold;
    });
    if (free) kept.push_back(index);
  }
  return kept;
}

float candidate_threshold(double min_confidence) { return static_cast<float>(std::min(0.2, min_confidence)); }

std::vector<Detection> select_detections(std::span<const Candidate> candidates, double min_confidence) {
  std::vector<Detection> detections;
  for (int index : nms(candidates, candidate_threshold(min_confidence))) {
    const Candidate& c = candidates[index];
    // The comparison is in double: a float 0.7 is below the threshold 0.7.
    if (static_cast<double>(c.score) < min_confidence) continue;
    Detection d;
    // llrint rounds half to even in the default rounding mode, as Python's round does.
    d.box[0] = std::llrint(c.x);
    d.box[1] = std::llrint(c.y);
    d.box[2] = std::llrint(c.x + c.width);
    d.box[3] = std::llrint(c.y + c.height);
    d.score = c.score;
    d.class_id = c.class_id;
    detections.push_back(d);
  }
  return detections;
}

}  // namespace zmdetect
