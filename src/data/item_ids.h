// How an item is named to the language model: the three id schemes and the numbers or codes they give. Plain data,
// made by prefs/item_codes and `prepare`, stored in the prepared directory, read by text/id_tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/choices.h"

namespace peapod {

enum class IdScheme {
  collaborative,  // a code of one token per level, from a clustering of training interactions
  random,         // a number in text, a random permutation
  sequential,     // a number in text, in order of first appearance, test items included: leaks, for comparison only
};

inline constexpr Choices<IdScheme, 3> kIdSchemes{
    "ids",
    {{IdScheme::collaborative, "collaborative"}, {IdScheme::random, "random"}, {IdScheme::sequential, "sequential"}}};

inline std::string_view name_of(IdScheme scheme) { return kIdSchemes.name_of(scheme); }

struct ItemIds {
  IdScheme scheme = IdScheme::collaborative;
  std::vector<uint32_t> numbers;      // random and sequential: [num_items], the number in text, from 1
  std::vector<uint32_t> level_sizes;  // collaborative: size of each level's code book
  std::vector<uint16_t> codes;        // collaborative: [num_items, levels], each below its level's size; rows unique

  std::span<const uint16_t> code(uint32_t item) const {
    return {codes.data() + static_cast<size_t>(item) * level_sizes.size(), level_sizes.size()};
  }
};

}  // namespace peapod
