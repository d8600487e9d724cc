#include "eval/baselines.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "base/random.h"
#include "eval/coordinate_ascent.h"
#include "eval/metrics.h"
#include "eval/text_overlap.h"
#include "model/question.h"
#include "prefs/popularity.h"

namespace peapod {
namespace {

// Calls visit(c, scores, seed of the user's ties) for every case, on all threads and in no order.
template <class Visit>
void for_each_case(const RankingProblem& problem, const Scorer& scorer, uint64_t tie_seed, const Visit& visit) {
#pragma omp parallel
  {
    std::vector<float> scores(problem.num_items);
#pragma omp for schedule(dynamic, 64)
    for (size_t c = 0; c < problem.cases.size(); ++c) {
      scorer(problem.cases[c], scores);
      visit(c, std::span<const float>(scores), mix64(tie_seed, problem.cases[c].user));
    }
  }
}

// Ranks by method.score(history, scores) under both protocols.
template <class Method>
ProtocolRanks ranks_by(const RankingProblem& problem, const Method& method, uint64_t tie_seed) {
  const auto score = [&](const RankingCase& user, std::span<float> scores) { method.score(user.history, scores); };
  ProtocolRanks ranks = full_ranking(problem, score, tie_seed);
  ranks.sampled99 = target_ranks(problem, Protocol::sampled99, score, tie_seed);
  return ranks;
}

// Coordinate ascent on full-ranking NDCG@10 of the method that make(options) returns.
template <class Options, class Make>
Options tuned(const RankingProblem& validation, uint64_t tie_seed, const Options& start,
              const std::vector<Axis<Options>>& axes, const Make& make, const TuningReport<Options>& report) {
  uint32_t number = 0;
  return coordinate_ascent(start, axes, [&](const Options& options) {
    const auto method = make(options);
    const auto score = [&](const RankingCase& user, std::span<float> scores) { method.score(user.history, scores); };
    const auto ranks = target_ranks(validation, Protocol::full, score, tie_seed);
    const TuningStep<Options> step{++number, options, metric_mean(kChosenBy, ranks)};
    if (report) report(step);
    return step.ndcg10;
  });
}

}  // namespace

RankingProblem ranking_problem(const Dataset& dataset, Split split) {
  RankingProblem problem{
      .num_items = dataset.num_items(), .repeats = dataset.repeats(), .train = dataset.train_histories(), .cases = {}};
  for (const uint32_t user : dataset.evaluated_users()) {
    problem.cases.push_back({.user = user,
                             .history = known_in_evaluation(dataset, user, split).items,
                             .target = dataset.target(user, split),
                             .negatives = dataset.negatives(user)});
  }
  return problem;
}

std::vector<uint32_t> target_ranks(const RankingProblem& problem, Protocol protocol, const Scorer& scorer,
                                   uint64_t tie_seed) {
  std::vector<uint32_t> ranks(problem.cases.size());
  for_each_case(problem, scorer, tie_seed, [&](size_t c, std::span<const float> scores, uint64_t user_seed) {
    const RankingCase& user = problem.cases[c];
    ranks[c] = protocol == Protocol::full ? rank_among_all(scores, user.target, problem.excluded(user), user_seed)
                                          : rank_among_candidates(scores, user.target, user.negatives, user_seed);
  });
  return ranks;
}

ProtocolRanks full_ranking(const RankingProblem& problem, const Scorer& scorer, uint64_t tie_seed) {
  ProtocolRanks ranks;
  ranks.full.resize(problem.cases.size());
  ranks.recommended.resize(problem.cases.size());
  ranks.seen_compete = problem.repeats == Repeats::keep;
  for_each_case(problem, scorer, tie_seed, [&](size_t c, std::span<const float> scores, uint64_t user_seed) {
    const RankingCase& user = problem.cases[c];
    ranks.full[c] = rank_among_all(scores, user.target, problem.excluded(user), user_seed);
    ranks.recommended[c] = best_among_all(scores, problem.excluded(user), kGreatestDepth, user_seed);
  });
  return ranks;
}

ProtocolRanks popularity_ranks(const RankingProblem& problem, uint64_t tie_seed) {
  const std::vector<uint32_t> popularity = item_popularity(problem.train, problem.num_items);
  const auto score = [&](const RankingCase&, std::span<float> scores) {
    std::transform(popularity.begin(), popularity.end(), scores.begin(),
                   [](uint32_t count) { return static_cast<float>(count); });
  };
  ProtocolRanks ranks = full_ranking(problem, score, tie_seed);
  ranks.sampled99 = target_ranks(problem, Protocol::sampled99, score, tie_seed);
  return ranks;
}

ProtocolRanks item_knn_ranks(const RankingProblem& problem, const ItemKnnOptions& options, uint64_t tie_seed) {
  ProtocolRanks ranks;
  {
    const ItemKnn knn(problem.train, problem.num_items, options);
    const auto score = [&](const RankingCase& user, std::span<float> scores) { knn.score(user.history, scores); };
    ranks = full_ranking(problem, score, tie_seed);
  }
  ItemKnnOptions unordered = options;
  unordered.backward_weight = 1.0;
  const ItemKnn knn(problem.train, problem.num_items, unordered);
  // What popularity gives an item without neighbours: from -1 for the least popular to just below 0.
  const std::vector<uint32_t> popularity = item_popularity(problem.train, problem.num_items);
  const double most = popularity.empty() ? 0 : *std::max_element(popularity.begin(), popularity.end());
  const auto score = [&](const RankingCase& user, std::span<float> scores) {
    knn.score(user.history, scores);
    for (size_t item = 0; item < scores.size(); ++item) {
      if (scores[item] == 0.0f) scores[item] = static_cast<float>(popularity[item] / (most + 1.0) - 1.0);
    }
  };
  ranks.sampled99 = target_ranks(problem, Protocol::sampled99, score, tie_seed);
  return ranks;
}

ProtocolRanks ease_ranks(const RankingProblem& problem, const EaseOptions& options, uint64_t tie_seed) {
  return ranks_by(problem, Ease(problem.train, problem.num_items, options), tie_seed);
}

ProtocolRanks pmf_ranks(const RankingProblem& problem, const PmfOptions& options, uint64_t tie_seed) {
  return ranks_by(problem, Pmf::fit(problem.train, problem.num_items, options), tie_seed);
}

ItemKnnOptions tune_item_knn(const RankingProblem& validation, uint64_t tie_seed,
                             const TuningReport<ItemKnnOptions>& report) {
  const std::vector<Axis<ItemKnnOptions>> axes = {
      {&ItemKnnOptions::target_damping, {0.0, 0.2, 0.35, 0.5}},
      {&ItemKnnOptions::source_damping, {0.1, 0.3, 0.5, 0.7}},
      {&ItemKnnOptions::backward_weight, {0.1, 0.3, 1.0 / 1.5, 1.0}},
      {&ItemKnnOptions::distance_decay, {0.0, 0.25, 0.5, 1.0}},
      {&ItemKnnOptions::recency_decay, {0.5, 0.8, 1.0, 1.5}},
  };
  const auto make = [&](const ItemKnnOptions& options) {
    return ItemKnn(validation.train, validation.num_items, options);
  };
  return tuned(validation, tie_seed, {.popularity_offset = 1.0, .max_history = 30}, axes, make, report);
}

EaseOptions tune_ease(const RankingProblem& validation, uint64_t tie_seed, const TuningReport<EaseOptions>& report) {
  const std::vector<Axis<EaseOptions>> axes = {{&EaseOptions::regularisation, {3, 10, 30, 100, 300, 1000}}};
  const auto make = [&](const EaseOptions& options) { return Ease(validation.train, validation.num_items, options); };
  return tuned(validation, tie_seed, {}, axes, make, report);
}

PmfOptions tune_pmf(const RankingProblem& validation, uint64_t tie_seed, const TuningReport<PmfOptions>& report) {
  const std::vector<Axis<PmfOptions>> axes = {{&PmfOptions::regularisation, {3, 10, 30, 100, 300}},
                                              {&PmfOptions::confidence, {10, 30, 100, 300}}};
  const auto make = [&](const PmfOptions& options) {
    return Pmf::fit(validation.train, validation.num_items, options);
  };
  return tuned(validation, tie_seed, {}, axes, make, report);
}

std::optional<std::string> most_frequent_sentence(const std::vector<Explanation>& explanations) {
  std::map<std::string_view, size_t> counts;
  for (const Explanation& explanation : explanations) {
    if (explanation.split == Split::train) ++counts[explanation.sentence];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == counts.end()) return std::nullopt;
  return std::string(most->first);
}

void append_sentence_metrics(MetricMap& metrics, const std::vector<Explanation>& explanations, Split split) {
  const std::optional<std::string> sentence = most_frequent_sentence(explanations);
  std::vector<std::string> references;
  for (const Explanation& explanation : explanations) {
    if (explanation.split == split) references.push_back(explanation.sentence);
  }
  if (!sentence || references.empty()) return;
  const std::vector<std::string> predictions(references.size(), *sentence);
  append_overlap(metrics, "explanation", text_overlap(predictions, references));
}

}  // namespace peapod
