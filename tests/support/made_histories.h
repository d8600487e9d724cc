// For tests: random histories, some items far more frequent than others.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "data/split.h"

namespace peapod {

struct MadeHistoriesOptions {
  size_t users = 60;
  uint32_t items = 25;
  size_t longest = 8;  // each has at least 2 items
  uint64_t seed = 3;
};

class MadeHistories {
 public:
  explicit MadeHistories(const MadeHistoriesOptions& options = {}) : num_items_(options.items) {
    Random random(options.seed);
    for (size_t user = 0; user < options.users; ++user) {
      std::vector<uint32_t>& items = items_.emplace_back();
      const size_t length = 2 + random.below(options.longest - 1);
      while (items.size() < length) {
        const double draw = random.uniform();
        items.push_back(static_cast<uint32_t>(draw * draw * options.items));
      }
    }
  }

  uint32_t num_items() const { return num_items_; }
  // Views that live as long as this object.
  Histories histories() const { return {items_.begin(), items_.end()}; }
  Histories histories_without(size_t user) const {
    Histories others = histories();
    others.erase(others.begin() + static_cast<ptrdiff_t>(user));
    return others;
  }

 private:
  uint32_t num_items_;
  std::vector<std::vector<uint32_t>> items_;
};

}  // namespace peapod
