// Layouts with several tensors, by constant answers: which is recognised, and where the boxes lie on the picture.
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

TEST(YoloNas, HasCornersInPixelsAndFinishedScores) {
  for (const int classes : {1, 3, 80}) {
    for (const bool boxes_first : {true, false}) {
      for (const auto& [width, height] : {std::pair{640, 640}, {416, 416}, {960, 544}}) {
        const int cells = grid_cells(width, height);
        Network network({-1, 3, height, width});
        const auto boxes = [&] { network.output("904", {1, cells, 4}, 0, {-1, cells, 4}).row(7, {40, 50, 80, 90}); };
        if (boxes_first) boxes();
        std::vector<float> scores(std::size_t(classes), 0);
        scores.back() = 0.9F;
        network.output("913", {1, cells, classes}, 0, {-1, cells, classes}).row(7, scores);
        if (!boxes_first) boxes();
        expect(network, {.classes = classes}, "yolo-nas", width, height, {{{40, 50, 80, 90}, classes - 1, 0.9F}});
      }
    }
  }
}

TEST(YoloNas, MayHaveScoresByClass) {
  Network network;
  network.output("boxes", {1, 8400, 4}).row(7, {40, 150, 80, 190});
  network.output("scores", {1, 3, 8400}).column(7, {0, 0.9F, 0});
  expect(network, {.classes = 3}, "yolo-nas", kWidth, kHeight, {{{80, 20, 160, 100}, 1, 0.9F}});
}

TEST(SsdPriors, LeaveTheBackgroundOut) {
  for (const bool logits : {false, true}) {
    for (const int classes : {1, 20}) {
      Network network({1, 3, 300, 300});
      network.output("scores", {1, 3000, classes + 1});
      std::vector<float> background(std::size_t(classes + 1), logits ? -2 : 0);
      background[0] = logits ? 8 : 1;
      for (std::size_t i = 0; i < 3000; ++i) network.row(i, background);
      std::vector<float> object(std::size_t(classes + 1), logits ? -20 : 0);
      object[0] = logits ? 0 : 0.1F;
      object.back() = logits ? std::log(9.0F) : 0.9F;
      network.row(7, object);
      network.output("boxes", {1, 3000, 4}).row(7, {0.1F, 0.2F, 0.4F, 0.6F});
      expect(network, {.classes = classes}, "ssd-priors", 1000, 500, {{{100, 100, 400, 300}, classes - 1, 0.9F}});
      const InputPlan input = network.load({.classes = classes}).value().input;
      EXPECT_EQ(input.fit, Fit::kStretch);
      EXPECT_EQ(input.mean[0], 127);
    }
  }
}

TEST(SsdPriors, MayHaveANameForTheBackground) {
  Network network({1, 3, 300, 300});
  network.output("scores", {1, 3000, 21});
  std::vector<float> scores(21, 0);
  scores[0] = 1;
  for (std::size_t i = 0; i < 3000; ++i) network.row(i, scores);
  scores[0] = 0.1F;
  scores[15] = 0.9F;
  network.row(7, scores);
  network.output("boxes", {1, 3000, 4}).row(7, {0.1F, 0.2F, 0.4F, 0.6F});
  expect(network, {.classes = 21}, "ssd-priors", 1000, 500, {{{100, 100, 400, 300}, 15, 0.9F}});
}

TEST(OriginalDetr, TakesTheLastColumnForNothing) {
  for (const char* name : {"pred_logits", "logits"}) {
    for (const auto& [labels, columns, column, id] :
         {std::tuple{80, 92, 18, 16}, {90, 92, 18, 17}, {91, 92, 18, 18}, {3, 4, 1, 1}}) {
      Network network({1, 3, 800, 800});
      network.output(name, {1, 100, columns}, -3);
      for (std::size_t i = 0; i < 100; ++i) network.put(i * std::size_t(columns) + std::size_t(columns - 1), {9});
      std::vector<float> object(std::size_t(columns), -20);
      object.back() = 0;
      object[std::size_t(column)] = std::log(9.0F);
      network.row(7, object);
      network.output("pred_boxes", {1, 100, 4}).row(7, {0.5F, 0.5F, 0.25F, 0.5F});
      expect(network, {.classes = labels}, "detr-softmax", 400, 200, {{{150, 50, 250, 150}, id, 0.9F}});
    }
  }
}

