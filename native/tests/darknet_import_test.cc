// What the importer says of networks that it cannot or will not build.
#include "backends/onnx/darknet/importer.h"

#include <gtest/gtest.h>

#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::TemporaryFolder;
using testing::weights_content;

constexpr const char* kConvolution = "[convolutional]\nfilters=6\nsize=1\n";  // on 3 channels: 24 values
constexpr const char* kYolo = "[yolo]\nclasses=1\nanchors=8,8\n";

class DarknetImport : public ::testing::Test {
 protected:
  Status import(const std::string& cfg, std::size_t values = 24, int width = 32, int height = 32) {
    return import_darknet(folder.write("a.cfg", cfg),
                          folder.write("a.weights", weights_content(std::vector<float>(values))), width, height)
        .status();
  }

  void expect_refused(const std::string& sections, Code code, const std::string& message) {
    const Status status = import("[net]\n" + sections);
    EXPECT_EQ(status.code(), code) << sections;
    EXPECT_EQ(status.message(), folder.file("a.cfg") + message) << sections;
  }

  TemporaryFolder folder;
};

TEST_F(DarknetImport, BuildsTheSmallestDetector) {
  const Status status = import(std::string("[net]\n") + kConvolution + kYolo);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST_F(DarknetImport, NamesAnUnknownLayerAndItsLine) {
  const Status status = import(std::string("[net]\n") + kConvolution + "[gru]\noutput=3\n" + kYolo);
  EXPECT_EQ(status.code(), Code::kModelLayoutUnknown);
  EXPECT_EQ(status.message().find(folder.file("a.cfg") + ":5: [gru] is no layer that the importer knows: "), 0U)
      << status.message();
}

TEST_F(DarknetImport, NamesAnUnknownActivation) {
  expect_refused("[convolutional]\nfilters=6\nsize=1\nactivation=gelu\n", Code::kModelLayoutUnknown,
                 ":2: [convolutional] expected linear, leaky, relu, logistic, tanh, swish or mish for activation, got "
                 "\"gelu\"");
}

TEST_F(DarknetImport, RefusesLayersThatDoNotFitEachOther) {
  const std::string convolution = kConvolution;
  const std::string yolo = kYolo;
  expect_refused(convolution + "[route]\nlayers=-2\n", Code::kModelUnreadable,
                 ":5: [route] refers to layer -2, but 1 layers come before it");
  expect_refused(convolution + "[route]\nlayers=1\n", Code::kModelUnreadable,
                 ":5: [route] refers to layer 1, but 1 layers come before it");
  expect_refused(convolution + "[route]\ngroups=4\nlayers=0\n", Code::kModelUnreadable,
                 ":5: [route] 6 channels do not split into 4 groups");
  expect_refused(convolution + "[route]\n", Code::kModelUnreadable, ":5: [route] has no layers");
  expect_refused(convolution + "[shortcut]\n", Code::kModelUnreadable, ":5: [shortcut] has no from");
  expect_refused(convolution + "[maxpool]\n[route]\nlayers=-1,0\n", Code::kModelLayoutUnknown,
                 ":6: [route] combines volumes that do not fit: 6x16x16 and 6x32x32");
  expect_refused(convolution + "[maxpool]\n[shortcut]\nfrom=0\n", Code::kModelLayoutUnknown,
                 ":6: [shortcut] combines volumes that do not fit: 6x16x16 and 6x32x32");
  expect_refused(convolution + "[dropout]\n[scale_channels]\nfrom=0\n", Code::kModelLayoutUnknown,
                 ":6: [scale_channels] combines volumes that do not fit: 6x32x32 and 6x32x32");
  expect_refused(convolution + yolo + "[maxpool]\n", Code::kModelLayoutUnknown,
                 ":8: [maxpool] reads layer 1, a [yolo], which is an end of the network");
  expect_refused("[convolutional]\nfilters=6\nsize=1\ngroups=2\n", Code::kModelUnreadable,
                 ":2: [convolutional] 3 channels and 6 filters do not split into 2 groups");
}

TEST_F(DarknetImport, RefusesAYoloThatDoesNotFitItsConvolution) {
  const std::string convolution = kConvolution;
  expect_refused(convolution + "[yolo]\nclasses=2\nanchors=8,8\n", Code::kModelUnreadable,
                 ":5: [yolo] expected 7 channels (1 anchors, 2 classes), got 6");
  expect_refused(convolution + "[yolo]\nclasses=1\nanchors=8,8,9\n", Code::kModelUnreadable,
                 ":5: [yolo] expected pairs of numbers for anchors, got 3 numbers");
  expect_refused(convolution + "[yolo]\nclasses=1\nanchors=8,8\nmask=1\n", Code::kModelUnreadable,
                 ":8: [yolo] expected at most 256 whole numbers 0..0 with commas between them for mask, got \"1\"");
}

TEST_F(DarknetImport, RefusesWhatGrowsOrShrinksWithoutEnd) {
  std::string cfg = "[net]\n" + std::string(kConvolution);
  for (int i = 0; i < 40; ++i) cfg += "[upsample]\nstride=64\n";
  EXPECT_EQ(import(cfg).code(), Code::kModelLayoutUnknown);
  EXPECT_EQ(import("[net]\n[convolutional]\nfilters=6\nsize=64\n").code(), Code::kModelLayoutUnknown);
  cfg = "[net]\n[convolutional]\nfilters=65536\nsize=64\npad=1\nstride=32\n";
  for (int i = 0; i < 40; ++i) cfg += "[convolutional]\nfilters=65536\nsize=64\npad=1\n";
  EXPECT_EQ(import(cfg + kConvolution + kYolo).code(), Code::kModelLayoutUnknown);
}

TEST_F(DarknetImport, RefusesANetworkThatDetectsNothing) {
  const Status status = import(std::string("[net]\n") + kConvolution);
  EXPECT_EQ(status.code(), Code::kModelLayoutUnknown);
  EXPECT_EQ(status.message(), folder.file("a.cfg") + " has no [yolo] section, so it is no detector");
  EXPECT_EQ(import(kConvolution).code(), Code::kModelUnreadable);
}

TEST_F(DarknetImport, RefusesWeightsOfAnotherNetwork) {
  const std::string cfg = std::string("[net]\n") + kConvolution + kYolo;
  for (const std::size_t values : {std::size_t(0), std::size_t(23), std::size_t(25)}) {
    const Status status = import(cfg, values);
    EXPECT_EQ(status.code(), Code::kModelUnreadable);
    EXPECT_EQ(status.message(), folder.file("a.weights") + " does not belong to " + folder.file("a.cfg") +
                                    ": the .cfg wants 24 floats, the .weights has " + std::to_string(values));
  }
}

TEST_F(DarknetImport, RefusesASizeThatIsNoMultipleOf32) {
  const std::string cfg = std::string("[net]\n") + kConvolution + kYolo;
  EXPECT_TRUE(import(cfg, 24, 96, 64).ok());
  EXPECT_TRUE(import(cfg, 24, 0, 0).ok());
  EXPECT_EQ(import(cfg, 24, 100, 64).message(), "expected a multiple of 32 from 32 to 8192 for model_width, got 100");
  EXPECT_EQ(import(cfg, 24, 96, -32).message(), "expected a multiple of 32 from 32 to 8192 for model_height, got -32");
}

TEST_F(DarknetImport, AsksForTheCfgThatIsMissing) {
  const std::string weights = folder.write("a.weights", weights_content({}));
  const Status none = import_darknet("", weights, 0, 0).status();
  EXPECT_EQ(none.code(), Code::kModelFileMissing);
  EXPECT_EQ(none.message(), weights + " needs its .cfg file, and none was found beside it");
  EXPECT_EQ(import_darknet(folder.file("b.cfg"), weights, 0, 0).status().code(), Code::kModelFileMissing);
}

TEST_F(DarknetImport, KnowsWeightsByTheirNameInAnyCase) {
  EXPECT_TRUE(is_darknet_weights("/models/yolov4.weights"));
  EXPECT_TRUE(is_darknet_weights("YOLO.WEIGHTS"));
  EXPECT_FALSE(is_darknet_weights("weights"));
  EXPECT_FALSE(is_darknet_weights("yolo.weights.onnx"));
}

}  // namespace
}  // namespace zmdetect
