// The other rows of the layout table: objectness, grid cells, queries, half precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "postprocess/plan.h"

namespace zmdetect {
namespace {

constexpr int kClasses = 2;

ModelInfo model(std::vector<TensorInfo> outputs, std::vector<std::int64_t> input = {1, 3, 64, 64}) {
  return {.inputs = {{"images", ElementType::kFloat32, std::move(input)}}, .outputs = std::move(outputs)};
}

TensorInfo output(std::vector<std::int64_t> shape, std::string name = "output0") {
  return {std::move(name), ElementType::kFloat32, std::move(shape)};
}

TensorView view(const std::vector<float>& data, std::vector<std::int64_t> shape) {
  return {data.data(), ElementType::kFloat32, std::move(shape)};
}

std::vector<Detection> read(const ModelPlan& plan, const std::vector<TensorView>& outputs, int width, int height) {
  ReadBuffers buffers;
  Result<Answer> answer = read_answer(plan, outputs, 0, place(width, height, plan.input), 0.3, buffers);
  EXPECT_TRUE(answer.ok()) << answer.status().message();
  return answer.ok() ? answer.value().detections : std::vector<Detection>();
}

std::vector<std::int64_t> box(const Detection& d) { return {d.box, d.box + 4}; }

TEST(YoloV5, MultipliesScoresByTheObjectness) {
  const auto plan = plan_model(model({output({1, 252, 7})}), {.classes = kClasses});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan.value().layout.name, "yolov5");
  std::vector<float> data(252 * 7, 0.0F);
  const float row[] = {32, 32, 16, 8, 0.5F, 0.2F, 0.9F};
  const float weak[] = {10, 10, 4, 4, 0.3F, 0.9F, 0.1F};
  std::copy_n(row, 7, data.begin());
  std::copy_n(weak, 7, data.begin() + 7);
  const auto found = read(plan.value(), {view(data, {1, 252, 7})}, 128, 128);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(box(found[0]), (std::vector<std::int64_t>{48, 56, 80, 72}));
  EXPECT_FLOAT_EQ(found[0].score, 0.45F);
  EXPECT_EQ(found[0].class_id, 1);
}

TEST(Yolox, DecodesCellsOfTheGridAndFeedsItsOwnKindOfPicture) {
  const int cells = grid_cells(64, 64);
  ASSERT_EQ(cells, 64 + 16 + 4);
  const auto plan = plan_model(model({output({1, cells, 7})}), {.classes = kClasses});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan.value().layout.name, "yolox");
  EXPECT_EQ(plan.value().input.fit, Fit::kTopLeft);
  EXPECT_EQ(plan.value().input.channels, Channels::kBgr);
  EXPECT_FLOAT_EQ(plan.value().input.factor, 1);
  std::vector<float> data(std::size_t(cells) * 7, 0.0F);
  // Cell 2 of row 1 of the stride-16 grid, which begins behind 64 cells of stride 8.
  const float row[] = {0.5F, 0.5F, std::log(2.0F), std::log(1.0F), 0.9F, 0.8F, 0.1F};
  std::copy_n(row, 7, data.begin() + (64 + 4 + 2) * 7);
  const auto found = read(plan.value(), {view(data, {1, cells, 7})}, 64, 32);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(box(found[0]), (std::vector<std::int64_t>{24, 16, 56, 32}));
  EXPECT_FLOAT_EQ(found[0].score, 0.72F);
}

TEST(Detr, ReadsRelativeBoxesAndLogitsOfAStretchedPicture) {
  for (const bool boxes_first : {true, false}) {
    const TensorInfo boxes = output({1, 3, 4}, "pred_boxes");
    const TensorInfo logits = output({1, 3, 2}, "logits");
    const auto plan = plan_model(boxes_first ? model({boxes, logits}) : model({logits, boxes}), {.classes = kClasses});
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan.value().layout.name, "detr");
    EXPECT_EQ(plan.value().input.fit, Fit::kStretch);
    const std::vector<float> box_data = {0.5F, 0.5F, 0.25F, 0.5F, 0, 0, 0, 0, 0, 0, 0, 0};
    const std::vector<float> logit_data = {-9, 2, -9, -9, -9, -9};
    const TensorView b = view(box_data, {1, 3, 4});
    const TensorView l = view(logit_data, {1, 3, 2});
    const auto found = read(plan.value(), boxes_first ? std::vector{b, l} : std::vector{l, b}, 400, 200);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(box(found[0]), (std::vector<std::int64_t>{150, 50, 250, 150}));
    EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(-2.0)), 1e-6);
    EXPECT_EQ(found[0].class_id, 1);
  }
}

