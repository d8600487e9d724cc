#include "cli/evaluate_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "cli/terminal.h"
#include "data/target_counts.h"
#include "eval/html/page.h"
#include "eval/recall_choice.h"
#include "eval/sample_users.h"
#include "eval/training_curve.h"

namespace peapod::cli {
namespace {

constexpr size_t kNumSampleUsers = 10;

// The name of a directory, also where its path ends in a slash.
std::string last_name(const std::string& directory) {
  const std::filesystem::path path(directory);
  const std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
  return name.empty() || name == "." || name == ".." ? "model" : name;
}

std::string trust_sentence(const PeapodModel& model) {
  if (model.recall() == nullptr) return "The model recalls nothing: the network alone ranks.";
  std::string sentence = "The search weighs the network and what is recalled as validation chose:";
  for (const Task task : kRankingTasks) {
    sentence += fmt::format(" {} {}{}", name_of(task), in_words(model.search_trust(task)),
                            task == kRankingTasks.back() ? "." : ";");
  }
  return sentence;
}

std::vector<std::string> notes_of(const MeasuredModel& measured, const EvaluationOptions& options) {
  const bool test = options.split == Split::test;
  const TargetCounts counts = count_targets(measured.model.dataset(), measured.population.users, options.split);
  const bool ranks_seen = options.include_seen.value_or(counts.ranks_seen);
  std::vector<std::string> notes = {
      fmt::format("Leave-one-out: the target is each user’s {}; what precedes it is known, all counts and weights come "
                  "from training interactions alone.",
                  test ? "last item" : "last item but one"),
      fmt::format("Next item: the target’s rank among the whole catalogue{}. 99 negatives: its rank among items that "
                  "the user never touched, drawn once by `prepare`. A target beyond the tenth place counts 0.",
                  ranks_seen ? "" : " without the items of the history"),
      fmt::format("The model answers with {} beams.", options.num_beams)};
  if (options.max_users > 0) {
    notes.push_back(fmt::format("{} users, chosen by a fixed seed.", measured.population.users.size()));
  }
  if (counts.seen > 0) {
    notes.push_back(fmt::format("{} of {} targets are items that the user had before: {}.", counts.seen, counts.users,
                                ranks_seen ? "these may be recommended too" : "nothing can hit them"));
  }
  if (counts.without_negatives > 0) {
    notes.push_back(fmt::format("{} of {} users have touched every item: they are left out among negatives.",
                                counts.without_negatives, counts.users));
  }
  if (counts.least_negatives < kNumNegatives) {
    notes.push_back(
        fmt::format("There are {} negatives at the least and {:.1f} on average, not 99: users touched the "
                    "rest of the catalogue.",
                    counts.least_negatives, counts.mean_negatives));
  }
  notes.push_back(trust_sentence(measured.model));
  return notes;
}

// Without what the model was not ranked by.
ProtocolRanks as_measured(ProtocolRanks ranks, const ProtocolRanks& measured) {
  if (measured.full.empty()) ranks = {.full = {}, .sampled99 = std::move(ranks.sampled99)};
  if (measured.sampled99.empty()) ranks.sampled99.clear();
  return ranks;
}

std::vector<html::MethodRanks> methods_of(const MeasuredModel& measured, const EvaluationOptions& options) {
  std::vector<html::MethodRanks> methods = {
      {.name = last_name(measured.directory), .how = "the model that is evaluated.", .ranks = measured.ranks}};
  const auto add = [&](const std::string& name, const std::string& how, ProtocolRanks ranks) {
    methods.push_back({.name = name, .how = how, .ranks = as_measured(std::move(ranks), measured.ranks)});
  };
  const RankingProblem problem = problem_of(measured.model.dataset(), measured.population, options.split);
  if (measured.model.recall() != nullptr) {
    add("recall alone", "the distribution that the model’s search starts from, without its network.",
        recall_ranks(problem, *measured.model.recall(), options.seed));
  }
  add("item-kNN, tuned",
      "co-occurrence in training histories, with the settings that are best on the validation split.",
      item_knn_ranks(problem, tuned_item_knn(measured.model.dataset(), options.seed), options.seed));
  add("popularity", "items by their training interactions, the same for everybody.",
      popularity_ranks(problem, options.seed));
  return methods;
}

}  // namespace

ItemKnnOptions tuned_item_knn(const Dataset& data, uint64_t seed) {
  Progress progress(progress_output(), "tuning item-kNN", 0, "trials");
  const ItemKnnOptions options =
      tune_item_knn(ranking_problem(data, Split::valid), seed,
                    [&](const TuningStep<ItemKnnOptions>& step) { progress.update(step.number); });
  progress.finish();
  return options;
}

RankingProblem problem_of(const Dataset& data, const Population& population, Split split) {
  RankingProblem problem = ranking_problem(data, split);
  std::erase_if(problem.cases,
                [&](const RankingCase& one) { return !std::ranges::binary_search(population.users, one.user); });
  return problem;
}

void write_report(const std::string& path, const MeasuredModel& measured, const EvaluationOptions& options) {
  const Dataset& data = measured.model.dataset();
  html::PageContents contents{
      .model = last_name(measured.directory),
      .dataset = data.name(),
      .num_items = data.num_items(),
      .split = std::string(name_of(options.split)),
      .notes = notes_of(measured, options),
      .leaking_ids = data.item_ids().scheme == IdScheme::sequential,
      .population = measured.population,
      .methods = methods_of(measured, options),
      .explanations = {},
      .sentence = {},
      .training = read_training_curve(std::filesystem::path(measured.directory) / "metrics.jsonl"),
      .users = sample_users(measured.model, measured.answer, options, kNumSampleUsers)};
  std::ranges::copy_if(measured.metrics, std::back_inserter(contents.explanations),
                       [](const auto& entry) { return entry.first.starts_with("explanation."); });
  if (!contents.explanations.empty()) append_sentence_metrics(contents.sentence, data.explanations(), options.split);
  write_file_atomically(path, html::page(contents));
}

}  // namespace peapod::cli
