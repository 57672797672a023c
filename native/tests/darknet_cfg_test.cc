// The text of a Darknet .cfg: what it means, and what is said of its mistakes.
#include "backends/onnx/darknet/cfg.h"

#include <gtest/gtest.h>

#include "tests/darknet_support.h"

namespace zmdetect::darknet {
namespace {

Result<std::vector<Section>> parsed(const std::string& text) { return parse_cfg(text, "a.cfg"); }

TEST(DarknetCfg, SplitsSectionsAndOptions) {
  const auto sections = parsed("[net]\nwidth=416\n\n[convolutional]\nfilters = 32\nactivation=leaky\n");
  ASSERT_TRUE(sections.ok()) << sections.status().message();
  ASSERT_EQ(sections.value().size(), 2U);
  EXPECT_EQ(sections.value()[0].type(), "net");
  EXPECT_EQ(sections.value()[1].line(), 4);
  int filters = 0;
  std::string activation;
  ASSERT_TRUE(sections.value()[1].read("filters", filters, {1, 100}).ok());
  ASSERT_TRUE(sections.value()[1].read("activation", activation).ok());
  EXPECT_EQ(filters, 32);
  EXPECT_EQ(activation, "leaky");
}

TEST(DarknetCfg, IgnoresCommentsBlanksAndWindowsLineEnds) {
  const auto sections = parsed("# made by hand\r\n  [ yolo ]  ; the end\r\n\tthresh = .5  # low\r\n;mask=1\r\n");
  ASSERT_TRUE(sections.ok()) << sections.status().message();
  const Section& yolo = sections.value().at(0);
  EXPECT_EQ(yolo.type(), "yolo");
  float thresh = 0;
  ASSERT_TRUE(yolo.read("thresh", thresh).ok());
  EXPECT_EQ(thresh, 0.5F);
  EXPECT_FALSE(yolo.has("mask"));
}

TEST(DarknetCfg, ReadsListsWithBlanksBetween) {
  const auto sections = parsed("[yolo]\nanchors = 12, 18,  37.5, 49\nmask=3,4\n");
  std::vector<float> anchors;
  std::vector<int> mask;
  ASSERT_TRUE(sections.value()[0].read("anchors", anchors).ok());
  ASSERT_TRUE(sections.value()[0].read("mask", mask, {0, 9}).ok());
  EXPECT_EQ(anchors, (std::vector<float>{12, 18, 37.5, 49}));
  EXPECT_EQ(mask, (std::vector<int>{3, 4}));
}

TEST(DarknetCfg, KeepsTheDefaultOfAnOptionLeftOutOrEmpty) {
  const auto sections = parsed("[maxpool]\nstride=\n");
  int stride = 2;
  int size = 7;
  EXPECT_TRUE(sections.value()[0].read("stride", stride, {1, 9}).ok());
  EXPECT_TRUE(sections.value()[0].read("size", size, {1, 9}).ok());
  EXPECT_EQ(stride, 2);
  EXPECT_EQ(size, 7);
}

TEST(DarknetCfg, TakesTheLaterOfTwoOptions) {
  const auto sections = parsed("[net]\nwidth=320\nwidth=416\n");
  int width = 0;
  EXPECT_TRUE(sections.value()[0].read("width", width, {1, 1000}).ok());
  EXPECT_EQ(width, 416);
}

TEST(DarknetCfg, NamesFileLineSectionAndOptionOfAMistake) {
  const auto sections = parsed("[net]\n[maxpool]\nsize=2x\nstride=0\nlayers=1,,2\nthresh=nan\n");
  const Section& maxpool = sections.value().at(1);
  int number = 5;
  float thresh = 0;
  std::vector<int> list;
  const Status size = maxpool.read("size", number, {1, 64});
  EXPECT_EQ(size.code(), Code::kModelUnreadable);
  EXPECT_EQ(size.message(), "a.cfg:3: [maxpool] expected a whole number 1..64 for size, got \"2x\"");
  EXPECT_EQ(maxpool.read("stride", number, {1, 64}).message(),
            "a.cfg:4: [maxpool] expected a whole number 1..64 for stride, got \"0\"");
  EXPECT_EQ(
      maxpool.read("layers", list, {0, 9}).message(),
      "a.cfg:5: [maxpool] expected at most 256 whole numbers 0..9 with commas between them for layers, got \"1,,2\"");
  EXPECT_EQ(maxpool.read("thresh", thresh).message(), "a.cfg:6: [maxpool] expected a number for thresh, got \"nan\"");
  EXPECT_EQ(number, 5);
}

TEST(DarknetCfg, RefusesAnOptionThatItCannotFollow) {
  const auto sections = parsed("[convolutional]\ndilation=2\nxnor=0\n");
  const Status refused = sections.value()[0].expect("dilation", "1");
  EXPECT_EQ(refused.code(), Code::kModelLayoutUnknown);
  EXPECT_EQ(refused.message(), "a.cfg:2: [convolutional] the importer cannot follow dilation=2, only 1");
  EXPECT_TRUE(sections.value()[0].expect("xnor", "0").ok());
  EXPECT_TRUE(sections.value()[0].expect("binary", "0").ok());
}

TEST(DarknetCfg, RefusesTextThatIsNoCfg) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "a.cfg has no section; it is no Darknet .cfg"},
      {"# nothing\n", "a.cfg has no section; it is no Darknet .cfg"},
      {"width=3\n", "a.cfg:1: expected a [section] before \"width=3\""},
      {"[net\n", "a.cfg:1: expected [section], got \"[net\""},
      {"[]\n", "a.cfg:1: expected [section], got \"[]\""},
      {"[net]\nhello\n", "a.cfg:2: expected option = value, got \"hello\""},
      {"[net]\n=3\n", "a.cfg:2: expected option = value, got \"=3\""},
  };
  for (const auto& row : cases) {
    const auto sections = parsed(row.text);
    ASSERT_FALSE(sections.ok()) << row.text;
    EXPECT_EQ(sections.status().code(), Code::kModelUnreadable);
    EXPECT_EQ(sections.status().message(), row.message);
  }
}

TEST(DarknetCfg, RefusesAMissingAndAnEndlessFile) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(read_cfg(folder.file("none.cfg")).status().code(), Code::kModelFileMissing);
  EXPECT_EQ(read_cfg(folder.write("big.cfg", std::string(5U << 20, '#'))).status().code(), Code::kModelUnreadable);
}

}  // namespace
}  // namespace zmdetect::darknet
