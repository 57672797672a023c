#include "postprocess/ssd.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "postprocess/layout.h"

namespace zmdetect {
namespace {

using Shape = std::vector<std::int64_t>;

bool is_boxes(const Shape& shape) { return shape.size() == 3 && shape[0] == 1 && shape[2] == 4; }
bool is_rows(const Shape& shape) { return shape.size() == 2 && shape[0] == 1; }
bool is_count(const Shape& shape) { return shape.size() == 1 && shape[0] == 1; }

bool fits(const SsdLayout& layout, const ModelInfo& info) {
  const auto at = [&](int index, bool (*is)(const Shape&)) {
    if (index < 0 || index >= 4) return false;
    const TensorInfo& output = info.outputs[std::size_t(index)];
    return output.type == ElementType::kFloat32 && is(output.shape);
  };
  return at(layout.boxes, is_boxes) && at(layout.classes, is_rows) && at(layout.scores, is_rows) &&
         at(layout.count, is_count);
}

Result<const float*> floats(const std::vector<TensorView>& outputs, int index, std::size_t at_least) {
  const TensorView& tensor = outputs.at(std::size_t(index));
  std::size_t count = 1;
  for (const std::int64_t side : tensor.shape) count *= std::size_t(side);
  if (tensor.type != ElementType::kFloat32 || count < at_least) {
    return Status(Code::kModelOutputInvalid, "output " + std::to_string(index) + " of the SSD model is " +
                                                 shape_text(tensor.shape) + ", expected " + std::to_string(at_least) +
                                                 " float32 values");
  }
  return static_cast<const float*>(tensor.data);
}

constexpr float kHighestScore = 1.01F;  // of quantised scores

/// A number that fits in what it becomes. A NaN does not.
bool sane(double value) { return std::abs(value) < 1e9; }

}  // namespace

Result<SsdLayout> recognise_ssd(const ModelInfo& info) {
  if (info.outputs.size() == 4) {
    SsdLayout layout;
    if (const auto named = info.metadata.find(kSsdOutputsKey); named != info.metadata.end()) {
      const int read = std::sscanf(named->second.c_str(), "%d,%d,%d,%d", &layout.boxes, &layout.classes, &layout.scores,
                                   &layout.count);
      if (read == 4 && fits(layout, info)) return layout;
    } else {
      for (const SsdLayout order : {SsdLayout{0, 1, 2, 3}, SsdLayout{1, 3, 0, 2}}) {
        if (fits(order, info)) return order;
      }
    }
  }
  std::string seen;
  for (const TensorInfo& output : info.outputs) seen += " " + shape_text(output.shape);
  return Status(Code::kModelLayoutUnknown,
                "expected the four outputs of TFLite_Detection_PostProcess: boxes [1,N,4], classes [1,N], scores [1,N] "
                "and count [1], got" +
                    seen);
}

Result<Answer> read_ssd(const SsdLayout& layout, const std::vector<TensorView>& outputs, const TopLeftFit& fit,
                        double min_confidence) {
  const Result<const float*> count = floats(outputs, layout.count, 1);
  if (!count.ok()) return count.status();
  const float declared = *count.value();
  if (!(declared >= 0) || !sane(declared)) {
    return Status(Code::kModelOutputInvalid, "the SSD model counts " + std::to_string(declared) + " objects");
  }
  const auto rows = std::size_t(declared);
  const Result<const float*> boxes = floats(outputs, layout.boxes, rows * 4);
  if (!boxes.ok()) return boxes.status();
  const Result<const float*> classes = floats(outputs, layout.classes, rows);
  if (!classes.ok()) return classes.status();
  const Result<const float*> scores = floats(outputs, layout.scores, rows);
  if (!scores.ok()) return scores.status();

  const double to_x = fit.input_width / fit.scale;
  const double to_y = fit.input_height / fit.scale;
  Answer answer;
  for (std::size_t i = 0; i < rows; ++i) {
    const float score = scores.value()[i];
    if (double(score) < min_confidence) continue;
    const float* box = boxes.value() + i * 4;
    const double corners[4] = {box[1] * to_x, box[0] * to_y, box[3] * to_x, box[2] * to_y};
    const bool possible = score <= kHighestScore && sane(classes.value()[i]) && corners[2] >= corners[0] &&
                          corners[3] >= corners[1] && std::all_of(std::begin(corners), std::end(corners), sane);
    if (!possible) {
      ++answer.impossible;
      continue;
    }
    Detection detection;
    std::copy(std::begin(corners), std::end(corners), detection.box);  // the conversion truncates toward zero
    detection.score = score;
    detection.class_id = int(classes.value()[i]);
    answer.detections.push_back(detection);
  }
  return answer;
}

}  // namespace zmdetect
