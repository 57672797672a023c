// The engine and a model's queue, with a network that the test controls.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/constant_model.h"
#include "tests/support.h"

namespace zmdetect {
namespace {

using testing::ConstantModel;
using testing::Control;
using testing::grey_image;
using testing::Later;
using testing::read_file;
using testing::source_file;

class ModelTest : public ::testing::Test {
 protected:
  void start(int instances) {
    model = std::make_shared<Model>(std::make_unique<ConstantModel>(control), 1, Reopen(), pool);
    const Result<Prepared> prepared = model->prepare({.plan = {.classes = 1}, .instances = instances});
    ASSERT_TRUE(prepared.ok()) << prepared.status().message();
    EXPECT_EQ(prepared.value().layout, "yolov8");
    control.runs = 0;
  }
  void TearDown() override {
    if (model) model->close();
  }

  DetectJob job(const TicketPtr& ticket, Later<Result<DetectResult>>& later) {
    return {.image = grey_image(64, 48), .min_confidence = 0.3, .ticket = ticket, .done = later.callback()};
  }

  Control control;
  WorkerPool pool{"test", 2};
  std::shared_ptr<Model> model;
};

TEST_F(ModelTest, DetectsAndMapsBoxesBackToThePicture) {
  start(1);
  Later<Result<DetectResult>> later;
  model->submit(job(std::make_shared<Ticket>(), later));
  const Result<DetectResult> result = later.get();
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_EQ(result.value().answer.detections.size(), 1U);
  const Detection& d = result.value().answer.detections[0];
  // 64x48 in 32x32: scale 0.5, 4 rows of padding above.
  EXPECT_EQ(std::vector<std::int64_t>(d.box, d.box + 4), (std::vector<std::int64_t>{24, 16, 40, 32}));
}

TEST_F(ModelTest, AnswersEveryPictureOfManyThreads) {
  start(2);
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        model->submit({.image = grey_image(64, 48),
                       .min_confidence = 0.3,
                       .ticket = std::make_shared<Ticket>(),
                       .done = [&](const Result<DetectResult>& result) { answered += result.ok() ? 1 : 0; }});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (answered < 200) std::this_thread::yield();
  EXPECT_EQ(control.runs, 200);
}

TEST_F(ModelTest, RunsNoMoreInferencesAtOnceThanItHasInstances) {
  start(2);
  control.delay_ms = 5;
  std::vector<Later<Result<DetectResult>>> later(12);
  for (auto& one : later) model->submit(job(std::make_shared<Ticket>(), one));
  for (auto& one : later) EXPECT_TRUE(one.get().ok());
  EXPECT_EQ(control.most_running, 2);
}

TEST_F(ModelTest, DoesNotComputeWhatWasCancelledWhileItWaited) {
  start(1);
  control.delay_ms = 50;
  std::vector<Later<Result<DetectResult>>> later(20);
  const auto kept = std::make_shared<Ticket>();
  const auto cancelled = std::make_shared<Ticket>();
  model->submit(job(kept, later[0]));
  for (std::size_t i = 1; i < later.size(); ++i) model->submit(job(cancelled, later[i]));
  cancelled->cancel();
  EXPECT_TRUE(later[0].get().ok());
  for (std::size_t i = 1; i < later.size(); ++i) EXPECT_EQ(later[i].get().status().code(), Code::kCancelled);
  EXPECT_EQ(control.runs, 1);
}

TEST_F(ModelTest, ReportsAFailedInferenceAndGoesOn) {
  start(1);
  control.fail = true;
  Later<Result<DetectResult>> broken;
  model->submit(job(std::make_shared<Ticket>(), broken));
  EXPECT_EQ(broken.get().status().code(), Code::kInferenceFailed);
  control.fail = false;
  Later<Result<DetectResult>> sound;
  model->submit(job(std::make_shared<Ticket>(), sound));
  EXPECT_TRUE(sound.get().ok());
}

TEST_F(ModelTest, RefusesAPictureThatScalesToNothing) {
  start(1);
  Later<Result<DetectResult>> later;
  model->submit({.image = grey_image(1, 5000), .ticket = std::make_shared<Ticket>(), .done = later.callback()});
  EXPECT_EQ(later.get().status().code(), Code::kImageTooThin);
}

TEST_F(ModelTest, ClosingFailsWhatWaitsAndRefusesWhatComes) {
  start(1);
  control.delay_ms = 30;
  std::vector<Later<Result<DetectResult>>> later(10);
  for (auto& one : later) model->submit(job(std::make_shared<Ticket>(), one));
  model->close();
  int closed = 0;
  for (auto& one : later) closed += one.get().status().code() == Code::kEngineClosed ? 1 : 0;
  EXPECT_GE(closed, 8);
  Later<Result<DetectResult>> late;
  model->submit(job(std::make_shared<Ticket>(), late));
  EXPECT_EQ(late.get().status().code(), Code::kEngineClosed);
}

TEST_F(ModelTest, RefusesASizeThatTheFileRulesOut) {
  model = std::make_shared<Model>(std::make_unique<ConstantModel>(control), 1, Reopen(), pool);
  const Result<Prepared> prepared = model->prepare({.plan = {.classes = 1, .input_width = 64, .input_height = 64}});
  EXPECT_EQ(prepared.status().code(), Code::kModelLayoutUnknown);
}

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override { sample = read_file(source_file("models/sample.jpg")); }
  void TearDown() override { engine->close(); }

