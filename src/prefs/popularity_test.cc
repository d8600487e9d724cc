#include "prefs/popularity.h"

#include <gtest/gtest.h>

#include <vector>

namespace peapod {
namespace {

TEST(Popularity, CountsEveryOccurrenceInEveryHistory) {
  const std::vector<uint32_t> first = {0, 2, 2};
  const std::vector<uint32_t> second = {2, 1};
  EXPECT_EQ(item_popularity({first, second}, 5), (std::vector<uint32_t>{1, 1, 3, 0, 0}));
}

TEST(Popularity, IsZeroForEveryItemWithoutHistories) {
  EXPECT_EQ(item_popularity({}, 3), (std::vector<uint32_t>{0, 0, 0}));
  EXPECT_TRUE(item_popularity({}, 0).empty());
}

}  // namespace
}  // namespace peapod
