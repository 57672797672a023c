// What is learned from timing a model.
#include "engine/tuning.h"

#include <gtest/gtest.h>

#include "engine/latency.h"
#include "tests/constant_model.h"

namespace zmdetect {
namespace {

using testing::ConstantModel;
using testing::Control;

TEST(Latency, FitsALine) {
  const LatencyLine line = fit_latency({{1, 12}, {2, 14}, {4, 18}, {8, 26}});
  EXPECT_NEAR(line.base_ms, 10, 1e-9);
  EXPECT_NEAR(line.per_image_ms, 2, 1e-9);
}

TEST(Latency, OneMeasurementIsALineThroughTheOrigin) {
  const LatencyLine line = fit_latency({{1, 12}});
  EXPECT_EQ(line.base_ms, 0);
  EXPECT_EQ(line.per_image_ms, 12);
}

TEST(Latency, NothingOfItIsNegative) {
  EXPECT_EQ(fit_latency({{1, 1}, {2, 4}}).base_ms, 0);
  EXPECT_EQ(fit_latency({{1, 5}, {2, 4}}).per_image_ms, 0);
  EXPECT_EQ(fit_latency({}).per_image_ms, 0);
}

TEST(Latency, TakesTheSmallestBatchThatIsNearlyTheBest) {
  EXPECT_EQ(best_batch({{1, 10}, {2, 12}, {4, 16}, {8, 32}}), 4);
  EXPECT_EQ(best_batch({{1, 10}, {2, 19.5}, {4, 39}}), 1);
  EXPECT_EQ(best_batch({}), 1);
}

TEST(Tuning, TriesWideNarrowAndBetween) {
  EXPECT_EQ(arrangements(1), (std::vector<Arrangement>{{1, 1}}));
  EXPECT_EQ(arrangements(2), (std::vector<Arrangement>{{2, 1}, {2, 2}, {1, 2}}));
  EXPECT_EQ(arrangements(16), (std::vector<Arrangement>{{16, 1}, {16, 2}, {4, 4}, {1, 16}}));
  EXPECT_EQ(arrangements(32), (std::vector<Arrangement>{{32, 1}, {32, 2}, {4, 8}}));
}

TEST(Tuning, OfNearlyEqualOnesTakesTheQuickerAnswer) {
  const Trial wide{{2, 1}, 10, 100};
  const Trial both{{2, 2}, 11.5, 170};
  const Trial narrow{{1, 2}, 12, 160};
  EXPECT_EQ(best_trial({wide, both, narrow}).arrangement, narrow.arrangement);
  EXPECT_EQ(best_trial({{{2, 1}, 11, 90}, both, narrow}).arrangement, wide.arrangement);
}

/// Runs as slowly for every number of threads, so that two at once give twice as much.
TEST(Tuning, KeepsTheSessionOfTheBestArrangement) {
  Control control;
  control.delay_ms = 5;
  std::vector<int> opened;
  const Reopen reopen = [&](int threads) -> Result<std::unique_ptr<LoadedModel>> {
    opened.push_back(threads);
    return std::unique_ptr<LoadedModel>(std::make_unique<ConstantModel>(control));
  };
  auto loaded = std::make_unique<ConstantModel>(control);
  const Result<ModelPlan> plan = plan_model(loaded->info(), {.classes = 1});
  ASSERT_TRUE(plan.ok());
  const Result<Tuned> tuned = tune(std::move(loaded), 2, reopen, plan.value());
  ASSERT_TRUE(tuned.ok()) << tuned.status().message();
  EXPECT_EQ(opened, std::vector<int>{1});
  EXPECT_EQ(tuned.value().best.arrangement.instances, 2);
  EXPECT_NEAR(tuned.value().best.images_per_second, 400, 100);
  EXPECT_NE(tuned.value().model, nullptr);
}

/// Wide inferences take turns at the processors; one of them is quicker than a narrow one, two at once are not.
TEST(Tuning, KeepsAllThreadsForALonePicture) {
  Control wide;
  Control narrow;
  wide.delay_ms = 6;
  wide.exclusive = true;
  narrow.delay_ms = 10;
  const Reopen reopen = [&](int) -> Result<std::unique_ptr<LoadedModel>> {
    return std::unique_ptr<LoadedModel>(std::make_unique<ConstantModel>(narrow));
  };
  auto loaded = std::make_unique<ConstantModel>(wide);
  const Result<ModelPlan> plan = plan_model(loaded->info(), {.classes = 1});
  const Result<Tuned> tuned = tune(std::move(loaded), 2, reopen, plan.value());
  ASSERT_TRUE(tuned.ok());
  EXPECT_EQ(tuned.value().best.arrangement, (Arrangement{1, 2}));
  EXPECT_NE(tuned.value().alone, nullptr);
}

TEST(Tuning, FailsWithTheModel) {
  Control control;
  control.fail = true;
  auto loaded = std::make_unique<ConstantModel>(control);
  const Result<ModelPlan> plan = plan_model(loaded->info(), {.classes = 1});
  const Result<Tuned> tuned = tune(std::move(loaded), 2, Reopen(), plan.value());
  EXPECT_EQ(tuned.status().code(), Code::kInferenceFailed);
}

}  // namespace
}  // namespace zmdetect
