// What a recommender must beat: popularity, item-kNN, EASE and matrix factorisation on a split of a data set, and the
// most frequent sentence as an explanation. Counts come from training interactions alone; the input history holds all
// that precedes the target. Pure functions that use all threads; results do not depend on their number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "eval/ranking.h"
#include "eval/report.h"
#include "prefs/ease.h"
#include "prefs/item_knn.h"
#include "prefs/pmf.h"

namespace peapod {

// One user to be tested; the views live as long as what they were taken from.
struct RankingCase {
  uint32_t user = 0;
  std::span<const uint32_t> history;    // what precedes the target, oldest first
  uint32_t target = 0;                  // what the user did next
  std::span<const uint32_t> negatives;  // items the user never touched, for Protocol::sampled99
};

struct RankingProblem {
  uint32_t num_items = 0;
  Repeats repeats = Repeats::merge;
  Histories train;                 // what methods may learn from
  std::vector<RankingCase> cases;  // every evaluated user, in data set order

  // What is not recommended to the user: the items of the history, unless these may come again.
  std::span<const uint32_t> excluded(const RankingCase& user) const {
    return repeats == Repeats::keep ? std::span<const uint32_t>() : user.history;
  }
};

// A view of `dataset`, which must outlive it. Requires split valid or test.
RankingProblem ranking_problem(const Dataset& dataset, Split split);

// Fills `scores` [num_items] for one user, higher is better. Called from many threads at once.
using Scorer = std::function<void(const RankingCase& user, std::span<float> scores)>;

// The target's rank for each case, in their order. In Protocol::full items that are excluded() do not compete; in
// Protocol::sampled99 the target meets its negatives alone. Equal scores are ordered by a hash of seed, user and item.
std::vector<uint32_t> target_ranks(const RankingProblem& problem, Protocol protocol, const Scorer& scorer,
                                   uint64_t tie_seed);

// Ranks in full ranking, as target_ranks has them, and the kGreatestDepth items that are recommended to each user.
ProtocolRanks full_ranking(const RankingProblem& problem, const Scorer& scorer, uint64_t tie_seed);

// Items by number of training interactions, the same for everybody; both protocols.
ProtocolRanks popularity_ranks(const RankingProblem& problem, uint64_t tie_seed);

// Item-kNN under both protocols. For sampled99 order is ignored (backward_weight 1), and candidates that never occurred
// beside the history follow by popularity: with 100 candidates most have no such neighbour. Throws what ItemKnn throws.
ProtocolRanks item_knn_ranks(const RankingProblem& problem, const ItemKnnOptions& options, uint64_t tie_seed);

// EASE, and user vectors folded in from the history times item factors, under both protocols. Throw what Ease and
// Pmf::fit throw.
ProtocolRanks ease_ranks(const RankingProblem& problem, const EaseOptions& options, uint64_t tie_seed);
ProtocolRanks pmf_ranks(const RankingProblem& problem, const PmfOptions& options, uint64_t tie_seed);

// Options with the best full-ranking NDCG@10 on `validation`, found by coordinate ascent: one option at a time takes
// its best value from a short list, until none of them
// changes. `report`, where given, is called after each
// evaluation.
template <class Options>
struct TuningStep {
  uint32_t number = 0;  // evaluations so far
  Options options;
  double ndcg10 = 0;
};
template <class Options>
using TuningReport = std::function<void(const TuningStep<Options>&)>;

// Starts from the untuned defaults with max_history 30 and popularity_offset 1. Takes some tens of evaluations.
ItemKnnOptions tune_item_knn(const RankingProblem& validation, uint64_t tie_seed,
                             const TuningReport<ItemKnnOptions>& report = {});
// The regularisation, from 3 to 1,000: six inverses. Throws what Ease throws.
EaseOptions tune_ease(const RankingProblem& validation, uint64_t tie_seed,
                      const TuningReport<EaseOptions>& report = {});
// Confidence and regularisation, from what composers use; their number of dimensions and of sweeps stands. Some ten
// factorisations.
PmfOptions tune_pmf(const RankingProblem& validation, uint64_t tie_seed, const TuningReport<PmfOptions>& report = {});

// The sentence that occurs most often among the training explanations, the first in byte order among equals; nothing
// where there are none.
std::optional<std::string> most_frequent_sentence(const std::vector<Explanation>& explanations);

// Appends `explanation.bleu4`, `rouge1`, `rouge2`, `rougeL` of the most frequent training sentence said of everything
// in `split`. Appends nothing when training or `split` have no explanations.
void append_sentence_metrics(MetricMap& metrics, const std::vector<Explanation>& explanations, Split split);

}  // namespace peapod
