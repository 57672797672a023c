// Every layer that the Darknet importer knows, in networks small enough to be worked out by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::floats_of;
using testing::LoadedDarknet;
using testing::TemporaryFolder;

constexpr int kSide = 32;

/// Value of the picture at channel, row, column.
using Picture = std::function<float(int, int, int)>;

float ramp(int channel, int y, int x) { return static_cast<float>(1000 * channel + kSide * y + x); }
float ones(int, int, int) { return 1; }

/// What a network makes of a picture.
struct Planes {
  int channels = 0;
  int side = 0;
  std::vector<float> rows;  // [side * side * channels][6]

  /// The objectness of anchor `channel` in the cell at row `y`, column `x`.
  float at(int channel, int y, int x) const {
    return rows.empty() ? NAN : rows[((std::size_t(y) * side + x) * channels + channel) * 6 + 4];
  }
};

/// Runs `layers` on a picture of 32 x 32 and shows all `channels` planes of the last one. A [yolo] is the only way out
/// of a Darknet model, so a convolution copies each plane to the objectness of an anchor, which new_coords leaves as it
/// is.
Planes outcome(const std::string& layers, std::vector<float> weights, int channels, int side, const Picture& picture,
               int input_channels = 1) {
  std::string cfg = "[net]\nchannels=" + std::to_string(input_channels) + "\n" + layers;
  cfg += "[convolutional]\nsize=1\nfilters=" + std::to_string(6 * channels) + "\n[yolo]\nclasses=1\nnew_coords=1\n";
  cfg += "anchors=1,1";
  for (int i = 1; i < channels; ++i) cfg += ",1,1";
  weights.insert(weights.end(), std::size_t(6) * channels, 0.0F);
  for (int filter = 0; filter < 6 * channels; ++filter) {
    for (int i = 0; i < channels; ++i) weights.push_back(filter == 6 * i + 4 ? 1.0F : 0.0F);
  }
  const TemporaryFolder folder;
  const Result<LoadedDarknet> loaded = testing::load_darknet(
      folder.write("a.cfg", cfg), folder.write("a.weights", testing::weights_content(weights)), kSide, kSide);
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  if (!loaded.ok()) return {};
  std::vector<float> input;
  for (int c = 0; c < input_channels; ++c) {
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) input.push_back(picture(c, y, x));
    }
  }
  const TensorView rows = loaded.value().run(input, {1, input_channels, kSide, kSide});
  EXPECT_EQ(rows.shape, (std::vector<std::int64_t>{1, side * side * channels, 6}));
  return {channels, side, floats_of(rows)};
}

/// A convolution of size 1 without bias that gives the first input channel times each factor.
std::string times(const std::vector<float>& factors, std::vector<float>& weights) {
  weights.insert(weights.end(), factors.size(), 0.0F);
  weights.insert(weights.end(), factors.begin(), factors.end());
  return "[convolutional]\nsize=1\nfilters=" + std::to_string(factors.size()) + "\n";
}

TEST(DarknetLayers, ConvolutionSumsAWindowWithZerosOutside) {
  std::vector<float> weights(10, 1.0F);  // one bias, nine weights
  const Planes planes = outcome("[convolutional]\nfilters=1\nsize=3\nstride=1\npad=1\n", weights, 1, 32, ones);
  EXPECT_EQ(planes.at(0, 5, 5), 10.0F);
  EXPECT_EQ(planes.at(0, 0, 5), 7.0F);
  EXPECT_EQ(planes.at(0, 31, 31), 5.0F);
}

TEST(DarknetLayers, ConvolutionTakesPaddingAndStrideAsGiven) {
  std::vector<float> weights(10, 1.0F);
  const Planes bare = outcome("[convolutional]\nfilters=1\nsize=3\nstride=1\n", weights, 1, 30, ones);
  EXPECT_EQ(bare.at(0, 0, 0), 10.0F);
  const Planes wide = outcome("[convolutional]\nfilters=1\nsize=3\nstride=1\npadding=2\n", weights, 1, 34, ones);
  EXPECT_EQ(wide.at(0, 0, 0), 2.0F);
  const Planes halved = outcome("[convolutional]\nfilters=1\nsize=1\nstride=2\npad=1\n", {0.5F, 2}, 1, 16, ramp);
  EXPECT_EQ(halved.at(0, 3, 7), 2 * ramp(0, 6, 14) + 0.5F);
}

