// SSD answers: which output is which, and what becomes of their rows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "postprocess/ssd.h"

namespace zmdetect {
namespace {

TensorInfo output(std::vector<std::int64_t> shape, ElementType type = ElementType::kFloat32) {
  return {.name = "out", .type = type, .shape = std::move(shape)};
}

const TensorInfo kBoxes = output({1, 10, 4});
const TensorInfo kRows = output({1, 10});
const TensorInfo kCount = output({1});

void expect_layout(const Result<SsdLayout>& found, std::vector<int> expected) {
  ASSERT_TRUE(found.ok()) << found.status().message();
  const SsdLayout& layout = found.value();
  EXPECT_EQ((std::vector<int>{layout.boxes, layout.classes, layout.scores, layout.count}), expected);
}

TEST(RecogniseSsd, TakesRowsAfterTheBoxesForClassesThenScores) {
  expect_layout(recognise_ssd({.outputs = {kBoxes, kRows, kRows, kCount}}), {0, 1, 2, 3});
}

TEST(RecogniseSsd, TakesRowsAroundTheBoxesForScoresThenClasses) {
  expect_layout(recognise_ssd({.outputs = {kRows, kBoxes, kCount, kRows}}), {1, 3, 0, 2});
}

TEST(RecogniseSsd, BelievesTheFileAboveTheOrder) {
  const ModelInfo info{.outputs = {kBoxes, kRows, kRows, kCount}, .metadata = {{kSsdOutputsKey, "0,2,1,3"}}};
  expect_layout(recognise_ssd(info), {0, 2, 1, 3});
}

TEST(RecogniseSsd, RefusesWhatFitsNoOrderWithTheShapes) {
  const ModelInfo both_before{.outputs = {kRows, kRows, kBoxes, kCount}};
  EXPECT_EQ(recognise_ssd(both_before).status().code(), Code::kModelLayoutUnknown);
  EXPECT_NE(recognise_ssd(both_before).status().message().find("[1,10] [1,10] [1,10,4] [1]"), std::string::npos);
  EXPECT_FALSE(recognise_ssd({.outputs = {kBoxes, kRows, kRows}}).ok());
  EXPECT_FALSE(recognise_ssd({.outputs = {output({1, 10, 4}, ElementType::kUint8), kRows, kRows, kCount}}).ok());
  for (const char* positions : {"0,1,2,4", "0,1,2", "-1,1,2,3", "1,0,2,3", ""}) {
    const ModelInfo info{.outputs = {kBoxes, kRows, kRows, kCount}, .metadata = {{kSsdOutputsKey, positions}}};
    EXPECT_FALSE(recognise_ssd(info).ok()) << positions;
  }
}

/// Three rows of an 800 x 600 picture in an input of 300 x 300: to_pixels = 300 / (300 / 800) = 800 on both axes.
class ReadSsd : public ::testing::Test {
 protected:
  Result<std::vector<Detection>> read(double min_confidence) {
    Result<Answer> answer = read_ssd({}, outputs, fit_top_left(800, 600, 300, 300), min_confidence);
    if (!answer.ok()) return answer.status();
    impossible = answer.value().impossible;
    return std::move(answer).value().detections;
  }

  int impossible = 0;

  std::vector<float> boxes{0.1F, 0.2F, 0.5F, 0.7F, -0.01F, -0.02F, 0.999F, 1.0F, 0, 0, 1, 1};
  std::vector<float> classes{17, 89, 0};
  std::vector<float> scores{0.75F, 0.5F, 0.25F};
  std::vector<float> count{3};
  std::vector<TensorView> outputs{{boxes.data(), ElementType::kFloat32, {1, 3, 4}},
                                  {classes.data(), ElementType::kFloat32, {1, 3}},
                                  {scores.data(), ElementType::kFloat32, {1, 3}},
                                  {count.data(), ElementType::kFloat32, {1}}};
};

TEST_F(ReadSsd, TurnsRelativeCornersIntoPixelsTruncatedTowardZero) {
  const auto detections = read(0.5);
  ASSERT_TRUE(detections.ok());
  ASSERT_EQ(detections.value().size(), 2U);
  const Detection& first = detections.value()[0];
  EXPECT_EQ(std::vector<std::int64_t>(first.box, first.box + 4), (std::vector<std::int64_t>{160, 80, 559, 400}));
  EXPECT_EQ(first.class_id, 17);
  EXPECT_FLOAT_EQ(first.score, 0.75F);
  // -16 x -8, not -15; the bottom lies below the picture, in the padding, and stays there.
  const Detection& second = detections.value()[1];
  EXPECT_EQ(std::vector<std::int64_t>(second.box, second.box + 4), (std::vector<std::int64_t>{-15, -7, 800, 799}));
}

TEST_F(ReadSsd, KeepsAScoreThatEqualsTheThresholdAndComparesInDouble) {
  EXPECT_EQ(read(0.25).value().size(), 3U);
  EXPECT_EQ(read(std::nextafter(0.25, 1.0)).value().size(), 2U);
}

TEST_F(ReadSsd, ReadsNoRowBeyondTheCount) {
  count[0] = 1;
  EXPECT_EQ(read(0).value().size(), 1U);
  count[0] = 0;
  EXPECT_TRUE(read(0).value().empty());
}

TEST_F(ReadSsd, RefusesAnswersThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float broken : {4.0F, -1.0F, nan, 1e30F}) {
    count[0] = broken;
    EXPECT_EQ(read(0).status().code(), Code::kModelOutputInvalid) << broken;
  }
  count[0] = 3;
  outputs[0].type = ElementType::kUint8;
  EXPECT_EQ(read(0).status().code(), Code::kModelOutputInvalid);
}

TEST_F(ReadSsd, CountsRowsThatNoPictureCanHave) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (float* number : {&boxes[0], &classes[0], &scores[0]}) {
    const float right = *number;
    for (const float wrong : {nan, 1e30F}) {
      *number = wrong;
      EXPECT_EQ(read(0).value().size(), 2U);
      EXPECT_EQ(impossible, 1);
    }
    *number = right;
  }
  scores[0] = 1.7F;
  EXPECT_EQ(read(0).value().size(), 2U);
  EXPECT_EQ(impossible, 1);
  scores[0] = 0.75F;
  std::swap(boxes[0], boxes[2]);  // inside out
  EXPECT_EQ(read(0).value().size(), 2U);
  EXPECT_EQ(impossible, 1);
}

}  // namespace
}  // namespace zmdetect
