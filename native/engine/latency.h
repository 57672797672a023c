// What a batch costs: t(n) = base + per_image * n milliseconds, learned when a model is prepared.
#pragma once

#include <vector>

namespace zmdetect {

struct BatchTime {
  int pictures = 0;
  double ms = 0;
};

struct LatencyLine {
  double base_ms = 0;
  double per_image_ms = 0;
};

/// Least squares through the measured points, neither part below zero; one point lies on a line through the origin.
LatencyLine fit_latency(const std::vector<BatchTime>& measured);

/// The smallest measured batch whose images per second come within 5 % of the best measured: a larger one would only
/// make pictures wait for each other. 1 where nothing was measured.
int best_batch(const std::vector<BatchTime>& measured);

}  // namespace zmdetect
