#include "prefs/occurrences.h"

#include <cassert>

namespace peapod {

Occurrences::Occurrences(const Histories& histories, uint32_t num_items) : starts_(num_items + size_t{1}, 0) {
  for (const auto& history : histories) {
    for (const uint32_t item : history) {
      assert(item < num_items);
      ++starts_[item + 1];
    }
  }
  for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  list_.resize(starts_.back());
  std::vector<size_t> next(starts_.begin(), starts_.end() - 1);
  for (uint32_t user = 0; user < histories.size(); ++user) {
    for (uint32_t p = 0; p < histories[user].size(); ++p) list_[next[histories[user][p]]++] = {user, p};
  }
}

}  // namespace peapod
