// Ranks of held-out targets; what is measured of them stands in eval/metrics.h. A rank is 0-based: 0 is the best. Pure
// functions, safe from any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/choices.h"

namespace peapod {

// The rank of a target that was not recommended at all; it counts as a miss at every depth.
inline constexpr uint32_t kNotRanked = std::numeric_limits<uint32_t>::max();

// The rank of a target that there was nothing to rank against: no metric counts it, neither as a hit nor as a miss.
inline constexpr uint32_t kUnopposed = kNotRanked - 1;

// Rank of `target` among all items but the `excluded` ones (repeats allowed) by falling score. Equal scores are ordered
// by a hash of (tie_seed, item), so no order of the catalogue can help. A NaN is worse than any number. kNotRanked when
// the target is excluded or its score is NaN. `scores` is [num_items]; requires target and exclusions below its size.
uint32_t rank_among_all(std::span<const float> scores, uint32_t target, std::span<const uint32_t> excluded,
                        uint64_t tie_seed);

// The same among the target and `negatives`: distinct items, the target not one of them. kUnopposed where there are
// none. `scores` is [num_items].
uint32_t rank_among_candidates(std::span<const float> scores, uint32_t target, std::span<const uint32_t> negatives,
                               uint64_t tie_seed);

// What is recommended by these scores: the best `n` items but the `excluded` ones, in the order that rank_among_all
// ranks by, so that the item at place k is the one of rank k. Fewer where no more have a score. `scores` is
// [num_items].
std::vector<uint32_t> best_among_all(std::span<const float> scores, std::span<const uint32_t> excluded, size_t n,
                                     uint64_t tie_seed);

// Whether a rank among them is of a target that met others.
bool any_opposed(std::span<const uint32_t> ranks);

// Rank of `target` in a list of recommendations, best first; an item listed twice takes one place only.
uint32_t rank_in_list(std::span<const uint32_t> recommended, uint32_t target);

// Where a rank was taken.
enum class Protocol {
  full,       // the next item among the whole catalogue
  sampled99,  // the target among 99 negatives
};

inline constexpr Choices<Protocol, 2> kProtocols{"protocol",
                                                 {{Protocol::full, "full"}, {Protocol::sampled99, "sampled99"}}};

inline std::string_view name_of(Protocol protocol) { return kProtocols.name_of(protocol); }

// Ranks under each protocol, a user a rank; empty where a protocol was not run.
struct ProtocolRanks {
  std::vector<uint32_t> full;
  std::vector<uint32_t> sampled99;
  // In full ranking, what was recommended to each user, best first; empty where nobody asked for it.
  std::vector<std::vector<uint32_t>> recommended = {};
  bool seen_compete = false;  // whether full ranking ranked items of the history too

  const std::vector<uint32_t>& under(Protocol protocol) const { return protocol == Protocol::full ? full : sampled99; }
};

}  // namespace peapod
