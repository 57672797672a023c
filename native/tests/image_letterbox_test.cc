#include "image/input.h"

#include <bit>
#include <sstream>

#include "image_test_support.h"

namespace zmdetect::test {
namespace {

InputPlan target_of(int width, int height) {
  InputPlan target;
  target.width = width;
  target.height = height;
  return target;
}

std::vector<float> slot_for(const InputPlan& target) {
  return std::vector<float>(std::size_t(target.width) * std::size_t(target.height) * 3, -1.0F);
}

TEST(LetterboxGeometry, FollowsTheTableOfTheContract) {
  struct Row {
    int width, height;
    double scale;
    int scaled_width, scaled_height, pad_x, pad_y;
  };
  // Contract 5.2, input 640 x 640.
  const Row rows[] = {
      {800, 600, 0.8, 640, 480, 0, 80},        {1920, 1080, 1.0 / 3, 640, 360, 0, 140},
      {1280, 721, 0.5, 640, 360, 0, 140},      {641, 359, 640.0 / 641, 640, 358, 0, 141},
      {101, 75, 640.0 / 101, 640, 475, 0, 82}, {30, 20, 640.0 / 30, 640, 427, 0, 106},
      {360, 1280, 0.5, 180, 640, 230, 0},
  };
  for (const Row& row : rows) {
    const Placement got = place(row.width, row.height, target_of(640, 640));
    SCOPED_TRACE(std::to_string(row.width) + " x " + std::to_string(row.height));
    EXPECT_DOUBLE_EQ(got.scale_x, row.scale);
    EXPECT_EQ(got.scaled_width, row.scaled_width);
    EXPECT_EQ(got.scaled_height, row.scaled_height);
    EXPECT_EQ(got.pad_x, row.pad_x);
    EXPECT_EQ(got.pad_y, row.pad_y);
  }
}

TEST(LetterboxGeometry, PutsThePictureTopLeftWhenNotCentred) {
  InputPlan target = target_of(640, 640);
  target.fit = Fit::kTopLeft;
  const Placement got = place(800, 600, target);
  EXPECT_EQ(got.pad_x, 0);
  EXPECT_EQ(got.pad_y, 0);
  EXPECT_EQ(got.scaled_height, 480);
}

TEST(Letterbox, EqualsOpenCvsBlobInEveryBitOfEveryFloat) {
  if constexpr (std::endian::native != std::endian::little) GTEST_SKIP() << "the checksums are of little-endian floats";
  const auto lines = fixture_lines("letterbox.txt");
  ASSERT_GE(lines.size(), 20U);
  for (std::size_t seed = 0; seed < lines.size(); ++seed) {
    std::istringstream line(lines[seed]);
    int w = 0, h = 0, reversed = 0;
    InputPlan target;
    std::string expected;
    line >> w >> h >> target.width >> target.height >> reversed >> expected;
    target.channels = reversed != 0 ? Channels::kBgr : Channels::kRgb;

    std::vector<float> slot = slot_for(target);
    const auto geometry = write_input(noise(std::uint32_t(seed), w, h), target, slot.data());
    ASSERT_EQ(geometry.ok(), expected != "thin") << lines[seed];
    if (!geometry.ok()) continue;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(slot.data());
    EXPECT_EQ(crc32({bytes, slot.size() * sizeof(float)}), std::stoul(expected, nullptr, 16)) << lines[seed];
  }
}

TEST(TopLeft, EqualsYoloxsOwnPreprocessingInEveryBit) {
  if constexpr (std::endian::native != std::endian::little) GTEST_SKIP() << "the checksums are of little-endian floats";
  const auto lines = fixture_lines("top_left.txt");
  ASSERT_GE(lines.size(), 20U);
  for (std::size_t seed = 0; seed < lines.size(); ++seed) {
    std::istringstream line(lines[seed]);
    int w = 0, h = 0;
    InputPlan target{.fit = Fit::kTopLeft, .channels = Channels::kBgr, .factor = 1};
    std::string expected;
    line >> w >> h >> target.width >> target.height >> expected;
    std::vector<float> slot = slot_for(target);
    const auto geometry = write_input(noise(std::uint32_t(seed), w, h), target, slot.data());
    ASSERT_EQ(geometry.ok(), expected != "thin") << lines[seed];
    if (!geometry.ok()) continue;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(slot.data());
    EXPECT_EQ(crc32({bytes, slot.size() * sizeof(float)}), std::stoul(expected, nullptr, 16)) << lines[seed];
  }
}

TEST(TopLeft, TruncatesTheSides) {
  InputPlan target = target_of(416, 416);
  target.fit = Fit::kTopLeft;
  EXPECT_EQ(place(641, 359, target).scaled_height, 232);  // 232.98: the letterbox would have 233
  EXPECT_EQ(place(1280, 721, target).scaled_height, 234);
  EXPECT_DOUBLE_EQ(place(641, 359, target).scale_y, 416.0 / 641);
}

TEST(Grey, IsOpenCvsLumaOfTheResizedPicture) {
  const auto lines = fixture_lines("grey.txt");
  ASSERT_GE(lines.size(), 4U);
  for (std::size_t seed = 0; seed < lines.size(); ++seed) {
    std::istringstream line(lines[seed]);
    int w = 0, h = 0;
    InputPlan target{.fit = Fit::kStretch, .type = SlotType::kUint8, .channels = Channels::kGrey, .factor = 1};
    std::string expected;
    line >> w >> h >> target.width >> target.height >> expected;
    std::vector<std::uint8_t> slot(target.slot_bytes());
    ASSERT_EQ(slot.size(), std::size_t(target.width) * std::size_t(target.height));
    ASSERT_TRUE(write_input(noise(std::uint32_t(seed), w, h), target, slot.data()).ok());
    EXPECT_EQ(crc32(slot), std::stoul(expected, nullptr, 16)) << lines[seed];
  }
}

TEST(Letterbox, MultipliesEveryByteByTheScaleInSinglePrecision) {
  Image image = make_image(256, 1);
  for (std::size_t i = 0; i < 256; ++i) image.pixels[i * 3 + 1] = std::uint8_t(i);
  const InputPlan target = target_of(256, 1);
  std::vector<float> slot = slot_for(target);
  ASSERT_TRUE(write_input(image, target, slot.data()).ok());
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(slot[256 + i], float(i) * 0.00392F);
  EXPECT_FLOAT_EQ(slot[256 + 255], 0.9996F);  // not 1: the contract's constant is not 1/255
}

TEST(Letterbox, PadsAroundThePictureWithTheScaledPadding) {
  const InputPlan target = target_of(4, 6);
  std::vector<float> slot = slot_for(target);
  const auto geometry = write_input(make_image(2, 2), target, slot.data());
  ASSERT_TRUE(geometry.ok());
  EXPECT_EQ(geometry.value().pad_y, 1);
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 4; ++x) {
      EXPECT_EQ(slot[std::size_t(y * 4 + x)], y >= 1 && y < 5 ? 0.0F : 114 * 0.00392F) << x << ", " << y;
    }
  }
}

