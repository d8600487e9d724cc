#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "eval/metrics.h"
#include "eval/protocols.h"
#include "eval/report.h"
#include "eval/trust_choice.h"
#include "model/checkpoint.h"
#include "train/step.h"
#include "train/training_state.h"

namespace peapod {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kDropoutStream = 0xd0;  // of the seed; a step has one of its own

// Weights are kept that reach so much of the best validation: beside recall a ranking may hardly change while
// everything else, explanations first, is still being learned.
constexpr double kAsGood = 0.995;

constexpr SearchTrust kHalfTrust{.trust = 0.5, .appraisal = 0.5};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What a validation of a ranking task looks at: of top-n, whose inputs are long, a third as many users.
EvaluationOptions validation_of(Task task, const TrainOptions& options) {
  EvaluationOptions evaluation;
  evaluation.split = Split::valid;
  evaluation.max_users = task == Task::topn ? (options.validation_users + 2) / 3 : options.validation_users;
  return evaluation;
}

constexpr const char* kMetricsFile = "metrics.jsonl";

// Cuts off what a killed process had begun to write to a file of lines.
void drop_unfinished_line(const fs::path& file) {
  if (!fs::exists(file)) return;
  const std::string text = read_file(file);
  const size_t whole = text.rfind('\n') + 1;  // 0 where there is no line
  if (whole < text.size()) fs::resize_file(file, whole);
}

class Run {
 public:
  Run(PeapodModel& model, const fs::path& directory, const TrainOptions& options, const TrainHooks& hooks)
      : model_(model),
        directory_(directory),
        state_file_(directory / "training.safetensors"),
        options_(options),
        hooks_(hooks),
        adamw_(model.network().parameters(), options.adamw),
        workers_(model.network(), {.precision = options.precision,
                                   .dropout = model.network().config().t5.dropout_rate,
                                   .shard_rows = options.shard_rows}),
        validates_sequential_(validates(Task::sequential)),
        validates_topn_(validates(Task::topn)) {}

  TrainResult go(bool resume);

 private:
  bool validates(Task task) const {
    return options_.sampler.shares[static_cast<size_t>(task)] > 0.0 && !model_.dataset().evaluated_users().empty();
  }
  double budget_used(const Sampler& sampler) const;
  double minutes() const { return state_.minutes + seconds_since(started_) / 60.0; }
  double learning_rate(uint64_t step, double used) const;
  uint64_t parts_due(double used) const { return static_cast<uint64_t>(used * options_.validations); }
  void validate(const Sampler& sampler);
  // The metric that weights are chosen by, with the trust that the model has; and the ranks that it is made of.
  double measure(ProtocolRanks& ranks);
  // What rankings reach with these weights beside what measure() gives at the trust that the loss has: how far the
  // network is trusted is chosen at the end. Where explanations are trained too, that is what recall reaches alone,
  // with any weights, since sentences need more training than rankings of a small log bear. Elsewhere it is what half
  // the trust gives: weights that have learned too much of their examples by heart still say something where they are
  // trusted less.
  double reached_otherwise();
  void trust(const SearchTrust& trust);
  void checkpoint(const Sampler& sampler);
  void log(const nlohmann::ordered_json& line) const;
  void say(const std::string& text) const {
    if (hooks_.message) hooks_.message(text);
  }

  PeapodModel& model_;
  fs::path directory_;
  fs::path state_file_;
  const TrainOptions& options_;
  const TrainHooks& hooks_;
  AdamW adamw_;
  GradientWorkers workers_;
  bool validates_sequential_;
  bool validates_topn_;
  std::optional<double> recall_alone_ = {};  // what it reaches, where explanations are trained too
  TrainingState state_;
  Clock::time_point started_ = Clock::now();
};

double Run::budget_used(const Sampler& sampler) const {
  double used = sampler.epochs() / options_.max_epochs;
  if (options_.max_steps > 0) {
    used = std::max(used, static_cast<double>(sampler.state().steps) / static_cast<double>(options_.max_steps));
  }
  if (options_.time_limit_minutes > 0.0) used = std::max(used, minutes() / options_.time_limit_minutes);
  return std::min(used, 1.0);
}

double Run::learning_rate(uint64_t step, double used) const {
  const double warm = std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(options_.warmup_steps + 1));
  return options_.learning_rate * warm * (1.0 - used);
}

