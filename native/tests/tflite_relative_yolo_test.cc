// YOLO in Ultralytics' TFLite export: relative coordinates, dequantised by the tensor's own scale.
#include <gtest/gtest.h>

#include <cmath>

#include "postprocess/plan.h"

namespace zmdetect {
namespace {

ModelInfo yolo(std::vector<std::int64_t> shape, ElementType type, Quantisation quantisation = {}) {
  return {.inputs = {{.name = "in", .type = ElementType::kFloat32, .shape = {1, 320, 640, 3}}},
          .outputs = {{.name = "out", .type = type, .shape = std::move(shape), .quantisation = quantisation}}};
}

/// What the engine finds on a picture as large as the input, after it has settled the layout on the same answer.
std::vector<Detection> found(const ModelInfo& info, const void* data) {
  const TensorView answer{data, info.outputs[0].type, info.outputs[0].shape};
  Result<ModelPlan> plan = plan_model(info, {.classes = 2});
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  if (plan.ok()) plan = settle_plan(plan.value(), info, {.classes = 2}, {answer});
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  if (!plan.ok()) return {};
  EXPECT_EQ(plan.value().layout.name, "yolov8-relative");
  EXPECT_FLOAT_EQ(plan.value().input.factor, 1.0F / 255);
  ReadBuffers buffers;
  const Result<Answer> read = read_answer(plan.value(), {answer}, 0, place(640, 320, plan.value().input), 0.3, buffers);
  EXPECT_TRUE(read.ok()) << read.status().message();
  return read.ok() ? read.value().detections : std::vector<Detection>();
}

void expect_both(const std::vector<Detection>& detections) {
  ASSERT_EQ(detections.size(), 2U);
  EXPECT_EQ(std::vector<std::int64_t>(detections[0].box, detections[0].box + 4),
            (std::vector<std::int64_t>{240, 40, 400, 120}));
  EXPECT_NEAR(detections[0].score, 0.9, 1e-3);
  EXPECT_EQ(detections[0].class_id, 0);
  EXPECT_EQ(std::vector<std::int64_t>(detections[1].box, detections[1].box + 4),
            (std::vector<std::int64_t>{32, 232, 96, 248}));
  EXPECT_NEAR(detections[1].score, 0.5, 1e-3);
  EXPECT_EQ(detections[1].class_id, 1);
}

// 4200 cells of 640 x 320; the first two hold cx, cy, w, h and two scores.
constexpr std::size_t kCells = 4200;
constexpr float kFirst[6] = {0.5F, 0.25F, 0.25F, 0.25F, 0.9F, 0};
constexpr float kSecond[6] = {0.1F, 0.75F, 0.1F, 0.05F, 0, 0.5F};

TEST(RelativeYolo, ReadsFloats) {
  std::vector<float> planar(6 * kCells);
  for (std::size_t k = 0; k < 6; ++k) {
    planar[k * kCells] = kFirst[k];
    planar[k * kCells + 1] = kSecond[k];
  }
  expect_both(found(yolo({1, 6, kCells}, ElementType::kFloat32), planar.data()));
}

TEST(RelativeYolo, DequantisesPlanarIntegers) {
  std::vector<std::int8_t> planar(6 * kCells, -100);
  for (std::size_t k = 0; k < 6; ++k) {
    planar[k * kCells] = std::int8_t(std::lround(kFirst[k] * 200) - 100);
    planar[k * kCells + 1] = std::int8_t(std::lround(kSecond[k] * 200) - 100);
  }
  expect_both(found(yolo({1, 6, kCells}, ElementType::kInt8, {0.005F, -100}), planar.data()));
}

TEST(RelativeYolo, DequantisesRowsOfUnsignedIntegers) {
  std::vector<std::uint8_t> rows(6 * kCells, 0);
  for (std::size_t k = 0; k < 6; ++k) {
    rows[k] = std::uint8_t(std::lround(kFirst[k] * 200));
    rows[6 + k] = std::uint8_t(std::lround(kSecond[k] * 200));
  }
  expect_both(found(yolo({1, kCells, 6}, ElementType::kUint8, {0.005F, 0}), rows.data()));
}

TEST(RelativeYolo, RefusesOtherModels) {
  const auto code = [](const ModelInfo& info) { return plan_model(info, {.classes = 2}).status().code(); };
  EXPECT_EQ(code(yolo({1, 6, 4200}, ElementType::kUint8)), Code::kModelLayoutUnknown);  // no scale
  EXPECT_EQ(code(yolo({1, 6, 4200}, ElementType::kInt32)), Code::kModelLayoutUnknown);
  EXPECT_EQ(code(yolo({1, 4200}, ElementType::kFloat32)), Code::kModelLayoutUnknown);
  EXPECT_EQ(code(yolo({1, 60, 4200}, ElementType::kFloat32)), Code::kModelLayoutUnknown);  // labels do not fit
  ModelInfo nothing = yolo({1, 6, 4200}, ElementType::kFloat32);
  nothing.outputs.clear();
  EXPECT_EQ(code(nothing), Code::kModelLayoutUnknown);
}

}  // namespace
}  // namespace zmdetect
