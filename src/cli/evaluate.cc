// `peapod evaluate`: a model's metrics on a prepared data set, alone or against another model or its own prompts
// swapped.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "eval/bootstrap.h"
#include "eval/protocols.h"
#include "eval/text_overlap.h"

namespace peapod::cli {
namespace {

struct EvaluateFlags {
  std::string model, data, json, against;
  std::string split = "test";
  std::string precision = "auto";
  std::vector<std::string> tasks = {"sequential", "topn", "explanation"};
  std::vector<std::string> protocols = {"full", "sampled99"};
  uint32_t beams = 20;
  size_t max_users = 0;
  bool swap_prompts = false;
  bool include_seen = false;
};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Ranks by protocol, for a paired comparison.
struct Ranks {
  std::vector<uint32_t> full, sampled99;
};

Ranks rank(const PeapodModel& model, const EvaluateFlags& flags, EvaluationOptions options, const std::string& name) {
  Ranks ranks;
  const auto timed = [&](const char* what, auto&& protocol) {
    Progress bar(progress_output(), fmt::format("{} {}", name, what), 100.0, "%");
    options.progress = [&](double done) { bar.update(100.0 * done); };
    auto result = protocol(model, options);
    bar.finish();
    return result;
  };
  if (contains(flags.tasks, "sequential") && contains(flags.protocols, "full")) {
    ranks.full = timed("sequential", sequential_ranks);
  }
  if (contains(flags.tasks, "topn") && contains(flags.protocols, "sampled99")) {
    ranks.sampled99 = timed("top-n", topn_ranks);
  }
  return ranks;
}

MetricMap metrics_of(const Ranks& ranks) {
  MetricMap metrics;
  if (!ranks.full.empty()) append_metrics(metrics, Protocol::full, ranking_metrics(ranks.full));
  if (!ranks.sampled99.empty()) append_metrics(metrics, Protocol::sampled99, ranking_metrics(ranks.sampled99));
  return metrics;
}

// Ours minus theirs with 95 % intervals of a paired bootstrap over users.
void compare(const Ranks& ours, const Ranks& theirs, const std::string& name, nlohmann::ordered_json& object) {
  const auto one = [&](const std::string& key, const std::vector<double>& a, const std::vector<double>& b) {
    const Estimate e = bootstrap_difference(a, b);
    std::cout << fmt::format("{:<28}{:+.4f}  [{:+.4f}, {:+.4f}]  over {}\n", key, e.value, e.low, e.high, name);
    object["difference"][key] = {{"value", e.value}, {"low", e.low}, {"high", e.high}};
  };
  if (!ours.full.empty()) {
    one("sequential.full.hr@10", hits_at(ours.full, 10), hits_at(theirs.full, 10));
    one("sequential.full.ndcg@10", gains_at(ours.full, 10), gains_at(theirs.full, 10));
  }
  if (!ours.sampled99.empty()) {
    one("topn.sampled99.hr@10", hits_at(ours.sampled99, 10), hits_at(theirs.sampled99, 10));
    one("topn.sampled99.ndcg@10", gains_at(ours.sampled99, 10), gains_at(theirs.sampled99, 10));
  }
}

void run(const EvaluateFlags& flags) {
  for (const std::string& task : flags.tasks) {
    if (task != "sequential" && task != "topn" && task != "explanation") {
      throw Error("--tasks", "expected sequential, topn or explanation, got \"" + task + "\"");
    }
  }
  for (const std::string& protocol : flags.protocols) {
    if (protocol != "full" && protocol != "sampled99") {
      throw Error("--protocol", "expected full or sampled99, got \"" + protocol + "\"");
    }
  }
  EvaluationOptions options;
  options.split = split_from(flags.split);
  if (options.split == Split::train) throw Error("--split", "expected test or valid, got \"train\"");
  options.num_beams = flags.beams;
  options.precision = precision_from(flags.precision);
  options.max_users = flags.max_users;
  options.include_seen = flags.include_seen;
  const PeapodModel model = PeapodModel::load(flags.model);
  const Dataset data = Dataset::open(flags.data);
  if (data.train_hash() != model.dataset().train_hash()) {
    throw Error(flags.data, "is not the data set that " + flags.model + " was trained on",
                "evaluate on the directory that was given to `peapod train`");
  }

  const Ranks ranks = rank(model, flags, options, "evaluating");
  MetricMap metrics = metrics_of(ranks);
  nlohmann::ordered_json extra = nlohmann::ordered_json::object();
  const bool explains = contains(flags.tasks, "explanation") && has_explanations(data, options.split);
  if (explains) {
    Progress bar(progress_output(), "evaluating explanations", 100.0, "%");
    options.progress = [&](double done) { bar.update(100.0 * done); };
    const GeneratedExplanations texts = generate_explanations(model, options);
    bar.finish();
    options.progress = {};
    const OverlapScores overlap = text_overlap(texts.sentences, texts.references);
    metrics.emplace_back("explanation.bleu4", overlap.bleu4);
    metrics.emplace_back("explanation.rouge1", overlap.rouge1);
    metrics.emplace_back("explanation.rouge2", overlap.rouge2);
    metrics.emplace_back("explanation.rougeL", overlap.rougeL);
    metrics.emplace_back("explanation.distinct", distinct_share(texts.sentences));
    const GeneratedExplanations swapped = generate_explanations(model, options, true);
    size_t changed = 0;
    for (size_t i = 0; i < texts.sentences.size(); ++i) changed += texts.sentences[i] != swapped.sentences[i];
    metrics.emplace_back("explanation.changed_with_item",
                         static_cast<double>(changed) / static_cast<double>(texts.sentences.size()));
  }
  if (data.item_ids().scheme == IdScheme::sequential) {
    std::cout << "LEAKING ids: the numbers follow first appearance, test items included; these figures say little.\n";
    extra["leaking_ids"] = true;
  }
  std::cout << metric_table(metrics);
  if (flags.swap_prompts) {
    EvaluationOptions swapped = options;
    swapped.swap_prompts = true;
    const Ranks other = rank(model, flags, swapped, "prompts swapped:");
    std::cout << "\nwith personal prompts swapped between users:\n" << metric_table(metrics_of(other));
    compare(ranks, other, "prompts swapped", extra["swapped"]);
  }
  if (!flags.against.empty()) {
    const PeapodModel rival = PeapodModel::load(flags.against);
    if (rival.dataset().train_hash() != model.dataset().train_hash()) {
      throw Error("--against", flags.against + " was trained on other data");
    }
    const Ranks other = rank(rival, flags, options, "against:");
    std::cout << "\n" << flags.against << ":\n" << metric_table(metrics_of(other));
    compare(ranks, other, flags.against, extra["against"]);
  }
  nlohmann::ordered_json object = {{"dataset", data.name()}, {"split", name_of(options.split)}};
  for (const auto& [key, value] : metrics) object[key] = value;
  object.update(extra);
  write_json(flags.json, object.dump(2));
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model on a prepared data set");
  command->add_option("MODEL", flags->model, "Model directory")->required();
  command->add_option("--data", flags->data, "Prepared data set")->required();
  command->add_option("--tasks", flags->tasks, "sequential, topn, explanation")->delimiter(',');
  command->add_option("--protocol", flags->protocols, "full, sampled99")->delimiter(',');
  command->add_option("--split", flags->split, "test or valid")->capture_default_str();
  command->add_option("--beams", flags->beams, "Beams of the item search")
      ->capture_default_str()
      ->check(CLI::Range(10, 1000));
  command->add_option("--max-users", flags->max_users, "Only so many users, chosen by a fixed seed; 0: all");
  command->add_option("--precision", flags->precision, "auto, bf16 or f32")->capture_default_str();
  command->add_flag("--include-seen", flags->include_seen, "Recommend items of the history too");
  command->add_flag("--swap-prompts", flags->swap_prompts,
                    "Also with the users' personal prompts swapped, with paired intervals");
  command->add_option("--against", flags->against, "Another model to compare with, with paired intervals");
  command->add_option("--json", flags->json, "Write the metrics as JSON; - is standard output");
  command->callback([flags] { run(*flags); });
}

}  // namespace peapod::cli
