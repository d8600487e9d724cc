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

}  // namespace

uint32_t rank_among_all(std::span<const float> scores, uint32_t target, std::span<const uint32_t> excluded,
                        uint64_t tie_seed) {
  assert(target < scores.size());
  const Contest contest(scores, target, tie_seed);
  if (!contest.target_has_a_score()) return kNotRanked;
  std::vector<uint32_t> distinct(excluded.begin(), excluded.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (std::binary_search(distinct.begin(), distinct.end(), target)) return kNotRanked;

  uint32_t rank = 0;
  for (uint32_t item = 0; item < scores.size(); ++item) rank += contest.won_by(item);
  for (const uint32_t item : distinct) rank -= contest.won_by(item);
  return rank;
}

uint32_t rank_among_candidates(std::span<const float> scores, uint32_t target, std::span<const uint32_t> negatives,
                               uint64_t tie_seed) {
  assert(target < scores.size());
  const Contest contest(scores, target, tie_seed);
  if (!contest.target_has_a_score()) return kNotRanked;
  uint32_t rank = 0;
  for (const uint32_t item : negatives) rank += contest.won_by(item);
  return rank;
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
