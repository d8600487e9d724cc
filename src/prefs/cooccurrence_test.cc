#include "prefs/cooccurrence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "support/made_histories.h"

namespace peapod {
namespace {

TEST(Cooccurrence, CountsEveryPairByDistanceAndOrder) {
  const MadeHistories made({.users = 40, .items = 15, .longest = 9, .seed = 4});
  const Cooccurrence counts(made.histories(), made.num_items(), {.distance_decay = 0.7, .backward_weight = 0.3});
  std::map<std::pair<uint32_t, uint32_t>, double> expected;
  for (const auto& history : made.histories()) {
    for (size_t from = 0; from < history.size(); ++from) {
      for (size_t to = 0; to < history.size(); ++to) {
        if (history[from] == history[to]) continue;
        const double distance = std::abs(static_cast<double>(from) - static_cast<double>(to));
        const double pair = std::pow(distance, -0.7) * (from < to ? 1.0 : 0.3);
        EXPECT_NEAR(counts.pair(from, to), pair, 1e-12);
        expected[{history[from], history[to]}] += pair;
      }
    }
  }
  size_t found = 0;
  for (uint32_t i = 0; i < made.num_items(); ++i) {
    for (const auto& [j, count] : counts.of(i)) {
      EXPECT_NEAR(count, (expected[{i, j}]), 1e-5) << i << " and " << j;
      ++found;
    }
  }
  EXPECT_EQ(found, expected.size());
}

TEST(Cooccurrence, CountsTheNearestPairsWhereThereAreTooMany) {
  const MadeHistories made({.users = 30, .items = 20, .longest = 12, .seed = 6});
  const Cooccurrence all(made.histories(), made.num_items(), {});
  size_t longest = 0;
  for (const auto& history : made.histories()) longest = std::max(longest, history.size());
  EXPECT_EQ(all.window(), longest - 1);
  for (size_t window = 1; window < longest; ++window) {
    SCOPED_TRACE(window);
    uint64_t pairs = 0;
    std::map<std::pair<uint32_t, uint32_t>, double> expected;
    for (const auto& history : made.histories()) {
      for (size_t from = 0; from < history.size(); ++from) {
        for (size_t to = 0; to < history.size(); ++to) {
          if (from == to || std::max(from, to) - std::min(from, to) > window) continue;
          ++pairs;
          if (history[from] != history[to]) expected[{history[from], history[to]}] += all.pair(from, to);
        }
      }
    }
    // As many as there are, and not enough for the next distance.
    for (const uint64_t most : {pairs, pairs + 1}) {
      const Cooccurrence counts(made.histories(), made.num_items(), {.most_pairs = most});
      ASSERT_EQ(counts.window(), window);
      EXPECT_EQ(counts.pair(0, window + 1), 0.0);
      EXPECT_EQ(counts.pair(window, 0), all.pair(window, 0));
      size_t found = 0;
      for (uint32_t i = 0; i < made.num_items(); ++i) {
        for (const auto& [j, count] : counts.of(i)) EXPECT_NEAR(count, (expected[{i, j}]), 1e-5) << i << " and " << j;
        found += counts.of(i).size();
      }
      EXPECT_EQ(found, expected.size());
    }
  }
  EXPECT_EQ(Cooccurrence(made.histories(), made.num_items(), {.most_pairs = 0}).window(), 1u) << "neighbours count";
}

TEST(Cooccurrence, RefusesOptionsBelowZero) {
  EXPECT_THROW(Cooccurrence({}, 3, {.distance_decay = -1}), Error);
  EXPECT_THROW(Cooccurrence({}, 3, {.backward_weight = std::nan("")}), Error);
}

}  // namespace
}  // namespace peapod
