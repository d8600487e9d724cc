// A sentence that says why a user liked an item: what the third task learns to write. Plain data.
#pragma once

#include <cstdint>
#include <string>

#include "base/split_name.h"

namespace peapod {

struct Explanation {
  uint32_t user = 0;
  uint32_t item = 0;
  Split split = Split::train;
  std::string feature;   // what the sentence speaks of, e.g. "strings"
  std::string sentence;  // why the user liked the item
};

}  // namespace peapod
