// YOLO in Ultralytics' TFLite export: relative coordinates, dequantised by the tensor's own scale.
#include <gtest/gtest.h>

#include "postprocess/relative_yolo.h"

namespace zmdetect {
namespace {

ModelInfo yolo(std::vector<std::int64_t> shape, ElementType type, Quantisation quantisation = {}) {
  return {.inputs = {{.name = "in", .type = ElementType::kFloat32, .shape = {1, 320, 640, 3}}},
          .outputs = {{.name = "out", .type = type, .shape = std::move(shape), .quantisation = quantisation}}};
}

TEST(RecogniseRelativeYolo, ReadsSizeAndOrderFromTheShapes) {
  const auto planar = recognise_relative_yolo(yolo({1, 6, 4200}, ElementType::kFloat32), 2);
  ASSERT_TRUE(planar.ok()) << planar.status().message();
  EXPECT_TRUE(planar.value().layout.candidates_last);
  EXPECT_EQ(planar.value().input_width, 640);
  EXPECT_EQ(planar.value().input_height, 320);
  EXPECT_EQ(planar.value().columns, 6);
  EXPECT_EQ(planar.value().quantisation.scale, 0);
  const auto rows = recognise_relative_yolo(yolo({1, 4200, 6}, ElementType::kInt8, {0.01F, -128}), 2);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_FALSE(rows.value().layout.candidates_last);
  EXPECT_EQ(rows.value().quantisation.zero_point, -128);
}

TEST(RecogniseRelativeYolo, RefusesOtherModels) {
  const auto code = [](const ModelInfo& info, int classes) {
    return recognise_relative_yolo(info, classes).status().code();
  };
  EXPECT_EQ(code(yolo({1, 6, 4200}, ElementType::kUint8), 2), Code::kModelLayoutUnknown);  // no scale
  EXPECT_EQ(code(yolo({1, 6, 4200}, ElementType::kInt32, {1, 0}), 2), Code::kModelLayoutUnknown);
  EXPECT_EQ(code(yolo({1, 4200}, ElementType::kFloat32), 2), Code::kModelLayoutUnknown);
  EXPECT_EQ(code(yolo({1, 60, 4200}, ElementType::kFloat32), 2), Code::kModelLayoutUnknown);  // labels do not fit
  ModelInfo planes = yolo({1, 6, 4200}, ElementType::kFloat32);
  planes.inputs[0].shape = {1, 3, 320, 640};
  EXPECT_EQ(code(planes, 2), Code::kModelLayoutUnknown);
  planes.outputs.clear();
  EXPECT_EQ(code(planes, 2), Code::kModelLayoutUnknown);
}

// Two candidates: cx, cy, w, h and two scores, in steps of 1/200 above -100.
const std::vector<float> kPlanarPixels{320, 64, 160, 80, 64, 32, 160, 16, 0.9F, 0.1F, 0, 0.5F};

TEST(YoloInPixels, DequantisesPlanarIntegers) {
  const auto model = recognise_relative_yolo(yolo({1, 6, 2}, ElementType::kInt8, {0.005F, -100}), 2);
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::vector<std::int8_t> stored{0, -80, 0, -50, -80, -90, 0, -90, 80, -80, -100, 0};
  std::vector<float> values;
  const auto view = yolo_in_pixels(model.value(), {stored.data(), ElementType::kInt8, {1, 6, 2}}, values);
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_EQ(view.value().type, ElementType::kFloat32);
  for (std::size_t i = 0; i < kPlanarPixels.size(); ++i) EXPECT_NEAR(values[i], kPlanarPixels[i], 1e-3) << i;
}

TEST(YoloInPixels, DequantisesRowsOfUnsignedIntegers) {
  const auto model = recognise_relative_yolo(yolo({1, 4200, 6}, ElementType::kUint8, {0.005F, 0}), 2);
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::vector<std::uint8_t> stored{100, 100, 20, 100, 180, 0, 20, 50, 10, 10, 20, 100};
  std::vector<float> values;
  const auto view = yolo_in_pixels(model.value(), {stored.data(), ElementType::kUint8, {1, 2, 6}}, values);
  ASSERT_TRUE(view.ok()) << view.status().message();
  for (std::size_t column = 0; column < 6; ++column) {
    EXPECT_NEAR(values[column], kPlanarPixels[2 * column], 1e-3);
    EXPECT_NEAR(values[6 + column], kPlanarPixels[2 * column + 1], 1e-3);
  }
}

TEST(YoloInPixels, LeavesFloatsButForTheCoordinates) {
  const auto model = recognise_relative_yolo(yolo({1, 6, 4200}, ElementType::kFloat32), 2);
  const std::vector<float> stored{0.5F, 0.1F, 0.5F, 0.25F, 0.1F, 0.05F, 0.5F, 0.05F, 0.9F, 0.1F, 0, 0.5F};
  std::vector<float> values;
  ASSERT_TRUE(yolo_in_pixels(model.value(), {stored.data(), ElementType::kFloat32, {1, 6, 2}}, values).ok());
  for (std::size_t i = 0; i < kPlanarPixels.size(); ++i) EXPECT_NEAR(values[i], kPlanarPixels[i], 1e-3) << i;
}

TEST(YoloInPixels, RefusesAnotherShapeOrTypeThanPromised) {
  const auto model = recognise_relative_yolo(yolo({1, 6, 4200}, ElementType::kInt8, {0.01F, 0}), 2);
  const std::vector<std::int8_t> stored(12);
  std::vector<float> values;
  const auto code = [&](ElementType type, std::vector<std::int64_t> shape) {
    return yolo_in_pixels(model.value(), {stored.data(), type, std::move(shape)}, values).status().code();
  };
  EXPECT_EQ(code(ElementType::kInt8, {1, 6, 2}), Code::kOk);
  EXPECT_EQ(code(ElementType::kFloat32, {1, 6, 2}), Code::kModelOutputInvalid);
  EXPECT_EQ(code(ElementType::kInt8, {1, 4, 3}), Code::kModelOutputInvalid);
  EXPECT_EQ(code(ElementType::kInt8, {2, 6, 1}), Code::kModelOutputInvalid);
  EXPECT_EQ(code(ElementType::kInt8, {12}), Code::kModelOutputInvalid);
}

}  // namespace
}  // namespace zmdetect
