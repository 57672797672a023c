// Layouts through the whole engine: ONNX files with constant answers, from the file to boxes in pixels of the picture.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "backends/onnx/darknet/onnx_writer.h"
#include "engine/engine.h"
#include "input_limits.h"
#include "tests/support.h"

namespace zmdetect {
namespace {

using darknet::Numbers;
using darknet::OnnxWriter;
using testing::Later;

class OnnxLayouts : public ::testing::Test {
 protected:
  void TearDown() override { engine->close(); }

  Result<Prepared> load(const std::string& content, const PlanOptions& options) {
    const auto path =
        std::filesystem::temp_directory_path() /
        (std::string("zmdetect_") + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".onnx");
    std::ofstream(path, std::ios::binary) << content;
    Later<Result<std::shared_ptr<Model>>> opened;
    engine->open({.backend = "onnx", .load = {.path = path, .intra_op_threads = 1}}, opened.callback());
    Result<std::shared_ptr<Model>> result = opened.get();
    std::filesystem::remove(path);
    if (!result.ok()) return result.status();
    model = result.value();
    Later<Result<Prepared>> prepared;
    engine->prepare(model, {.plan = options}, prepared.callback());
    return prepared.get();
  }

  Answer detect(int width, int height) {
    Later<Result<DetectResult>> detected;
    model->submit({.image = testing::grey_image(width, height),
                   .ticket = std::make_shared<Ticket>(),
                   .done = detected.callback()});
    const Result<DetectResult> result = detected.get();
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? result.value().answer : Answer();
  }

