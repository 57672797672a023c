// Tensors of every number type as float32.
#pragma once

#include <vector>

#include "backends/backend.h"

namespace zmdetect {

/// A view of the same numbers as float32: of `values` where they are stored otherwise. Integers with a scale of their
/// own become real numbers. Other types are handed on as they are.
TensorView as_floats(const TensorView& tensor, const Quantisation& quantisation, std::vector<float>& values);

}  // namespace zmdetect
