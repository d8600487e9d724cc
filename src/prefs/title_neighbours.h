// Which items have alike titles: for each item the nearest others by the cosine of their titles' words, rare words
// counting more (TF-IDF, Salton and Buckley 1988). Knows items that nobody has touched. Immutable, so safe from any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace peapod {

struct TitleNeighbourOptions {
  uint32_t neighbours = 50;  // kept of each item, at most
  // Words of more items than this say little and would make every pair of these items meet.
  uint32_t most_items_of_a_word = 2000;
};

class TitleNeighbours {
 public:
  struct Neighbour {
    uint32_t item;
    float cosine;  // above 0, at most 1
  };

  // titles[i] is that of item i; an empty one has no neighbours. Words are runs of ASCII letters and digits and of
  // bytes beyond ASCII, whatever their case. Uses all threads; the result does not depend on their number.
  explicit TitleNeighbours(std::span<const std::string> titles, const TitleNeighbourOptions& options = {});

  uint32_t num_items() const { return static_cast<uint32_t>(starts_.size()) - 1; }
  bool empty() const { return neighbours_.empty(); }  // no two titles share a word
  // By falling cosine, equal ones by rising item. Views live as long as this object.
  std::span<const Neighbour> of(uint32_t item) const {
    return {neighbours_.data() + starts_[item], starts_[item + 1] - starts_[item]};
  }

 private:
  std::vector<size_t> starts_;  // [num_items + 1] into neighbours_
  std::vector<Neighbour> neighbours_;
};

}  // namespace peapod
