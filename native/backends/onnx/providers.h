// What ONNX Runtime's GPU providers are told, as the words that they read. Needs no runtime, so that it can be tested
// on a host without a GPU.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "backends/backend.h"

namespace zmdetect::onnx {

using ProviderOptions = std::vector<std::pair<std::string, std::string>>;

/// Of CUDA's provider. Memory grows by what is asked for instead of the next power of two, since models share the card.
/// Convolution algorithms are chosen by a heuristic: measuring each for every new shape, the default, takes seconds.
ProviderOptions cuda_options(const GpuOptions& gpu);

/// Of TensorRT's provider: precision, and the folder in which it keeps its engines and its measurements.
ProviderOptions tensorrt_options(const GpuOptions& gpu);

/// "CUDA device 1", "TensorRT fp16 on CUDA device 0".
std::string device_name(const GpuOptions& gpu);

/// ONNX Runtime's sentence without its source file, function and status number: "Failed to load library ...".
std::string plain_sentence(const std::string& words);

/// What a person does about a GPU that cannot be used, by what the runtime says.
std::string gpu_remedy(const std::string& sentence);

/// Makes the folder for TensorRT's engines where it is wanted. Errors: kDeviceUnavailable with the folder and the
/// reason: without it every start would take minutes.
Status make_engine_cache(const GpuOptions& gpu);

}  // namespace zmdetect::onnx