TEST(Detr, LetsOneMoreLogitStandForNothing) {
  const auto plan = plan_model(model({output({1, 3, 4}, "dets"), output({1, 3, 3}, "labels")}), {.classes = kClasses});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_FLOAT_EQ(plan.value().input.mean[0], 0.485F);
  const std::vector<float> boxes(12, 0.5F);
  const std::vector<float> logits = {-9, -9, 9, -9, -9, 9, -9, -9, 9};
  EXPECT_TRUE(read(plan.value(), {view(boxes, {1, 3, 4}), view(logits, {1, 3, 3})}, 64, 64).empty());
}

TEST(EndToEnd, IsSeenWithoutMetadataWhereNothingElseFits) {
  EXPECT_EQ(recognise_layout(model({output({1, 300, 6})}), {.classes = 80}).value().name, "end2end");
  EXPECT_EQ(recognise_layout(model({output({1, 300, 6})}), {.classes = 2}).value().name, "yolov8");
  EXPECT_FALSE(recognise_layout(model({output({1, 8400, 6})}), {.classes = 80}).ok());
}

TEST(HalfPrecision, OutputsAreWidened) {
  ModelInfo info = model({output({1, 6, 20})});
  info.outputs[0].type = ElementType::kFloat16;
  info.inputs[0].type = ElementType::kFloat16;
  const auto plan = plan_model(info, {.classes = kClasses});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan.value().input_type(), ElementType::kFloat16);
  std::vector<std::uint16_t> data(6 * 20, 0);
  const float column[] = {32, 32, 16, 8, 0.25F, 0.75F};
  for (int c = 0; c < 6; ++c) data[c * 20] = to_half(column[c]);
  const auto found = read(plan.value(), {TensorView{data.data(), ElementType::kFloat16, {1, 6, 20}}}, 64, 64);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(box(found[0]), (std::vector<std::int64_t>{24, 28, 40, 36}));
  EXPECT_EQ(found[0].score, 0.75F);
}

TEST(PlanModel, RefusesAnInputThatIsNoPicture) {
  EXPECT_EQ(plan_model(model({output({1, 6, 20})}, {1, 80}), {.classes = 2}).status().code(),
            Code::kModelLayoutUnknown);
  EXPECT_EQ(plan_model(model({output({1, 6, 20})}, {1, 2, 64, 64}), {.classes = 2}).status().code(),
            Code::kModelLayoutUnknown);
}

TEST(PlanModel, RefusesSizesThatNoMemoryWouldHold) {
  for (const auto& [height, width] :
       {std::pair<std::int64_t, std::int64_t>{1, 1'000'000'000'000}, {8193, 32}, {8000, 8000}}) {
    const Status status = plan_model(model({output({1, 6, 20})}, {1, 3, height, width}), {.classes = 2}).status();
    EXPECT_EQ(status.code(), Code::kModelLayoutUnknown);
    EXPECT_NE(status.message().find("at most"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(std::to_string(width == 32 ? height : width)), std::string::npos);
  }
  EXPECT_FALSE(plan_model(model({output({-1, 6, -1})}, {-1, 3, -1, -1}), {.classes = 2, .input_width = 100'000}).ok());
}

TEST(PlanModel, SaysBothCountsWhereTheLabelFileDoesNotFit) {
  const ModelInfo yolo = model({output({1, 84, 8400})}, {1, 3, 640, 640});
  const std::string said = plan_model(yolo, {.classes = 3}).status().message();
  EXPECT_NE(said.find("3 labels: the network has 80 classes"), std::string::npos) << said;
  ModelInfo darknet = model({output({1, 507, 85})}, {1, 3, 416, 416});
  darknet.metadata["zmdetect_layout"] = "darknet";
  const std::string shorter = plan_model(darknet, {.classes = 20}).status().message();
  EXPECT_NE(shorter.find("20 labels: the network has 80 classes"), std::string::npos) << shorter;
  EXPECT_TRUE(plan_model(darknet, {.classes = 81}).ok()) << "a label too many does no harm";
}

TEST(PlanModel, TakesTheAskedSizeWhereTheFileLeavesItOpen) {
  const ModelInfo open = model({output({-1, 6, -1})}, {-1, 3, -1, -1});
  EXPECT_EQ(plan_model(open, {.classes = 2}).value().input.width, 640);
  const auto asked = plan_model(open, {.classes = 2, .input_width = 320, .input_height = 192});
  EXPECT_EQ(asked.value().input_shape(4), (std::vector<std::int64_t>{4, 3, 192, 320}));
  EXPECT_TRUE(asked.value().dynamic_batch);
}

}  // namespace
}  // namespace zmdetect
