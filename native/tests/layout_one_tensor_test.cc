// Layouts with one tensor, by constant answers: which is recognised, and where the boxes lie on the picture.
#include <cmath>

#include "tests/answers.h"

namespace zmdetect {
namespace {

using testing::expect;
using testing::expect_refused;
using testing::Network;
using testing::Shape;

// A picture of 1280 x 720 lies in 640 x 640 at half its size, 140 rows down.
constexpr int kWidth = 1280;
constexpr int kHeight = 720;

TEST(EndToEndLayout, IsKnownOfTwoClassesByItsValues) {
  for (const Shape& declared : {Shape{1, 300, 6}, Shape{-1, -1, 6}, Shape{1, -1, -1}, Shape{-1, -1, -1}}) {
    Network network;
    network.output("output0", {1, 300, 6}, 0, declared);
    network.row(0, {100, 200, 300, 400, 0.9F, 1}).row(1, {400, 200, 500, 300, 0.6F, 0});
    expect(network, {.classes = 2}, "end2end", kWidth, kHeight,
           {{{200, 120, 600, 520}, 1, 0.9F}, {{800, 120, 1000, 320}, 0, 0.6F}});
  }
}

TEST(EndToEndLayout, IsKnownOfOneClassAndOfMany) {
  for (const int classes : {1, 3, 80, 365}) {
    for (const std::int64_t rows : {100, 300, 1200}) {
      Network network;
      network.output("output0", {1, rows, 6}).row(0, {100, 200, 300, 400, 0.9F, float(classes - 1)});
      expect(network, {.classes = classes}, "end2end", kWidth, kHeight, {{{200, 120, 600, 520}, classes - 1, 0.9F}});
    }
  }
}

TEST(EndToEndLayout, IsKnownByTheMetadataEvenWhereNothingIsFound) {
  for (const auto& [key, value] :
       {std::pair{"end2end", "True"}, {"args", "{'batch': 1, 'nms': True}"}, {"nms", "true"}}) {
    Network network;
    network.output("output0", {1, 300, 6}).says(key, value);
    expect(network, {.classes = 2}, "end2end", kWidth, kHeight, {});
  }
}

TEST(EndToEndLayout, IsTakenForWhatItIsWhereAnAnswerHasNoRows) {
  Network network;
  network.output("output0", {1, 0, 6}, 0, {1, -1, 6});
  expect(network, {.classes = 2}, "end2end", kWidth, kHeight, {});
}

TEST(EndToEndLayout, MayBeRelative) {
  Network network;
  network.output("output0", {1, 300, 6}).row(0, {0.25F, 0.5F, 0.5F, 0.75F, 0.9F, 1}).says("end2end", "True");
  expect(network, {.classes = 2}, "end2end-relative", 640, 640, {{{160, 320, 320, 480}, 1, 0.9F}});
}

TEST(YoloV8Layout, IsKnownByTheCellsOfItsInput) {
  // 416 x 416, and 960 x 544 (16:9), with a picture that fills the input.
  for (const auto& [width, height] : {std::pair{416, 416}, {960, 544}, {96, 96}, {320, 192}}) {
    for (const int classes : {1, 2, 3, 80}) {
      Network network({-1, 3, height, width});
      const int cells = grid_cells(width, height);
      network.output("output0", {1, 4 + classes, cells}, 0, {-1, 4 + classes, -1});
      network.column(0, {48, 32, 24, 16}).put(std::size_t(4 + classes - 1) * std::size_t(cells), {0.8F});
      expect(network, {.classes = classes}, "yolov8", width, height, {{{36, 24, 60, 40}, classes - 1, 0.8F}});
    }
  }
}

TEST(YoloV8Layout, WithSixColumnsIsNotEndToEnd) {
  Network network;
  network.output("output0", {1, 6, 8400}).column(7, {320, 320, 100, 50, 0, 0.9F});
  expect(network, {.classes = 2}, "yolov8", 640, 640, {{{270, 295, 370, 345}, 1, 0.9F}});
}

TEST(YoloV8Layout, InterleavedInputMayHaveBoxesInPixelsOrInParts) {
  for (const bool pixels : {true, false}) {
    const float side = pixels ? 640 : 1;
    Network network({1, 640, 640, 3});
    network.output("output0", {1, 6, 8400}).column(7, {0.5F * side, 0.5F * side, 0.25F * side, 0.125F * side, 0, 0.9F});
    expect(network, {.classes = 2}, pixels ? "yolov8" : "yolov8-relative", 640, 640, {{{240, 280, 400, 360}, 1, 0.9F}});
  }
}

TEST(YoloV8Layout, TakesTheSecondOfTwoAlikeOutputs) {
  Network network;
  network.output("output0", {1, 6, 8400}).column(0, {100, 100, 50, 50, 0.9F, 0});
  network.output("1877", {1, 6, 8400}).column(7, {320, 320, 100, 50, 0, 0.9F});
  expect(network, {.classes = 2}, "yolov8", 640, 640, {{{270, 295, 370, 345}, 1, 0.9F}});
}

TEST(YoloV8Layout, IgnoresTheHeadsBesideIt) {
  Network network;
  network.output("output0", {1, 6, 8400}).column(7, {320, 320, 100, 50, 0, 0.9F});
  for (const int side : {80, 40, 20}) network.output("head" + std::to_string(side), {1, 66, side, side});
  expect(network, {.classes = 2}, "yolov8", 640, 640, {{{270, 295, 370, 345}, 1, 0.9F}});
}

TEST(UltralyticsRtDetr, HasBoxesInParts) {
  for (const int classes : {80, 3, 1}) {
    for (const bool described : {true, false}) {
      Network network;
      std::vector<float> row(std::size_t(4 + classes), 0.01F);
      const float box[] = {0.5F, 0.25F, 0.25F, 0.5F};
      std::copy_n(box, 4, row.begin());
      row.back() = 0.9F;
      network.output("output0", {1, 300, 4 + classes}).row(5, row);
      if (described)
        network.says("description", "Ultralytics RTDETR-l model trained on coco.yaml").says("task", "detect");
      expect(network, {.classes = classes}, "rtdetr", kWidth, kHeight, {{{480, 0, 800, 360}, classes - 1, 0.9F}});
      const auto plan = network.load({.classes = classes});
      EXPECT_EQ(plan.value().input.fit, Fit::kStretch);
    }
  }
}

TEST(YoloV5Layout, IsKnownByThreeCandidatesACell) {
  for (const auto& [width, height] : {std::pair{96, 96}, {416, 416}, {640, 384}}) {
    for (const int classes : {1, 3, 80}) {
      Network network({1, 3, height, width});
      const int rows = 3 * grid_cells(width, height);
      std::vector<float> row(std::size_t(5 + classes), 0.01F);
      const float box[] = {48, 32, 24, 16, 0.9F};
      std::copy_n(box, 5, row.begin());
      row.back() = 0.8F;
      network.output("output0", {1, rows, 5 + classes}).row(11, row);
      expect(network, {.classes = classes}, "yolov5", width, height, {{{36, 24, 60, 40}, classes - 1, 0.72F}});
    }
  }
}

TEST(YoloV5Layout, MayHaveItsHeadsBesideIt) {
  for (const bool first : {true, false}) {
    Network network;
    const auto heads = [&] {
      for (const int side : {80, 40, 20}) network.output("h" + std::to_string(side), {1, 3, side, side, 8});
    };
    if (!first) heads();
    network.output("output", {1, 25200, 8});
    network.row(11, {320, 320, 100, 50, 0.9F, 0, 0.5F, 0});
    if (first) heads();
    expect(network, {.classes = 3}, "yolov5", 640, 640, {{{270, 295, 370, 345}, 1, 0.45F}});
  }
}

TEST(Yolox, IsDecodedOnlyWhereItIsNot) {
  for (const bool decoded : {true, false}) {
    Network network({1, 3, 416, 416});
    network.output("output", {1, 3549, 8});
    // Cell 1 of row 0 of stride 8.
    if (decoded) network.row(1, {40, 24, 32, 16, 0.9F, 0, 0, 0.8F});
    if (!decoded) network.row(1, {4, 3, std::log(4.0F), std::log(2.0F), 0.9F, 0, 0, 0.8F});
    expect(network, {.classes = 3}, decoded ? "yolox-decoded" : "yolox", 416, 208, {{{24, 16, 56, 32}, 2, 0.72F}});
    EXPECT_EQ(network.load({.classes = 3}).value().input.fit, Fit::kTopLeft);
  }
}

TEST(YoloV6, HasAnObjectnessOfOneAndALetterbox) {
  for (const char* name : {"outputs", "output"}) {
    Network network;
    network.output(name, {1, 8400, 85});
    std::vector<float> row(85, 0);
    for (std::size_t i = 0; i < 8400; ++i) {
      const float box[] = {float(i % 80) * 8 + 4, float(i / 80) * 6, 30, 30, 1};
      std::copy_n(box, 5, row.begin());
      network.row(i, row);
    }
    const float box[] = {320, 320, 100, 50, 1, 0.9F};
    std::copy_n(box, 6, row.begin());
    network.row(11, row);
    expect(network, {.classes = 80}, "yolov6", kWidth, kHeight, {{{540, 310, 740, 410}, 0, 0.9F}});
    EXPECT_EQ(network.load({.classes = 80}).value().input.fit, Fit::kLetterbox);
  }
}

TEST(SevenColumns, AreYoloV7sOrSuperGradients) {
  Network yolov7;
  yolov7.output("output", {2, 7}, 0, {-1, 7});
  yolov7.row(0, {0, 100, 200, 300, 400, 2, 0.9F}).row(1, {1, 0, 0, 300, 400, 2, 0.9F});
  expect(yolov7, {.classes = 3}, "yolov7-end2end", kWidth, kHeight, {{{200, 120, 600, 520}, 2, 0.9F}});

  Network flat;
  flat.output("graph2_flat_predictions", {2, 7}, 0, {-1, 7});
  flat.row(0, {0, 100, 200, 300, 400, 0.9F, 2}).row(1, {1, 0, 0, 300, 400, 0.9F, 2});
  expect(flat, {.classes = 3}, "flat", kWidth, kHeight, {{{200, 120, 600, 520}, 2, 0.9F}});

  Network nothing;
  nothing.output("output", {0, 7}, 0, {-1, 7});
  expect(nothing, {.classes = 3}, "yolov7-end2end", kWidth, kHeight, {});
}

TEST(EfficientDet, HasRowsFirstWhereTheInputIsInterleaved) {
  Network network({1, 512, 512, 3});
  network.output("detections:0", {1, 100, 7}).row(0, {0, 64, 128, 192, 384, 0.9F, 1});
  expect(network, {.classes = 90}, "efficientdet", 512, 512, {{{128, 64, 384, 192}, 0, 0.9F}});
  Network planar({1, 3, 512, 512});
  planar.output("detections", {1, 100, 7}).row(0, {0, 64, 128, 192, 384, 0.9F, 1});
  expect_refused(planar, {.classes = 90}, {"efficientdet", "efficientdet-xy", "layout"});
  expect(planar, {.classes = 90, .layout = "efficientdet-xy"}, "efficientdet-xy", 512, 512,
         {{{64, 128, 192, 384}, 0, 0.9F}});
}

TEST(NanoDet, ReadsDistributionsOfDistances) {
  Network network({1, 3, 320, 320});
  network.output("output", {1, 2125, 3 + 32});
  std::vector<float> row(35, 0);
  row[1] = 0.9F;
  const int bins[] = {1, 2, 3, 4};  // of left, top, right, bottom
  for (std::size_t k = 0; k < 4; ++k) row[3 + k * 8 + std::size_t(bins[k])] = 30;
  network.row(1600 + 20 * 5 + 10, row);  // stride 16, row 5, column 10
  expect(network, {.classes = 3}, "nanodet", 320, 320, {{{144, 48, 208, 144}, 1, 0.9F}});
}

TEST(OtherTasks, AreRefusedByName) {
  for (const char* task : {"obb", "pose", "segment", "classify"}) {
    Network network;
    network.output("output0", {1, 84, 8400}).says("task", task);
    expect_refused(network, {.classes = 80}, {std::string("task=") + task + " is not supported"});
  }
  Network masks;
  masks.output("output0", {1, 116, 8400}).output("output1", {1, 32, 160, 160});
  expect_refused(masks, {.classes = 80}, {"task=segment is not supported", "output1 [1,32,160,160]"});
  Network classifier;
  classifier.output("output0", {1, 1000});
  expect_refused(classifier, {.classes = 1000}, {"task=classify is not supported"});
  for (const int classes : {1, 2, 3, 15}) {
    Network obb;
    obb.output("output0", {1, 5 + classes, 8400});
    expect_refused(obb, {.classes = classes}, {"task=obb", std::to_string(classes + 1) + " classes"});
  }
  Network pose;
  pose.output("output0", {1, 56, 8400});
  expect_refused(pose, {.classes = 1}, {"task=pose is not supported"});
}

TEST(LabelCount, IsRefusedWithBothNumbers) {
  for (const int labels : {79, 81, 3}) {
    Network yolov8;
    yolov8.output("output0", {1, 84, 8400});
    expect_refused(yolov8, {.classes = labels}, {std::to_string(labels) + " labels", "80 classes"});
    Network yolov5;
    yolov5.output("output0", {1, 25200, 85});
    expect_refused(yolov5, {.classes = labels}, {std::to_string(labels) + " labels", "80 classes"});
    Network nas;
    nas.output("b", {1, 8400, 4}).output("s", {1, 8400, 80});
    expect_refused(nas, {.classes = labels}, {std::to_string(labels) + " labels", "80 classes"});
    Network named;
    named.output("boxes", {1, 8400, 4}).row(0, {10, 20, 30, 40}).output("scores", {1, 8400, 80});
    expect_refused(named, {.classes = labels}, {std::to_string(labels) + " labels", "80 classes"});
  }
}

TEST(RawHeads, AreRefusedWithWhatToDo) {
  Network network;
  for (const int side : {80, 40, 20}) network.output("h" + std::to_string(side), {1, 3, side, side, 85});
  expect_refused(network, {.classes = 80}, {"heads", "--grid"});
}

TEST(TheSetting, DecidesByHand) {
  Network network;
  network.output("output0", {1, 300, 6});  // nothing found: nothing tells
  expect(network, {.classes = 2, .layout = "end2end"}, "end2end", 640, 640, {});
  expect_refused(network, {.classes = 2, .layout = "yolov5"}, {"layout: yolov5 does not fit", "[1,300,6]"});
  expect_refused(network, {.classes = 2, .layout = "yolov99"}, {"yolov99", "yolov8", "nanodet"});
  Network relative;
  relative.output("output0", {1, 6, 8400}).column(7, {0.5F, 0.5F, 0.25F, 0.125F, 0, 0.9F});
  expect(relative, {.classes = 2, .boxes = BoxUnit::kNormalised}, "yolov8-relative", 640, 640,
         {{{240, 280, 400, 360}, 1, 0.9F}});
  expect_refused(relative, {.classes = 2, .layout = "rtdetr", .boxes = BoxUnit::kPixels}, {"rtdetr"});
}

TEST(TwoReadings, AreRefusedWithBothNamesAndTheSetting) {
  // Boxes that may be centres or corners, and scores that may be a class.
  Network parts;
  parts.output("output0", {1, 300, 6}).row(0, {0.25F, 0.25F, 0.5F, 0.5F, 0.9F, 1});
  expect_refused(parts, {.classes = 2}, {"rtdetr or end2end-relative", "`layout: rtdetr`", "model's settings"});
  expect(parts, {.classes = 2, .layout = "end2end"}, "end2end-relative", 640, 640, {{{160, 160, 320, 320}, 1, 0.9F}});
  Network turned;
  turned.output("output0", {1, 300, 7}).row(0, {300, 300, 340, 340, 0.9F, 0, 0.7F});  // an angle behind the class
  expect_refused(turned, {.classes = 1}, {"efficientdet", "set `layout`"});
}

}  // namespace
}  // namespace zmdetect
