// Histories turned round: where each item stands in them. Pure function, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/split.h"

namespace peapod {

struct Occurrence {
  uint32_t user = 0;
  uint32_t position = 0;  // in the user's history
};

class Occurrences {
 public:
  // REQUIRES: every item below num_items.
  Occurrences(const Histories& histories, uint32_t num_items);

  // By user, then by position. Views live as long as this object.
  std::span<const Occurrence> of(uint32_t item) const {
    return {list_.data() + starts_[item], starts_[item + 1] - starts_[item]};
  }
  size_t size() const { return list_.size(); }

 private:
  std::vector<size_t> starts_;  // [num_items + 1]
  std::vector<Occurrence> list_;
};

}  // namespace peapod
