#include "engine/lanes.h"

#include <gtest/gtest.h>

#include <string>

namespace zmdetect {
namespace {

std::string order(Lanes<char>& lanes) {
  std::string letters;
  while (!lanes.empty()) letters += lanes.pop();
  return letters;
}

TEST(Lanes, InteractiveWorkGoesFirst) {
  Lanes<char> lanes;
  lanes.push('b', Priority::kBulk);
  lanes.push('c', Priority::kBulk);
  lanes.push('i', Priority::kInteractive);
  lanes.push('j', Priority::kInteractive);
  EXPECT_EQ(lanes.size(), 4U);
  EXPECT_EQ(order(lanes), "ijbc");
}

TEST(Lanes, BulkWorkHasEveryFifthTurn) {
  Lanes<char> lanes;
  for (int i = 0; i < 3; ++i) lanes.push('b', Priority::kBulk);
  for (int i = 0; i < 10; ++i) lanes.push('i', Priority::kInteractive);
  EXPECT_EQ(order(lanes), "iiiibiiiibiib");
}

}  // namespace
}  // namespace zmdetect
