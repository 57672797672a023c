#include "backends/onnx/providers.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace zmdetect::onnx {

ProviderOptions cuda_options(const GpuOptions& gpu) {
  ProviderOptions options = {{"device_id", std::to_string(gpu.device)},
                             {"arena_extend_strategy", "kSameAsRequested"},
                             {"cudnn_conv_algo_search", "HEURISTIC"}};
  if (gpu.memory_limit > 0) options.emplace_back("gpu_mem_limit", std::to_string(gpu.memory_limit));
  // With TensorRT in front it is TensorRT that records.
  if (gpu.cuda_graph && gpu.tensorrt == TensorRt::kOff) options.emplace_back("enable_cuda_graph", "1");
  return options;
}

ProviderOptions tensorrt_options(const GpuOptions& gpu) {
  ProviderOptions options = {
      {"device_id", std::to_string(gpu.device)}, {"trt_fp16_enable", gpu.tensorrt == TensorRt::kFp16 ? "1" : "0"},
      {"trt_engine_cache_enable", "1"},          {"trt_engine_cache_path", gpu.engine_cache},
      {"trt_timing_cache_enable", "1"},          {"trt_timing_cache_path", gpu.engine_cache}};
  if (gpu.memory_limit > 0) options.emplace_back("trt_max_workspace_size", std::to_string(gpu.memory_limit));
  if (gpu.cuda_graph) options.emplace_back("trt_cuda_graph_enable", "1");
  return options;
}

std::string device_name(const GpuOptions& gpu) {
  std::string cuda = "CUDA device " + std::to_string(gpu.device);
  switch (gpu.tensorrt) {
    case TensorRt::kOff: return cuda;
    case TensorRt::kFp32: return "TensorRT fp32 on " + cuda;
    case TensorRt::kFp16: return "TensorRT fp16 on " + cuda;
  }
  return cuda;
}

Status make_engine_cache(const GpuOptions& gpu) {
  if (gpu.tensorrt == TensorRt::kOff) return Status();
  const auto refused = [&](const std::string& why) {
    return Status(Code::kDeviceUnavailable,
                  "expected a directory to write to for tensorrt_cache, got \"" + gpu.engine_cache + "\": " + why);
  };
  if (gpu.engine_cache.empty()) return refused("it names none");
  std::error_code failed;
  std::filesystem::create_directories(gpu.engine_cache, failed);
  if (failed) return refused(failed.message());
  if (access(gpu.engine_cache.c_str(), W_OK | X_OK) != 0) return refused(std::strerror(errno));
  return Status();
}

}  // namespace zmdetect::onnx
