#include "postprocess/label_map.h"

#include <algorithm>
#include <iterator>

namespace zmdetect {
namespace {

constexpr int kCocoIds = 91;  // 0 to 90
constexpr int kCocoLabels = 80;
constexpr int kUnused[] = {0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83};

std::vector<int> coco() {
  std::vector<int> labels;
  int next = 0;
  for (int id = 0; id < kCocoIds; ++id) {
    const bool unused = std::find(std::begin(kUnused), std::end(kUnused), id) != std::end(kUnused);
    labels.push_back(unused ? -1 : next++);
  }
  return labels;
}

std::vector<int> shifted(int ids, int by) {
  std::vector<int> labels;
  labels.reserve(ids);
  for (int id = 0; id < ids; ++id) labels.push_back(std::max(-1, id + by));
  return labels;
}

}  // namespace

std::optional<std::vector<int>> labels_of_columns(int ids, int labels) {
  if (ids == labels) return std::vector<int>();
  if (labels == kCocoLabels && ids == kCocoIds) return coco();
  if (labels == kCocoLabels && ids == kCocoIds - 1) {
    std::vector<int> map = coco();
    map.erase(map.begin());
    return map;
  }
  if (labels == kCocoIds - 1 && ids == kCocoIds) return shifted(ids, -1);
  if (labels == kCocoIds && ids == kCocoIds - 1) return shifted(ids, 1);
  return std::nullopt;
}

std::vector<int> labels_of_ids_from_one(int labels) {
  if (labels == kCocoLabels) return coco();
  if (labels == kCocoIds) return {};
  return shifted(labels + 1, -1);
}

}  // namespace zmdetect
