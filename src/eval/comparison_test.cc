#include "eval/comparison.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "eval/metrics.h"
#include "eval/report.h"

namespace peapod {
namespace {

ProtocolRanks made_ranks(uint64_t seed, double found) {
  Random random(seed);
  ProtocolRanks ranks;
  for (std::vector<uint32_t>* all : {&ranks.full, &ranks.sampled99}) {
    for (int user = 0; user < 400; ++user) {
      all->push_back(random.uniform() < found ? static_cast<uint32_t>(random.below(10)) : kNotRanked);
    }
  }
  return ranks;
}

RankRecord made_record(const std::string& source, ProtocolRanks ranks) {
  return {.source = source,
          .dataset = "ring",
          .data_hash = "0123",
          .split = "test",
          .users_hash = "4567",
          .num_users = 400,
          .ranks = std::move(ranks)};
}

TEST(Comparison, HasEveryMetricOfBothProtocols) {
  const ProtocolRanks good = made_ranks(1, 0.6);
  const ProtocolRanks bad = made_ranks(2, 0.3);
  const std::vector<MetricComparison> comparisons = compare(made_record("a", good), made_record("b", bad));
  const MetricMap first = metrics_of(good);
  const MetricMap second = metrics_of(bad);
  ASSERT_EQ(comparisons.size(), first.size());
  for (size_t m = 0; m < comparisons.size(); ++m) {
    const MetricComparison& one = comparisons[m];
    EXPECT_EQ(one.key, first[m].first);
    EXPECT_EQ(one.first, first[m].second) << one.key;
    EXPECT_EQ(one.second, second[m].second) << one.key;
    EXPECT_NEAR(one.difference.value, one.first - one.second, 1e-12) << one.key;
    EXPECT_LE(one.difference.low, one.difference.value) << one.key;
    EXPECT_LE(one.difference.value, one.difference.high) << one.key;
    EXPECT_LT(one.difference.p_value, one.key.ends_with("@10") ? 0.001 : 1.0) << one.key;
  }
}

TEST(Comparison, FindsNoDifferenceBetweenARankingAndItself) {
  const RankRecord record = made_record("a", made_ranks(1, 0.5));
  for (const MetricComparison& one : compare(record, record)) {
    EXPECT_EQ(one.difference.value, 0) << one.key;
    EXPECT_EQ(one.difference.low, 0) << one.key;
    EXPECT_EQ(one.difference.high, 0) << one.key;
    EXPECT_EQ(one.difference.p_value, 1) << one.key;
  }
}

TEST(Comparison, IsOfTheProtocolsThatBothHave) {
  RankRecord full = made_record("a", made_ranks(1, 0.5));
  full.ranks.sampled99.clear();
  const RankRecord both = made_record("b", made_ranks(2, 0.5));
  for (const MetricComparison& one : compare(full, both))
    EXPECT_TRUE(one.key.starts_with("sequential.full.")) << one.key;
  RankRecord sampled = both;
  sampled.ranks.full.clear();
  EXPECT_THROW(compare(full, sampled), Error);
}

TEST(Comparison, RefusesOtherDataSplitsAndUsersInASentence) {
  const RankRecord record = made_record("a.json", made_ranks(1, 0.5));
  const auto refusal = [&](auto change) {
    RankRecord other = made_record("b.json", made_ranks(2, 0.5));
    change(other);
    try {
      compare(record, other);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const auto expect = [](const std::string& said, const std::string& part) {
    EXPECT_NE(said.find("a.json and b.json: " + part), std::string::npos) << said;
  };
  expect(refusal([](RankRecord& other) { other.data_hash = "9", other.dataset = "beauty"; }),
         "are of different data: ring and beauty");
  expect(refusal([](RankRecord& other) { other.data_hash = "9"; }), "are of two data sets named ring");
  expect(refusal([](RankRecord& other) { other.split = "valid"; }), "are of different splits: test and valid");
  expect(refusal([](RankRecord& other) { other.ranks.seen_compete = true; }), "rank different items");
  expect(refusal([](RankRecord& other) { other.users_hash = "9"; }), "are of different users");
  expect(refusal([](RankRecord& other) { other.num_users = 3; }), "are of different users: 400 and 3");
}

}  // namespace
}  // namespace peapod
