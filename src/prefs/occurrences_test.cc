#include "prefs/occurrences.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace peapod {
namespace {

TEST(Occurrences, ListUsersAndPositionsInOrder) {
  const std::vector<std::vector<uint32_t>> lists = {{2, 0}, {}, {0, 2, 0}};
  const Occurrences occurrences({lists.begin(), lists.end()}, 4);
  const auto pairs = [&](uint32_t item) {
    std::vector<std::pair<uint32_t, uint32_t>> found;
    for (const auto& [user, position] : occurrences.of(item)) found.emplace_back(user, position);
    return found;
  };
  using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;
  EXPECT_EQ(pairs(0), (Pairs{{0, 1}, {2, 0}, {2, 2}}));
  EXPECT_EQ(pairs(1), Pairs{});
  EXPECT_EQ(pairs(2), (Pairs{{0, 0}, {2, 1}}));
  EXPECT_EQ(pairs(3), Pairs{});
  EXPECT_EQ(occurrences.size(), 5u);
}

}  // namespace
}  // namespace peapod
