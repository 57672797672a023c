// How a model's queue becomes batches.
#include <gtest/gtest.h>

#include <atomic>

#include "engine/model.h"
#include "tests/constant_model.h"
#include "tests/support.h"

namespace zmdetect {
namespace {

using namespace std::chrono_literals;
using testing::ConstantModel;
using testing::Control;
using testing::grey_image;
using testing::Later;
using Answer = Later<Result<DetectResult>>;

class SchedulerTest : public ::testing::Test {
 protected:
  /// A model that takes eight pictures as quickly as one, so that eight is what it learns.
  void start(PrepareOptions options = {}) {
    options.plan.classes = 1;
    options.max_batch = 8;
    control.delay_ms = 2;
    model = std::make_shared<Model>(std::make_unique<ConstantModel>(control, true), 1, Reopen(), pool);
    const Result<Prepared> result = model->prepare(options);
    ASSERT_TRUE(result.ok()) << result.status().message();
    prepared = result.value();
    control.take_batches();
    control.delay_ms = 40;
  }
  void TearDown() override {
    if (model) model->close();
  }

  void submit(Answer& answer, const TicketPtr& ticket = std::make_shared<Ticket>()) {
    model->submit({.image = grey_image(64, 48), .min_confidence = 0.3, .ticket = ticket, .done = answer.callback()});
  }
  /// Keeps the instance busy, and returns when it is.
  void occupy(Answer& answer) {
    submit(answer);
    while (control.running == 0) std::this_thread::yield();
  }

  Control control;
  WorkerPool pool{"test", 2};
  Prepared prepared;
  std::shared_ptr<Model> model;
};

TEST_F(SchedulerTest, LearnsTheBatchThatTheModelGainsBy) {
  start();
  EXPECT_EQ(prepared.max_batch, 8);
  EXPECT_TRUE(prepared.dynamic_batch);
}

TEST_F(SchedulerTest, LearnsThatBatchesGainNothing) {
  control.delay_per_image_ms = 40;  // long beside what a busy host adds to it
  model = std::make_shared<Model>(std::make_unique<ConstantModel>(control, true), 1, Reopen(), pool);
  const Result<Prepared> result = model->prepare({.plan = {.classes = 1}, .max_batch = 8});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().max_batch, 1);
  EXPECT_NEAR(result.value().latency.per_image_ms, 40, 15);
}

TEST_F(SchedulerTest, ABatchThatDoesNotFitIsNotUsed) {
  control.memory = 3;
  start();
  EXPECT_EQ(prepared.max_batch, 2);
}

TEST_F(SchedulerTest, AStaticExportRunsPicturesOneByOne) {
  model = std::make_shared<Model>(std::make_unique<ConstantModel>(control, false), 1, Reopen(), pool);
  const Result<Prepared> result = model->prepare({.plan = {.classes = 1}, .max_batch = 8});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().max_batch, 1);
  EXPECT_FALSE(result.value().dynamic_batch);
}

TEST_F(SchedulerTest, ABatchThatTheFileFixesIsFilledHoweverFewPicturesThereAre) {
  control.only_batch = 4;
  model = std::make_shared<Model>(std::make_unique<ConstantModel>(control, false), 1, Reopen(), pool);
  const Result<Prepared> result = model->prepare({.plan = {.classes = 1}, .max_batch = 1});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result.value().max_batch, 4);
  EXPECT_FALSE(result.value().dynamic_batch);
  EXPECT_EQ(result.value().latency.per_image_ms, 0) << "a picture costs what four cost";
  control.delay_ms = 40;
  control.take_batches();
  Answer first;
  occupy(first);
  std::vector<Answer> rest(6);
  for (Answer& answer : rest) submit(answer);
  EXPECT_TRUE(first.get().ok());
  for (Answer& answer : rest) {
    const Result<DetectResult> detected = answer.get();
    ASSERT_TRUE(detected.ok()) << detected.status().message();
    EXPECT_EQ(detected.value().answer.detections.size(), 1U);
  }
  EXPECT_EQ(control.take_batches(), (std::vector<int>{4, 4, 4}));
}

TEST_F(SchedulerTest, AFixedBatchThatDoesNotFitIsAnErrorAndNotHalved) {
  control.only_batch = 4;
  model = std::make_shared<Model>(std::make_unique<ConstantModel>(control, false), 1, Reopen(), pool);
  ASSERT_TRUE(model->prepare({.plan = {.classes = 1}}).ok());
  control.memory = 3;
  Answer answer;
  submit(answer);
  EXPECT_EQ(answer.get().status().code(), Code::kOutOfMemory);
}

TEST_F(SchedulerTest, WithoutMeasuringAModelIsReadyAfterItsWarmUp) {
  model = std::make_shared<Model>(std::make_unique<ConstantModel>(control, true), 1, Reopen(), pool);
  const Result<Prepared> result = model->prepare({.plan = {.classes = 1}, .measure = false});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_LE(control.runs, 2) << "the warm-up, and once more where the layout wants its picture otherwise";
  EXPECT_EQ(result.value().trial_runs, 0);
  EXPECT_EQ(result.value().max_batch, 1);
  Answer answer;
  submit(answer);
  EXPECT_TRUE(answer.get().ok());
}

