#include "postprocess/plan.h"

#include "postprocess/darknet.h"
#include "postprocess/nms.h"

namespace zmdetect {
namespace {

constexpr std::int64_t kMostFixed = 256;  // pictures of a batch that the file fixes

/// What the layouts want of their pictures.
Feed feed_of(const ModelInfo& info, const Layout& layout) {
  switch (layout.kind) {
    case LayoutKind::kYolox: return {.fit = Fit::kTopLeft, .scale = Scale::kBytes, .bgr = true};
    case LayoutKind::kDetr: {
      // RF-DETR names its outputs "dets" and "labels" and was trained on ImageNet's mean and deviation; RT-DETR on
      // 0..1.
      const bool imagenet = info.outputs[layout.output].name == "dets";
      return {.fit = Fit::kStretch, .scale = imagenet ? Scale::kImagenet : Scale::kZeroToOne};
    }
    case LayoutKind::kDarknet: return {.fit = Fit::kStretch};
    case LayoutKind::kSsd: return {.fit = Fit::kTopLeftLanczos, .scale = Scale::kMinusOneToOne, .bytes = true};
    case LayoutKind::kRelative: return {.scale = Scale::kZeroToOne};
    default: return {};
  }
}

/// Half precision becomes float32 in `buffers`; everything else is handed on.
std::vector<TensorView> widened(const std::vector<TensorView>& outputs, ReadBuffers& buffers) {
  std::vector<TensorView> views = outputs;
  buffers.floats.resize(views.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].type != ElementType::kFloat16) continue;
    std::size_t count = 1;
    for (const std::int64_t side : views[i].shape) count *= static_cast<std::size_t>(side);
    const auto* halves = static_cast<const std::uint16_t*>(views[i].data);
    buffers.floats[i].resize(count);
    for (std::size_t k = 0; k < count; ++k) buffers.floats[i][k] = from_half(halves[k]);
    views[i].data = buffers.floats[i].data();
    views[i].type = ElementType::kFloat32;
  }
  return views;
}

Status read_relative(const ModelPlan& plan, const std::vector<TensorView>& outputs, int index,
                     const Placement& placement, float threshold, ReadBuffers& buffers) {
  buffers.floats.resize(1);
  const Result<TensorView> pixels = yolo_in_pixels(plan.relative, outputs.at(0), buffers.floats[0]);
  if (!pixels.ok()) return pixels.status();
  return decode_candidates(plan.relative.layout, {pixels.value()}, index, placement, threshold, buffers.candidates);
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

  if (!plan.input.interleaved) {
    const Result<Layout> layout = recognise_layout(
        info, {.classes = options.classes, .input_width = plan.input.width, .input_height = plan.input.height});
    if (!layout.ok()) return layout.status();
    plan.layout = layout.value();
  } else if (const Result<SsdLayout> ssd = recognise_ssd(info); ssd.ok()) {
    plan.layout = {.kind = LayoutKind::kSsd, .name = "ssd", .classes = options.classes};
    plan.ssd = ssd.value();
  } else {
    ModelInfo fed = info;  // with the sides that the file leaves open
    fed.inputs[0].shape = plan.input_shape(plan.fixed_batch);
    const Result<RelativeYolo> relative = recognise_relative_yolo(fed, options.classes);
    if (!relative.ok()) return relative.status();
    plan.layout = {
        .kind = LayoutKind::kRelative, .name = relative.value().layout.name + "-relative", .classes = options.classes};
    plan.relative = relative.value();
  }
  ZMD_RETURN_IF_ERROR(feed_as(feed_of(info, plan.layout), tensor, options.picture, plan.input));
  return plan;
}

Result<Answer> read_answer(const ModelPlan& plan, const std::vector<TensorView>& outputs, int index,
                           const Placement& placement, double min_confidence, ReadBuffers& buffers) {
  const std::vector<TensorView> views = widened(outputs, buffers);
  const float threshold = candidate_threshold(min_confidence);
  buffers.candidates.clear();
  switch (plan.layout.kind) {
    case LayoutKind::kSsd: {
      const TopLeftFit fit = fit_top_left(placement.picture_width, placement.picture_height, placement.input_width,
                                          placement.input_height);
      Result<std::vector<Detection>> detections = read_ssd(plan.ssd, views, fit, min_confidence);
      if (!detections.ok()) return detections.status();
      return Answer{.detections = std::move(detections).value()};
    }
    case LayoutKind::kRelative:
      ZMD_RETURN_IF_ERROR(read_relative(plan, views, index, placement, threshold, buffers));
      break;
    case LayoutKind::kDarknet:
      ZMD_RETURN_IF_ERROR(decode_darknet(views.at(0), index, placement.picture_width, placement.picture_height,
                                         threshold, buffers.candidates));
      break;
    default:
      ZMD_RETURN_IF_ERROR(decode_candidates(plan.layout, views, index, placement, threshold, buffers.candidates));
  }
  return Answer{.detections = select_detections(buffers.candidates, min_confidence)};
}

}  // namespace zmdetect
