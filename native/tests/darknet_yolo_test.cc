// The [yolo] layer: boxes, scores and the order of rows. The expected numbers were seen in OpenCV 4.14's answers to the
// same networks (cv2.dnn.readNet), and follow from its formulas by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::floats_of;
using testing::LoadedDarknet;
using testing::TemporaryFolder;

constexpr int kSide = 32;

float logit(float p) { return std::log(p / (1 - p)); }

/// A network of two classes whose every cell holds the seven numbers `values` (x, y, w, h, objectness, two classes) for
/// one anchor of 8 x 16 pixels; returns its 1024 rows of 7.
std::vector<float> rows_of(const std::vector<float>& values, const std::string& options) {
  std::vector<float> weights = values;
  weights.insert(weights.end(), std::size_t(3) * 7, 0.0F);
  const TemporaryFolder folder;
  const Result<LoadedDarknet> loaded = testing::load_darknet(
      folder.write("a.cfg",
                   "[net]\nchannels=3\n[convolutional]\nfilters=7\nsize=1\n[yolo]\nmask=1\nclasses=2\n"
                   "anchors=3,3, 8,16\nnum=2\n" +
                       options),
      folder.write("a.weights", testing::weights_content(weights)), kSide, kSide);
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  if (!loaded.ok()) return {};
  const TensorView rows = loaded.value().run(std::vector<float>(3 * kSide * kSide), {1, 3, kSide, kSide});
  EXPECT_EQ(rows.shape, (std::vector<std::int64_t>{1, kSide * kSide, 7}));
  return floats_of(rows);
}

void expect_row(const std::vector<float>& rows, int row, const std::vector<float>& expected) {
  ASSERT_GE(rows.size(), std::size_t(row + 1) * 7);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(rows[std::size_t(row) * 7 + i], expected[i], 2e-6) << "column " << i;
}

TEST(DarknetYolo, DecodesVersionThree) {
  const auto rows = rows_of({0, 0.5F, 0.1F, -0.2F, logit(0.9F), logit(0.5F), logit(0.21F)}, "");
  expect_row(rows, 0, {0.015625F, 0.01945185F, 0.27629274F, 0.4093654F, 0.9F, 0.45F, 0});
  expect_row(rows, kSide + 1, {0.046875F, 0.05070186F, 0.27629274F, 0.4093654F, 0.9F, 0.45F, 0});
}

TEST(DarknetYolo, StretchesTheOffsetsByScaleXY) {
  const auto rows = rows_of({0, 0.5F, 0, 0, 0, 0, 0}, "scale_x_y=1.2\n");
  expect_row(rows, 0, {0.015625F, 0.02021722F, 0.25F, 0.5F, 0.5F, 0.25F, 0.25F});
}

TEST(DarknetYolo, DecodesNewCoordsWithoutLogistic) {
  const auto rows = rows_of({0.3F, 0.6F, 0.5F, 0.25F, 0.9F, 0.5F, 0.21F}, "new_coords=1\nscale_x_y=2.0\n");
  expect_row(rows, 0, {0.003125F, 0.021875F, 0.25F, 0.125F, 0.9F, 0.45F, 0});
  expect_row(rows, kSide + 1, {0.034375F, 0.053125F, 0.25F, 0.125F, 0.9F, 0.45F, 0});
}

TEST(DarknetYolo, ZeroesScoresThatAreNotAboveTheThreshold) {
  const std::vector<float> unsure = {0, 0, 0, 0, logit(0.15F), logit(0.99F), logit(0.21F)};
  expect_row(rows_of(unsure, ""), 0, {0.015625F, 0.015625F, 0.25F, 0.5F, 0.15F, 0, 0});
  expect_row(rows_of(unsure, "thresh=.1\n"), 0, {0.015625F, 0.015625F, 0.25F, 0.5F, 0.15F, 0.1485F, 0});
  expect_row(rows_of(unsure, "thresh=0\n"), 0, {0.015625F, 0.015625F, 0.25F, 0.5F, 0.15F, 0.1485F, 0.0315F});
}

TEST(DarknetYolo, ComparesTheProductAndNotObjectness) {
  const std::vector<float> equal = {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5625F};
  expect_row(rows_of(equal, "new_coords=1\nthresh=.25\n"), 0, {0.015625F, 0.015625F, 0.25F, 0.5F, 0.5F, 0, 0.28125F});
}

