#include "eval/ranking.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/random.h"

namespace peapod {
namespace {

// Says which items stand above one target.
class Contest {
 public:
  Contest(std::span<const float> scores, uint32_t target, uint64_t tie_seed)
      : scores_(scores),
        target_(target),
        tie_seed_(tie_seed),
        target_score_(scores[target]),
        target_hash_(mix64(tie_seed, target)) {}

  bool target_has_a_score() const { return !std::isnan(target_score_); }

  bool won_by(uint32_t item) const {
    if (scores_[item] != target_score_) return scores_[item] > target_score_;
    if (item == target_) return false;
    const uint64_t hash = mix64(tie_seed_, item);
    return hash != target_hash_ ? hash > target_hash_ : item < target_;
  }

 private:
  std::span<const float> scores_;
  uint32_t target_;
  uint64_t tie_seed_;
  float target_score_;
  uint64_t target_hash_;
};

std::vector<uint32_t> sorted_distinct(std::span<const uint32_t> items) {
  std::vector<uint32_t> distinct(items.begin(), items.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  return distinct;
}

}  // namespace

uint32_t rank_among_all(std::span<const float> scores, uint32_t target, std::span<const uint32_t> excluded,
                        uint64_t tie_seed) {
  assert(target < scores.size());
  const Contest contest(scores, target, tie_seed);
  if (!contest.target_has_a_score()) return kNotRanked;
  const std::vector<uint32_t> distinct = sorted_distinct(excluded);
  if (std::binary_search(distinct.begin(), distinct.end(), target)) return kNotRanked;

  uint32_t rank = 0;
  for (uint32_t item = 0; item < scores.size(); ++item) rank += contest.won_by(item);
  for (const uint32_t item : distinct) rank -= contest.won_by(item);
  return rank;
}

uint32_t rank_among_candidates(std::span<const float> scores, uint32_t target, std::span<const uint32_t> negatives,
                               uint64_t tie_seed) {
  assert(target < scores.size());
  if (negatives.empty()) return kUnopposed;
  const Contest contest(scores, target, tie_seed);
  if (!contest.target_has_a_score()) return kNotRanked;
  uint32_t rank = 0;
  for (const uint32_t item : negatives) rank += contest.won_by(item);
  return rank;
}

std::vector<uint32_t> best_among_all(std::span<const float> scores, std::span<const uint32_t> excluded, size_t n,
                                     uint64_t tie_seed) {
  struct Place {
    float score;
    uint64_t hash;
    uint32_t item;
  };
  const auto above = [](const Place& a, const Place& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.hash != b.hash ? a.hash > b.hash : a.item < b.item;
  };
  const std::vector<uint32_t> distinct = sorted_distinct(excluded);
  std::vector<Place> best;  // a heap with the worst of them in front
  for (uint32_t item = 0; item < scores.size() && n > 0; ++item) {
    if (std::isnan(scores[item]) || (best.size() == n && scores[item] < best.front().score)) continue;
    const Place place{scores[item], mix64(tie_seed, item), item};
    if (best.size() == n && !above(place, best.front())) continue;
    if (std::binary_search(distinct.begin(), distinct.end(), item)) continue;
    if (best.size() == n) {
      std::pop_heap(best.begin(), best.end(), above);
      best.pop_back();
    }
    best.push_back(place);
    std::push_heap(best.begin(), best.end(), above);
  }
  std::sort_heap(best.begin(), best.end(), above);
  std::vector<uint32_t> items;
  for (const Place& place : best) items.push_back(place.item);
  return items;
}

bool any_opposed(std::span<const uint32_t> ranks) {
  return std::ranges::any_of(ranks, [](uint32_t rank) { return rank != kUnopposed; });
}

uint32_t rank_in_list(std::span<const uint32_t> recommended, uint32_t target) {
  const auto found = std::find(recommended.begin(), recommended.end(), target);
  if (found == recommended.end()) return kNotRanked;
  uint32_t rank = 0;
  for (auto item = recommended.begin(); item != found; ++item) {
    rank += std::find(recommended.begin(), item, *item) == item;
  }
  return rank;
}

}  // namespace peapod