TEST(DarknetLayers, ConvolutionKeepsTheOrderOfRowsAndColumnsInAWindow) {
  std::vector<float> weights(10, 0.0F);
  weights[1 + 2] = 1;  // row 0, column 2 of the window: the neighbour above to the right
  const Planes planes = outcome("[convolutional]\nfilters=1\nsize=3\npad=1\n", weights, 1, 32, ramp);
  EXPECT_EQ(planes.at(0, 9, 9), ramp(0, 8, 10));
}

TEST(DarknetLayers, ConvolutionInGroupsSeesItsOwnChannelsOnly) {
  const Planes planes =
      outcome("[convolutional]\nfilters=4\ngroups=2\nsize=1\n", {1, 2, 3, 4, 10, 20, 30, 40}, 4, 32, ramp, 2);
  EXPECT_EQ(planes.at(0, 1, 1), 10 * ramp(0, 1, 1) + 1);
  EXPECT_EQ(planes.at(1, 1, 1), 20 * ramp(0, 1, 1) + 2);
  EXPECT_EQ(planes.at(2, 1, 1), 30 * ramp(1, 1, 1) + 3);
  EXPECT_EQ(planes.at(3, 1, 1), 40 * ramp(1, 1, 1) + 4);
}

TEST(DarknetLayers, BatchNormalisationIsFoldedIn) {
  // bias, scale, mean, variance of two filters, then their weights: 2 * (x - 3) / 2 + 1 and 1 * (5x - 0) / 1 - 7.
  const Planes planes =
      outcome("[convolutional]\nbatch_normalize=1\nfilters=2\nsize=1\n", {1, -7, 2, 1, 3, 0, 4, 1, 1, 5}, 2, 32, ramp);
  EXPECT_NEAR(planes.at(0, 2, 2), ramp(0, 2, 2) - 2, 1e-4);
  EXPECT_NEAR(planes.at(1, 2, 2), 5 * ramp(0, 2, 2) - 7, 1e-3);
}

TEST(DarknetLayers, ActivationsFollowTheirFormulas) {
  const struct {
    const char* name;
    float (*formula)(float);
  } activations[] = {
      {"linear", [](float x) { return x; }},
      {"leaky", [](float x) { return x > 0 ? x : 0.1F * x; }},
      {"relu", [](float x) { return x > 0 ? x : 0; }},
      {"logistic", [](float x) { return 1 / (1 + std::exp(-x)); }},
      {"tanh", [](float x) { return std::tanh(x); }},
      {"swish", [](float x) { return x / (1 + std::exp(-x)); }},
      {"mish", [](float x) { return x * std::tanh(std::log1p(std::exp(x))); }},
  };
  const std::vector<float> biases = {-30, -4, -0.5F, 0, 0.25F, 3, 40};
  std::vector<float> weights = biases;
  weights.insert(weights.end(), biases.size(), 0.0F);
  for (const auto& activation : activations) {
    const Planes planes = outcome(
        std::string("[convolutional]\nsize=1\nfilters=7\nactivation=") + activation.name + "\n", weights, 7, 32, ones);
    for (int i = 0; i < 7; ++i) {
      EXPECT_NEAR(planes.at(i, 4, 4), activation.formula(biases[i]), 1e-5) << activation.name << " " << biases[i];
    }
  }
}

TEST(DarknetLayers, MaxpoolHalvesTheSizeWithStrideTwo) {
  const Planes planes = outcome("[maxpool]\nsize=2\nstride=2\n", {}, 1, 16, ramp);
  EXPECT_EQ(planes.at(0, 0, 0), ramp(0, 1, 1));
  EXPECT_EQ(planes.at(0, 15, 15), ramp(0, 31, 31));
  const Planes three = outcome("[maxpool]\nsize=3\nstride=2\n", {}, 1, 16, ramp);
  EXPECT_EQ(three.at(0, 0, 0), ramp(0, 1, 1));
  EXPECT_EQ(three.at(0, 5, 5), ramp(0, 11, 11));
}

TEST(DarknetLayers, MaxpoolKeepsTheSizeWithStrideOne) {
  const auto negative = [](int c, int y, int x) { return ramp(c, y, x) - 5000; };  // a zero outside would win
  const Planes two = outcome("[maxpool]\nsize=2\nstride=1\n", {}, 1, 32, negative);
  EXPECT_EQ(two.at(0, 0, 0), negative(0, 1, 1));
  EXPECT_EQ(two.at(0, 31, 31), negative(0, 31, 31));
  const Planes five = outcome("[maxpool]\nsize=5\nstride=1\n", {}, 1, 32, negative);
  EXPECT_EQ(five.at(0, 0, 0), negative(0, 2, 2));
  EXPECT_EQ(five.at(0, 10, 31), negative(0, 12, 31));
}