void Run::log(const nlohmann::ordered_json& line) const {
  std::ofstream out(directory_ / kMetricsFile, std::ios::app);
  out << sealed(line.dump()) + '\n';
  if (!out.flush()) throw Error((directory_ / kMetricsFile).string(), "cannot be written");
}

double Run::measure(ProtocolRanks& ranks) {
  const Answerer answerer(model_, {.precision = options_.precision, .explains = false});
  double metric = 1.0;
  if (validates_sequential_) {
    ranks.full = sequential_ranks(model_, answers_of(answerer), validation_of(Task::sequential, options_));
    metric *= metric_mean(kChosenBy, ranks.full);
  }
  if (validates_topn_) {
    ranks.sampled99 = topn_ranks(model_, answers_of(answerer), validation_of(Task::topn, options_));
  }
  if (!any_opposed(ranks.sampled99)) return metric;
  metric *= metric_mean(kChosenBy, ranks.sampled99);
  return validates_sequential_ ? std::sqrt(metric) : metric;
}

void Run::trust(const SearchTrust& trust) {
  for (const Task task : kRankingTasks) model_.set_search_trust(task, trust);
}

double Run::reached_otherwise() {
  if (!model_.recall_use().search) return 0.0;
  if (recall_alone_) return *recall_alone_;
  ProtocolRanks ranks;
  trust(kHalfTrust);
  const double metric = measure(ranks);
  trust(SearchTrust{});
  return metric;
}

void Run::validate(const Sampler& sampler) {
  ProtocolRanks ranks;
  const double metric = measure(ranks);
  const MetricMap metrics = metrics_of(ranks);
  const double reached = std::max(metric, reached_otherwise());
  const bool kept = reached > (model_.recall_use().search ? kAsGood : 1.0) * state_.best_metric;
  state_.bad_validations = kept ? 0 : state_.bad_validations + 1;
  state_.best_metric = std::max(state_.best_metric, reached);
  if (kept) model_.save_weights(directory_);
  nlohmann::ordered_json line = {{"step", sampler.state().steps},
                                 {"minutes", minutes()},
                                 {"epochs", sampler.epochs()},
                                 {"loss", state_.recent_loss}};
  std::string shown;
  for (const auto& [key, value] : metrics) {
    line["valid." + key] = value;
    if (key.ends_with("hr@10")) shown += fmt::format(", {} {:.4f}", key, value);
  }
  line["valid.ndcg@10"] = metric;
  line["best"] = kept;
  log(line);
  say(fmt::format("step {}: loss {:.3f}, validation NDCG@10 {:.4f}{}{}", sampler.state().steps, state_.recent_loss,
                  metric, shown, kept ? " (kept)" : ""));
}

void Run::checkpoint(const Sampler& sampler) {
  TrainingState now = state_;
  now.sampler = sampler.state();
  now.minutes = minutes();
  save_training_state(state_file_, now, model_.network().parameters(), adamw_);
}

