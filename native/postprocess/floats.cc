#include "postprocess/floats.h"

#include "image/input.h"

namespace zmdetect {
namespace {

template <typename Stored, typename Convert>
void convert(const void* data, std::vector<float>& values, Convert to_float) {
  const auto* stored = static_cast<const Stored*>(data);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = to_float(stored[i]);
}

template <typename Stored>
void convert_integers(const void* data, const Quantisation& quantisation, std::vector<float>& values) {
  const bool quantised = quantisation.scale > 0;
  convert<Stored>(data, values, [&](Stored value) {
    if (!quantised) return static_cast<float>(value);
    return quantisation.scale * static_cast<float>(int(value) - quantisation.zero_point);
  });
}

}  // namespace

TensorView as_floats(const TensorView& tensor, const Quantisation& quantisation, std::vector<float>& values) {
  if (tensor.type == ElementType::kFloat32 || tensor.type == ElementType::kOther) return tensor;
  std::size_t count = 1;
  for (const std::int64_t side : tensor.shape) count *= static_cast<std::size_t>(side);
  values.resize(count);
  switch (tensor.type) {
    case ElementType::kFloat16: convert<std::uint16_t>(tensor.data, values, from_half); break;
    case ElementType::kBfloat16: convert<std::uint16_t>(tensor.data, values, from_bfloat16); break;
    case ElementType::kFloat64:
      convert<double>(tensor.data, values, [](double value) { return static_cast<float>(value); });
      break;
    case ElementType::kUint8: convert_integers<std::uint8_t>(tensor.data, quantisation, values); break;
    case ElementType::kInt8: convert_integers<std::int8_t>(tensor.data, quantisation, values); break;
    case ElementType::kInt32: convert_integers<std::int32_t>(tensor.data, quantisation, values); break;
    case ElementType::kInt64: convert_integers<std::int64_t>(tensor.data, quantisation, values); break;
    default: break;
  }
  return TensorView{.data = values.data(), .type = ElementType::kFloat32, .shape = tensor.shape};
}

}  // namespace zmdetect
