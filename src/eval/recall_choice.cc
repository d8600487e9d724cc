#include "eval/recall_choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/threads.h"
#include "eval/coordinate_ascent.h"
#include "eval/metrics.h"

namespace peapod {
namespace {

constexpr uint64_t kUsersStream = 0x7ec;  // of the seed
constexpr size_t kMostKeptBytes = size_t{1} << 30;

std::vector<Axis<RecallSettings>> ordering_axes(bool has_titles, Repeats repeats) {
  std::vector<Axis<RecallSettings>> axes = {
      {[](RecallSettings& s) -> double& { return s.neighbours.target_damping; }, {0.0, 0.1, 0.2, 0.35, 0.5}},
      {[](RecallSettings& s) -> double& { return s.neighbours.source_damping; }, {0.1, 0.3, 0.5, 0.7}},
      {[](RecallSettings& s) -> double& { return s.neighbours.recency_decay; }, {0.3, 0.5, 0.8, 1.0, 1.5}},
      {[](RecallSettings& s) -> double& { return s.neighbours.backward_weight; }, {0.1, 0.3, 1.0 / 1.5, 1.0}},
      {[](RecallSettings& s) -> double& { return s.neighbours.distance_decay; }, {0.0, 0.25, 0.5, 1.0}},
      {[](RecallSettings& s) -> double& { return s.share; }, {0.3, 0.5, 0.65, 0.8, 0.9, 0.97}},
      {[](RecallSettings& s) -> double& { return s.trend; }, {0.0, 0.25, 0.5, 0.75, 1.0, 1.5}},
      {[](RecallSettings& s) -> double& { return s.spread_trend; }, {0.0, 0.5, 1.0, 1.5, 2.0, 3.0}},
      {[](RecallSettings& s) -> double& { return s.trend_decay; }, {0.5, 0.7, 0.8, 0.9, 0.97}},
  };
  if (repeats == Repeats::keep) {
    axes.push_back(
        {[](RecallSettings& s) -> double& { return s.repeats; }, {0.0, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0}});
    axes.push_back({[](RecallSettings& s) -> double& { return s.repeat_decay; }, {0.0, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0}});
  }
  if (has_titles) {
    axes.push_back({[](RecallSettings& s) -> double& { return s.titles; }, {0.0, 0.1, 0.2, 0.4, 0.8}});
    axes.push_back({[](RecallSettings& s) -> double& { return s.title_popularity; }, {0.0, 0.15, 0.3, 0.6}});
    axes.push_back({[](RecallSettings& s) -> double& { return s.kin; }, {0.0, 0.1, 0.2, 0.4, 0.8}});
  }
  return axes;
}

std::vector<Axis<RecallSettings>> mass_axes() {
  return {{[](RecallSettings& s) -> double& { return s.sharpness; }, {0.75, 1.0, 1.25, 1.5, 2.0}},
          {[](RecallSettings& s) -> double& { return s.smoothing; }, {0.3, 1.0, 3.0}}};
}

// Tries settings on a sample of the validation users.
class Trials {
 public:
  Trials(const RankingProblem& validation, std::shared_ptr<const TitleNeighbours> titles,
         const RecallChoiceOptions& options, const std::function<void(const RecallChoiceStep&)>& report)
      : problem_(validation), titles_(std::move(titles)), options_(options), report_(report) {
    std::vector<RankingCase>& cases = problem_.cases;
    if (options.max_users > 0 && options.max_users < cases.size()) {
      Random(options.seed, kUsersStream).shuffle(cases);
      cases.resize(options.max_users);
    }
  }

  RecallChoiceStep evaluate(const RecallSettings& settings) {
    const bool same_channels = recall_ && Recall::gather_alike(recall_->settings(), settings);
    if (recall_ && Recall::count_alike(recall_->settings(), settings)) {
      recall_ = recall_->with(settings);
    } else {
      recall_.emplace(problem_.train, problem_.num_items, titles_, settings);
    }
    const size_t n = problem_.cases.size();
    std::vector<uint32_t> among_all(n), among_candidates(n);
    std::vector<double> logs(n);
    const bool keeps = kept_bytes_ <= kMostKeptBytes;
    channels_.resize(keeps ? n : 0);
    parallel_for(
        n, [&] { return std::make_unique<std::vector<float>>(problem_.num_items); },
        [&](std::vector<float>& mass, size_t c) {
          const RankingCase& one = problem_.cases[c];
          if (keeps) {
            if (!same_channels) channels_[c] = recall_->channels(one.history);
            recall_->distribution(channels_[c], one.history, mass);
          } else {
            recall_->distribution(one.history, mass);
          }
          const uint64_t ties = mix64(options_.seed, one.user);
          among_all[c] = rank_among_all(mass, one.target, problem_.excluded(one), ties);
          among_candidates[c] = rank_among_candidates(mass, one.target, one.negatives, ties);
          logs[c] = std::log(static_cast<double>(mass[one.target]));
        });
    if (keeps) {
      kept_bytes_ = 0;
      for (const auto& channels : channels_) kept_bytes_ += channels.size() * sizeof(ChannelSums);
    }
    RecallChoiceStep step{.number = ++number_, .settings = settings};
    step.ndcg10 = metric_mean(kChosenBy, among_all);
    if (any_opposed(among_candidates)) {
      step.ndcg10 = std::sqrt(step.ndcg10 * metric_mean(kChosenBy, among_candidates));
    }
    step.log_mass = std::accumulate(logs.begin(), logs.end(), 0.0) / static_cast<double>(n);
    if (report_) report_(step);
    return step;
  }

 private:
  RankingProblem problem_;
  std::shared_ptr<const TitleNeighbours> titles_;
  RecallChoiceOptions options_;
  const std::function<void(const RecallChoiceStep&)>& report_;
  std::optional<Recall> recall_;                    // of the settings tried last
  std::vector<std::vector<ChannelSums>> channels_;  // [cases] of the same, unless they are too many
  size_t kept_bytes_ = 0;
  uint32_t number_ = 0;
};

}  // namespace

RecallSettings choose_recall(const RankingProblem& validation, std::shared_ptr<const TitleNeighbours> titles,
                             const RecallChoiceOptions& options,
                             const std::function<void(const RecallChoiceStep&)>& report) {
  RecallSettings start;
  const bool has_titles = titles != nullptr && !titles->empty();
  if (!has_titles) start.titles = start.kin = 0.0;
  if (validation.repeats == Repeats::keep) start.repeats = 1.0;
  if (validation.cases.empty()) return start;
  Trials trials(validation, std::move(titles), options, report);
  const RecallSettings ordered =
      coordinate_ascent(start, ordering_axes(has_titles, validation.repeats),
                        [&](const RecallSettings& settings) { return trials.evaluate(settings).ndcg10; });
  return coordinate_ascent(ordered, mass_axes(),
                           [&](const RecallSettings& settings) { return trials.evaluate(settings).log_mass; });
}

ProtocolRanks recall_ranks(const RankingProblem& problem, const Recall& recall, uint64_t tie_seed) {
  const auto score = [&](const RankingCase& user, std::span<float> mass) { recall.distribution(user.history, mass); };
  ProtocolRanks ranks = full_ranking(problem, score, tie_seed);
  ranks.sampled99 = target_ranks(problem, Protocol::sampled99, score, tie_seed);
  return ranks;
}

}  // namespace peapod