TEST(DarknetLayers, MaxpoolTakesAPaddingOfItsOwn) {
  const Planes planes = outcome("[maxpool]\nsize=2\nstride=1\npadding=0\n", {}, 1, 31, ramp);
  EXPECT_EQ(planes.at(0, 30, 30), ramp(0, 31, 31));
}

TEST(DarknetLayers, RouteJoinsLayersByNumberAndByDistance) {
  std::vector<float> weights;
  const std::string layers = times({2, 3}, weights) + "[route]\nlayers=0\n" + "[dropout]\nprobability=.5\n" +
                             "[maxpool]\nsize=1\nstride=1\n[route]\nlayers=-1,0\n";
  const Planes planes = outcome(layers, weights, 4, 32, ramp);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(planes.at(i, 7, 3), float(2 + i % 2) * ramp(0, 7, 3));
}

TEST(DarknetLayers, RouteTakesOneGroupOfEveryLayer) {
  std::vector<float> weights;
  const std::string layers = times({1, 2, 3, 4}, weights);
  const Planes one = outcome(layers + "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n", weights, 2, 32, ramp);
  EXPECT_EQ(one.at(0, 1, 0), 3 * ramp(0, 1, 0));
  EXPECT_EQ(one.at(1, 1, 0), 4 * ramp(0, 1, 0));
  const Planes two = outcome(layers + "[dropout]\n[route]\nlayers=-1,-2\ngroups=4\ngroup_id=2\n", weights, 2, 32, ramp);
  EXPECT_EQ(two.at(0, 1, 0), 3 * ramp(0, 1, 0));
  EXPECT_EQ(two.at(1, 1, 0), 3 * ramp(0, 1, 0));
}

TEST(DarknetLayers, ShortcutAddsAndActivates) {
  std::vector<float> weights;
  const std::string layers = times({1, -4}, weights) + "[dropout]\n[shortcut]\nfrom=-2\nactivation=leaky\n";
  const Planes planes = outcome(layers, weights, 2, 32, ones);
  EXPECT_EQ(planes.at(0, 9, 9), 2.0F);
  EXPECT_NEAR(planes.at(1, 9, 9), -0.8F, 1e-6);
}

TEST(DarknetLayers, UpsampleRepeatsValues) {
  const Planes planes = outcome("[maxpool]\nsize=2\nstride=2\n[upsample]\nstride=2\n", {}, 1, 32, ramp);
  for (const int y : {6, 7}) {
    for (const int x : {10, 11}) EXPECT_EQ(planes.at(0, y, x), ramp(0, 7, 11));
  }
}

TEST(DarknetLayers, ScaleChannelsMultipliesPlanesByTheirAverages) {
  std::vector<float> weights;
  const std::string layers = times({2, 3}, weights) + "[avgpool]\n[scale_channels]\nfrom=-2\n";
  const Planes planes = outcome(layers, weights, 2, 32, [](int, int y, int) { return y < 16 ? 1.0F : 3.0F; });
  EXPECT_NEAR(planes.at(0, 0, 0), 2 * 4, 1e-5);
  EXPECT_NEAR(planes.at(1, 31, 0), 9 * 6, 1e-5);
}

TEST(DarknetLayers, AveragePoolGivesOneValueAPlane) {
  const Planes planes = outcome("[avgpool]\n", {}, 1, 1, ramp);
  EXPECT_NEAR(planes.at(0, 0, 0), 511.5F, 1e-3);
}

TEST(DarknetLayers, SamMultipliesValueByValue) {
  std::vector<float> weights;
  const std::string layers = times({1, -2}, weights) + "[maxpool]\nsize=1\nstride=1\n[sam]\nfrom=-2\n";
  const Planes planes = outcome(layers, weights, 2, 32, ramp);
  EXPECT_EQ(planes.at(0, 1, 2), ramp(0, 1, 2) * ramp(0, 1, 2));
  EXPECT_EQ(planes.at(1, 1, 2), 4 * ramp(0, 1, 2) * ramp(0, 1, 2));
}

}  // namespace
}  // namespace zmdetect
