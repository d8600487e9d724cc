// Chooses the settings of recall on validation targets: nothing about a data set has to be set by hand. Uses all
// threads; the result does not depend on their number.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "eval/baselines.h"
#include "prefs/recall.h"

namespace peapod {

struct RecallChoiceOptions {
  // Users whose validation targets are looked at, at most, chosen by `seed`; 0: all.
  size_t max_users = 6000;
  uint64_t seed = 1;
};

struct RecallChoiceStep {
  uint32_t number = 0;  // settings tried so far
  RecallSettings settings;
  double ndcg10 = 0;    // geometric mean of both protocols
  double log_mass = 0;  // mean over the users of the logarithm of their target's mass
};

// The settings with the best NDCG@10, the geometric mean of both protocols; then the sharpness and smoothing
// with the greatest mean log mass, which say how sure the masses are rather than what comes first: coordinate ascent
// over short lists of values, until none of them changes. `titles` may be null. `report`, where given, is called
// after each evaluation. What the channels say of each user is kept between evaluations, 16 bytes an item: .4 GB for
// Beauty; where it comes to more than 1 GiB it is made anew each time.
RecallSettings choose_recall(const RankingProblem& validation, std::shared_ptr<const TitleNeighbours> titles,
                             const RecallChoiceOptions& options = {},
                             const std::function<void(const RecallChoiceStep&)>& report = {});

// Ranks of the recalled distribution alone, under both protocols.
ProtocolRanks recall_ranks(const RankingProblem& problem, const Recall& recall, uint64_t tie_seed);

}  // namespace peapod
