#include "prefs/popularity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"

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

TEST(ItemTrend, RelatesThePlacesOfAnItemToThoseOfAll) {
  const std::vector<uint32_t> first = {0, 2, 2};  // weights 1/4, 1/2, 1
  const std::vector<uint32_t> second = {2, 1};    // weights 1/2, 1
  const double mean = (0.25 + 0.5 + 1 + 0.5 + 1) / 5;
  const std::vector<double> trend = item_trend({first, second}, 4, 0.5);
  ASSERT_EQ(trend.size(), 4u);
  // Two occurrences with the mean of all are added to each.
  EXPECT_DOUBLE_EQ(trend[0], (0.25 / mean + 2) / 3);
  EXPECT_DOUBLE_EQ(trend[1], (1 / mean + 2) / 3);
  EXPECT_DOUBLE_EQ(trend[2], (2 / mean + 2) / 5);
  EXPECT_DOUBLE_EQ(trend[3], 1.0);
  EXPECT_LT(trend[0], 1.0) << "stood first";
  EXPECT_GT(trend[1], 1.0) << "stood last";
}

TEST(ItemTrend, IsOneWherePlacesDoNotCount) {
  const std::vector<uint32_t> history = {0, 2, 2, 1};
  for (const double trend : item_trend({history}, 3, 1.0)) EXPECT_DOUBLE_EQ(trend, 1.0);
  for (const double trend : item_trend({}, 3, 0.5)) EXPECT_DOUBLE_EQ(trend, 1.0);
}

TEST(ItemTrend, RefusesADecayThatIsNone) {
  for (const double decay : {0.0, -0.5, 1.5, std::nan("")}) EXPECT_THROW(item_trend({}, 3, decay), Error) << decay;
}

}  // namespace
}  // namespace peapod