/// Two [yolo] of two anchors and one class; an input channel of 1 marks where each value comes from.
TEST(DarknetYolo, OrdersRowsByLayerThenRowColumnAndAnchor) {
  const std::string yolo = "[yolo]\nclasses=1\nanchors=1,1,2,2\nnew_coords=1\n";
  const std::string convolution = "[convolutional]\nfilters=12\nsize=1\n";
  std::vector<float> weights;
  for (const float layer : {100000.0F, 200000.0F}) {
    for (int i = 0; i < 12; ++i) weights.push_back(layer + float(i < 6 ? 0 : 50000));
    weights.insert(weights.end(), 12, 1.0F);
  }
  const TemporaryFolder folder;
  const Result<LoadedDarknet> loaded =
      testing::load_darknet(folder.write("a.cfg", "[net]\nchannels=1\n[maxpool]\n" + convolution + yolo +
                                                      "[route]\nlayers=0\n[maxpool]\n" + convolution + yolo),
                            folder.write("a.weights", testing::weights_content(weights)), kSide, kSide);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  std::vector<float> input(std::size_t(kSide) * kSide);
  std::iota(input.begin(), input.end(), 0.0F);
  const TensorView answer = loaded.value().run(input, {1, 1, kSide, kSide});
  ASSERT_EQ(answer.shape, (std::vector<std::int64_t>{1, 2 * (16 * 16 + 8 * 8), 6}));
  const std::vector<float> rows = floats_of(answer);
  const auto objectness = [&](int row) { return rows[std::size_t(row) * 6 + 4]; };
  EXPECT_EQ(objectness(0), 100000 + 33);            // cell (0, 0) of the first grid, first anchor
  EXPECT_EQ(objectness(1), 150000 + 33);            // the same cell, second anchor
  EXPECT_EQ(objectness(2), 100000 + 35);            // the cell to the right
  EXPECT_EQ(objectness(2 * 16), 100000 + 33 + 64);  // the row below
  EXPECT_EQ(objectness(2 * 256), 200000 + 99);      // the second grid
}

TEST(DarknetYolo, AnswersEveryPictureOfABatchAsIfItWereAlone) {
  std::vector<float> weights = {0.1F, -0.2F, 0.3F, 0.1F, 1, 2, -1};
  weights.reserve(28);
  for (int i = 0; i < 21; ++i) weights.push_back(0.1F * float(i % 5 - 2));
  const TemporaryFolder folder;
  const Result<LoadedDarknet> loaded = testing::load_darknet(
      folder.write("a.cfg", "[net]\n[convolutional]\nfilters=7\nsize=1\n[yolo]\nclasses=2\nanchors=8,8\n"),
      folder.write("a.weights", testing::weights_content(weights)), kSide, 2 * kSide);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const ModelInfo& info = loaded.value().model->info();
  EXPECT_EQ(info.inputs.at(0).name, "images");
  EXPECT_EQ(info.inputs[0].shape, (std::vector<std::int64_t>{-1, 3, 64, 32}));
  EXPECT_EQ(info.outputs.at(0).name, "detections");
  EXPECT_EQ(info.outputs[0].shape, (std::vector<std::int64_t>{-1, 2048, 7}));
  EXPECT_EQ(info.metadata.at("zmdetect_layout"), "darknet");
  EXPECT_EQ(info.metadata.at("zmdetect_classes"), "2");

  std::vector<float> both(std::size_t(2) * 3 * 64 * 32);
  for (std::size_t i = 0; i < both.size(); ++i) both[i] = float(i % 97) / 97;
  const auto half = both.begin() + 3 * 64 * 32;
  const std::vector<float> batch = floats_of(loaded.value().run(both, {2, 3, 64, 32}));
  const std::vector<float> first = floats_of(loaded.value().run({both.begin(), half}, {1, 3, 64, 32}));
  const std::vector<float> second = floats_of(loaded.value().run({half, both.end()}, {1, 3, 64, 32}));
  ASSERT_EQ(batch.size(), first.size() + second.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    ASSERT_NEAR(batch[i], i < first.size() ? first[i] : second[i - first.size()], 1e-6) << i;
  }
}

}  // namespace
}  // namespace zmdetect
