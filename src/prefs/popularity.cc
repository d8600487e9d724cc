#include "prefs/popularity.h"

#include <cassert>

namespace peapod {

std::vector<uint32_t> item_popularity(const Histories& train, uint32_t num_items) {
  std::vector<uint32_t> popularity(num_items);
  for (const auto& history : train) {
    for (const uint32_t item : history) {
      assert(item < num_items);
      ++popularity[item];
    }
  }
  return popularity;
}

}  // namespace peapod
