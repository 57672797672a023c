// Rows of a Darknet network to boxes in the original picture (contract 5.4).
#include "postprocess/darknet.h"

#include <gtest/gtest.h>

#include <cmath>

#include "postprocess/nms.h"

namespace zmdetect {
namespace {

Result<std::vector<Candidate>> decoded(const std::vector<float>& rows, std::int64_t columns, int width, int height,
                                       float threshold = 0.2F) {
  Found found;
  const TensorView view{rows.data(), ElementType::kFloat32, {1, std::ssize(rows) / columns, columns}};
  ZMD_RETURN_IF_ERROR(decode_darknet(view, 0, width, height, threshold, found));
  return found.candidates;
}

TEST(DarknetDecode, CutsSidesAndCentreToWholePixels) {
  const auto candidates = decoded({0.5F, 0.5F, 0.3125F, 0.625F, 1, 0.9F}, 6, 101, 75);
  ASSERT_TRUE(candidates.ok());
  ASSERT_EQ(candidates.value().size(), 1U);
  const Candidate& box = candidates.value()[0];
  EXPECT_EQ(box.x, 34.5);
  EXPECT_EQ(box.y, 14);
  EXPECT_EQ(box.width, 31);
  EXPECT_EQ(box.height, 46);
  const auto detections = select_detections(candidates.value(), 0.3);
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_EQ(std::vector<std::int64_t>(detections[0].box, detections[0].box + 4),
            (std::vector<std::int64_t>{34, 14, 66, 60}));
}

TEST(DarknetDecode, CutsTowardZeroLeftOfThePicture) {
  const auto candidates = decoded({-0.019F, -0.021F, 0.1F, 0.1F, 1, 0.9F}, 6, 100, 100);
  EXPECT_EQ(candidates.value().at(0).x, -1 - 5);
  EXPECT_EQ(candidates.value().at(0).y, -2 - 5);
}

TEST(DarknetDecode, TakesTheBestClassAndTheFirstOfEquals) {
  const auto candidates = decoded({.5F, .5F, .5F, .5F, 0.1F, 0.3F, 0.8F, 0.8F,  //
                                   .5F, .5F, .5F, .5F, 0.9F, 0.7F, 0, 0.2F},
                                  8, 64, 64);
  ASSERT_EQ(candidates.value().size(), 2U);
  EXPECT_EQ(candidates.value()[0].class_id, 1);
  EXPECT_EQ(candidates.value()[0].score, 0.8F);
  EXPECT_EQ(candidates.value()[1].class_id, 0);
}

TEST(DarknetDecode, LeavesOutRowsBelowTheThresholdWhateverTheirObjectness) {
  EXPECT_TRUE(decoded({.5F, .5F, .5F, .5F, 1, 0.19F}, 6, 64, 64).value().empty());
  EXPECT_EQ(decoded({.5F, .5F, .5F, .5F, 0, 0.21F}, 6, 64, 64).value().size(), 1U);
}

TEST(DarknetDecode, ReadsThePictureItIsAskedFor) {
  const std::vector<float> rows = {.5F, .5F, .5F, .5F, 1, 0.9F, .25F, .25F, .5F, .5F, 1, 0.8F};
  Found found;
  ASSERT_TRUE(decode_darknet({rows.data(), ElementType::kFloat32, {2, 1, 6}}, 1, 64, 64, 0.2F, found).ok());
  ASSERT_EQ(found.candidates.size(), 1U);
  EXPECT_EQ(found.candidates[0].score, 0.8F);
}

TEST(DarknetDecode, RefusesWhatItsLayoutRulesOut) {
  const std::vector<float> rows(12, 0.5F);
  Found found;
  const TensorView views[] = {{rows.data(), ElementType::kFloat32, {1, 12}},
                              {rows.data(), ElementType::kFloat32, {1, 2, 5}},
                              {rows.data(), ElementType::kFloat16, {1, 2, 6}},
                              {rows.data(), ElementType::kFloat32, {0, 2, 6}}};
  for (const TensorView& view : views) {
    EXPECT_EQ(decode_darknet(view, 0, 64, 64, 0.2F, found).code(), Code::kModelOutputInvalid);
  }
}

TEST(DarknetDecode, CountsBoxesThatNoPictureCanHave) {
  for (const float wrong : {INFINITY, NAN, -0.5F, 1e9F}) {
    const std::vector<float> rows = {.5F, .5F, wrong, .5F, 1, 0.9F, .5F, .5F, .5F, .5F, 1, 0.8F};
    Found found;
    ASSERT_TRUE(decode_darknet({rows.data(), ElementType::kFloat32, {1, 2, 6}}, 0, 64, 64, 0.2F, found).ok());
    EXPECT_EQ(found.impossible, 1) << wrong;
    ASSERT_EQ(found.candidates.size(), 1U);
    EXPECT_EQ(found.candidates[0].score, 0.8F);
  }
}

}  // namespace
}  // namespace zmdetect
