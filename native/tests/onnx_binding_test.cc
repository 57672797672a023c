// The two ways in which a GPU's tensors are bound, with the CPU's memory in place of the GPU's: what is bound, copied
// and kept is the same.
#include "backends/onnx/bound_instance.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "backends/onnx/darknet/onnx_writer.h"

namespace zmdetect::onnx {
namespace {

/// y = 2 x, float32 [batch, 3, 2, 2].
std::string doubling() {
  darknet::OnnxWriter writer;
  writer.input("x", {-1, 3, 2, 2});
  const std::vector<float> two = {2};
  writer.constant("two", {1}, two);
  writer.node("Mul", {"x", "two"}, {"y"});
  writer.output("y", {-1, 3, 2, 2});
  return writer.finish(13, {});
}

class BoundInstance : public ::testing::Test {
 protected:
  TensorView input(std::int64_t batch, float value) {
    values.assign(std::size_t(batch) * 12, value);
    return {values.data(), ElementType::kFloat32, {batch, 3, 2, 2}};
  }

  void expect_doubled(Instance& instance, std::int64_t batch, float value) {
    std::vector<TensorView> outputs;
    const Status status = instance.run(input(batch, value), outputs);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(outputs.size(), 1U);
    EXPECT_EQ(outputs[0].shape, (std::vector<std::int64_t>{batch, 3, 2, 2}));
    const auto* answer = static_cast<const float*>(outputs[0].data);
    EXPECT_EQ(std::vector<float>(answer, answer + batch * 12), std::vector<float>(std::size_t(batch) * 12, 2 * value));
  }

  std::string model = doubling();
  Ort::Env env{ORT_LOGGING_LEVEL_FATAL, "test"};
  Ort::Session session{env, model.data(), model.size(), Ort::SessionOptions()};
  const Ort::MemoryInfo cpu = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  ModelInfo info{.inputs = {{"x", ElementType::kFloat32, {-1, 3, 2, 2}}},
                 .outputs = {{"y", ElementType::kFloat32, {-1, 3, 2, 2}}}};
  std::vector<float> values;
};

TEST_F(BoundInstance, PinnedMemoryIsFilledAnewForEveryRunAndSize) {
  PinnedInstance instance(session, info, SideInputs(),
                          Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault));
  expect_doubled(instance, 1, 1.5F);
  expect_doubled(instance, 1, -4);
  expect_doubled(instance, 8, 3);
  expect_doubled(instance, 1, 7);
}

TEST_F(BoundInstance, PinnedMemorySurvivesAFailedRun) {
  PinnedInstance instance(session, info, SideInputs(),
                          Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault));
  std::vector<TensorView> outputs;
  TensorView wrong = input(1, 1);
  wrong.shape = {1, 3, 4, 1};
  EXPECT_EQ(instance.run(wrong, outputs).code(), Code::kInferenceFailed);
  expect_doubled(instance, 2, 5);
}

/// Copies as the device would, and notes where to and by whom.
struct Copies {
  std::set<void*> inputs;
  std::set<const void*> outputs;
  std::set<std::thread::id> threads;
  bool fail = false;

  DeviceCopy functions() {
    return {[this](void* to, const void* from, std::size_t bytes) {
              inputs.insert(to);
              threads.insert(std::this_thread::get_id());
              if (fail) return Status(Code::kInferenceFailed, "told to fail");
              std::memcpy(to, from, bytes);
              return Status();
            },
            [this](void* to, const void* from, std::size_t bytes) {
              outputs.insert(from);
              threads.insert(std::this_thread::get_id());
              std::memcpy(to, from, bytes);
              return Status();
            }};
  }
};

TEST_F(BoundInstance, AGraphKeepsItsAddressesAndItsThread) {
  Copies copies;
  auto instance = GraphInstance::create(session, info, cpu, copies.functions(), nullptr);
  ASSERT_TRUE(instance.ok()) << instance.status().message();
  for (int i = 0; i < 4; ++i) expect_doubled(*instance.value(), 1, float(i));
  EXPECT_EQ(copies.inputs.size(), 1U);
  EXPECT_EQ(copies.outputs.size(), 1U);
  // Runs come from the thread that warms up and from the one that serves; the recording belongs to neither.
  std::thread([&] { expect_doubled(*instance.value(), 1, 9); }).join();
  EXPECT_EQ(copies.threads.size(), 1U);
  EXPECT_FALSE(copies.threads.contains(std::this_thread::get_id()));
}

TEST_F(BoundInstance, AGraphHasBuffersForEveryBatchSize) {
  Copies copies;
  auto instance = GraphInstance::create(session, info, cpu, copies.functions(), nullptr);
  for (const int batch : {1, 4, 1, 4}) expect_doubled(*instance.value(), batch, float(batch));
  EXPECT_EQ(copies.inputs.size(), 2U);
}

TEST_F(BoundInstance, AGraphSaysThatACopyFailedAndGoesOn) {
  Copies copies;
  auto instance = GraphInstance::create(session, info, cpu, copies.functions(), nullptr);
  copies.fail = true;
  std::vector<TensorView> outputs;
  EXPECT_EQ(instance.value()->run(input(1, 1), outputs).message(), "told to fail");
  copies.fail = false;
  expect_doubled(*instance.value(), 1, 2);
}

TEST_F(BoundInstance, AGraphWantsFixedShapesAndHoldsItsToken) {
  ModelInfo open = info;
  open.outputs[0].shape = {1, -1, 6};
  const Status status = GraphInstance::create(session, open, cpu, Copies().functions(), nullptr).status();
  EXPECT_EQ(status.code(), Code::kModelLayoutUnknown);
  EXPECT_NE(status.message().find("cuda_graph wants fixed shapes, and y has not"), std::string::npos);

  auto token = std::make_shared<char>();
  const std::weak_ptr<char> alive = token;
  Copies copies;
  auto instance = GraphInstance::create(session, info, cpu, copies.functions(), std::move(token));
  EXPECT_FALSE(alive.expired());
  instance = Status(Code::kInternal, "gone");
  EXPECT_TRUE(alive.expired());
}

TEST(CudaCopy, NamesTheLibraryThatIsMissing) {
  const Result<DeviceCopy> copy = cuda_copy(0);
  if (copy.ok()) GTEST_SKIP() << "this host has CUDA's library";
  EXPECT_EQ(copy.status().code(), Code::kDeviceUnavailable);
  EXPECT_NE(copy.status().message().find("libcudart.so.12"), std::string::npos) << copy.status().message();
}

}  // namespace
}  // namespace zmdetect::onnx