TEST(Letterbox, PutsTheOddPixelOfTheRestToTheRightAndBelow) {
  InputPlan target = target_of(5, 2);
  std::vector<float> slot = slot_for(target);
  ASSERT_TRUE(write_input(make_image(1, 1), target, slot.data()).ok());  // 2 x 2 in 5 x 2: 1 left, 2 right
  const float border = 114 * 0.00392F;
  EXPECT_EQ(std::vector<float>(slot.begin(), slot.begin() + 5), (std::vector<float>{border, 0, 0, border, border}));
}

TEST(Letterbox, WritesThePlanesInTheOrderAskedFor) {
  Image image = make_image(1, 1);
  image.pixels[0] = 10;
  image.pixels[1] = 20;
  image.pixels[2] = 30;
  InputPlan target = target_of(1, 1);
  target.factor = 1;
  std::vector<float> slot = slot_for(target);
  ASSERT_TRUE(write_input(image, target, slot.data()).ok());
  EXPECT_EQ(slot, (std::vector<float>{10, 20, 30}));
  target.channels = Channels::kBgr;
  ASSERT_TRUE(write_input(image, target, slot.data()).ok());
  EXPECT_EQ(slot, (std::vector<float>{30, 20, 10}));
}

TEST(Letterbox, RefusesAPictureWhoseSideVanishes) {
  const InputPlan target = target_of(640, 640);
  std::vector<float> slot = slot_for(target);
  const auto geometry = write_input(make_image(3000, 2), target, slot.data());
  ASSERT_FALSE(geometry.ok());
  EXPECT_EQ(int(geometry.status().code()), int(Code::kImageTooThin));
  EXPECT_NE(geometry.status().message().find("3000 x 2"), std::string::npos) << geometry.status().message();
}

}  // namespace
}  // namespace zmdetect::test