TEST(RfDetr, KnowsCocosIds) {
  for (const auto& [labels, column, id] :
       {std::tuple{80, 18, 16}, {90, 18, 17}, {91, 18, 18}, {80, 1, 0}, {80, 90, 79}}) {
    for (const bool own_names : {true, false}) {
      Network network({1, 3, 384, 384});
      network.output(own_names ? "dets" : "pred_boxes", {1, 300, 4}).row(7, {0.5F, 0.5F, 0.25F, 0.5F});
      network.output(own_names ? "labels" : "logits", {1, 300, 91}, -5);
      network.put(7 * 91 + std::size_t(column), {2});
      network.put(7 * 91 + 12, {3});  // an id that COCO does not use
      const bool used = labels != 80;
      const float score = used ? 1 / (1 + std::exp(-3.0F)) : 1 / (1 + std::exp(-2.0F));
      expect(network, {.classes = labels}, "detr", 400, 200,
             {{{150, 50, 250, 150}, used ? (labels == 90 ? 11 : 12) : id, score}});
      EXPECT_FLOAT_EQ(network.load({.classes = labels}).value().input.mean[0], 0.485F);
    }
  }
}

TEST(RtDetr, HasLogitsOfItsOwnClasses) {
  for (const int classes : {80, 3, 4}) {
    Network network;
    network.output("logits", {1, 300, classes}, -5).put(7 * std::size_t(classes) + 2, {2});
    network.output("pred_boxes", {1, 300, 4}).row(7, {0.5F, 0.5F, 0.25F, 0.5F});
    expect(network, {.classes = classes}, "detr", 400, 200, {{{150, 50, 250, 150}, 2, 1 / (1 + std::exp(-2.0F))}});
    EXPECT_FLOAT_EQ(network.load({.classes = classes}).value().input.mean[0], 0);
  }
}

TEST(YoloV4, HasCornersInParts) {
  for (const int classes : {80, 3, 4}) {
    Network network({1, 3, 416, 416});
    network.output("boxes", {1, 10647, 1, 4}).row(7, {0.1F, 0.2F, 0.4F, 0.6F});
    network.output("confs", {1, 10647, classes}).put(7 * std::size_t(classes) + 1, {0.8F});
    expect(network, {.classes = classes}, "yolov4", 1000, 500, {{{100, 100, 400, 300}, 1, 0.8F}});
  }
}

/// The four outputs of TensorFlow's zoo and of TensorRT, in any order.
void put_set(Network& network, const std::vector<std::string>& names, const std::vector<float>& box, float id) {
  network.output(names[0], {1}, 1);
  network.output(names[1], {1, 100, 4}).row(0, box);
  network.output(names[2], {1, 100}).row(0, {0.9F, 0.8F});
  network.output(names[3], {1, 100}).row(0, {id, id});
}

TEST(TensorFlowZoo, HasRowsFirstInPartsAndIdsFromOne) {
  for (const Shape& input : {Shape{1, 300, 300, 3}, Shape{1, -1, -1, 3}, Shape{1, 3, 300, 300}}) {
    for (const auto& [labels, id, label] : {std::tuple{90, 3, 2}, {80, 3, 2}, {80, 13, 11}, {91, 3, 3}, {2, 1, 0}}) {
      Network network(input);
      put_set(network, {"num_detections:0", "detection_boxes:0", "detection_scores:0", "detection_classes:0"},
              {0.2F, 0.1F, 0.6F, 0.4F}, float(id));
      expect(network, {.classes = labels}, "tf-ssd", 1600, 900, {{{160, 180, 640, 540}, label, 0.9F}});
      EXPECT_EQ(network.load({.classes = labels}).value().input.fit, Fit::kStretch);
    }
  }
}

TEST(TensorFlowZoo, MayHaveMoreOutputsThanAreNeeded) {
  Network network({1, 320, 320, 3});
  network.output("detection_anchor_indices", {1, 100});
  put_set(network, {"num_detections", "detection_boxes", "detection_scores", "detection_classes"},
          {0.2F, 0.1F, 0.6F, 0.4F}, 3);
  network.output("detection_multiclass_scores", {1, 100, 91});
  network.output("raw_detection_boxes", {1, 12804, 4}).output("raw_detection_scores", {1, 12804, 91});
  expect(network, {.classes = 90}, "tf-ssd", 1600, 900, {{{160, 180, 640, 540}, 2, 0.9F}});
}

