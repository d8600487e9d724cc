#include "eval/breakdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "eval/ranking.h"

namespace peapod {
namespace {

constexpr std::array<uint32_t, 8> kStarts = {0, 1, 5, 10, 20, 50, 100, 200};

}  // namespace

std::string Bucket::label() const {
  if (!to) return fmt::format("{}+", from);
  return from == *to ? fmt::format("{}", from) : fmt::format("{}–{}", from, *to);
}

std::vector<Bucket> buckets_of(std::span<const uint32_t> values) {
  std::vector<Bucket> buckets(kStarts.size());
  for (size_t b = 0; b < kStarts.size(); ++b) {
    buckets[b].from = kStarts[b];
    if (b + 1 < kStarts.size()) buckets[b].to = kStarts[b + 1] - 1;
  }
  for (size_t place = 0; place < values.size(); ++place) {
    const auto after = std::ranges::upper_bound(kStarts, values[place]);
    buckets[static_cast<size_t>(after - kStarts.begin()) - 1].places.push_back(place);
  }
  std::erase_if(buckets, [](const Bucket& bucket) { return bucket.places.empty(); });
  return buckets;
}

std::vector<uint32_t> in_bucket(const Bucket& bucket, std::span<const uint32_t> all) {
  std::vector<uint32_t> chosen;
  for (const size_t place : bucket.places) {
    if (all[place] != kUnopposed) chosen.push_back(all[place]);
  }
  return chosen;
}

}  // namespace peapod
