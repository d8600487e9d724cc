// How the search weighs the network against what is recalled. Plain data.
#pragma once

namespace peapod {

// Of a ranking task: a child's score at a node of the catalogue tree is trust * logit + weight * log(recalled mass
// below it), normalised over the children that are allowed. Not read where tokens are chosen from the whole vocabulary.
struct SearchTrust {
  double trust = 1.0;   // in the network; 0: none
  double weight = 1.0;  // of what is recalled; 0: none
};

inline constexpr SearchTrust kNetworkAlone = {.trust = 1.0, .weight = 0.0};
inline constexpr SearchTrust kRecallAlone = {.trust = 0.0, .weight = 1.0};

}  // namespace peapod
