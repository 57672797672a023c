// Threads that do not come back: seen, said, replaced within bounds, and welcome when they come back after all. The
// clock is the test's.
#include <gtest/gtest.h>

#include <atomic>

#include "engine/engine.h"
#include "input_limits.h"
#include "tests/constant_model.h"
#include "tests/gate.h"
#include "tests/support.h"

namespace zmdetect {
namespace {

using namespace std::chrono_literals;
using testing::ConstantModel;
using testing::Control;
using testing::Gate;
using testing::grey_image;
using testing::Later;
using testing::read_file;
using testing::source_file;

class FakeClock {
 public:
  Watch::Now now() {
    return [this] { return WatchClock::time_point(std::chrono::seconds(seconds_)); };
  }
  void pass(int seconds) { seconds_ += seconds; }

 private:
  std::atomic<int> seconds_{1000};
};

class StuckPool : public ::testing::Test {
 protected:
  void TearDown() override { gate.open(); }
  void block(int tasks) {
    for (int i = 0; i < tasks; ++i) pool.post([this] { gate.pass(); }, "a hostile picture");
  }
  /// Whether a thread is left that takes a task.
  void expect_serves() {
    std::promise<void> done;
    pool.post([&] { done.set_value(); });
    done.get_future().get();
  }

  FakeClock clock;
  Watch watch{clock.now()};
  Gate gate;
  WorkerPool pool{"decode", 2, watch};
};

TEST_F(StuckPool, AThreadIsStuckAfterTheLimitAndNotBefore) {
  gate.shut();
  block(1);
  gate.wait_for(1);
  clock.pass(29);
  EXPECT_TRUE(watch.stuck(30s).empty());
  EXPECT_EQ(pool.replace_stuck(30s), 0);
  clock.pass(16);
  const std::vector<StuckThread> stuck = watch.stuck(30s);
  ASSERT_EQ(stuck.size(), 1U);
  EXPECT_EQ(stuck[0].thread.substr(0, 7), "decode-");
  EXPECT_EQ(stuck[0].what, "a hostile picture");
  EXPECT_EQ(stuck[0].seconds, 45);
}

TEST_F(StuckPool, AThreadThatWaitsForWorkIsNotStuck) {
  clock.pass(100'000);
  EXPECT_TRUE(watch.stuck(30s).empty());
  EXPECT_EQ(pool.replace_stuck(30s), 0);
}

TEST_F(StuckPool, StuckThreadsAreReplacedOnceAndOnlyAsManyAsThereAre) {
  gate.shut();
  block(2);
  gate.wait_for(2);
  clock.pass(30);
  EXPECT_EQ(pool.replace_stuck(30s), 2);
  EXPECT_EQ(pool.replace_stuck(30s), 0);
  expect_serves();
  block(2);
  gate.wait_for(4);
  clock.pass(30);
  EXPECT_EQ(pool.replace_stuck(30s), 0) << "a flood of such tasks must not make threads without end";
  EXPECT_EQ(watch.stuck(30s).size(), 4U);
}

TEST_F(StuckPool, OneThatComesBackEndsAndTheNextMayBeReplaced) {
  gate.shut();
  block(2);
  gate.wait_for(2);
  clock.pass(30);
  EXPECT_EQ(pool.replace_stuck(30s), 2);
  gate.open();
  gate.wait_for(0);
  expect_serves();
  while (!watch.stuck(30s).empty()) std::this_thread::yield();
  for (int round = 0; round < 5; ++round) {
    gate.shut();
    block(2);
    gate.wait_for(2);
    clock.pass(30);
    // The threads of the round before may not have ended yet, and count until they have.
    int begun = 0;
    while (begun < 2) begun += pool.replace_stuck(30s);
    gate.open();
    gate.wait_for(0);
  }
  expect_serves();
}

class StuckModel : public ::testing::Test {
 protected:
  void SetUp() override {
    const Result<Prepared> prepared = model->prepare({.plan = {.classes = 1}, .instances = 1});
    ASSERT_TRUE(prepared.ok()) << prepared.status().message();
  }
  void TearDown() override {
    control.gate.open();
    model->close();
  }
  void submit(Later<Result<DetectResult>>& later) {
    model->submit({.image = grey_image(64, 48), .ticket = std::make_shared<Ticket>(), .done = later.callback()});
  }

  FakeClock clock;
  Watch watch{clock.now()};
  Control control;
  WorkerPool pool{"decode", 2, watch};
  std::shared_ptr<Model> model =
      std::make_shared<Model>(std::make_unique<ConstantModel>(control), 1, Reopen(), pool, "yard");
};

TEST_F(StuckModel, AnInferenceThatDoesNotComeBackDoesNotStopTheModel) {
  control.gate.shut();
  Later<Result<DetectResult>> stuck, next;
  submit(stuck);
  control.gate.wait_for(1);
  clock.pass(30);
  ASSERT_EQ(watch.stuck(30s).size(), 1U);
  EXPECT_EQ(watch.stuck(30s)[0].what, "inference of yard");
  EXPECT_EQ(model->replace_stuck(30s), 1);
  EXPECT_EQ(model->replace_stuck(30s), 0);
  submit(next);
  control.gate.wait_for(2);
  control.gate.open();
  EXPECT_TRUE(stuck.get().ok()) << "what comes back late is still answered, once";
  EXPECT_TRUE(next.get().ok());
  for (int i = 0; i < 10; ++i) {
    Later<Result<DetectResult>> later;
    submit(later);
    EXPECT_TRUE(later.get().ok());
  }
}

TEST_F(StuckModel, InstancesAreReplacedWithinABound) {
  control.gate.shut();
  std::vector<Later<Result<DetectResult>>> later(5);
  for (int i = 0; i < 5; ++i) {
    submit(later[std::size_t(i)]);
    control.gate.wait_for(std::min(i + 1, 1 + limits::kReplacedInstances));
    clock.pass(30);
    EXPECT_EQ(model->replace_stuck(30s), i < limits::kReplacedInstances ? 1 : 0);
  }
  control.gate.open();
  for (auto& one : later) EXPECT_TRUE(one.get().ok());
}

TEST(StuckEngine, ReportsItsThreadsAndReplacesThem) {
  FakeClock clock;
  Gate gate;
  const auto engine = Engine::create(
      {.backend_folder = ZMDETECT_BACKEND_DIR, .decode_threads = 1, .now = clock.now(), .monitor = false});
  const std::vector<std::uint8_t> sample = read_file(source_file("models/sample.jpg"));
  gate.shut();
  Later<Result<Decoded>> held, next;
  // The callback runs on the decode thread, which it holds.
  engine->decode({.bytes = sample, .ticket = std::make_shared<Ticket>(), .done = [&](Result<Decoded> decoded) {
                    gate.pass();
                    held.callback()(std::move(decoded));
                  }});
  gate.wait_for(1);
  EXPECT_TRUE(engine->threads().stuck.empty());
  clock.pass(31);
  ASSERT_EQ(engine->threads().stuck.size(), 1U);
  EXPECT_EQ(engine->threads().stuck[0].what, "decoding of a picture");
  engine->replace_stuck();
  EXPECT_EQ(engine->threads().replaced, 1);
  engine->decode({.bytes = sample, .ticket = std::make_shared<Ticket>(), .done = next.callback()});
  EXPECT_TRUE(next.get().ok());
  gate.open();
  EXPECT_TRUE(held.get().ok());
  engine->close();
  EXPECT_TRUE(engine->threads().stuck.empty());
}

}  // namespace
}  // namespace zmdetect
