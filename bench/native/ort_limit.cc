// ONNX Runtime alone, as fast as it goes: the input lies in memory, nothing is decoded, copied or read.
//   ort_limit MODEL [--threads N] [--instances N] [--spin 0|1] [--shared 0|1] [--batch N] [--cuda 0|1] [--seconds S]
// Prints one JSON object: images per second, percentiles of one run in milliseconds, CPU seconds per image.

#include <onnxruntime_cxx_api.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string model;
  int threads = 1;      // inside one run
  int instances = 1;    // runs at once
  bool spin = false;    // threads wait by spinning
  bool shared = false;  // one session for all instances
  bool cuda = false;
  int batch = 1;
  double seconds = 3;
};

[[noreturn]] void fail(const std::string& sentence) {
  std::fprintf(stderr, "ort_limit: %s\n", sentence.c_str());
  std::exit(1);
}

Options options_of(int count, char** words) {
  if (count < 2) fail("expected MODEL first");
  Options options{.model = words[1]};
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string_view flag = words[i];
    const double value = std::atof(words[i + 1]);
    if (flag == "--threads")
      options.threads = int(value);
    else if (flag == "--instances")
      options.instances = int(value);
    else if (flag == "--spin")
      options.spin = value != 0;
    else if (flag == "--shared")
      options.shared = value != 0;
    else if (flag == "--cuda")
      options.cuda = value != 0;
    else if (flag == "--batch")
      options.batch = int(value);
    else if (flag == "--seconds")
      options.seconds = value;
    else
      fail("there is no flag " + std::string(flag));
  }
  if (options.threads < 1 || options.instances < 1 || options.batch < 1 || !(options.seconds > 0)) {
    fail("expected at least 1 thread, instance and picture, and a time above 0");
  }
  return options;
}

/// What the daemon's backend sets, but for what is swept here.
Ort::SessionOptions session_options(const Options& options) {
  Ort::SessionOptions session;
  session.SetIntraOpNumThreads(options.threads);
  session.SetInterOpNumThreads(1);
  session.SetExecutionMode(ORT_SEQUENTIAL);
  session.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
  session.AddConfigEntry("session.intra_op.allow_spinning", options.spin ? "1" : "0");
  if (options.cuda) {
    const OrtApi& api = Ort::GetApi();
    OrtCUDAProviderOptionsV2* created = nullptr;
    Ort::ThrowOnError(api.CreateCUDAProviderOptions(&created));
    const std::unique_ptr<OrtCUDAProviderOptionsV2, decltype(api.ReleaseCUDAProviderOptions)> cuda(
        created, api.ReleaseCUDAProviderOptions);
    constexpr std::array keys = {"cudnn_conv_algo_search"};
    constexpr std::array values = {"HEURISTIC"};
    Ort::ThrowOnError(api.UpdateCUDAProviderOptions(cuda.get(), keys.data(), values.data(), keys.size()));
    session.AppendExecutionProvider_CUDA_V2(*cuda);
  }
  return session;
}

std::size_t size_of(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT: return 4;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: return 2;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8: return 1;
    default: fail("the model's input is neither float32, float16 nor uint8");
  }
}