  Result<Decoded> decode(std::span<const std::uint8_t> bytes) {
    Later<Result<Decoded>> later;
    engine->decode({.bytes = bytes, .ticket = std::make_shared<Ticket>(), .done = later.callback()});
    return later.get();
  }

  std::vector<std::uint8_t> sample;
  std::shared_ptr<Engine> engine =
      Engine::create({.backend_folder = ZMDETECT_BACKEND_DIR, .decode_threads = 2, .max_images = 2});
};

TEST_F(EngineTest, DecodesAPicture) {
  const Result<Decoded> decoded = decode(sample);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded.value().image->width, 1280);
  EXPECT_EQ(decoded.value().image->height, 720);
}

TEST_F(EngineTest, KeepsBytesWaitingWhileTooManyPicturesAreAlive) {
  Result<Decoded> first = decode(sample);
  Result<Decoded> second = decode(sample);
  std::atomic<bool> third{false};
  Later<Result<Decoded>> later;
  engine->decode(
      {.bytes = sample, .ticket = std::make_shared<Ticket>(), .done = [&, done = later.callback()](auto result) {
         third = true;
         done(std::move(result));
       }});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(third);
  first.value().image.reset();
  EXPECT_TRUE(later.get().ok());
}

TEST_F(EngineTest, AFailedDecodeHoldsNoPlace) {
  const std::vector<std::uint8_t> garbage(100, 7);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(decode(garbage).status().code(), Code::kImageUndecodable);
  EXPECT_TRUE(decode(sample).ok());
}

TEST_F(EngineTest, DropsCancelledBytes) {
  const auto ticket = std::make_shared<Ticket>();
  ticket->cancel();
  Later<Result<Decoded>> later;
  engine->decode({.bytes = sample, .ticket = ticket, .done = later.callback()});
  EXPECT_EQ(later.get().status().code(), Code::kCancelled);
}

TEST_F(EngineTest, AnnotatesAndLetsThePictureGo) {
  const Annotations annotations{.boxes = {{{100, 100, 400, 300}, "person", {255, 0, 0}}}};
  for (int i = 0; i < 5; ++i) {  // more than may be alive at once
    Later<Result<JpegFile>> later;
    engine->annotate(
        {.bytes = sample, .annotations = annotations, .ticket = std::make_shared<Ticket>(), .done = later.callback()});
    const Result<JpegFile> jpeg = later.get();
    ASSERT_TRUE(jpeg.ok()) << jpeg.status().message();
    const Result<Decoded> again = decode(jpeg.value().bytes());
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(again.value().image->width, 1280);
    EXPECT_GT(int(again.value().image->pixels[(200 * 1280 + 101) * 3]), 200);
  }
}

TEST_F(EngineTest, DoesNotAnnotateWhatIsBrokenCancelledOrTooLate) {
  const std::vector<std::uint8_t> garbage(100, 7);
  const auto code = [&](std::span<const std::uint8_t> bytes, const TicketPtr& ticket) {
    Later<Result<JpegFile>> later;
    engine->annotate({.bytes = bytes, .ticket = ticket, .done = later.callback()});
    return later.get().status().code();
  };
  EXPECT_EQ(code(garbage, std::make_shared<Ticket>()), Code::kImageUndecodable);
  const auto cancelled = std::make_shared<Ticket>();
  cancelled->cancel();
  EXPECT_EQ(code(sample, cancelled), Code::kCancelled);
  engine->close();
  EXPECT_EQ(code(sample, std::make_shared<Ticket>()), Code::kEngineClosed);
}

TEST_F(EngineTest, ClosingFailsWhatWaitsAndRefusesWhatComes) {
  Result<Decoded> first = decode(sample);
  Result<Decoded> second = decode(sample);
  Later<Result<Decoded>> waiting;
  engine->decode({.bytes = sample, .ticket = std::make_shared<Ticket>(), .done = waiting.callback()});
  engine->close();
  EXPECT_EQ(waiting.get().status().code(), Code::kEngineClosed);
  EXPECT_EQ(decode(sample).status().code(), Code::kEngineClosed);
  Later<Result<std::shared_ptr<Model>>> model;
  engine->open({.backend = "onnx", .load = {.path = source_file("models/default.onnx")}}, model.callback());
  EXPECT_EQ(model.get().status().code(), Code::kEngineClosed);
}

TEST_F(EngineTest, SaysWhichBackendIsMissing) {
  Later<Result<std::shared_ptr<Model>>> model;
  engine->open({.backend = "nothing", .load = {.path = "x"}}, model.callback());
  const Status status = model.get().status();
  EXPECT_EQ(status.code(), Code::kBackendUnavailable);
  EXPECT_NE(status.message().find("zmdetect_nothing.so"), std::string::npos);
}

}  // namespace
}  // namespace zmdetect
