// What we read of a .tflite file ourselves, and that no broken file leads the reader astray.
#include <algorithm>

#include "backends/tflite/model_file.h"
#include "tests/allocations.h"
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

/// A FlatBuffer whose model table has the vectors `codes` and `graphs`, each of `count` offsets to one table.
std::vector<std::uint8_t> sharing(std::uint32_t codes, std::uint32_t operators, std::uint32_t outputs) {
  std::vector<std::uint8_t> bytes;
  const auto u32 = [&](std::size_t value) {
    for (int i = 0; i < 4; ++i) bytes.push_back(std::uint8_t(value >> 8 * i));
  };
  const auto point = [&](std::size_t from, std::size_t to) {
    for (int i = 0; i < 4; ++i) bytes[from + std::size_t(i)] = std::uint8_t((to - from) >> 8 * i);
  };
  // A table of `fields` offsets, all zero for now; returns where the first lies.
  const auto table = [&](unsigned fields) {
    const std::size_t vtable = bytes.size();
    bytes.resize(vtable + 4 + 2 * fields);
    bytes[vtable] = std::uint8_t(4 + 2 * fields);
    for (unsigned i = 0; i < fields; ++i) bytes[vtable + 4 + 2 * i] = std::uint8_t(4 + 4 * i);
    u32(bytes.size() - vtable);
    const std::size_t first = bytes.size();
    bytes.resize(first + 4 * std::size_t(fields));
    return first;
  };
  const auto vector = [&](std::uint32_t size) {
    const std::size_t at = bytes.size();
    u32(size);
    bytes.resize(bytes.size() + 4 * std::size_t(size));
    return at;
  };
  u32(0);
  for (const char c : {'T', 'F', 'L', '3'}) bytes.push_back(std::uint8_t(c));
  const std::size_t model = table(3);
  point(0, model - 4);
  const std::size_t code_list = vector(codes);
  const std::size_t code = table(2);
  const std::size_t name = bytes.size();
  const std::string op = "TFLite_Detection_PostProcess";
  u32(op.size());
  bytes.insert(bytes.end(), op.begin(), op.end());
  const std::size_t graph_list = vector(1);
  const std::size_t graph = table(4);
  const std::size_t op_list = vector(operators);
  const std::size_t op_table = table(3);
  const std::size_t numbers = vector(outputs);
  point(model + 4, code_list);
  point(model + 8, graph_list);
  for (std::uint32_t i = 0; i < codes; ++i) point(code_list + 4 + 4 * std::size_t(i), code - 4);
  point(code + 4, name);
  point(graph_list + 4, graph - 4);
  point(graph + 8, numbers);
  point(graph + 12, op_list);
  for (std::uint32_t i = 0; i < operators; ++i) point(op_list + 4 + 4 * std::size_t(i), op_table - 4);
  point(op_table + 8, numbers);
  return bytes;
}

TEST(ModelFile, WhatIsSharedIsNotReadAgainAndAgain) {
  const auto work = [](const std::vector<std::uint8_t>& bytes) {
    const testing::Allocations count;
    (void)read_model_file(bytes);
    return count.so_far().bytes;
  };
  const auto good = read_model_file(sharing(1, 1, 4));
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->custom_ops.size(), 1U);
  const auto many = sharing(1, 200'000, 500);
  ASSERT_FALSE(many.empty());
  EXPECT_LE(work(many), 100'000U) << "each operator's outputs were read";
  EXPECT_FALSE(read_model_file(sharing(5000, 1, 4)).has_value());
  EXPECT_LE(work(sharing(300'000, 1, 4)), 100'000U);
  EXPECT_FALSE(read_model_file(sharing(1, 1, 300'000)).has_value());
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
