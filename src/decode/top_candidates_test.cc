#include "decode/top_candidates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace peapod {
namespace {

std::vector<uint32_t> choices(std::span<const Candidate> candidates) {
  std::vector<uint32_t> result;
  for (const Candidate& candidate : candidates) result.push_back(candidate.choice);
  return result;
}

TEST(TopCandidates, KeepsWhatAFullSortKeepsTiesIncluded) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const size_t capacity = 1 + random.below(8);
    std::vector<Candidate> all(random.below(100));
    TopCandidates top(capacity);
    for (uint32_t i = 0; i < all.size(); ++i) {
      // Few distinct scores and orders, so that equals abound.
      all[i] = {-static_cast<float>(random.below(5)), static_cast<uint32_t>(random.below(3)), i, 0};
      top.offer(all[i]);
    }
    std::ranges::sort(all, [](const Candidate& a, const Candidate& b) { return a.better_than(b); });
    all.resize(std::min(all.size(), capacity));
    EXPECT_EQ(choices(top.sorted()), choices(all));
  }
}

TEST(TopCandidates, NeverKeepsMinusInfinityOrNotANumber) {
  TopCandidates top(2);
  top.offer({-std::numeric_limits<float>::infinity(), 0, 0, 0});
  top.offer({std::nanf(""), 0, 1, 0});
  top.offer({-1e30f, 0, 2, 0});
  EXPECT_EQ(choices(top.sorted()), std::vector<uint32_t>{2});
}

TEST(TopCandidates, FloorLetsNoKeptCandidateThrough) {
  TopCandidates top(2);
  for (uint32_t i = 0; i < 4; ++i) top.offer({-static_cast<float>(i), 0, i, 0});
  EXPECT_EQ(top.floor(), -1.0f);
  top.clear();
  EXPECT_EQ(top.floor(), std::numeric_limits<float>::lowest());
  EXPECT_TRUE(top.sorted().empty());
}

}  // namespace
}  // namespace peapod
