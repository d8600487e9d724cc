#include "eval/breakdown.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

TEST(Buckets, HoldTheValuesBetweenTheirBounds) {
  const std::vector<uint32_t> values = {0, 1, 4, 5, 250, 0, 199, 200};
  std::vector<std::string> labels;
  std::vector<std::vector<size_t>> places;
  for (const Bucket& bucket : buckets_of(values)) {
    labels.push_back(bucket.label());
    places.push_back(bucket.places);
  }
  EXPECT_EQ(labels, (std::vector<std::string>{"0", "1–4", "5–9", "100–199", "200+"}));
  EXPECT_EQ(places, (std::vector<std::vector<size_t>>{{0, 5}, {1, 2}, {3}, {6}, {4, 7}}));
}

TEST(Buckets, HoldEveryValueOnce) {
  constexpr uint64_t kSeed = 3;
  Random random(kSeed);
  std::vector<uint32_t> values(1000);
  for (uint32_t& value : values) value = static_cast<uint32_t>(random.below(400));
  std::multiset<size_t> places;
  for (const Bucket& bucket : buckets_of(values)) {
    EXPECT_FALSE(bucket.places.empty());
    for (const size_t place : bucket.places) {
      EXPECT_GE(values[place], bucket.from) << "seed " << kSeed;
      EXPECT_LE(values[place], bucket.to.value_or(values[place])) << "seed " << kSeed;
      places.insert(place);
    }
    EXPECT_EQ(in_bucket(bucket, values).size(), bucket.places.size());
    EXPECT_EQ(in_bucket(bucket, values).front(), values[bucket.places.front()]);
  }
  EXPECT_EQ(places.size(), values.size());
  EXPECT_EQ(std::set<size_t>(places.begin(), places.end()).size(), values.size());
}

TEST(Buckets, AreNoneOfNothing) { EXPECT_TRUE(buckets_of({}).empty()); }

}  // namespace
}  // namespace peapod
