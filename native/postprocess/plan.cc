#include "postprocess/plan.h"

#include "postprocess/darknet.h"
#include "postprocess/nms.h"

namespace zmdetect {
namespace {

constexpr int kDefaultInputSide = 640;  // contract 5.2, for exports that leave the size open
// A slot of this size takes 200 MB; a file that declares more is broken or malicious, and no memory is asked for it.
constexpr std::int64_t kLargestSide = 8192;
constexpr std::int64_t kMostPixels = 4096 * 4096;

/// The side the network is fed with: asked for, else the file's, else 640. A fixed side cannot be overruled.
Result<int> input_side(std::int64_t declared, int asked, const char* name) {
  if (declared > 0 && asked > 0 && asked != declared) {
    return Status(Code::kModelLayoutUnknown, std::string("expected ") + name + " " + std::to_string(declared) +
                                                 ", which the file fixes, got " + std::to_string(asked));
  }
  const std::int64_t side = declared > 0 ? declared : asked > 0 ? asked : kDefaultInputSide;
  if (side > kLargestSide) {
    return Status(Code::kModelLayoutUnknown, std::string("expected at most ") + std::to_string(kLargestSide) + " for " +
                                                 name + ", got " + std::to_string(side));
  }
  return static_cast<int>(side);
}

Result<SlotType> slot_type(ElementType type) {
  switch (type) {
    case ElementType::kFloat32: return SlotType::kFloat32;
    case ElementType::kFloat16: return SlotType::kFloat16;
    case ElementType::kUint8: return SlotType::kUint8;
    case ElementType::kInt8: return SlotType::kInt8;
    default: return Status(Code::kModelLayoutUnknown, "");
  }
}

/// Reads size, order and type off the input tensor: [batch, 3, height, width], or [batch, height, width, 3].
Result<InputPlan> plan_input(const TensorInfo& input, const PlanOptions& options) {
  const auto& shape = input.shape;
  const Result<SlotType> type = slot_type(input.type);
  const bool planes = shape.size() == 4 && (shape[1] == 3 || shape[1] < 0);
  const bool interleaved = shape.size() == 4 && !planes && shape[3] == 3;
  if (!type.ok() || (!planes && !interleaved)) {
    return Status(Code::kModelLayoutUnknown,
                  "expected one picture input [batch,3,height,width] or [batch,height,width,3], got " + input.name +
                      " " + shape_text(shape));
  }
  const std::size_t rows = planes ? 2 : 1;
  const Result<int> height = input_side(shape[rows], options.input_height, "model_height");
  if (!height.ok()) return height.status();
  const Result<int> width = input_side(shape[rows + 1], options.input_width, "model_width");
  if (!width.ok()) return width.status();
  if (std::int64_t(width.value()) * height.value() > kMostPixels) {
    return Status(Code::kModelLayoutUnknown, "expected an input of at most " + std::to_string(kMostPixels) +
                                                 " pixels, got " + std::to_string(width.value()) + " x " +
                                                 std::to_string(height.value()));
  }
  return InputPlan{.width = width.value(), .height = height.value(), .type = type.value(), .interleaved = interleaved};
}

/// What the layouts want of their pictures.
void fit_to_layout(const ModelInfo& info, const Layout& layout, InputPlan& input) {
  switch (layout.kind) {
    case LayoutKind::kYolox:
      input.fit = Fit::kTopLeft;
      input.bgr = true;
      input.factor = 1;
      break;
    case LayoutKind::kDetr:
      input.fit = Fit::kStretch;
      input.factor = 1.0F / 255;
      // RF-DETR names its outputs "dets" and "labels" and was trained on ImageNet's mean and deviation; RT-DETR on
      // 0..1.
      if (info.outputs[layout.output].name == "dets") {
        input.mean = {0.485F, 0.456F, 0.406F};
        input.deviation = {0.229F, 0.224F, 0.225F};
      }
      break;
    case LayoutKind::kDarknet: input.fit = Fit::kStretch; break;
    case LayoutKind::kSsd: input.fit = Fit::kTopLeftLanczos; break;
    case LayoutKind::kRelative:
      input.factor = 1.0F / 255;
      if (info.inputs[0].quantisation.scale > 0) {
        input.step = info.inputs[0].quantisation.scale;
        input.zero_point = info.inputs[0].quantisation.zero_point;
      }
      break;
    default: break;
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
  if (input.interleaved) return {batch, input.height, input.width, 3};
  return {batch, 3, input.height, input.width};
}

ElementType ModelPlan::input_type() const {
  switch (input.type) {
    case SlotType::kFloat32: return ElementType::kFloat32;
    case SlotType::kFloat16: return ElementType::kFloat16;
    case SlotType::kUint8: return ElementType::kUint8;
    case SlotType::kInt8: return ElementType::kInt8;
  }
  return ElementType::kOther;
}

Result<ModelPlan> plan_model(const ModelInfo& info, const PlanOptions& options) {
  const TensorInfo& tensor = info.inputs.at(0);
  Result<InputPlan> input = plan_input(tensor, options);
  if (!input.ok()) return input.status();
  ModelPlan plan;
  plan.input = input.value();
  plan.dynamic_batch = tensor.shape[0] < 1;

  if (!plan.input.interleaved) {
    const Result<Layout> layout = recognise_layout(
        info, {.classes = options.classes, .input_width = plan.input.width, .input_height = plan.input.height});
    if (!layout.ok()) return layout.status();
    plan.layout = layout.value();
  } else if (const Result<SsdLayout> ssd = recognise_ssd(info); ssd.ok()) {
    plan.layout = {.kind = LayoutKind::kSsd, .name = "ssd", .classes = options.classes};
    plan.ssd = ssd.value();
  } else {
    const Result<RelativeYolo> relative = recognise_relative_yolo(info, options.classes);
    if (!relative.ok()) return relative.status();
    plan.layout = {
        .kind = LayoutKind::kRelative, .name = relative.value().layout.name + "-relative", .classes = options.classes};
    plan.relative = relative.value();
  }
  fit_to_layout(info, plan.layout, plan.input);
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
