// What we read of a .tflite file ourselves, and that no broken file leads the reader astray.
#include <algorithm>

#include "backends/tflite/model_file.h"
#include "tests/support.h"
#include "tests/tflite_support.h"

namespace zmdetect::tflite {
namespace {

using testing::read_file;
using testing::shared_file;

class ModelFileTest : public testing::TfliteTest {};

TEST_F(ModelFileTest, FindsTheOutputsOfTheSsdOperatorInEitherOrder) {
  const auto first = read_model_file(read_file(shared_file(testing::kCocoSsd)));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->ssd_outputs, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_FALSE(first->has_custom_op(kEdgeTpuOp));
  const auto second = read_model_file(read_file(shared_file(testing::kNoteSsd)));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->ssd_outputs, (std::vector<int>{1, 3, 0, 2}));
}

TEST_F(ModelFileTest, KnowsAModelThatIsCompiledForTheEdgeTpu) {
  const auto file = read_model_file(read_file(shared_file(testing::kNoteEdgeTpu)));
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->has_custom_op(kEdgeTpuOp));
  EXPECT_EQ(file->ssd_outputs, (std::vector<int>{1, 3, 0, 2}));
}

TEST_F(ModelFileTest, SurvivesFilesCutAnywhereAndFlippedBytes) {
  auto bytes = read_file(shared_file(testing::kNoteSsd));
  for (std::size_t size = 0; size < bytes.size(); size += 4 + size / 50) {
    (void)read_model_file(std::span(bytes).first(size));
  }
  // The tables lie at both ends of the file; what lies between are weights.
  for (const std::size_t from : {std::size_t(0), bytes.size() - 60'000}) {
    for (std::size_t i = from; i < from + 60'000; i += 7) {
      const std::uint8_t kept = std::exchange(bytes[i], std::uint8_t(bytes[i] ^ 0xA5));
      (void)read_model_file(bytes);
      bytes[i] = kept;
    }
  }
}

TEST(ModelFile, RefusesWhatIsNoModel) {
  EXPECT_FALSE(read_model_file({}).has_value());
  const std::string text = "this is no model at all";
  EXPECT_FALSE(read_model_file({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}).has_value());
  const std::vector<std::uint8_t> leads_nowhere{0xFF, 0xFF, 0xFF, 0xFF, 'T', 'F', 'L', '3'};
  EXPECT_FALSE(read_model_file(leads_nowhere).has_value());
}

}  // namespace
}  // namespace zmdetect::tflite
