// Other slots than float planes: interleaved, integer, half precision, with mean and deviation.
#include "image/input.h"

#include <gtest/gtest.h>

#include <algorithm>
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

}  // namespace
}  // namespace zmdetect
