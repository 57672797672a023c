#include "backends/onnx/side_inputs.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "backends/onnx/bound_instance.h"

namespace zmdetect::onnx {
namespace {

enum class Asks { kWidthHeight, kHeightWidth, kScale, kMask, kUnknown };

Asks asked_by(const TensorInfo& input) {
  std::string name = input.name;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  const std::size_t rank = input.shape.size();
  const bool typed =
      input.type == ElementType::kInt64 || input.type == ElementType::kInt32 || input.type == ElementType::kFloat32;
  if (!typed || rank == 0 || rank > 3) return Asks::kUnknown;
  if (has("pixel_mask") && rank == 3) return Asks::kMask;
  if (input.shape.back() != 2 && input.shape.back() >= 0) return Asks::kUnknown;
  if (has("target_size") || has("orig_size")) return Asks::kWidthHeight;
  if (has("im_shape") || has("image_shape")) return Asks::kHeightWidth;
  return has("scale_factor") ? Asks::kScale : Asks::kUnknown;
}

/// The declared shape with the picture's batch and sides where it is open.
std::vector<std::int64_t> filled(const TensorInfo& input, std::int64_t batch, std::int64_t height, std::int64_t width) {
  std::vector<std::int64_t> shape = input.shape;
  if (shape.size() > 1 && shape[0] < 0) shape[0] = batch;
  if (shape.size() == 3) {
    if (shape[1] < 0) shape[1] = height;
    if (shape[2] < 0) shape[2] = width;
  } else if (shape.back() < 0) {
    shape.back() = 2;
  }
  return shape;
}

template <typename T>
void write(std::vector<std::byte>& data, double even, double odd) {
  for (std::size_t i = 0; i * sizeof(T) < data.size(); ++i) {
    const T value = static_cast<T>(i % 2 == 0 ? even : odd);
    std::memcpy(data.data() + i * sizeof(T), &value, sizeof(T));
  }
}

}  // namespace

void picture_first(std::vector<TensorInfo>& inputs) {
  const auto picture =
      std::find_if(inputs.begin(), inputs.end(), [](const TensorInfo& input) { return input.shape.size() == 4; });
  if (picture != inputs.end()) std::rotate(inputs.begin(), picture, picture + 1);
}

Result<SideInputs> SideInputs::create(const std::vector<TensorInfo>& inputs) {
  SideInputs side;
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (asked_by(inputs[i]) == Asks::kUnknown) {
      return Status(Code::kModelLayoutUnknown, "the model has " + std::to_string(inputs.size()) + " inputs, and what " +
                                                   inputs[i].name +
                                                   " asks for is not known: export it with the picture as its input");
    }
    side.tensors_.push_back(inputs[i]);
  }
  side.data_.resize(side.tensors_.size());
  return side;
}

std::vector<Ort::Value> SideInputs::values(const std::vector<std::int64_t>& picture, const Ort::MemoryInfo& memory) {
  const bool interleaved = picture.at(3) == 3 || picture[3] == 1;
  const std::int64_t height = picture[interleaved ? 1 : 2];
  const std::int64_t width = picture[interleaved ? 2 : 3];
  std::vector<Ort::Value> values;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const TensorInfo& input = tensors_[i];
    const std::vector<std::int64_t> shape = filled(input, picture[0], height, width);
    std::vector<std::byte>& data = data_[i];
    data.resize(byte_size(input.type, shape));
    double even = 1;
    double odd = 1;
    const Asks asks = asked_by(input);
    if (asks == Asks::kWidthHeight || asks == Asks::kHeightWidth) {
      even = double(asks == Asks::kWidthHeight ? width : height);
      odd = double(asks == Asks::kWidthHeight ? height : width);
    }
    switch (input.type) {
      case ElementType::kInt64: write<std::int64_t>(data, even, odd); break;
      case ElementType::kInt32: write<std::int32_t>(data, even, odd); break;
      default: write<float>(data, even, odd); break;
    }
    values.push_back(
        Ort::Value::CreateTensor(memory, data.data(), data.size(), shape.data(), shape.size(), onnx_type(input.type)));
  }
  return values;
}

}  // namespace zmdetect::onnx
