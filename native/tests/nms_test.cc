// Suppression and rounding (contract 5.1).
#include "postprocess/nms.h"

#include <gtest/gtest.h>

#include "input_limits.h"

namespace zmdetect {
namespace {

Candidate box(double x, double y, double width, double height, float score, int class_id = 0) {
  return {.x = x, .y = y, .width = width, .height = height, .score = score, .class_id = class_id};
}

TEST(Nms, DropsABoxAboveTheThresholdAndKeepsOneExactlyAtIt) {
  const std::vector<Candidate> candidates = {box(0, 0, 10, 10, 0.9F), box(0, 0, 10, 6, 0.8F), box(0, 0, 10, 4, 0.7F),
                                             box(0, 0, 10, 3.9, 0.6F)};
  EXPECT_EQ(nms(candidates, 0.2F), (std::vector<int>{0, 2}));
}

TEST(Nms, DropsAScoreEqualToTheThreshold) {
  const std::vector<Candidate> candidates = {box(0, 0, 10, 10, 0.2F), box(50, 0, 10, 10, 0.21F)};
  EXPECT_EQ(nms(candidates, 0.2F), (std::vector<int>{1}));
}

TEST(Nms, IsClassAgnostic) {
  const std::vector<Candidate> candidates = {box(0, 0, 10, 10, 0.9F, 0), box(0, 0, 10, 9, 0.8F, 2)};
  EXPECT_EQ(nms(candidates, 0.2F), (std::vector<int>{0}));
}

TEST(Nms, KeepsTheOrderOfEqualScores) {
  const std::vector<Candidate> candidates = {box(0, 0, 10, 10, 0.5F), box(50, 0, 10, 10, 0.5F),
                                             box(100, 0, 10, 10, 0.5F)};
  EXPECT_EQ(nms(candidates, 0.2F), (std::vector<int>{0, 1, 2}));
}

TEST(Nms, TakesTwoBoxesWithoutAreaAsOne) {
  const std::vector<Candidate> candidates = {box(0, 0, 0, 0, 0.9F), box(70, 70, 0, 5, 0.8F)};
  EXPECT_EQ(nms(candidates, 0.2F), (std::vector<int>{0}));
}

TEST(CapCandidates, KeepsTheStrongestInTheirOrder) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < limits::kCandidates + 2; ++i) candidates.push_back(box(i, 0, 1, 1, i == 5 ? 0.9F : 0.5F));
  EXPECT_EQ(cap_candidates(candidates), 2);
  ASSERT_EQ(candidates.size(), std::size_t(limits::kCandidates));
  EXPECT_EQ(candidates[0].x, 5);
  EXPECT_EQ(candidates[1].x, 0) << "equal scores stay in the network's order";
  EXPECT_EQ(candidates.back().x, limits::kCandidates - 1);
  EXPECT_EQ(cap_candidates(candidates), 0);
}

TEST(CapCandidates, BoundsTheComparisonsOfTheWorstAnswer) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 25'200; ++i) candidates.push_back(box(2.0 * i, 0, 1, 1, 0.5F));  // none hides another
  EXPECT_EQ(cap_candidates(candidates), 25'200 - limits::kCandidates);
  std::int64_t comparisons = 0;
  EXPECT_EQ(nms(candidates, 0.2F, kNmsIou, &comparisons).size(), std::size_t(limits::kCandidates));
  EXPECT_LE(comparisons, std::int64_t(limits::kCandidates) * limits::kCandidates / 2);
}

TEST(SelectDetections, RoundsCornersHalfToEven) {
  const auto found =
      select_detections(std::vector<Candidate>{box(337.5, 0.5, 125, 1, 0.9F), box(-1.5, -0.5, 3, 3, 0.8F)}, 0.3);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(std::vector<std::int64_t>(found[0].box, found[0].box + 4), (std::vector<std::int64_t>{338, 0, 462, 2}));
  EXPECT_EQ(std::vector<std::int64_t>(found[1].box, found[1].box + 4), (std::vector<std::int64_t>{-2, 0, 2, 2}));
}

TEST(SelectDetections, ComparesTheWidenedFloatWithTheThreshold) {
  const std::vector<Candidate> candidates = {box(0, 0, 10, 10, 0.7F)};
  EXPECT_TRUE(select_detections(candidates, 0.7).empty());
  EXPECT_EQ(select_detections(candidates, 0.69).size(), 1U);
}

TEST(SelectDetections, LetsAWeakBoxBelowTheThresholdSuppressNothingStronger) {
  const std::vector<Candidate> candidates = {box(0, 0, 10, 10, 0.25F), box(0, 0, 10, 9, 0.9F)};
  EXPECT_EQ(select_detections(candidates, 0.3).size(), 1U);
}

}  // namespace
}  // namespace zmdetect
