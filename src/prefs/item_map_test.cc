#include "prefs/item_map.h"

#include <gtest/gtest.h>

#include <unordered_map>

#include "base/random.h"

namespace peapod {
namespace {

struct Sum {
  uint32_t item = 0;
  double score = 0;
};

TEST(ItemMap, SumsAsAMapDoesHoweverMuchItGrows) {
  Random random(5);
  for (const uint64_t items : {uint64_t{3}, uint64_t{700}, uint64_t{1} << 32}) {
    ItemMap<Sum> map;
    std::unordered_map<uint32_t, double> expected;
    std::vector<uint32_t> order;
    for (int i = 0; i < 5000; ++i) {
      const auto item = static_cast<uint32_t>(random.below(items));
      const double score = random.uniform();
      if (!expected.contains(item)) order.push_back(item);
      expected[item] += score;
      map[item].score += score;
    }
    const std::vector<Sum> found = std::move(map).take();
    ASSERT_EQ(found.size(), order.size());
    for (size_t place = 0; place < found.size(); ++place) {
      EXPECT_EQ(found[place].item, order[place]) << "in the order in which items came first";
      EXPECT_EQ(found[place].score, expected[found[place].item]);
    }
  }
}

TEST(ItemMap, IsEmptyAtFirst) { EXPECT_TRUE(ItemMap<Sum>().take().empty()); }

}  // namespace
}  // namespace peapod
