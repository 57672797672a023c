// Darknet's .weights: the header of every version, and values that run out or are left over.
#include "backends/onnx/darknet/weights.h"

#include <gtest/gtest.h>

#include "tests/darknet_support.h"

namespace zmdetect::darknet {
namespace {

using testing::TemporaryFolder;
using testing::weights_content;

/// A header of 32-bit words, then one value of 1.5.
std::string with_header(const std::vector<std::int32_t>& words) {
  const float value = 1.5F;
  std::string content(reinterpret_cast<const char*>(words.data()), words.size() * sizeof(std::int32_t));
  return content + std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

TEST(DarknetWeights, ReadsValuesInOrder) {
  const TemporaryFolder folder;
  Result<WeightsFile> file = WeightsFile::open(folder.write("a.weights", weights_content({1, 2, 3})));
  ASSERT_TRUE(file.ok()) << file.status().message();
  std::vector<float> values;
  ASSERT_TRUE(file.value().take(1, values).ok());
  EXPECT_EQ(values, (std::vector<float>{1}));
  ASSERT_TRUE(file.value().take(2, values).ok());
  EXPECT_EQ(values, (std::vector<float>{2, 3}));
  EXPECT_TRUE(file.value().finish("a.cfg").ok());
}

TEST(DarknetWeights, KnowsBothWidthsOfThePicturesSeen) {
  const TemporaryFolder folder;
  const std::vector<std::int32_t> headers[] = {{0, 1, 0, 64}, {0, 2, 0, 64, 0}, {0, 2, 5, 64, 0}, {1, 0, 0, 64, 0}};
  for (const auto& header : headers) {
    Result<WeightsFile> file = WeightsFile::open(folder.write("a.weights", with_header(header)));
    ASSERT_TRUE(file.ok()) << file.status().message();
    std::vector<float> values;
    ASSERT_TRUE(file.value().take(1, values).ok());
    EXPECT_EQ(values, (std::vector<float>{1.5F})) << header[0] << "." << header[1];
    EXPECT_TRUE(file.value().finish("a.cfg").ok());
  }
}

TEST(DarknetWeights, SaysBothCountsWhenTheFileIsTooShort) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.weights", weights_content({1, 2, 3}));
  Result<WeightsFile> file = WeightsFile::open(path);
  std::vector<float> values;
  ASSERT_TRUE(file.value().take(2, values).ok());
  ASSERT_TRUE(file.value().take(1'000'000'000'000, values).ok());
  EXPECT_TRUE(values.empty());
  ASSERT_TRUE(file.value().take(1, values).ok());
  EXPECT_TRUE(values.empty()) << "what follows a gap would be another layer's";
  const Status status = file.value().finish("a.cfg");
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_EQ(status.message(),
            path + " does not belong to a.cfg: the .cfg wants 1000000000003 floats, the .weights has 3");
}

TEST(DarknetWeights, SaysBothCountsWhenValuesAreLeftOver) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.weights", weights_content({1, 2, 3}));
  Result<WeightsFile> file = WeightsFile::open(path);
  std::vector<float> values;
  ASSERT_TRUE(file.value().take(1, values).ok());
  EXPECT_EQ(file.value().finish("a.cfg").message(),
            path + " does not belong to a.cfg: the .cfg wants 1 floats, the .weights has 3");
}

TEST(DarknetWeights, RefusesAFileWithoutAWholeHeader) {
  const TemporaryFolder folder;
  EXPECT_EQ(WeightsFile::open(folder.file("none.weights")).status().code(), Code::kModelFileMissing);
  const std::string whole = weights_content({});
  for (const std::size_t size : {std::size_t(0), std::size_t(8), std::size_t(16), whole.size() - 1}) {
    const std::string path = folder.write("short.weights", whole.substr(0, size));
    EXPECT_EQ(WeightsFile::open(path).status().code(), Code::kModelUnreadable) << size;
  }
}

TEST(DarknetWeights, RefusesAFileLargerThanAnOnnxModelHolds) {
  const TemporaryFolder folder;
  const std::string path = folder.write("huge.weights", weights_content({}));
  std::filesystem::resize_file(path, 1'900'000'001);  // a hole: it takes no disk
  const Status status = WeightsFile::open(path).status();
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_NE(status.message().find("1900000001"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace zmdetect::darknet
