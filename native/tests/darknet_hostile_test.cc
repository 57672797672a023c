// A .cfg of some bytes that asks for much: refused from the sizes alone, with work that is counted in allocations.
#include <gtest/gtest.h>

#include "backends/onnx/darknet/cfg.h"
#include "backends/onnx/darknet/importer.h"
#include "input_limits.h"
#include "tests/allocations.h"
#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::Allocations;
using testing::TemporaryFolder;
using testing::weights_content;

const std::string kConvolution = "[convolutional]\nfilters=6\nsize=1\n";  // on 3 channels: 24 values
const std::string kYolo = "[yolo]\nclasses=1\nanchors=8,8\n";

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// "1,1,1": `count` numbers.
std::string list(std::size_t count) { return repeated("1,", count - 1) + "1"; }

class HostileCfg : public ::testing::Test {
 protected:
  /// Imports the sections at `side` x `side` with weights of `values` floats.
  Status import(const std::string& sections, int side = 32, std::size_t values = 24) {
    const std::string cfg = folder.write("a.cfg", "[net]\n" + sections);
    const std::string weights = folder.write("a.weights", weights_content(std::vector<float>(values)));
    const Allocations count;
    Status status = import_darknet(cfg, weights, side, side).status();
    allocated = count.so_far().bytes;
    return status;
  }

  /// Refused with these words, and without memory for what the sections ask for.
  void expect_refused(const std::string& sections, const std::string& words, int side = 32) {
    const Status status = import(sections, side);
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
    EXPECT_LE(status.message().size(), 400U);
    EXPECT_LE(allocated, 64 * sections.size() + (std::uint64_t(96) << 20U)) << words;
  }

  TemporaryFolder folder;
  std::uint64_t allocated = 0;
};

TEST_F(HostileCfg, BytesSectionsOptionsAndListsAreLimited) {
  expect_refused(repeated("#", limits::kDarknetBytes), "has more than 1048576 bytes");
  expect_refused(repeated("[dropout]\n", limits::kDarknetSections), ":2001: more than 2000 sections");
  std::string options = "[convolutional]\n";
  for (int i = 0; i < 50'000; ++i) options += "o" + std::to_string(i) + "=1\n";
  expect_refused(options, ":1003: more than 1000 options in [convolutional]");
  expect_refused("[convolutional]\n" + repeated("size=1\n", 50'000), "more than 1000 options");
  expect_refused(kConvolution + "[route]\nlayers=" + list(60'000), "expected at most 256 whole numbers");
  expect_refused(kConvolution + "[yolo]\nclasses=1\nanchors=" + list(257), "expected at most 256 numbers");
  expect_refused(kConvolution + "[yolo]\nanchors=8,8\nmask=" + repeated("0,", 400) + "0", "expected at most 256");
}

TEST_F(HostileCfg, ReadingIsLinearInTheOptions) {
  const auto calls = [&](int options) {
    std::string text = "[net]\n";
    for (int i = 0; i < options; ++i) text += "an_option_with_a_long_name_" + std::to_string(i) + "=1\n";
    const Allocations count;
    EXPECT_TRUE(darknet::parse_cfg(text, "a.cfg").ok());
    return count.so_far().calls;
  };
  EXPECT_LE(calls(1000), 10U * 1000);
  EXPECT_LE(calls(1000), 2 * calls(500) + 20);
}

TEST_F(HostileCfg, ARouteOfManyLargeLayersOverflowsNothing) {
  const std::string wide = "[convolutional]\nfilters=65536\nsize=1\n";
  const std::string zeros = repeated("0,", limits::kDarknetList - 1) + "0";
  expect_refused(wide + "[route]\nlayers=" + zeros, "would make a volume of 16777216x32x32");
  expect_refused(kConvolution + "[route]\nlayers=-2147483648", "expected at most 256 whole numbers -65536..65536");
  expect_refused(kConvolution + "[shortcut]\nfrom=2147483647", "expected a whole number -65536..65536 for from");
}

TEST_F(HostileCfg, NoLayerAndNoNetworkGrowsBeyondMemory) {
  expect_refused(kConvolution + "[upsample]\nstride=64\n[upsample]\nstride=64\n", "would make a volume of 6x");
  expect_refused("[convolutional]\nfilters=300\nsize=1\n[upsample]\nstride=32\n",
                 "would make a volume of 300x1024x1024");
  const std::string large = kConvolution + "[upsample]\nstride=64\n";  // 6 x 2048 x 2048
  expect_refused(large + repeated("[dropout]\n", 300), "values between its layers, more than 4294967296");
  expect_refused(large + kYolo, "brings the grids to 4194304 cells, more than 2000000");
  const std::string grid = kConvolution + "[upsample]\nstride=16\n" + kYolo;  // 512 x 512 cells
  expect_refused(grid + repeated("[route]\nlayers=1\n" + kYolo, 200), "brings the grids to 2097152 cells");
}

TEST_F(HostileCfg, NoNetworkComputesForEver) {
  expect_refused("[convolutional]\nfilters=65536\nsize=1\n[convolutional]\nfilters=65536\nsize=64\npad=1\n",
                 "operations for a picture, more than 2000000000000");
  expect_refused(kConvolution + "[upsample]\nstride=64\n" + repeated("[maxpool]\nsize=64\nstride=1\n", 30),
                 "operations for a picture");
}

TEST_F(HostileCfg, TheGraphHasFewNodes) {
  const std::string route = "[route]\ngroups=6\nlayers=" + repeated("0,", limits::kDarknetList - 1) + "0\n";
  expect_refused(kConvolution + repeated(route, 100), " nodes, more than 20000");
}

TEST_F(HostileCfg, WeightsAreNotReadBeforeTheyAreThere) {
  const Status status = import("[convolutional]\nfilters=4096\nsize=64\npad=1\n" + kYolo, 32, 100'000);
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_LE(allocated, std::uint64_t(4) << 20U);
}

}  // namespace
}  // namespace zmdetect
