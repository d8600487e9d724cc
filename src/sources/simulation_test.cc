#include "sources/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/error.h"

namespace peapod {
namespace {

std::vector<SimulatedInteraction> simulated(const SimulationOptions& options) {
  std::vector<SimulatedInteraction> all;
  simulate(options, [&](const SimulatedInteraction& one) { all.push_back(one); });
  return all;
}

TEST(Simulation, HasAsManyOfEverythingAsAskedForAndNothingTwice) {
  const auto all = simulated({.users = 300, .items = 500, .interactions = 6000, .seed = 2});
  ASSERT_EQ(all.size(), 6000u);
  std::map<uint32_t, std::vector<SimulatedInteraction>> of_user;
  std::set<std::pair<uint32_t, uint32_t>> pairs;
  for (const SimulatedInteraction& one : all) {
    of_user[one.user].push_back(one);
    EXPECT_LT(one.item, 500u);
    EXPECT_TRUE(pairs.emplace(one.user, one.item).second || of_user[one.user].size() > 250);
  }
  EXPECT_EQ(of_user.size(), 300u);
  EXPECT_EQ(of_user.rbegin()->first, 299u);
  for (const auto& [user, history] : of_user) {
    EXPECT_TRUE(std::ranges::is_sorted(history, {}, &SimulatedInteraction::time)) << user;
  }
}

TEST(Simulation, HasPopularItemsAndNeighboursOfTheLastOne) {
  std::map<uint32_t, size_t> popularity;
  std::map<std::pair<uint32_t, uint32_t>, size_t> follows;
  const auto all = simulated({.users = 2000, .items = 400, .interactions = 20'000});
  for (size_t i = 0; i < all.size(); ++i) {
    ++popularity[all[i].item];
    if (i > 0 && all[i].user == all[i - 1].user) ++follows[{all[i - 1].item, all[i].item}];
  }
  std::vector<size_t> counts;
  for (const auto& [item, count] : popularity) counts.push_back(count);
  std::ranges::sort(counts, std::greater());
  EXPECT_GT(counts[0], 5 * counts[counts.size() / 2]) << "a few are popular";
  const auto most = std::ranges::max_element(follows, {}, [](const auto& pair) { return pair.second; });
  // By popularity alone an item would follow another so often.
  const double by_chance =
      static_cast<double>(popularity[most->first.first] * popularity[most->first.second]) / 20'000.0;
  EXPECT_GT(static_cast<double>(most->second), 3 * by_chance);
}

TEST(Simulation, IsTheSameForASeedAndAnotherForAnother) {
  const auto items_of = [](uint64_t seed) {
    std::vector<uint32_t> items;
    for (const auto& one : simulated({.users = 20, .items = 50, .interactions = 200, .seed = seed}))
      items.push_back(one.item);
    return items;
  };
  EXPECT_EQ(items_of(1), items_of(1));
  EXPECT_NE(items_of(1), items_of(2));
}

TEST(Simulation, TakesItemsAgainWhereThereAreFewAndRefusesWhatCannotBe) {
  EXPECT_EQ(simulated({.users = 2, .items = 1, .interactions = 50}).size(), 50u);
  EXPECT_THROW(simulated({.users = 10, .items = 5, .interactions = 9}), Error);
  EXPECT_THROW(simulated({.users = 0, .items = 5, .interactions = 9}), Error);
  EXPECT_THROW(simulated({.users = 1, .items = 0, .interactions = 9}), Error);
}

}  // namespace
}  // namespace peapod
