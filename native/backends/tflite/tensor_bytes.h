// Sizes of tensors in bytes.
#pragma once

#include "backends/backend.h"

namespace zmdetect::tflite {

inline std::size_t element_size(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
    case ElementType::kInt32: return 4;
    case ElementType::kFloat16:
    case ElementType::kBfloat16: return 2;
    case ElementType::kFloat64:
    case ElementType::kInt64: return 8;
    default: return 1;
  }
}

inline std::size_t byte_size(const TensorView& view) {
  std::size_t size = element_size(view.type);
  for (const std::int64_t side : view.shape) size *= std::size_t(side);
  return size;
}

}  // namespace zmdetect::tflite
