// The best few of many continuations of beams, without sorting the rest: what both beam searches select with.
// One instance belongs to one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace peapod {

struct Candidate {
  float score = 0;      // summed log-probability
  uint32_t order = 0;   // lower comes first among equal scores, then lower `choice`
  uint32_t choice = 0;  // what is chosen: a token, a tree node or an item
  uint32_t beam = 0;    // the beam it continues

  // Ranks before `other`.
  bool better_than(const Candidate& other) const {
    if (score != other.score) return score > other.score;
    if (order != other.order) return order < other.order;
    return choice < other.choice;
  }
};

class TopCandidates {
 public:
  // Requires capacity > 0.
  explicit TopCandidates(size_t capacity) : capacity_(capacity) { kept_.reserve(2 * capacity); }

  void clear() {
    kept_.clear();
    floor_ = kLowest;
  }

  // No candidate below this score can enter; lets a caller skip without a call.
  float floor() const { return floor_; }

  // Keeps the candidate if it is among the best so far. A score that is minus infinity or not a number never is.
  // Amortised constant time: at twice the capacity the worse half is dropped.
  void offer(const Candidate& candidate) {
    if (!(candidate.score >= floor_)) return;
    kept_.push_back(candidate);
    if (kept_.size() == 2 * capacity_) drop_surplus();
  }

  // At most `capacity`, best first; valid until the next call that is not const.
  std::span<const Candidate> sorted() {
    if (kept_.size() > capacity_) drop_surplus();
    std::sort(kept_.begin(), kept_.end(), [](const Candidate& a, const Candidate& b) { return a.better_than(b); });
    return kept_;
  }

 private:
  static constexpr float kLowest = std::numeric_limits<float>::lowest();

  void drop_surplus() {
    const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(capacity_) - 1;
    std::nth_element(kept_.begin(), last, kept_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.better_than(b); });
    floor_ = last->score;
    kept_.resize(capacity_);
  }

  size_t capacity_;
  float floor_ = kLowest;
  std::vector<Candidate> kept_;
};

}  // namespace peapod