  std::shared_ptr<Engine> engine = Engine::create(
      {.backend_folder = ZMDETECT_BACKEND_DIR, .sample_picture = testing::source_file("models/sample.jpg")});
  std::shared_ptr<Model> model;
};

/// A model that answers every picture with `values`; the file declares `declared`.
std::string constant(const darknet::Dims& shape, const std::vector<float>& values, const darknet::Dims& declared) {
  OnnxWriter writer;
  writer.input("images", {1, 3, 640, 640});
  writer.constant("answer", shape, values);
  writer.node("Identity", {"answer"}, {"output0"});
  writer.output("output0", declared);
  return writer.finish(13, {});
}

std::vector<std::int64_t> box(const Detection& d) { return {d.box, d.box + 4}; }

TEST_F(OnnxLayouts, EndToEndOfTwoClassesWithOpenSides) {
  std::vector<float> rows(300 * 6, 0);
  const float row[] = {100, 200, 300, 400, 0.9F, 1};
  std::copy_n(row, 6, rows.begin());
  for (const darknet::Dims& declared : {darknet::Dims{1, 300, 6}, {-1, -1, 6}, {-1, -1, -1}}) {
    const auto ready = load(constant({1, 300, 6}, rows, declared), {.classes = 2});
    ASSERT_TRUE(ready.ok()) << ready.status().message();
    EXPECT_EQ(ready.value().layout, "end2end");
    EXPECT_NE(ready.value().decided_by.find("values"), std::string::npos) << ready.value().decided_by;
    const Answer answer = detect(1280, 720);
    ASSERT_EQ(answer.detections.size(), 1U);
    EXPECT_EQ(box(answer.detections[0]), (std::vector<std::int64_t>{200, 120, 600, 520}));
    EXPECT_EQ(answer.detections[0].class_id, 1);
  }
}

TEST_F(OnnxLayouts, ImpossibleBoxesAreCountedWhereTheyAreFew) {
  std::vector<float> rows(6 * 8400, 0);
  const auto put = [&](std::size_t cell, std::initializer_list<float> column) {
    std::size_t at = cell;
    for (const float value : column) {
      rows[at] = value;
      at += 8400;
    }
  };
  put(0, {320, 320, 100, 50, 0.9F, 0});
  put(1, {120, 120, 100, 50, 0, 0.8F});
  put(2, {520, 120, 100, 50, 0, 0.7F});
  put(3, {520, 520, 100, 50, 0, 0.6F});
  put(4, {NAN, 320, 100, 50, 0.9F, 0});
  put(5, {320, 320, INFINITY, 50, 0.9F, 0});
  put(6, {320, 320, 100, 50, 1.7F, 0});
  put(7, {320, 320, 100, 50, NAN, 0.1F});
  const auto ready = load(constant({1, 6, 8400}, rows, {1, 6, 8400}), {.classes = 2});
  ASSERT_TRUE(ready.ok()) << ready.status().message();
  EXPECT_EQ(ready.value().layout, "yolov8");
  EXPECT_EQ(ready.value().impossible, 4);
  const Answer answer = detect(640, 640);
  EXPECT_EQ(answer.impossible, 4);
  ASSERT_EQ(answer.detections.size(), 4U);
  EXPECT_EQ(box(answer.detections[0]), (std::vector<std::int64_t>{270, 295, 370, 345}));
}

TEST_F(OnnxLayouts, AModelWithMostlyImpossibleBoxesIsRefused) {
  std::vector<float> rows(300 * 6, 0);
  const float row[] = {300, 400, 100, 200, 0.9F, 1};  // inside out
  std::copy_n(row, 6, rows.begin());
  OnnxWriter writer;
  writer.input("images", {1, 3, 640, 640});
  writer.constant("answer", {1, 300, 6}, rows);
  writer.node("Identity", {"answer"}, {"output0"});
  writer.output("output0", {1, 300, 6});
  const auto ready = load(writer.finish(13, {{"end2end", "True"}}), {.classes = 80, .boxes = BoxUnit::kPixels});
  ASSERT_FALSE(ready.ok());
  EXPECT_EQ(ready.status().code(), Code::kModelOutputInvalid);
  EXPECT_NE(ready.status().message().find("1 of 1 boxes"), std::string::npos) << ready.status().message();
}

TEST_F(OnnxLayouts, CandidatesBeyondTheLimitAreLeftOutWeakestFirst) {
  std::vector<float> rows(25200 * 6, 0);
  for (std::size_t i = 0; i < 25200; ++i) {
    const float row[] = {float(i % 160) * 4 + 1, float(i / 160) * 4 + 1, 3, 3, 1, 0.5F + float(i) / 100'000};
    std::copy_n(row, 6, rows.begin() + std::ptrdiff_t(i * 6));
  }
  const auto ready = load(constant({1, 25200, 6}, rows, {1, 25200, 6}), {.classes = 1});
  ASSERT_TRUE(ready.ok()) << ready.status().message();
  EXPECT_EQ(ready.value().layout, "yolov5");
  const Answer answer = detect(640, 640);
  EXPECT_EQ(answer.capped, 25200 - limits::kCandidates);
  ASSERT_EQ(answer.detections.size(), std::size_t(limits::kCandidates));
  EXPECT_FLOAT_EQ(answer.detections[0].score, 0.5F + 25199.0F / 100'000);
  EXPECT_FLOAT_EQ(answer.detections.back().score, 0.5F + float(25200 - limits::kCandidates) / 100'000);
}

TEST_F(OnnxLayouts, ASecondInputIsToldTheSizeOfTheInput) {
  const std::vector<float> parts = {0.25F, 0.5F, 0.5F, 0.75F, 0, 0, 0, 0};
  const std::vector<float> scores = {0.9F, 0};
  const std::vector<std::int64_t> labels = {2, 0};
  for (const auto& [name, numbers] :
       {std::pair{"orig_target_sizes", Numbers::kInt64}, {"orig_size", Numbers::kFloat32}}) {
    OnnxWriter writer;
    // The second input may stand first, and the input need not be square.
    writer.input(name, {1, 2}, numbers);
    writer.input("images", {1, 3, 320, 640});
    writer.node("Cast", {name}, {"size"}, {{"to", std::int64_t(1)}});
    writer.node("Concat", {"size", "size"}, {"sizes"}, {{"axis", std::int64_t(1)}});
    writer.constant("parts", {1, 2, 4}, parts);
    writer.node("Mul", {"parts", "sizes"}, {"boxes"});
    writer.constant("the_scores", {1, 2}, scores);
    writer.node("Identity", {"the_scores"}, {"scores"});
    writer.constant("the_labels", {1, 2}, labels);
    writer.node("Identity", {"the_labels"}, {"labels"});
    writer.output("labels", {1, 2}, Numbers::kInt64);
    writer.output("boxes", {1, 2, 4});
    writer.output("scores", {1, 2});
    const auto ready = load(writer.finish(13, {}), {.classes = 80});
    ASSERT_TRUE(ready.ok()) << ready.status().message();
    EXPECT_EQ(ready.value().layout, "detr-finished");
    const Answer answer = detect(400, 200);
    ASSERT_EQ(answer.detections.size(), 1U);
    EXPECT_EQ(box(answer.detections[0]), (std::vector<std::int64_t>{100, 100, 200, 150}));
    EXPECT_EQ(answer.detections[0].class_id, 2);
  }
}

TEST_F(OnnxLayouts, AnInputThatNothingIsKnownOfIsRefusedByName) {
  OnnxWriter writer;
  writer.input("images", {1, 3, 64, 64});
  writer.input("prompt", {1, 16}, Numbers::kInt64);
  writer.node("Identity", {"images"}, {"y"});
  writer.output("y", {1, 3, 64, 64});
  const auto ready = load(writer.finish(13, {}), {.classes = 2});
  EXPECT_EQ(ready.status().code(), Code::kModelLayoutUnknown);
  EXPECT_NE(ready.status().message().find("prompt"), std::string::npos) << ready.status().message();
}

}  // namespace
}  // namespace zmdetect
