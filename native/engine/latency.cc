#include "engine/latency.h"

#include <algorithm>

namespace zmdetect {

LatencyLine fit_latency(const std::vector<BatchTime>& measured) {
  double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (const BatchTime& point : measured) {
    const double x = point.pictures;
    n += 1;
    sum_x += x;
    sum_y += point.ms;
    sum_xx += x * x;
    sum_xy += x * point.ms;
  }
  if (n == 0) return {};
  const LatencyLine through_origin{.base_ms = 0, .per_image_ms = sum_xy / sum_xx};
  const double spread = n * sum_xx - sum_x * sum_x;
  if (spread <= 0) return through_origin;
  const double slope = (n * sum_xy - sum_x * sum_y) / spread;
  const double base = (sum_y - slope * sum_x) / n;
  if (base < 0) return through_origin;
  if (slope < 0) return {.base_ms = sum_y / n, .per_image_ms = 0};
  return {.base_ms = base, .per_image_ms = slope};
}

int best_batch(const std::vector<BatchTime>& measured) {
  const auto rate = [](const BatchTime& point) { return point.pictures / point.ms; };
  double best = 0;
  for (const BatchTime& point : measured) best = std::max(best, rate(point));
  int smallest = 0;
  for (const BatchTime& point : measured) {
    const bool good = rate(point) >= 0.95 * best;
    if (good && (smallest == 0 || point.pictures < smallest)) smallest = point.pictures;
  }
  return std::max(1, smallest);
}

}  // namespace zmdetect
