// What the Darknet tests share: files that live as long as a test, and one way to run an imported model.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "backends/loader.h"
#include "tests/support.h"

namespace zmdetect::testing {

/// A folder of its own for one test; removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "zmdetect_darknet_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder " << name;
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return path_ / name; }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name), std::ios::binary) << content;
    return file(name);
  }

 private:
  std::filesystem::path path_;
};

/// A .weights file: version 0.2.5, no pictures seen, then `values`.
inline std::string weights_content(const std::vector<float>& values) {
  std::string content(20 + values.size() * sizeof(float), '\0');
  const std::int32_t version[] = {0, 2, 5};
  std::memcpy(content.data(), version, sizeof version);
  if (!values.empty()) std::memcpy(content.data() + 20, values.data(), values.size() * sizeof(float));
  return content;
}

/// A model behind one of the backends that know Darknet, and the memory of its last answer.
struct LoadedDarknet {
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Instance> instance;

  /// Runs float32 [batch, channels, height, width]; fails the test on an error.
  TensorView run(const std::vector<float>& input, const std::vector<std::int64_t>& shape) const {
    std::vector<TensorView> outputs;
    const Status status = instance->run({input.data(), ElementType::kFloat32, shape}, outputs);
    EXPECT_TRUE(status.ok()) << status.message();
    return status.ok() ? outputs.at(0) : TensorView();
  }
};

inline Result<LoadedDarknet> load_darknet(const std::string& cfg, const std::string& weights, int width, int height,
                                          const std::string& engine = "onnx") {
  const Result<Backend*> backend = open_backend(ZMDETECT_BACKEND_DIR, engine);
  if (!backend.ok()) return backend.status();
  LoadOptions options;
  options.path = weights;
  options.config_path = cfg;
  options.input_width = width;
  options.input_height = height;
  Result<std::unique_ptr<LoadedModel>> model = backend.value()->load(options);
  if (!model.ok()) return model.status();
  Result<std::unique_ptr<Instance>> instance = model.value()->create_instance();
  if (!instance.ok()) return instance.status();
  return LoadedDarknet{std::move(model).value(), std::move(instance).value()};
}

inline std::vector<float> floats_of(const TensorView& tensor) {
  std::size_t count = tensor.shape.empty() ? 0 : 1;
  for (const std::int64_t side : tensor.shape) count *= std::size_t(side);
  const auto* values = static_cast<const float*>(tensor.data);
  return {values, values + count};
}

}  // namespace zmdetect::testing
