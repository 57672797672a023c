#include "postprocess/plan.h"

#include <algorithm>

#include "postprocess/darknet.h"
#include "postprocess/floats.h"
#include "postprocess/nms.h"

namespace zmdetect {
namespace {

constexpr std::int64_t kMostFixed = 256;  // pictures of a batch that the file fixes

LayoutHints hints_of(const InputPlan& input, const PlanOptions& options) {
  return {.classes = options.classes,
          .input_width = input.width,
          .input_height = input.height,
          .layout = options.layout,
          .boxes = options.boxes,
          .interleaved = input.interleaved};
}

/// An output whose shape is known only once the network has run.
bool is_open(const TensorInfo& output) {
  return output.shape.empty() ||
         std::any_of(output.shape.begin(), output.shape.end(), [](auto side) { return side < 0; });
}

/// ONNX files name the outputs of TensorFlow's operator, so the layout table knows them.
bool may_be_tflite(const ModelInfo& info) { return !info.runtime.starts_with("ONNX"); }

std::vector<TensorView> widened(const ModelPlan& plan, const std::vector<TensorView>& outputs, ReadBuffers& buffers) {
  std::vector<TensorView> views;
  buffers.floats.resize(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Quantisation quantisation = i < plan.quantisations.size() ? plan.quantisations[i] : Quantisation();
    views.push_back(as_floats(outputs[i], quantisation, buffers.floats[i]));
  }
  return views;
}

}  // namespace

std::vector<std::int64_t> ModelPlan::input_shape(int batch) const {
  if (input.interleaved) return {batch, input.height, input.width, input.channel_count()};
  return {batch, input.channel_count(), input.height, input.width};
}

ElementType ModelPlan::input_type() const {
  switch (input.type) {
    case SlotType::kFloat32: return ElementType::kFloat32;
    case SlotType::kFloat64: return ElementType::kFloat64;
    case SlotType::kFloat16: return ElementType::kFloat16;
    case SlotType::kBfloat16: return ElementType::kBfloat16;
    case SlotType::kUint8: return ElementType::kUint8;
    case SlotType::kInt8: return ElementType::kInt8;
  }
  return ElementType::kOther;
}

Result<ModelPlan> plan_model(const ModelInfo& info, const PlanOptions& options) {
  Result<InputPlan> input = read_picture_input(info, options.input_width, options.input_height);
  if (!input.ok()) return input.status();
  ModelPlan plan;
  plan.input = input.value();
  const TensorInfo& tensor = info.inputs[0];
  plan.dynamic_batch = tensor.shape.empty() || tensor.shape[0] < 1;
  if (!plan.dynamic_batch && tensor.shape[0] > kMostFixed) {
    return Status(Code::kModelLayoutUnknown, "expected a batch of at most " + std::to_string(kMostFixed) +
                                                 " pictures, got " + std::to_string(tensor.shape[0]) +
                                                 ": export the model with batch 1 or a dynamic batch");
  }
  if (!plan.dynamic_batch) plan.fixed_batch = static_cast<int>(tensor.shape[0]);
  for (const TensorInfo& output : info.outputs) plan.quantisations.push_back(output.quantisation);

  const Result<SsdLayout> ssd = recognise_ssd(info);
  if (plan.input.interleaved && may_be_tflite(info) && ssd.ok()) {
    plan.layout = {.kind = LayoutKind::kSsd, .name = "ssd", .decided_by = "outputs of TFLite_Detection_PostProcess"};
    plan.layout.classes = options.classes;
    plan.layout.feed = {.fit = Fit::kTopLeftLanczos, .scale = Scale::kMinusOneToOne, .bytes = true};
    plan.ssd = ssd.value();
  } else {
    const Result<Layout> layout = recognise_layout(info, hints_of(plan.input, options));
    const bool open = std::any_of(info.outputs.begin(), info.outputs.end(), is_open);
    if (!layout.ok() && !open) return layout.status();
    if (layout.ok()) plan.layout = layout.value();
  }
  ZMD_RETURN_IF_ERROR(feed_as(plan.layout.feed, tensor, options.picture, plan.input));
  return plan;
}

Result<ModelPlan> settle_plan(const ModelPlan& plan, const ModelInfo& info, const PlanOptions& options,
                              const std::vector<TensorView>& outputs) {
  if (plan.layout.kind == LayoutKind::kSsd) return plan;
  ModelInfo seen = info;
  for (std::size_t i = 0; i < std::min(seen.outputs.size(), outputs.size()); ++i) {
    seen.outputs[i].shape = outputs[i].shape;
  }
  const LayoutHints hints = hints_of(plan.input, options);
  const Result<std::vector<Layout>> readings = readings_of(seen, hints);
  if (!readings.ok()) return readings.status();
  ReadBuffers buffers;
  const Result<Layout> layout = settle_layout(readings.value(), widened(plan, outputs, buffers), hints);
  if (!layout.ok()) {
    const std::string counts = class_count_text(seen, hints);
    if (counts.empty()) return layout.status();
    return Status(layout.status().code(), layout.status().message() + "; there are " + std::to_string(hints.classes) +
                                              (hints.classes == 1 ? " label, and " : " labels, and ") + counts);
  }
  Result<InputPlan> input = read_picture_input(info, options.input_width, options.input_height);
  if (!input.ok()) return input.status();
  ModelPlan settled = plan;
  settled.layout = layout.value();
  settled.input = input.value();
  ZMD_RETURN_IF_ERROR(feed_as(settled.layout.feed, info.inputs[0], options.picture, settled.input));
  return settled;
}

Result<Answer> read_answer(const ModelPlan& plan, const std::vector<TensorView>& outputs, int index,
                           const Placement& placement, double min_confidence, ReadBuffers& buffers) {
  const std::vector<TensorView> views = widened(plan, outputs, buffers);
  const float threshold = candidate_threshold(min_confidence);
  Found& found = buffers.found;
  found.candidates.clear();
  found.impossible = 0;
  switch (plan.layout.kind) {
    case LayoutKind::kSsd: {
      const TopLeftFit fit = fit_top_left(placement.picture_width, placement.picture_height, placement.input_width,
                                          placement.input_height);
      return read_ssd(plan.ssd, views, fit, min_confidence);
    }
    case LayoutKind::kDarknet:
      ZMD_RETURN_IF_ERROR(
          decode_darknet(views.at(0), index, placement.picture_width, placement.picture_height, threshold, found));
      break;
    default: ZMD_RETURN_IF_ERROR(decode_candidates(plan.layout, views, index, placement, threshold, found));
  }
  const int capped = cap_candidates(found.candidates);
  return Answer{.detections = select_detections(found.candidates, min_confidence),
                .impossible = found.impossible,
                .capped = capped};
}

}  // namespace zmdetect