TEST_F(SchedulerTest, AnIdleInstanceDoesNotWaitForMorePictures) {
  start();
  Answer answer;
  submit(answer);
  const Result<DetectResult> result = answer.get();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().times.batch, 1);
}

TEST_F(SchedulerTest, PicturesThatComeDuringAnInferenceShareTheNext) {
  start();
  Answer first;
  occupy(first);
  std::vector<Answer> rest(11);
  for (Answer& answer : rest) submit(answer);
  EXPECT_TRUE(first.get().ok());
  for (Answer& answer : rest) {
    const Result<DetectResult> result = answer.get();
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result.value().answer.detections.size(), 1U);
    EXPECT_EQ(result.value().answer.detections[0].box[0], 24);
  }
  EXPECT_EQ(control.take_batches(), (std::vector<int>{1, 8, 3}));
}

TEST_F(SchedulerTest, AnAcceleratorIsGivenOnlySizesThatItWasWarmedUpFor) {
  start({.fixed_sizes = true});
  Answer first;
  occupy(first);
  std::vector<Answer> rest(5);
  for (Answer& answer : rest) submit(answer);
  EXPECT_TRUE(first.get().ok());
  for (Answer& answer : rest) {
    const Result<DetectResult> result = answer.get();
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.value().times.batch, 5);
  }
  EXPECT_EQ(control.take_batches(), (std::vector<int>{1, 8}));
}

TEST_F(SchedulerTest, WhatIsGivenUpLeavesTheBatch) {
  start();
  Answer first;
  occupy(first);
  std::vector<Answer> rest(6);
  std::vector<TicketPtr> tickets;
  for (Answer& answer : rest) {
    tickets.push_back(std::make_shared<Ticket>());
    submit(answer, tickets.back());
  }
  tickets[0]->cancel();
  tickets[3]->cancel();
  EXPECT_TRUE(first.get().ok());
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const Result<DetectResult> result = rest[i].get();
    EXPECT_EQ(result.ok(), i != 0 && i != 3);
  }
  EXPECT_EQ(control.take_batches(), (std::vector<int>{1, 4}));
}

TEST_F(SchedulerTest, WhatHasExpiredIsNotComputed) {
  start();
  Answer first;
  occupy(first);
  Answer late;
  Answer timely;
  submit(late, std::make_shared<Ticket>(Priority::kInteractive, Ticket::Clock::now() + 10ms));
  submit(timely, std::make_shared<Ticket>(Priority::kInteractive, Ticket::Clock::now() + 10s));
  EXPECT_EQ(late.get().status().code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(timely.get().ok());
  EXPECT_EQ(control.take_batches(), (std::vector<int>{1, 1}));
}

TEST_F(SchedulerTest, ABatchTooLargeForTheMemoryThatIsLeftIsHalved) {
  start();
  Answer first;
  occupy(first);
  control.memory = 2;
  std::vector<Answer> rest(8);
  for (Answer& answer : rest) submit(answer);
  for (Answer& answer : rest) EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(control.take_batches(), (std::vector<int>{1, 8, 4, 2, 2, 4, 2, 2}));
}

TEST_F(SchedulerTest, AFailedInferenceFailsItsBatchAndNoOther) {
  start();
  Answer first;
  occupy(first);
  control.fail = true;
  std::vector<Answer> rest(3);
  for (Answer& answer : rest) submit(answer);
  EXPECT_FALSE(first.get().ok());
  for (Answer& answer : rest) EXPECT_EQ(answer.get().status().code(), Code::kInferenceFailed);
  control.fail = false;
  Answer next;
  submit(next);
  EXPECT_TRUE(next.get().ok());
}

TEST_F(SchedulerTest, ClosingAnswersEveryPictureOfEveryBatch) {
  start();
  std::vector<Answer> answers(40);
  for (Answer& answer : answers) submit(answer);
  model->close();
  int closed = 0;
  for (Answer& answer : answers) closed += answer.get().status().code() == Code::kEngineClosed ? 1 : 0;
  EXPECT_GE(closed, 20);
}

TEST_F(SchedulerTest, ManyThreadsAndManyBatchesAnswerEveryPictureOnce) {
  start({.instances = 3});
  control.delay_ms = 0;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const auto ticket = std::make_shared<Ticket>(t % 2 == 0 ? Priority::kBulk : Priority::kInteractive);
        if (i % 10 == 9) ticket->cancel();
        model->submit({.image = grey_image(64, 48),
                       .min_confidence = 0.3,
                       .ticket = ticket,
                       .done = [&](const Result<DetectResult>&) { ++answered; }});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (answered < 400) std::this_thread::yield();
  int pictures = 0;
  for (const int size : control.take_batches()) pictures += size;
  EXPECT_EQ(pictures, 360);
}

}  // namespace
}  // namespace zmdetect