/// One run after the other; its input and, after the first run, its outputs stay where they are.
class Instance {
 public:
  Instance(Ort::Session& session, int batch) : session_(session) {
    Ort::AllocatorWithDefaultOptions allocator;
    const auto input = session.GetInputTypeInfo(0);
    const auto info = input.GetTensorTypeAndShapeInfo();
    const auto type = info.GetElementType();
    shape_ = info.GetShape();
    if (shape_.size() != 4) fail("expected an input of 4 dimensions");
    if (shape_[0] > 0 && shape_[0] != batch) fail("the model's batch is fixed");
    shape_[0] = batch;
    std::size_t bytes = size_of(type);
    for (std::int64_t side : shape_) {
      if (side < 1) fail("the model's input has no fixed size");
      bytes *= std::size_t(side);
    }
    pixels_.resize(bytes);
    // Values as pixels have them, 0 to 1, and not all the same: rows of zeros could be quicker than a picture.
    std::mt19937 random(1);
    if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
      for (std::size_t i = 0; i < bytes; i += 4) {
        const float value = float(random() % 256) / 255.0F;
        std::memcpy(pixels_.data() + i, &value, 4);
      }
    } else if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16) {
      for (std::size_t i = 0; i < bytes; i += 2) {
        const auto value = Ort::Float16_t(float(random() % 256) / 255.0F);
        std::memcpy(pixels_.data() + i, &value.val, 2);
      }
    } else {
      for (auto& value : pixels_) value = std::byte(random() % 256);
    }
    tensor_ = Ort::Value::CreateTensor(memory_, pixels_.data(), bytes, shape_.data(), shape_.size(), type);
    input_name_ = session.GetInputNameAllocated(0, allocator).get();
    for (std::size_t i = 0; i < session.GetOutputCount(); ++i) {
      names_.emplace_back(session.GetOutputNameAllocated(i, allocator).get());
    }
    for (const std::string& name : names_) output_names_.push_back(name.c_str());
    outputs_ = session_.Run(Ort::RunOptions{nullptr}, inputs().data(), &tensor_, 1, output_names_.data(),
                            output_names_.size());
  }

  void run() {
    session_.Run(Ort::RunOptions{nullptr}, inputs().data(), &tensor_, 1, output_names_.data(), outputs_.data(),
                 outputs_.size());
  }

 private:
  std::array<const char*, 1> inputs() const { return {input_name_.c_str()}; }

  Ort::Session& session_;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  std::vector<std::int64_t> shape_;
  std::vector<std::byte> pixels_;
  Ort::Value tensor_{nullptr};
  std::string input_name_;
  std::vector<std::string> names_;
  std::vector<const char*> output_names_;
  std::vector<Ort::Value> outputs_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// By nearest rank; `sorted` is not empty.
double percentile(const std::vector<double>& sorted, double share) {
  return sorted[std::max<std::size_t>(1, std::size_t(std::ceil(share * double(sorted.size())))) - 1];
}

void measure(const Options& options) {
  Ort::Env env(ORT_LOGGING_LEVEL_ERROR, "ort_limit");
  const Ort::SessionOptions how = session_options(options);
  std::vector<Ort::Session> sessions;
  std::vector<std::unique_ptr<Instance>> instances;
  sessions.reserve(std::size_t(options.instances));
  for (int i = 0; i < options.instances; ++i) {
    if (i == 0 || !options.shared) sessions.emplace_back(env, options.model.c_str(), how);
    instances.push_back(std::make_unique<Instance>(sessions.back(), options.batch));
  }

  // Every thread warms up until the window opens; runs that begin inside it count, and each thread has one at least.
  const auto opens = Clock::now() + std::chrono::milliseconds(500);
  const auto closes =
      opens + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  std::vector<std::vector<double>> milliseconds(instances.size());
  std::vector<std::thread> threads;
  threads.reserve(instances.size());
  for (std::size_t i = 0; i < instances.size(); ++i) {
    threads.emplace_back([&, i] {
      for (auto begin = Clock::now(); begin < closes || milliseconds[i].empty();) {
        instances[i]->run();
        const auto end = Clock::now();
        if (begin >= opens) milliseconds[i].push_back(std::chrono::duration<double, std::milli>(end - begin).count());
        begin = end;
      }
    });
  }
  std::this_thread::sleep_until(opens);
  const double cpu = cpu_seconds();
  std::this_thread::sleep_until(closes);
  const double used = cpu_seconds() - cpu;
  for (std::thread& thread : threads) thread.join();

  std::vector<double> all;
  double rate = 0;
  for (const auto& times : milliseconds) {
    all.insert(all.end(), times.begin(), times.end());
    // Over the time of whole runs, so that a run cut by the window's end costs nothing.
    const double total = std::accumulate(times.begin(), times.end(), 0.0);
    rate += double(times.size()) * options.batch / total * 1000;
  }
  std::sort(all.begin(), all.end());
  const double images = double(all.size()) * options.batch;
  std::printf(
      "{\"runtime\": \"%s\", \"images\": %.0f, \"imagesPerSecond\": %.4f, \"p50Ms\": %.4f, \"p95Ms\": %.4f, "
      "\"p99Ms\": %.4f, \"cpuSecondsPerImage\": %.6f}\n",
      OrtGetApiBase()->GetVersionString(), images, rate, percentile(all, 0.5), percentile(all, 0.95),
      percentile(all, 0.99), used / (rate * options.seconds));
}

}  // namespace

int main(int count, char** words) {
  const Options options = options_of(count, words);
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);  // read when the runtime's environment is created
  try {
    measure(options);
  } catch (const Ort::Exception& error) {
    fail(error.what());
  }
  return 0;
}
