// ONNX Runtime through the engine, on the embedded default model.
#include <gtest/gtest.h>

#include <filesystem>

#include "backends/loader.h"
#include "backends/onnx/darknet/onnx_writer.h"
#include "engine/engine.h"
#include "tests/support.h"

namespace zmdetect {
namespace {

using testing::Later;
using testing::read_file;
using testing::source_file;

class OnnxTest : public ::testing::Test {
 protected:
  void TearDown() override { engine->close(); }

  Result<std::shared_ptr<Model>> open(const std::string& path) {
    Later<Result<std::shared_ptr<Model>>> later;
    engine->open({.backend = "onnx", .load = {.path = path, .intra_op_threads = 1}}, later.callback());
    return later.get();
  }

  std::string temporary(const std::string& name, const std::string& content) {
    const auto path = std::filesystem::temp_directory_path() / ("zmdetect_test_" + name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::shared_ptr<Engine> engine = Engine::create({.backend_folder = ZMDETECT_BACKEND_DIR});
};

TEST_F(OnnxTest, ReadsWhatTheFileSaysOfItself) {
  const auto model = open(source_file("models/default.onnx"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const ModelInfo& info = model.value()->info();
  ASSERT_EQ(info.inputs.size(), 1U);
  EXPECT_EQ(info.inputs[0].shape, (std::vector<std::int64_t>{-1, 3, 320, 320}));
  EXPECT_EQ(info.outputs[0].type, ElementType::kFloat32);
  EXPECT_NE(info.metadata.at("names").find("circle"), std::string::npos);
}

TEST_F(OnnxTest, FindsTheShapesOfTheSamplePicture) {
  const auto model = open(source_file("models/default.onnx"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  Later<Result<Prepared>> prepared;
  engine->prepare(model.value(), {.plan = {.classes = 5}}, prepared.callback());
  const Result<Prepared> ready = prepared.get();
  ASSERT_TRUE(ready.ok()) << ready.status().message();
  EXPECT_EQ(ready.value().input_width, 320);
  EXPECT_TRUE(ready.value().dynamic_batch);

  const auto bytes = read_file(source_file("models/sample.jpg"));
  const auto ticket = std::make_shared<Ticket>();
  Later<Result<Decoded>> decoded;
  engine->decode({.bytes = bytes, .ticket = ticket, .done = decoded.callback()});
  Later<Result<DetectResult>> detected;
  model.value()->submit({.image = decoded.get().value().image, .ticket = ticket, .done = detected.callback()});
  const Result<DetectResult> result = detected.get();
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_GE(result.value().answer.detections.size(), 4U);
}

TEST_F(OnnxTest, RefusesFilesThatAreNoModel) {
  EXPECT_EQ(open("/nonexistent/model.onnx").status().code(), Code::kModelFileMissing);
  EXPECT_EQ(open(temporary("empty.onnx", "")).status().code(), Code::kModelUnreadable);
  EXPECT_EQ(open(temporary("text.onnx", "this is no model\n")).status().code(), Code::kModelUnreadable);
  const auto whole = read_file(source_file("models/default.onnx"));
  EXPECT_EQ(open(temporary("cut.onnx", std::string(whole.begin(), whole.begin() + whole.size() / 2))).status().code(),
            Code::kModelUnreadable);
}

TEST_F(OnnxTest, SaysWhatIsMissingWhereThereIsNoGpu) {
  Later<Result<std::shared_ptr<Model>>> later;
  engine->open({.backend = "onnx", .load = {.path = source_file("models/default.onnx"), .processor = Processor::kGpu}},
               later.callback());
  const Result<std::shared_ptr<Model>> model = later.get();
  // On a host with a working CUDA provider the model is there, and says where it runs.
  if (model.ok()) {
    EXPECT_EQ(model.value()->device(), "CUDA device 0");
    return;
  }
  EXPECT_EQ(model.status().code(), Code::kDeviceUnavailable);
  EXPECT_NE(model.status().message().find("CUDA"), std::string::npos) << model.status().message();
}

TEST_F(OnnxTest, RefusesLabelsThatDoNotFit) {
  const auto model = open(source_file("models/default.onnx"));
  Later<Result<Prepared>> prepared;
  engine->prepare(model.value(), {.plan = {.classes = 80}}, prepared.callback());
  EXPECT_EQ(prepared.get().status().code(), Code::kModelLayoutUnknown);
}

/// y = x + zeros, where there are more zeros than an address space has room for.
std::string enormous(bool known_at_load) {
  darknet::OnnxWriter writer;
  writer.input("images", {-1, 3, 32, 32});
  const std::vector<std::int64_t> sides = {std::int64_t(1) << (known_at_load ? 50 : 40)};
  writer.constant("sides", {1}, sides);
  writer.node("Shape", {"images"}, {"shape"});
  writer.node("ReduceProd", {"shape"}, {"count"}, {{"keepdims", std::int64_t(1)}});
  writer.node("Mul", {"count", "sides"}, {"many"});
  writer.node("ConstantOfShape", {known_at_load ? "sides" : "many"}, {"zeros"});
  writer.node("ReduceMax", {"zeros"}, {"zero"}, {{"keepdims", std::int64_t(0)}});
  writer.node("Add", {"images", "zero"}, {"y"});
  writer.output("y", {-1, 3, 32, 32});
  return writer.finish(13, {});
}

TEST_F(OnnxTest, AModelThatRunsOutOfMemoryFailsAndOthersGoOn) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "a sanitizer's allocator ends the process instead of throwing";
#endif
  for (const bool known_at_load : {true, false}) {
    auto model = open(temporary("enormous.onnx", enormous(known_at_load)));
    Status status = model.status();
    if (model.ok()) {
      // The runtime asks for the memory only when it runs.
      const auto backend = open_backend(ZMDETECT_BACKEND_DIR, "onnx");
      auto loaded = backend.value()->load({.path = temporary("enormous.onnx", enormous(known_at_load))});
      auto instance = loaded.value()->create_instance();
      const std::vector<float> input(3 * 32 * 32);
      std::vector<TensorView> outputs;
      status = instance.value()->run({input.data(), ElementType::kFloat32, {1, 3, 32, 32}}, outputs);
    }
    EXPECT_EQ(status.code(), Code::kOutOfMemory) << status.message();
  }
  EXPECT_TRUE(open(source_file("models/default.onnx")).ok());
}

TEST_F(OnnxTest, RefusesAnInitialiserThatIsLargerThanItsFile) {
  darknet::OnnxWriter writer;
  writer.input("images", {-1, 3, 32, 32});
  const std::vector<float> one = {1};
  writer.constant("huge", {1'000'000'000, 1'000'000'000}, one);
  writer.node("Add", {"images", "huge"}, {"y"});
  writer.output("y", {-1, 3, 32, 32});
  const Status status = open(temporary("huge.onnx", writer.finish(13, {}))).status();
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_NE(status.message().find("huge"), std::string::npos) << status.message();
}

TEST_F(OnnxTest, LoadsTheSameFileTwiceAndUnloadsOneWhileTheOtherWorks) {
  const auto first = open(source_file("models/default.onnx"));
  const auto second = open(source_file("models/default.onnx"));
  for (const auto* model : {&first, &second}) {
    Later<Result<Prepared>> prepared;
    engine->prepare(model->value(), {.plan = {.classes = 5}}, prepared.callback());
    ASSERT_TRUE(prepared.get().ok());
  }
  Later<bool> closed;
  engine->close_model(first.value(), [done = closed.callback()] { done(true); });
  Later<Result<DetectResult>> detected;
  second.value()->submit(
      {.image = testing::grey_image(320, 240), .ticket = std::make_shared<Ticket>(), .done = detected.callback()});
  EXPECT_TRUE(detected.get().ok());
  EXPECT_TRUE(closed.get());
}

}  // namespace
}  // namespace zmdetect
