// Inputs beside the picture: what they ask for follows from the picture's tensor.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <cstddef>
#include <vector>

#include "backends/backend.h"

namespace zmdetect::onnx {

/// Puts the picture in front of the inputs: the one of rank 4, else the first.
void picture_first(std::vector<TensorInfo>& inputs);

/// The inputs behind the first one. Known are the size of the picture (`orig_target_sizes`: width, height; `im_shape`
/// and `image_shape`: height, width), by which a network scales its boxes; `scale_factor`, which is 1; and
/// `pixel_mask`, whose ones say that every pixel counts. The size that is given is that of the network's input, so
/// boxes come in its pixels.
class SideInputs {
 public:
  /// Errors: kModelLayoutUnknown that names an input which is none of these.
  static Result<SideInputs> create(const std::vector<TensorInfo>& inputs);

  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// One tensor for each, for a picture tensor of `shape`. They stay valid until the next call.
  std::vector<Ort::Value> values(const std::vector<std::int64_t>& shape, const Ort::MemoryInfo& memory);

 private:
  std::vector<TensorInfo> tensors_;
  std::vector<std::vector<std::byte>> data_;
};

}  // namespace zmdetect::onnx