TEST(FinishedSets, OfTensorRtAreCornersInPixels) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"num_dets", "det_boxes", "det_scores", "det_classes"},
        {"num_detections", "nmsed_boxes", "nmsed_scores", "nmsed_classes"},
        {"num_predictions", "pred_boxes", "pred_scores", "pred_classes"}}) {
    Network network;
    put_set(network, names, {100, 200, 300, 400}, 2);
    network.integers();
    expect(network, {.classes = 3}, "nms", kWidth, kHeight, {{{200, 120, 600, 520}, 2, 0.9F}});
  }
}

TEST(FinishedSets, AreKnownWithoutNames) {
  for (const bool integers : {true, false}) {
    Network network;
    put_set(network, {"a", "b", "c", "d"}, {100, 200, 300, 400}, 2);
    if (integers) network.integers();
    expect(network, {.classes = 3}, "nms", kWidth, kHeight, {{{200, 120, 600, 520}, 2, 0.9F}});
  }
}

TEST(FinishedSets, OfNetworksThatTakeTheSizeAreReadInPixelsOfTheInput) {
  Network network;
  network.info.inputs.push_back({"orig_target_sizes", ElementType::kInt64, {1, 2}});
  network.output("labels", {1, 300}).row(0, {2}).integers();
  network.output("boxes", {1, 300, 4}).row(0, {160, 320, 320, 480});
  network.output("scores", {1, 300}).row(0, {0.9F});
  expect(network, {.classes = 80}, "detr-finished", 400, 200, {{{100, 100, 200, 150}, 2, 0.9F}});
}

TEST(FinishedSets, OfTorchvisionHaveIdsFromOne) {
  Network network;
  network.output("boxes", {2, 4}, 0, {-1, 4}).row(0, {100, 200, 300, 400});
  network.output("labels", {2}, 18, {-1}).integers();
  network.output("scores", {2}, 0, {-1}).put(0, {0.9F, 0.1F});
  expect(network, {.classes = 80}, "torchvision", kWidth, kHeight, {{{200, 120, 600, 520}, 16, 0.9F}});
}

TEST(RtmDet, HasAScoreBesideTheCorners) {
  for (const bool named : {true, false}) {
    Network network;
    network.output(named ? "dets" : "a", {1, 200, 5}, 0, {-1, -1, 5}).row(0, {100, 200, 300, 350, 0.9F});
    network.output(named ? "labels" : "b", {1, 200}, 0, {-1, -1}).row(0, {2}).integers();
    expect(network, {.classes = 3}, "rtmdet", 1280, 720, {{{200, 400, 600, 700}, 2, 0.9F}});
    EXPECT_EQ(network.load({.classes = 3}).value().input.fit, Fit::kTopLeft);
  }
}

TEST(RtmDet, MayBeExportedAsHeads) {
  for (const bool in_cells : {false, true}) {
    Network network({1, 3, 320, 320});
    for (const int stride : {8, 16, 32}) {
      const int side = 320 / stride;
      network.output("cls" + std::to_string(stride), {1, 3, side, side}, -8);
      if (stride == 16) network.put(std::size_t(side * side) + std::size_t(5 * side + 10), {std::log(9.0F)});
    }
    for (const int stride : {8, 16, 32}) {
      const int side = 320 / stride;
      network.output("bbox" + std::to_string(stride), {1, 4, side, side}, in_cells ? 1.0F : float(stride));
      const float cell = in_cells ? 1 : 16;
      if (stride == 16) {
        network.put(std::size_t(5 * side + 10), {1 * cell, 2 * cell, 3 * cell, 4 * cell}, std::size_t(side * side));
      }
    }
    expect(network, {.classes = 3}, "rtmdet-heads", 320, 320, {{{144, 48, 208, 144}, 1, 0.9F}});
  }
}

TEST(NanoDetHeads, AreReadForEachStride) {
  Network network({1, 3, 416, 416});
  for (const int stride : {8, 16, 32, 64}) {
    const int side = (416 + stride - 1) / stride;
    network.output("cls_" + std::to_string(stride), {1, side * side, 3});
    if (stride == 64) network.row(std::size_t(side + 2), {0, 0, 0.9F});
    network.output("reg_" + std::to_string(stride), {1, side * side, 32});
    for (std::size_t k = 0; stride == 64 && k < 4; ++k) network.put(std::size_t(side + 2) * 32 + k * 8 + 1, {30});
  }
  expect(network, {.classes = 3}, "nanodet", 416, 416, {{{64, 0, 192, 128}, 2, 0.9F}});
}

}  // namespace
}  // namespace zmdetect
