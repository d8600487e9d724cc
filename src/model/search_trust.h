// How the search weighs the network against what is recalled. Plain data.
#pragma once

#include <string>

namespace peapod {

// Of a ranking task: a child's score at a node of the catalogue tree is trust * logit + weight * log(recalled mass
// below it), normalised over the children that are allowed; the masses of appraised items count e^(appraisal * what the
// network says of them) times. Not read where tokens are chosen from the whole vocabulary.
struct SearchTrust {
  double trust = 1.0;      // in the network's choice of tokens; 0: none
  double appraisal = 1.0;  // in its appraisal of what is recalled; 0: none
  double weight = 1.0;     // of what is recalled; 0: none

  bool operator==(const SearchTrust&) const = default;
};

// "trust 0.7 in the network, 0.5 in its appraisals, weight 1 of what is recalled"
std::string in_words(const SearchTrust& trust);

inline constexpr SearchTrust kNetworkAlone = {.trust = 1.0, .appraisal = 0.0, .weight = 0.0};
inline constexpr SearchTrust kRecallAlone = {.trust = 0.0, .appraisal = 0.0, .weight = 1.0};

}  // namespace peapod
