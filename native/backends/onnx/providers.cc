#include "backends/onnx/providers.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <regex>
#include <string_view>

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

std::string plain_sentence(const std::string& words) {
  std::string text = words;
  // "/onnxruntime_src/.../provider_bridge_ort.cc:1993 onnxruntime::Provider& f() [ONNXRuntimeError] : 1 : FAIL : Failed
  // ..."
  constexpr std::string_view kStatus = "[ONNXRuntimeError] : ";
  if (const auto at = text.rfind(kStatus); at != std::string::npos) {
    auto begin = at + kStatus.size();
    for (int part = 0; part < 2; ++part) {  // the number, its name
      const auto colon = text.find(" : ", begin);
      if (colon == std::string::npos) break;
      begin = colon + 3;
    }
    text.erase(0, begin);
  }
  // CUDA's: "... ; GPU=0 ; hostname=... ; file=/onnxruntime_src/... ; line=282 ; expr=..."
  if (const auto at = text.find(" ; GPU="); at != std::string::npos) text.erase(at);
  // A path of the build machine with its line and function: "/onnxruntime_src/x.cc:360 void* ns::f(size_t) Failed to
  // ...".
  static const std::regex source(
      R"(/onnxruntime_src/\S+(\s+[^()\[\]]*::[^()\[\]]*\([^()]*\)( const)?( \[with [^\]]*\])?)?\s*)");
  text = std::regex_replace(text, source, "");
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string gpu_remedy(const std::string& sentence) {
  const auto says = [&](const char* words) { return sentence.find(words) != std::string::npos; };
  if (says("cannot open shared object file")) {
    // The library that is missing stands right before.
    static const std::regex provider(R"(libonnxruntime_providers_\w+\.so: cannot open shared object file)");
    if (std::regex_search(sentence, provider))
      return "install ONNX Runtime's GPU libraries with `zmdetect gpu install`";
    return "install the CUDA 12 and cuDNN 9 libraries and name their folder in LD_LIBRARY_PATH; `zmdetect doctor` "
           "lists "
           "what is missing";
  }
  if (says("driver version is insufficient")) return "install a newer NVIDIA driver";
  if (says("no CUDA-capable device") || says("invalid device ordinal")) {
    return "check `nvidia-smi`, `gpu_device`, and that a container is given the GPU";
  }
  if (says("not enabled in this build")) return "install ONNX Runtime's GPU libraries with `zmdetect gpu install`";
  return "see what `zmdetect doctor` says of the driver and the CUDA libraries";
}

}  // namespace zmdetect::onnx
