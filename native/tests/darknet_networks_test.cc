// The published Darknet detectors: their layers parse, their values are counted right, and they run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends/onnx/darknet/importer.h"
#include "tests/darknet_networks.h"
#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::floats_of;
using testing::LoadedDarknet;
using testing::NetworkWriter;
using testing::TemporaryFolder;

struct Published {
  const char* name;
  void (*write)(NetworkWriter&);
  std::size_t file_bytes;  // size of the published .weights, 0 where it is not known for sure
  std::int64_t rows;       // at 416 x 416
};

class DarknetNetworks : public ::testing::TestWithParam<Published> {};

INSTANTIATE_TEST_SUITE_P(All, DarknetNetworks,
                         ::testing::Values(Published{"yolov3", testing::write_yolov3, 248007048, 10647},
                                           Published{"yolov3_tiny", testing::write_yolov3_tiny, 35434956, 2535},
                                           Published{"yolov4", testing::write_yolov4, 257717640, 10647},
                                           Published{"yolov4_tiny", testing::write_yolov4_tiny, 24251276, 2535},
                                           Published{"yolov7_tiny", testing::write_yolov7_tiny, 0, 10647}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(DarknetNetworks, WantAsManyValuesAsThePublishedFileHas) {
  NetworkWriter net(1, false);
  GetParam().write(net);
  const TemporaryFolder folder;
  const Status status = import_darknet(folder.write("a.cfg", net.cfg()),
                                       folder.write("a.weights", testing::weights_content({})), 416, 416)
                            .status();
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_NE(status.message().find("wants " + std::to_string(net.count()) + " floats"), std::string::npos)
      << status.message();
  if (GetParam().file_bytes == 0) return;
  EXPECT_EQ(net.count() * sizeof(float), GetParam().file_bytes - 20) << "20 bytes of header";
}

TEST_P(DarknetNetworks, RunWithAnEighthOfTheirChannels) {
  NetworkWriter net(8, true);
  GetParam().write(net);
  const TemporaryFolder folder;
  const Result<LoadedDarknet> loaded = testing::load_darknet(
      folder.write("a.cfg", net.cfg()), folder.write("A.WEIGHTS", testing::weights_content(net.values())), 0, 0);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const TensorView answer = loaded.value().run(std::vector<float>(3 * 416 * 416, 0.5F), {1, 3, 416, 416});
  ASSERT_EQ(answer.shape, (std::vector<std::int64_t>{1, GetParam().rows, 85}));
  const std::vector<float> rows = floats_of(answer);
  EXPECT_TRUE(std::all_of(rows.begin(), rows.end(), [](float value) { return std::isfinite(value); }));
}

TEST_P(DarknetNetworks, TakeAnyMultipleOf32) {
  NetworkWriter net(16, true);
  GetParam().write(net);
  const TemporaryFolder folder;
  const Result<LoadedDarknet> loaded = testing::load_darknet(
      folder.write("a.cfg", net.cfg()), folder.write("a.weights", testing::weights_content(net.values())), 96, 64);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const TensorView answer = loaded.value().run(std::vector<float>(2 * 3 * 64 * 96, 0.5F), {2, 3, 64, 96});
  EXPECT_EQ(answer.shape, (std::vector<std::int64_t>{2, GetParam().rows * 96 * 64 / (416 * 416), 85}));
}

}  // namespace
}  // namespace zmdetect