TrainResult Run::go(bool resume) {
  Parameters<float>& parameters = model_.network().parameters();
  if (resume && fs::exists(state_file_)) {
    state_ = load_training_state(state_file_, model_.identity(), parameters, adamw_);
    require_same(state_.identity, options_.identity, directory_.string());
    if (const fs::path weights = directory_ / "model.safetensors"; fs::exists(weights)) {
      require_identity(StoredWeights(weights).file(), weights.string(), model_.identity());
    }
    drop_unfinished_line(directory_ / kMetricsFile);
    say(fmt::format("resuming after step {}", state_.sampler.steps));
  } else {
    state_.identity = options_.identity;
    state_.model = model_.identity();
  }
  state_.learning_rate = options_.learning_rate;
  state_.warmup_steps = options_.warmup_steps;
  SamplerOptions sampling = options_.sampler;
  sampling.seed = options_.seed;
  const SearchSpace space(model_);
  Sampler sampler(space, sampling, state_.sampler);
  const bool validates = validates_sequential_ || validates_topn_;
  if (validates && model_.recall_use().search && sampler.share(Task::explanation) > 0) {
    ProtocolRanks ranks;
    trust(kRecallAlone);
    recall_alone_ = measure(ranks);
  }
  trust(model_.recall_use().search ? SearchTrust{} : kNetworkAlone);
  started_ = Clock::now();
  // Validations stand at equal parts of the budget. Where the budget has grown since the last run, fewer of its parts
  // are over than there were validations.
  state_.validations = std::min(state_.validations, parts_due(budget_used(sampler)));
  auto last_checkpoint = Clock::now();
  TrainResult result;
  TrainProgress progress;
  double examples_seconds = 0.0;
  size_t questions_done = 0;
  while (true) {
    const double used = budget_used(sampler);
    // The last validation stands at the end of the budget.
    const uint64_t due = parts_due(used);
    const bool at_end = used >= 1.0 && state_.last_validated != sampler.state().steps;
    if (validates && (state_.validations < due || at_end)) {
      validate(sampler);
      state_.validations = due;
      state_.last_validated = sampler.state().steps;
      checkpoint(sampler);  // after a kill, the state must know that these weights were the best
      last_checkpoint = Clock::now();
    }
    if (used >= 1.0) break;
    if (state_.bad_validations >= options_.patience) {
      say(fmt::format("stopped early: {} validations in a row without a better NDCG@10", state_.bad_validations));
      break;
    }
    const auto step_start = Clock::now();
    const uint64_t step = sampler.state().steps;
    const TrainingExamples examples = sampler.next_step();
    const GradientWorkers::Result done = workers_.compute(examples, mix64(options_.seed, kDropoutStream, step));
    if (!std::isfinite(done.loss)) {
      throw Error("training", fmt::format("the loss is not finite at step {}", step),
                  step == 0 ? "check the weights that training starts from" : "lower `learning_rate`");
    }
    adamw_.update(parameters, workers_.gradients(), learning_rate(step, used));
    if (result.steps++ == 0) result.first_loss = done.loss;
    const bool very_first = step == 0;
    state_.recent_loss = very_first ? done.loss : 0.98 * state_.recent_loss + 0.02 * done.loss;
    examples_seconds += seconds_since(step_start);
    for (const auto& example : examples) questions_done += example->inputs.size();
    if (hooks_.progress) {
      progress = {.step = sampler.state().steps,
                  .budget_used = budget_used(sampler),
                  .epochs = sampler.epochs(),
                  .loss = state_.recent_loss,
                  .questions_per_second = static_cast<double>(questions_done) / examples_seconds,
                  .best_metric = std::max(0.0, state_.best_metric)};
      hooks_.progress(progress);
    }
    const bool stop = hooks_.stop_requested && hooks_.stop_requested();
    const bool by_steps = options_.checkpoint_steps > 0 && sampler.state().steps % options_.checkpoint_steps == 0;
    if (stop || by_steps || seconds_since(last_checkpoint) > options_.checkpoint_seconds) {
      checkpoint(sampler);
      last_checkpoint = Clock::now();
    }
    if (stop) {
      result.interrupted = true;
      break;
    }
  }
  if (!result.interrupted) checkpoint(sampler);
  if (!validates_sequential_ && !validates_topn_ && !result.interrupted) model_.save_weights(directory_);
  result.steps = sampler.state().steps;
  result.minutes = minutes();
  result.final_loss = state_.recent_loss;
  if (validates_sequential_ || validates_topn_) result.best_metric = std::max(0.0, state_.best_metric);
  return result;
}

}  // namespace

TrainResult train(PeapodModel& model, const fs::path& directory, const TrainOptions& options, bool resume,
                  const TrainHooks& hooks) {
  TrainResult result = Run(model, directory, options, hooks).go(resume);
  const fs::path weights = directory / "model.safetensors";
  if (result.interrupted || !fs::exists(weights)) return result;
  load_parameters(StoredWeights(weights), {}, model.network().parameters());
  if (!model.recall_use().search) return result;

  for (const Task task : kRankingTasks) {
    if (options.sampler.shares[static_cast<size_t>(task)] <= 0.0) {
      model.set_search_trust(task, kRecallAlone);  // the network has not learned it
      continue;
    }
    if (model.dataset().evaluated_users().empty()) {
      model.set_search_trust(task, options.trust[static_cast<size_t>(task)]);
      continue;
    }
    const auto chosen =
        choose_search_trust(model, task, options.precision, validation_of(task, options), hooks.stop_requested);
    if (!chosen) {
      result.interrupted = true;
      return result;
    }
    if (hooks.message) {
      hooks.message(fmt::format("{}: {}: NDCG@10 {:.4f} (recalled alone {:.4f})", name_of(task),
                                in_words(chosen->trust), chosen->ndcg10, chosen->recall_ndcg10));
    }
  }
  model.save_description(directory);
  return result;
}

}  // namespace peapod
