// Other slots than float planes: interleaved, integer, half precision, with mean and deviation.
#include "image/input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace zmdetect {
namespace {

/// Two pixels side by side: (0, 100, 255) and (10, 20, 30).
Image two_pixels() {
  Image image{.width = 2, .height = 1, .pixels = std::make_unique<std::uint8_t[]>(6)};
  const std::uint8_t values[] = {0, 100, 255, 10, 20, 30};
  std::copy_n(values, 6, image.pixels.get());
  return image;
}

TEST(WriteInput, InterleavesBytes) {
  const InputPlan plan{.width = 2,
                       .height = 2,
                       .fit = Fit::kTopLeft,
                       .type = SlotType::kUint8,
                       .interleaved = true,
                       .padding = 7,
                       .factor = 1};
  std::vector<std::uint8_t> slot(plan.slot_bytes());
  ASSERT_TRUE(write_input(two_pixels(), plan, slot.data()).ok());
  EXPECT_EQ(slot, (std::vector<std::uint8_t>{0, 100, 255, 10, 20, 30, 7, 7, 7, 7, 7, 7}));
}

TEST(WriteInput, QuantisesWithStepAndZeroPoint) {
  const InputPlan plan{.width = 2,
                       .height = 1,
                       .type = SlotType::kInt8,
                       .interleaved = true,
                       .factor = 1.0F / 255,
                       .step = 1.0F / 255,
                       .zero_point = -128};
  std::vector<std::int8_t> slot(plan.slot_bytes());
  ASSERT_TRUE(write_input(two_pixels(), plan, slot.data()).ok());
  EXPECT_EQ(slot, (std::vector<std::int8_t>{-128, -28, 127, -118, -108, -98}));
}

TEST(WriteInput, TakesMeanAndDeviationOfEachChannel) {
  const InputPlan plan{
      .width = 2, .height = 1, .fit = Fit::kStretch, .factor = 1, .mean = {0, 100, 5}, .deviation = {1, 2, 50}};
  std::vector<float> slot(6);
  ASSERT_TRUE(write_input(two_pixels(), plan, slot.data()).ok());
  EXPECT_EQ(slot, (std::vector<float>{0, 10, 0, -40, 5, 0.5F}));
}

TEST(WriteInput, WritesDoublesAndBfloat16) {
  const InputPlan doubles{.width = 2, .height = 1, .fit = Fit::kStretch, .type = SlotType::kFloat64, .factor = 1};
  std::vector<double> wide(6);
  ASSERT_EQ(doubles.slot_bytes(), 48U);
  ASSERT_TRUE(write_input(two_pixels(), doubles, wide.data()).ok());
  EXPECT_EQ(wide, (std::vector<double>{0, 10, 100, 20, 255, 30}));

  InputPlan brain = doubles;
  brain.type = SlotType::kBfloat16;
  std::vector<std::uint16_t> narrow(6);
  ASSERT_EQ(brain.slot_bytes(), 12U);
  ASSERT_TRUE(write_input(two_pixels(), brain, narrow.data()).ok());
  EXPECT_EQ(narrow, (std::vector<std::uint16_t>{0x0000, 0x4120, 0x42C8, 0x41A0, 0x437F, 0x41F0}));
}

TEST(WriteInput, WritesOneChannelOfGreyEitherWay) {
  InputPlan plan{.width = 2, .height = 1, .fit = Fit::kStretch, .channels = Channels::kGrey, .factor = 1};
  std::vector<float> slot(2);
  ASSERT_EQ(plan.slot_bytes(), 8U);
  ASSERT_TRUE(write_input(two_pixels(), plan, slot.data()).ok());
  EXPECT_EQ(slot, (std::vector<float>{88, 18}));  // 0.299 R + 0.587 G + 0.114 B
  plan.interleaved = true;
  ASSERT_TRUE(write_input(two_pixels(), plan, slot.data()).ok());
  EXPECT_EQ(slot, (std::vector<float>{88, 18}));
}

/// A float SSD takes -1..1: its slot is four times as large as the bytes that the Lanczos resize makes.
TEST(WriteInput, ConvertsWhatLanczosMade) {
  const InputPlan plan{.width = 2,
                       .height = 2,
                       .fit = Fit::kTopLeftLanczos,
                       .interleaved = true,
                       .factor = 1,
                       .mean = {127.5F, 127.5F, 127.5F},
                       .deviation = {127.5F, 127.5F, 127.5F}};
  std::vector<float> slot(12);
  ASSERT_TRUE(write_input(two_pixels(), plan, slot.data()).ok());
  const std::uint8_t bytes[] = {0, 100, 255, 10, 20, 30};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(slot[i], (float(bytes[i]) - 127.5F) / 127.5F) << i;
  for (std::size_t i = 6; i < 12; ++i) EXPECT_EQ(slot[i], -1.0F) << i;
}

TEST(WriteInput, StretchesToTheWholeInput) {
  const InputPlan plan{.width = 3, .height = 5, .fit = Fit::kStretch};
  const Placement at = place(300, 100, plan);
  EXPECT_EQ(at.scaled_width, 3);
  EXPECT_EQ(at.scaled_height, 5);
  EXPECT_DOUBLE_EQ(at.scale_x, 0.01);
  EXPECT_DOUBLE_EQ(at.scale_y, 0.05);
}

TEST(Half, RoundsToNearestEvenAndComesBack) {
  EXPECT_EQ(to_half(0.0F), 0x0000);
  EXPECT_EQ(to_half(-0.0F), 0x8000);
  EXPECT_EQ(to_half(1.0F), 0x3C00);
  EXPECT_EQ(to_half(65504.0F), 0x7BFF);
  EXPECT_EQ(to_half(65520.0F), 0x7C00);
  EXPECT_EQ(to_half(std::numeric_limits<float>::infinity()), 0x7C00);
  EXPECT_EQ(to_half(0x1p-24F), 0x0001);
  EXPECT_EQ(to_half(0x1p-25F), 0x0000);
  EXPECT_EQ(to_half(1.0F + 0x1p-11F), 0x3C00);
  EXPECT_EQ(to_half(1.0F + 3 * 0x1p-11F), 0x3C02);
  EXPECT_TRUE(std::isnan(from_half(to_half(std::numeric_limits<float>::quiet_NaN()))));
  for (std::uint32_t half = 0; half < 0x7C00; ++half) EXPECT_EQ(to_half(from_half(std::uint16_t(half))), half);
}

TEST(Bfloat16, RoundsToNearestEvenAndComesBack) {
  EXPECT_EQ(to_bfloat16(1.0F), 0x3F80);
  EXPECT_EQ(to_bfloat16(-0.0F), 0x8000);
  EXPECT_EQ(to_bfloat16(1.0F + 0x1p-8F), 0x3F80);
  EXPECT_EQ(to_bfloat16(1.0F + 3 * 0x1p-8F), 0x3F82);
  EXPECT_EQ(to_bfloat16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_TRUE(std::isnan(from_bfloat16(to_bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(from_bfloat16(to_bfloat16(std::bit_cast<float>(0x7F800001U)))));
  for (std::uint32_t bits = 0; bits < 0x7F80; ++bits) EXPECT_EQ(to_bfloat16(from_bfloat16(std::uint16_t(bits))), bits);
}

}  // namespace
}  // namespace zmdetect
