#include "postprocess/relative_yolo.h"

#include <algorithm>

namespace zmdetect {
namespace {

template <typename Stored>
void dequantise(const void* data, const Quantisation& quantisation, std::vector<float>& values) {
  const auto* stored = static_cast<const Stored*>(data);
  std::transform(stored, stored + values.size(), values.begin(), [&](Stored value) {
    return quantisation.scale * static_cast<float>(int(value) - quantisation.zero_point);
  });
}

}  // namespace

Result<RelativeYolo> recognise_relative_yolo(const ModelInfo& info, int classes) {
  const auto& input = info.inputs.at(0).shape;
  const bool single = info.outputs.size() == 1 && input.size() == 4 && input[3] == 3;
  const ElementType type = single ? info.outputs[0].type : ElementType::kOther;
  const bool integer = type == ElementType::kUint8 || type == ElementType::kInt8;
  if (!(type == ElementType::kFloat32 || (integer && info.outputs[0].quantisation.scale > 0))) {
    return Status(Code::kModelLayoutUnknown,
                  "expected an input [1,height,width,3] and one output of float32, or of 8-bit integers with a scale, "
                  "got input " +
                      shape_text(input) + ", " + std::to_string(info.outputs.size()) + " outputs" +
                      (info.outputs.empty() ? "" : ", the first " + shape_text(info.outputs[0].shape)));
  }
  // The table of layouts knows the shapes; it need not know that the numbers are stored in 8 bits.
  ModelInfo as_float{.inputs = info.inputs, .outputs = info.outputs};
  as_float.outputs[0].type = ElementType::kFloat32;
  const int width = int(input[2]);
  const int height = int(input[1]);
  Result<Layout> layout =
      recognise_layout(as_float, {.classes = classes, .input_width = width, .input_height = height});
  if (!layout.ok()) return layout.status();
  const auto& shape = info.outputs[0].shape;
  switch (layout.value().kind) {
    case LayoutKind::kYoloV8:
    case LayoutKind::kYoloV5:
    case LayoutKind::kEndToEnd: break;
    default:
      return Status(Code::kModelLayoutUnknown,
                    "expected a YOLO output, got " + shape_text(shape) + " (" + layout.value().name + ")");
  }
  const int columns = int(layout.value().candidates_last ? shape[1] : shape[2]);
  return RelativeYolo{.layout = std::move(layout).value(),
                      .columns = columns,
                      .quantisation = integer ? info.outputs[0].quantisation : Quantisation(),
                      .input_width = width,
                      .input_height = height};
}

Result<TensorView> yolo_in_pixels(const RelativeYolo& yolo, const TensorView& output, std::vector<float>& values) {
  const auto& shape = output.shape;
  const std::size_t column_axis = yolo.layout.candidates_last ? 1 : 2;
  const bool quantised = yolo.quantisation.scale > 0;
  const bool typed = quantised ? output.type == ElementType::kUint8 || output.type == ElementType::kInt8
                               : output.type == ElementType::kFloat32;
  if (!typed || shape.size() != 3 || shape[0] != 1 || shape[column_axis] != yolo.columns) {
    return Status(Code::kModelOutputInvalid, "the network answered " + shape_text(shape) + ", expected YOLO with " +
                                                 std::to_string(yolo.columns) + " columns");
  }
  values.resize(std::size_t(shape[1]) * std::size_t(shape[2]));
  switch (output.type) {
    case ElementType::kUint8: dequantise<std::uint8_t>(output.data, yolo.quantisation, values); break;
    case ElementType::kInt8: dequantise<std::int8_t>(output.data, yolo.quantisation, values); break;
    default: std::copy_n(static_cast<const float*>(output.data), values.size(), values.begin());
  }
  const auto candidates = std::size_t(shape[3 - column_axis]);
  const std::size_t column_step = yolo.layout.candidates_last ? candidates : 1;
  const std::size_t candidate_step = yolo.layout.candidates_last ? 1 : std::size_t(yolo.columns);
  for (std::size_t column = 0; column < 4; ++column) {
    const auto side = static_cast<float>(column % 2 == 0 ? yolo.input_width : yolo.input_height);
    for (std::size_t i = 0; i < candidates; ++i) values[column * column_step + i * candidate_step] *= side;
  }
  return TensorView{.data = values.data(), .type = ElementType::kFloat32, .shape = shape};
}

}  // namespace zmdetect
