// `peapod baseline popularity|item-knn|ease|pmf|recall`: what a recommender must beat, under the keys that `evaluate`
// uses.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/measurement.h"
#include "cli/output.h"
#include "data/dataset.h"
#include "data/split.h"
#include "eval/baselines.h"
#include "eval/population.h"
#include "eval/recall_choice.h"
#include "eval/report.h"
#include "model/peapod_model.h"

namespace peapod::cli {
namespace {

constexpr const char* kPopularity = "popularity";

struct BaselineFlags {
  std::string data;
  std::string json, per_user;
  std::string split = "test";
  uint64_t seed = 1;
  ItemKnnOptions knn;
  bool tune = false;
};

using Settings = std::vector<std::pair<std::string, double>>;

Settings settings_of(const ItemKnnOptions& options) {
  return {{"distance_decay", options.distance_decay}, {"backward_weight", options.backward_weight},
          {"recency_decay", options.recency_decay},   {"source_damping", options.source_damping},
          {"target_damping", options.target_damping}, {"popularity_offset", options.popularity_offset},
          {"max_history", options.max_history}};
}

Settings settings_of(const EaseOptions& options) { return {{"regularisation", options.regularisation}}; }

Settings settings_of(const PmfOptions& options) {
  return {{"dimensions", options.dim},
          {"sweeps", options.sweeps},
          {"confidence", options.confidence},
          {"regularisation", options.regularisation}};
}

std::string text_of(const Settings& settings) {
  std::string text;
  for (const auto& [name, value] : settings) text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", name, value);
  return text;
}

// Opens the data set, once it is sure that there is a place for the results.
Dataset open_data(const BaselineFlags& flags) {
  require_distinct({{"--json", flags.json}, {"--per-user", flags.per_user}});
  Dataset data = Dataset::open(flags.data);
  require_held_out(data, flags.data);
  require_measurable({.users = data.evaluated_users().size()}, flags.data);
  return data;
}

// What a baseline reached. The table goes to standard output, unless the JSON object does.
void show(const BaselineFlags& flags, const std::string& method, const Dataset& dataset, const ProtocolRanks& ranks,
          const Settings& settings) {
  const Split split = kSplits.parse(flags.split);
  const Population population = population_of(dataset, {.split = split});
  const size_t num_users = population.users.size();
  const TargetCounts counts = count_targets(dataset, population.users, split);
  require_measurable(counts, flags.data);
  MetricMap metrics = metrics_of(ranks, population.popularity);
  if (method == kPopularity) append_sentence_metrics(metrics, dataset.explanations(), split);
  if (flags.json != "-") {
    std::string text = fmt::format("{} on {}, {} split, {} users\n", method, dataset.name(), flags.split, num_users);
    if (!settings.empty()) text += "  " + text_of(settings) + '\n';
    print(text + metric_table(metrics) + sentences_on(counts, "note: "));
  }
  nlohmann::ordered_json object = {{"baseline", method},
                                   {"data", dataset.name()},
                                   {"split", flags.split},
                                   {"num_users", num_users},
                                   {"seed", flags.seed}};
  for (const auto& [name, value] : settings) object["settings"][name] = value;
  for (const auto& [key, value] : metrics) object[key] = value;
  append_counts(object, counts);
  append_breakdowns(object, population, ranks);
  write_json(flags.json, text_with_ranks(object, dataset, split, population, ranks));
  write_per_user(flags.per_user, dataset, population, ranks);
}

template <class Options>
void print_tuning_step(const TuningStep<Options>& step) {
  std::cerr << fmt::format("tuning {:3}: validation NDCG@10 {:.5f} with {}\n", step.number, step.ndcg10,
                           text_of(settings_of(step.options)));
}

void run_popularity(const BaselineFlags& flags) {
  const Dataset dataset = open_data(flags);
  const RankingProblem problem = ranking_problem(dataset, kSplits.parse(flags.split));
  show(flags, kPopularity, dataset, popularity_ranks(problem, flags.seed), {});
}

void run_item_knn(const BaselineFlags& flags) {
  const Dataset dataset = open_data(flags);
  ItemKnnOptions options = flags.knn;
  if (flags.tune) {
    options = tune_item_knn(ranking_problem(dataset, Split::valid), flags.seed, print_tuning_step<ItemKnnOptions>);
  }
  const RankingProblem problem = ranking_problem(dataset, kSplits.parse(flags.split));
  show(flags, "item-knn", dataset, item_knn_ranks(problem, options, flags.seed), settings_of(options));
}

// Of a method whose settings are always chosen on validation: there is nothing to set.
template <class Options>
void run_tuned(const BaselineFlags& flags, const std::string& method,
               Options (*tune)(const RankingProblem&, uint64_t, const TuningReport<Options>&),
               ProtocolRanks (*rank)(const RankingProblem&, const Options&, uint64_t)) {
  const Dataset dataset = open_data(flags);
  const Options options = tune(ranking_problem(dataset, Split::valid), flags.seed, print_tuning_step<Options>);
  const auto ranks = rank(ranking_problem(dataset, kSplits.parse(flags.split)), options, flags.seed);
  show(flags, method, dataset, ranks, settings_of(options));
}

Settings settings_of(const RecallSettings& settings) {
  Settings named = settings_of(settings.neighbours);
  for (const auto& [name, value] : {std::pair("titles", settings.titles),
                                    {"title_popularity", settings.title_popularity},
                                    {"kin", settings.kin},
                                    {"repeats", settings.repeats},
                                    {"repeat_decay", settings.repeat_decay},
                                    {"sharpness", settings.sharpness},
                                    {"share", settings.share},
                                    {"smoothing", settings.smoothing},
                                    {"trend", settings.trend},
                                    {"spread_trend", settings.spread_trend},
                                    {"trend_decay", settings.trend_decay}}) {
    named.emplace_back(name, value);
  }
  return named;
}

// Chosen on validation, too.
void run_recall(const BaselineFlags& flags) {
  const Dataset dataset = open_data(flags);
  const auto titles = titles_of(dataset);
  const auto report = [](const RecallChoiceStep& step) {
    std::cerr << fmt::format("choosing {:3}: validation NDCG@10 {:.5f}, log mass {:.4f} with {}\n", step.number,
                             step.ndcg10, step.log_mass, text_of(settings_of(step.settings)));
  };
  const RecallSettings settings =
      choose_recall(ranking_problem(dataset, Split::valid), titles, {.seed = flags.seed}, report);
  const RankingProblem problem = ranking_problem(dataset, kSplits.parse(flags.split));
  const Recall recall(problem.train, problem.num_items, titles, settings);
  show(flags, "recall", dataset, recall_ranks(problem, recall, flags.seed), settings_of(settings));
}

void add_common_flags(CLI::App& command, BaselineFlags& flags) {
  command.add_option("--data", flags.data, "Directory that `peapod prepare` wrote")->required()->type_name("DIR");
  command.add_option("--split", flags.split, "Which held-out items to rank")
      ->check(CLI::IsMember(kSplits.names_without(Split::train)))
      ->capture_default_str();
  add_json(command, flags.json, "the metrics as one JSON object");
  add_destination(command, "--per-user", flags.per_user,
                  "Write what became of each user: target, rank, history, a JSON line each");
  add_number(command, "--seed", flags.seed, kAnySeed, "Orders equal scores");
}

void add_item_knn_flags(CLI::App& command, BaselineFlags& flags) {
  CLI::Option* tune =
      command.add_flag("--tune", flags.tune, "Choose the settings by full-ranking NDCG@10 on the validation split");
  const auto add = [&](const std::string& name, auto& value, const std::string& meaning) {
    add_number(command, name, value, RealRange{0, 1e9}, meaning)->excludes(tune)->group("Settings");
  };
  add("--distance-decay", flags.knn.distance_decay, "a: a pair d places apart counts d^-a");
  add("--backward-weight", flags.knn.backward_weight, "b: what a pair in the opposite order counts");
  add("--recency-decay", flags.knn.recency_decay, "r: the k-th latest item counts (1 + k)^-r");
  add("--source-damping", flags.knn.source_damping, "p: divides by the popularity of the history item to this power");
  add("--target-damping", flags.knn.target_damping, "q: the same for the recommended item");
  add("--popularity-offset", flags.knn.popularity_offset, "Added to every popularity");
  add_number(command, "--max-history", flags.knn.max_history, WholeRange{1, 4096},
             "n: how many of the latest items count")
      ->excludes(tune)
      ->group("Settings");
}

}  // namespace

void add_baseline(CLI::App& app) {
  CLI::App* baseline = app.add_subcommand("baseline", "Measure what a recommender must beat on a prepared data set");
  baseline->require_subcommand(1);
  const auto flags = std::make_shared<BaselineFlags>();  // shared: the callbacks outlive this function

  CLI::App* popularity = baseline->add_subcommand(
      "popularity", "Rank items by training interactions; explain with the most frequent training sentence");
  add_common_flags(*popularity, *flags);
  popularity->callback([flags] { run_popularity(*flags); });

  CLI::App* item_knn = baseline->add_subcommand("item-knn", "Rank items by what stood near the user's recent items");
  add_common_flags(*item_knn, *flags);
  add_item_knn_flags(*item_knn, *flags);
  item_knn->callback([flags] { run_item_knn(*flags); });

  CLI::App* ease = baseline->add_subcommand(
      "ease",
      "Rank items by a linear model of items on items (Steck 2019), its regularisation chosen on validation; for "
      "catalogues of up to " +
          std::to_string(kMostEaseItems) + " items");
  add_common_flags(*ease, *flags);
  ease->callback([flags] { run_tuned<EaseOptions>(*flags, "ease", tune_ease, ease_ranks); });

  CLI::App* pmf = baseline->add_subcommand(
      "pmf", "Rank items by matrix factorisation, user vectors folded in from the history; chosen on validation");
  add_common_flags(*pmf, *flags);
  pmf->callback([flags] { run_tuned<PmfOptions>(*flags, "pmf", tune_pmf, pmf_ranks); });

  CLI::App* recall = baseline->add_subcommand(
      "recall", "Rank items by what the user's history recalls: neighbours, titles, popularity; chosen on validation");
  add_common_flags(*recall, *flags);
  recall->callback([flags] { run_recall(*flags); });
}

}  // namespace peapod::cli
