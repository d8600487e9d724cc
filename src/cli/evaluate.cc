// `peapod evaluate`: a model's metrics on a prepared data set, alone or against another model or its own prompts
// swapped.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/nearest_name.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/evaluate_report.h"
#include "cli/flags.h"
#include "cli/measurement.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "eval/baselines.h"
#include "eval/bootstrap.h"
#include "eval/metrics.h"
#include "eval/population.h"
#include "eval/protocols.h"
#include "eval/report.h"
#include "model/composer.h"
#include "model/model_directory.h"

namespace peapod::cli {
namespace {

struct EvaluateFlags {
  std::vector<std::string> models;
  std::string data, json, per_user, report, against;
  std::string split = "test";
  std::string precision = "auto";
  std::vector<std::string> tasks = kTaskNames.names();
  std::vector<std::string> protocols = kProtocols.names();
  uint32_t beams = 20;
  size_t max_users = 0;
  bool swap_prompts = false;
  std::optional<bool> include_seen;
};

// Shows a piece of the readable result at once, since the next may take minutes.
using Say = std::function<void(const std::string&)>;

// What --against takes beside directories.
const std::vector<std::string> kBaselines = {"popularity", "item-knn"};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_baseline(const std::string& against) { return contains(kBaselines, against); }
bool is_model(const std::string& against) { return !against.empty() && !is_baseline(against); }

bool ranks_full(const EvaluateFlags& flags) {
  return contains(flags.tasks, name_of(Task::sequential)) && contains(flags.protocols, name_of(Protocol::full));
}

bool ranks_sampled(const EvaluateFlags& flags) {
  return contains(flags.tasks, name_of(Task::topn)) && contains(flags.protocols, name_of(Protocol::sampled99));
}

// What ask(options) returns, with a progress bar named `title` while it works.
template <class Ask>
auto with_bar(const std::string& title, EvaluationOptions options, const Ask& ask) {
  Progress bar(progress_output(), title, 100.0, "%");
  options.progress = [&](double done) { bar.update(100.0 * done); };
  auto result = ask(options);
  bar.finish();
  return result;
}

// A model with what answers for it.
struct Measured {
  Measured(PeapodModel loaded, const AnswererOptions& options) : model(std::move(loaded)), answerer(model, options) {}
  Measured(const Measured&) = delete;  // the answerer refers to the model
  PeapodModel model;
  Answerer answerer;
};

std::vector<uint32_t> full_ranks(const Measured& one, const EvaluationOptions& options, const std::string& name) {
  return with_bar(name + " sequential", options, [&](const EvaluationOptions& with_progress) {
    return sequential_ranks(one.model, answers_of(one.answerer), with_progress);
  });
}

std::vector<uint32_t> sampled_ranks(const Measured& one, const EvaluationOptions& options, const std::string& name) {
  return with_bar(name + " top-n", options, [&](const EvaluationOptions& with_progress) {
    return topn_ranks(one.model, answers_of(one.answerer), with_progress);
  });
}

MetricMap measured_explanations(const Measured& one, const EvaluationOptions& options) {
  const AnswerFunction answer = answers_of(one.answerer);
  const GeneratedExplanations texts = with_bar(
      "evaluating explanations", options,
      [&](const EvaluationOptions& with_progress) { return generate_explanations(one.model, answer, with_progress); });
  EvaluationOptions of_others = options;
  of_others.swap_items = true;
  const GeneratedExplanations swapped = generate_explanations(one.model, answer, of_others);
  return explanation_metrics(
      {.sentences = texts.sentences, .references = texts.references, .of_other_items = swapped.sentences},
      one.model.tokenizer());
}

ProtocolRanks model_ranks(const Measured& one, const EvaluateFlags& flags, EvaluationOptions options,
                          const std::string& name) {
  ProtocolRanks ranks;
  options.recommended = [&ranks](std::span<const uint32_t> items) {
    ranks.recommended.emplace_back(items.begin(), items.end());
  };
  if (ranks_full(flags)) {
    ranks.full = full_ranks(one, options, name);
    ranks.seen_compete = options.include_seen.value_or(one.model.dataset().repeats() == Repeats::keep);
  }
  if (ranks_sampled(flags)) ranks.sampled99 = sampled_ranks(one, options, name);
  return ranks;
}

// What a baseline ranks for the same users; item-kNN tuned.
ProtocolRanks baseline_ranks(const Dataset& data, const Population& population, const EvaluateFlags& flags,
                             const EvaluationOptions& options) {
  const RankingProblem problem = problem_of(data, population, options.split);
  ProtocolRanks ranks = flags.against == "popularity"
                            ? popularity_ranks(problem, options.seed)
                            : item_knn_ranks(problem, tuned_item_knn(data, options.seed), options.seed);
  if (!ranks_full(flags)) ranks = {.full = {}, .sampled99 = std::move(ranks.sampled99)};
  if (!ranks_sampled(flags)) ranks.sampled99.clear();
  return ranks;
}

// Without what says nothing of the protocols that are run.
TargetCounts as_asked(TargetCounts counts, const EvaluateFlags& flags) {
  if (!ranks_full(flags)) counts.seen = 0;
  counts.ranks_seen = flags.include_seen.value_or(counts.ranks_seen);
  if (!ranks_sampled(flags)) {
    counts.least_negatives = kNumNegatives;
    counts.without_negatives = 0;
  }
  return counts;
}

nlohmann::ordered_json json_of(const Estimate& e) { return {{"value", e.value}, {"low", e.low}, {"high", e.high}}; }

void show_intervals(const EstimateMap& intervals, const Say& say, nlohmann::ordered_json& object) {
  say("95 % interval over users:\n");
  for (const auto& [key, e] : intervals) {
    say(fmt::format("{:<28}{:.4f}  [{:.4f}, {:.4f}]\n", key, e.value, e.low, e.high));
    object[key] = json_of(e);
  }
}

// Theirs, then ours minus theirs.
void show_difference(const ProtocolRanks& ours, const ProtocolRanks& theirs, const std::string& name,
                     const Population& population, const Say& say, nlohmann::ordered_json& object) {
  say(fmt::format("\n{}:\n{}difference, 95 % interval over users:\n", name,
                  metric_table(metrics_of(theirs, population.popularity))));
  for (const auto& [key, e] : paired_differences(ours, theirs)) {
    say(fmt::format("{:<28}{:+.4f}  [{:+.4f}, {:+.4f}]\n", key, e.value, e.low, e.high));
    object["difference"][key] = json_of(e);
  }
}

EvaluationOptions options_of(const EvaluateFlags& flags) {
  EvaluationOptions options;
  options.split = kSplits.parse(flags.split);
  options.num_beams = flags.beams;
  options.max_users = flags.max_users;
  options.include_seen = flags.include_seen;
  return options;
}

void require_same_data(const std::string& directory, const Dataset& trained_on, const EvaluateFlags& flags,
                       const Dataset& data) {
  if (data.evaluation_hash() != trained_on.evaluation_hash()) {
    throw Error(flags.data, "is not the data set that " + directory + " was trained on",
                "evaluate on the directory that was given to `peapod train`");
  }
}

// Throws Error for a model that was trained on all interactions, or whose data holds nothing out.
void require_not_shown_answers(const std::string& directory) {
  if (read_description(directory).split != SplitRule::none) return;
  throw Error(directory, "has learned from all interactions, those to be asked for among them: it has seen the answers",
              "evaluate a model that was trained with held-out items, by `peapod train` without `--on all`");
}

void require_prompts_to_swap(const std::string& directory, std::string_view composer, const EvaluateFlags& flags) {
  if (!flags.swap_prompts || composer_kind(composer).is_personal) return;
  throw Error("--swap-prompts",
              fmt::format("{} has no personal prompts to swap: its composer is {}", directory, composer),
              "leave it out, or train with --composer shared-prompts");
}

PeapodModel load_trained_on(const std::string& directory, const EvaluateFlags& flags, const Dataset& data) {
  PeapodModel model = PeapodModel::load(directory);
  require_same_data(directory, model.dataset(), flags, data);
  return model;
}

// Throws Error where evaluate() would at its beginning, without the work of making a model of the files.
void check_trained_on(const std::string& directory, const EvaluateFlags& flags, const Dataset& data) {
  const ModelDescription description = checked_description(directory);
  require_same_data(directory, open_dataset(directory), flags, data);
  require_prompts_to_swap(directory, description.composer, flags);
}

void warn_of_leaking_ids(const std::string& directory, const PeapodModel& model, const Say& say,
                         nlohmann::ordered_json& object) {
  if (model.dataset().item_ids().scheme != IdScheme::sequential) return;
  say(directory + ": LEAKING ids: the numbers follow first appearance, test items included; its figures say little.\n");
  object["leaking_ids"] = true;
}

// What came of one model.
struct Evaluated {
  Population population;
  ProtocolRanks ranks;
  MetricMap metrics;
};

// Measures one model and shows it; what is measured goes into `object` too.
Evaluated evaluate(const std::string& directory, const EvaluateFlags& flags, const Dataset& data, const Say& say,
                   nlohmann::ordered_json& object) {
  const EvaluationOptions options = options_of(flags);
  const bool explains = contains(flags.tasks, name_of(Task::explanation)) && has_explanations(data, options.split);
  const AnswererOptions answering{.precision = precision_from(flags.precision), .explains = explains};
  const Measured one(load_trained_on(directory, flags, data), answering);
  require_prompts_to_swap(directory, one.model.composer().name(), flags);
  std::optional<Measured> rival;  // loaded first: a bad one is noticed before anything is measured
  if (is_model(flags.against)) {
    rival.emplace(load_trained_on(flags.against, flags, data), AnswererOptions{answering.precision, false});
  }
  warn_of_leaking_ids(directory, one.model, say, object);
  Evaluated result{.population = population_of(data, options), .ranks = {}, .metrics = {}};
  const Population& population = result.population;
  const TargetCounts counts = as_asked(count_targets(data, population.users, options.split), flags);
  require_measurable(counts, flags.data);
  const ProtocolRanks& ranks = result.ranks = model_ranks(one, flags, options, "evaluating");
  result.metrics = metrics_of(ranks, population.popularity);
  if (explains) std::ranges::move(measured_explanations(one, options), std::back_inserter(result.metrics));
  if (result.metrics.empty()) {
    throw Error(directory, "there is nothing to measure with these --tasks, --protocol and --split");
  }
  for (const auto& [key, value] : result.metrics) object[key] = value;
  say(metric_table(result.metrics));
  const EstimateMap intervals = intervals_over_users(ranks);
  if (!intervals.empty()) show_intervals(intervals, say, object["intervals"]);
  say(sentences_on(counts, "note: "));
  append_counts(object, count_targets(data, population.users, options.split));
  append_breakdowns(object, population, ranks);
  const auto against = [&](const ProtocolRanks& theirs, const std::string& name, const char* member) {
    show_difference(ranks, theirs, name, population, say, object[member]);
  };
  if (flags.swap_prompts) {
    EvaluationOptions swapped = options;
    swapped.swap_prompts = true;
    against(model_ranks(one, flags, swapped, "prompts swapped:"), "personal prompts swapped between users", "swapped");
  }
  if (is_baseline(flags.against)) {
    against(baseline_ranks(data, population, flags, options), flags.against, "against");
  } else if (rival) {
    warn_of_leaking_ids(flags.against, rival->model, say, object["against"]);
    against(model_ranks(*rival, flags, options, "against:"), flags.against, "against");
  }
  if (!flags.report.empty()) {
    write_report(flags.report,
                 {.directory = directory,
                  .model = one.model,
                  .answer = answers_of(one.answerer),
                  .population = population,
                  .ranks = ranks,
                  .metrics = result.metrics},
                 options);
  }
  return result;
}

void show_means(const std::vector<MetricMap>& runs, const Say& say, nlohmann::ordered_json& object) {
  say(fmt::format("\nmean of {} models, 95 % interval over models:\n", runs.size()));
  for (const auto& [key, e] : means_over_runs(runs)) {
    say(fmt::format("{:<30}{:.4f}  [{:.4f}, {:.4f}]\n", key, e.value, e.low, e.high));
    object[key] = e.value;
    object["intervals"][key] = json_of(e);
  }
}

void run_one(const EvaluateFlags& flags, const Dataset& data, const Say& say, nlohmann::ordered_json& object) {
  object["model"] = flags.models.front();
  const Evaluated done = evaluate(flags.models.front(), flags, data, say, object);
  object["num_users"] = done.population.users.size();
  const Split split = kSplits.parse(flags.split);
  write_json(flags.json, text_with_ranks(object, data, split, done.population, done.ranks));
  write_per_user(flags.per_user, data, done.population, done.ranks);
}

void run_many(const EvaluateFlags& flags, const Dataset& data, const Say& say, nlohmann::ordered_json& object) {
  std::vector<MetricMap> metrics;
  for (const std::string& directory : flags.models) {
    say((metrics.empty() ? "" : "\n") + directory + ":\n");
    nlohmann::ordered_json& one = object["models"].emplace_back();
    one["model"] = directory;
    metrics.push_back(evaluate(directory, flags, data, say, one).metrics);
  }
  show_means(metrics, say, object);
  write_json(flags.json, object.dump(2));
}

void require_rival(const std::string& against) {
  if (!is_model(against) || std::filesystem::exists(against)) return;
  const std::string nearest = nearest_name(against, kBaselines);
  throw Error("--against", "expected popularity, item-knn or a model directory, got \"" + against + "\"",
              nearest.empty() ? "" : "did you mean \"" + nearest + "\"?");
}

void run(const EvaluateFlags& flags) {
  const bool beside_baselines = !flags.report.empty() || is_baseline(flags.against);
  if (flags.include_seen && beside_baselines) {
    throw Error(flags.report.empty() ? "--against " + flags.against : "--report",
                fmt::format("stands beside baselines, which rank items of the history where the data set keeps repeats "
                            "and nowhere else; --{}clude-seen is said to the model alone",
                            *flags.include_seen ? "in" : "ex"),
                "leave out one of the two");
  }
  if (flags.models.size() > 1 && (!flags.per_user.empty() || !flags.report.empty())) {
    throw Error(flags.per_user.empty() ? "--report" : "--per-user",
                fmt::format("is of one model, got {}", flags.models.size()), "evaluate one model at a time");
  }
  require_distinct({{"--json", flags.json}, {"--per-user", flags.per_user}, {"--report", flags.report}});
  require_rival(flags.against);
  const Dataset data = Dataset::open(flags.data);
  require_held_out(data, flags.data);
  const TargetCounts counts = count_targets(data, data.evaluated_users(), kSplits.parse(flags.split));
  require_measurable(as_asked(counts, flags), flags.data);
  for (const std::string& directory : flags.models) require_not_shown_answers(directory);
  if (is_model(flags.against)) require_not_shown_answers(flags.against);
  // Of several, each is checked before the first is measured for minutes.
  if (flags.models.size() > 1) {
    for (const std::string& directory : flags.models) check_trained_on(directory, flags, data);
  }
  const Say say = [&](const std::string& text) { print_beside(flags.json, text); };
  nlohmann::ordered_json object = {{"dataset", data.name()}, {"split", flags.split}};
  if (flags.models.size() == 1) {
    run_one(flags, data, say, object);
  } else {
    run_many(flags, data, say, object);
  }
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model on a prepared data set");
  command->add_option("MODEL", flags->models, "Model directory; of several, the means too")->required();
  command->add_option("--data", flags->data, "Prepared data set")->required();
  command->add_option("--tasks", flags->tasks, "Those to measure")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(kTaskNames.names()))
      ->capture_default_str();
  command->add_option("--protocol", flags->protocols, "Those to rank by")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(kProtocols.names()))
      ->capture_default_str();
  command->add_option("--split", flags->split, "Which held-out items")
      ->check(CLI::IsMember(kSplits.names_without(Split::train)))
      ->capture_default_str();
  add_number(*command, "--beams", flags->beams, WholeRange{kGreatestDepth, 1000}, "Beams of the item search");
  add_number(*command, "--max-users", flags->max_users, kAnyCount,
             "Only so many users, chosen by a fixed seed; 0: all");
  command->add_option("--precision", flags->precision, "Arithmetic of the matrix products")
      ->check(CLI::IsMember(kPrecisions.names()))
      ->capture_default_str();
  add_seen(*command, flags->include_seen);
  command->add_flag("--swap-prompts", flags->swap_prompts,
                    "Also with the users' personal prompts swapped, with paired intervals");
  command->add_option(
      "--against", flags->against,
      "popularity, item-knn (tuned on validation) or another model directory: compare with it, with paired "
      "intervals");
  add_json(*command, flags->json, "the metrics as JSON, which `compare` reads");
  add_destination(*command, "--per-user", flags->per_user,
                  "Write what became of each user: target, rank, history, a JSON line each");
  add_destination(*command, "--report", flags->report,
                  "Write a page of figures, intervals, charts and sample users, beside baselines on the same users");
  command->callback([flags] { run(*flags); });
}

}  // namespace peapod::cli
