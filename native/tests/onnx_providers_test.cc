// What the GPU providers are told. That they do it shows on a GPU only (scripts/prove-gpu).
#include "backends/onnx/providers.h"

#include <gtest/gtest.h>

#include "tests/darknet_support.h"

namespace zmdetect::onnx {
namespace {

using testing::TemporaryFolder;

TEST(OnnxProviders, CudaSharesTheCardByDefault) {
  EXPECT_EQ(cuda_options({}), (ProviderOptions{{"device_id", "0"},
                                               {"arena_extend_strategy", "kSameAsRequested"},
                                               {"cudnn_conv_algo_search", "HEURISTIC"}}));
  EXPECT_EQ(device_name({}), "CUDA device 0");
}

TEST(OnnxProviders, CudaTakesDeviceLimitAndGraph) {
  EXPECT_EQ(cuda_options({.device = 1, .memory_limit = 2'000'000'000, .cuda_graph = true}),
            (ProviderOptions{{"device_id", "1"},
                             {"arena_extend_strategy", "kSameAsRequested"},
                             {"cudnn_conv_algo_search", "HEURISTIC"},
                             {"gpu_mem_limit", "2000000000"},
                             {"enable_cuda_graph", "1"}}));
}

TEST(OnnxProviders, TensorRtKeepsItsEnginesAndRecordsInPlaceOfCuda) {
  const GpuOptions gpu = {
      .device = 2, .memory_limit = 4096, .tensorrt = TensorRt::kFp16, .engine_cache = "/cache", .cuda_graph = true};
  EXPECT_EQ(tensorrt_options(gpu), (ProviderOptions{{"device_id", "2"},
                                                    {"trt_fp16_enable", "1"},
                                                    {"trt_engine_cache_enable", "1"},
                                                    {"trt_engine_cache_path", "/cache"},
                                                    {"trt_timing_cache_enable", "1"},
                                                    {"trt_timing_cache_path", "/cache"},
                                                    {"trt_max_workspace_size", "4096"},
                                                    {"trt_cuda_graph_enable", "1"}}));
  for (const auto& [key, value] : cuda_options(gpu)) EXPECT_NE(key, "enable_cuda_graph");
  EXPECT_EQ(device_name(gpu), "TensorRT fp16 on CUDA device 2");
}

TEST(OnnxProviders, ComputesInFullPrecisionUnlessToldOtherwise) {
  const GpuOptions gpu = {.tensorrt = TensorRt::kFp32, .engine_cache = "/cache"};
  EXPECT_EQ(tensorrt_options(gpu).at(1), (std::pair<std::string, std::string>("trt_fp16_enable", "0")));
  EXPECT_EQ(device_name(gpu), "TensorRT fp32 on CUDA device 0");
}

TEST(OnnxProviders, MakesTheFolderForEnginesOrSaysWhyNot) {
  const TemporaryFolder folder;
  const std::string fresh = folder.file("a/b");
  EXPECT_TRUE(make_engine_cache({.tensorrt = TensorRt::kFp16, .engine_cache = fresh}).ok());
  EXPECT_TRUE(std::filesystem::is_directory(fresh));
  const std::string file = folder.write("file", "x");
  const Status status = make_engine_cache({.tensorrt = TensorRt::kFp16, .engine_cache = file + "/engines"});
  EXPECT_EQ(status.code(), Code::kDeviceUnavailable);
  EXPECT_NE(status.message().find("for tensorrt_cache, got \"" + file), std::string::npos) << status.message();
  EXPECT_FALSE(make_engine_cache({.tensorrt = TensorRt::kFp32, .engine_cache = ""}).ok());
  EXPECT_TRUE(make_engine_cache({.engine_cache = ""}).ok()) << "TensorRT is not asked for";
}

TEST(OnnxProviders, SentencesNameNoSourceFile) {
  EXPECT_EQ(
      plain_sentence("/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1993 onnxruntime::Provider& "
                     "onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library "
                     "libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object "
                     "file: No such file or directory\n"),
      "Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared "
      "object file: No such file or directory");
  EXPECT_EQ(plain_sentence("Non-zero status code returned while running Conv node. Name:'c' Status Message: "
                           "/onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:360 void* "
                           "onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to "
                           "allocate memory for requested buffer of size 5"),
            "Non-zero status code returned while running Conv node. Name:'c' Status Message: Failed to allocate memory "
            "for requested buffer of size 5");
  EXPECT_EQ(
      plain_sentence("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=0 ; "
                     "file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider.cc ; line=282"),
      "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version");
  EXPECT_EQ(plain_sentence("The model is broken"), "The model is broken");
  EXPECT_EQ(plain_sentence(""), "");
}

TEST(OnnxProviders, ARemedyFitsTheCause) {
  const auto expect = [](const char* sentence, const char* remedy) {
    EXPECT_NE(gpu_remedy(sentence).find(remedy), std::string::npos) << gpu_remedy(sentence);
  };
  expect("libonnxruntime_providers_cuda.so: cannot open shared object file: No such file", "zmdetect gpu install");
  expect(
      "Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared "
      "object file",
      "LD_LIBRARY_PATH");
  expect("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version", "newer NVIDIA driver");
  expect("CUDA failure 100: no CUDA-capable device is detected", "nvidia-smi");
  expect("CUDA failure 101: invalid device ordinal", "gpu_device");
  expect("something new", "zmdetect doctor");
}

}  // namespace
}  // namespace zmdetect::onnx
