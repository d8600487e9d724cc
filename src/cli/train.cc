// `peapod train`: from a prepared data set to a model directory.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/output_lock.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/flag_file.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "eval/recall_choice.h"
#include "model/plain_t5.h"
#include "prefs/item_codes.h"
#include "tensor/gemm.h"
#include "train/earlier_training.h"
#include "train/trainer.h"

namespace peapod::cli {
namespace fs = std::filesystem;
namespace {

constexpr RealRange kShare{0, 1e6};

constexpr Choices<bool, 2> kLearnedFrom{"on", {{false, "train"}, {true, "all"}}};

struct TrainFlags {
  std::string data, out, config, json, like;
  std::string on{kLearnedFrom.name_of(false)};
  std::string precision = "auto";
  std::string user_vectors = "folded-in";
  // Empty: what goes with the data set's ids and with --init.
  std::string recall, items, encoder;
  std::vector<double> task_share = {0.5, 0.25, 0.25};
  CreateOptions create;
  TrainOptions train;
  bool resume = false;
};

std::atomic<bool> stop_requested = false;

void request_stop(int) { stop_requested = true; }

// Throws Error for a flag that says nothing of the training that is asked for.
void require_used(const CLI::App& command, const CreateOptions& create, const SamplerOptions& sampler) {
  struct Fields final : SettingVisitor {
    std::set<std::string, std::less<>> names;
    void size(std::string_view name, size_t&) override { names.emplace(name); }
    void number(std::string_view name, double&) override { names.emplace(name); }
    void seed(std::string_view name, uint64_t&) override { names.emplace(name); }
  } read;
  ComposerOptions options = create.composer_options;
  composer_kind(create.composer).visit(options, read);
  for (const auto& [flag, field] : {std::pair("--num-prompts", "num_prompts"),
                                    {"--prompt-length", "prompt_length"},
                                    {"--neighbours", "num_neighbours"},
                                    {"--user-dim", "user_dim"}}) {
    if (command.get_option(flag)->count() == 0 || read.names.contains(field)) continue;
    throw Error(flag, "is no setting of the composer " + create.composer, "leave it out, or choose another `composer`");
  }
  if (command.get_option("--later-decay")->count() > 0 && sampler.later_items == 0) {
    throw Error("later_decay", "says how later items are weighed, but none are taught", "set `later_items` too");
  }
}

// Throws Error for flags that cannot count where nothing is held out, and where nothing says when training shall end.
void require_sense_without_held_out(const CLI::App& command, const TrainFlags& flags) {
  for (const char* flag : {"--validations", "--validation-users", "--patience"}) {
    if (command.get_option(flag)->count() == 0) continue;
    throw Error(flag, "says how held-out items are looked at, but nothing is held out", "leave it out");
  }
  const TrainOptions& budget = flags.train;
  if (!flags.like.empty() || budget.max_steps > 0 || budget.time_limit_minutes > 0) return;
  if (command.get_option("--max-epochs")->count() > 0) return;
  throw Error("max_steps", "nothing is held out, so nothing tells when more training does harm",
              "give `max_steps` or `time_limit`; or `like`, a model that was trained on this data with held-out items");
}

// What --like says, with what flags may say beside it. Throws Error for other flags.
EarlierTraining like(const CLI::App& command, const TrainFlags& flags) {
  if (!kLearnedFrom.parse(flags.on)) {
    throw Error("--like", "takes what was chosen on held-out items, but here they are held out to choose it anew",
                "add --on all");
  }
  static const std::set<std::string> kBeside = {"DIR",    "out",  "on",   "like",   "max-steps",
                                                "resume", "json", "help", "config", "checkpoint-steps"};
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_lnames().empty() ? option->get_name() : option->get_lnames().front();
    if (option->count() == 0 || kBeside.contains(name)) continue;
    throw Error("--" + name, "is a setting of the training that --like names", "leave one of the two out");
  }
  EarlierTraining earlier = read_earlier_training(flags.like);
  if (flags.train.max_steps > 0) earlier.train.max_steps = flags.train.max_steps;
  earlier.train.checkpoint_steps = flags.train.checkpoint_steps;
  return earlier;
}

// Settings of recall that are best on the validation split.
RecallSettings chosen_recall(const Dataset& data, uint64_t seed) {
  Progress bar(progress_output(), "choosing recall", 100.0, "%");
  double best = 0;
  const auto report = [&](const RecallChoiceStep& step) {
    best = std::max(best, step.ndcg10);
    // Nobody knows how many steps there will be; some 120 are usual.
    bar.update(100.0 * step.number / (step.number + 40.0), fmt::format("validation NDCG@10 {:.4f}", best));
  };
  const RecallSettings settings =
      choose_recall(ranking_problem(data, Split::valid), titles_of(data), {.seed = seed}, report);
  bar.finish();
  return settings;
}

// What goes with the data set's ids and with --init, unless flags say otherwise.
void choose_forms(const TrainFlags& flags, IdScheme ids, CreateOptions& create) {
  create.items = !flags.items.empty()             ? kItemForms.parse(flags.items)
                 : ids == IdScheme::collaborative ? ItemForm::vectors
                                                  : ItemForm::tokens;
  create.recall_use = !flags.recall.empty()               ? kRecallUses.parse(flags.recall)
                      : create.items == ItemForm::vectors ? RecallUse{.prompt = true, .search = true}
                                                          : RecallUse{.search = true};
  create.encoder = !flags.encoder.empty() ? kEncoderKinds.parse(flags.encoder)
                   : create.init.empty()  ? EncoderKind::causal
                                          : EncoderKind::bidirectional;
}

void run(const CLI::App& command, TrainFlags& flags) {
  CreateOptions create = flags.create;
  TrainOptions options = flags.train;
  create.static_user_vectors = kUserVectors.parse(flags.user_vectors);
  create.seed = options.seed;
  options.precision = precision_from(flags.precision);
  for (size_t t = 0; t < kNumTasks; ++t) options.sampler.shares[t] = flags.task_share[t];
  std::optional<EarlierTraining> earlier;
  if (!flags.like.empty()) {
    earlier = like(command, flags);
    create = earlier->create;
    options = earlier->train;
  }

  const fs::path out = flags.out;
  const OutputLock lock(out, PeapodModel::file_names(), "`peapod train`");
  const bool going_on = flags.resume && fs::exists(out / "training.safetensors");
  if (!flags.resume && fs::exists(out / "training.safetensors")) {
    throw Error(out.string(), "holds a training already", "pass --resume to go on with it, or choose another name");
  }
  if (!going_on && fs::exists(out / "model.safetensors")) {
    throw Error(out.string(), "holds a trained model without the state of its training, so none can go on there",
                "choose another name, or remove it");
  }
  if (!going_on) {
    require_replaceable(out, PeapodModel::file_names());
    require_used(command, create, options.sampler);
    if (!create.init.empty()) load_plain_t5(create.init);  // throws where it cannot be, before anything takes minutes
  }
  Dataset data = Dataset::open(flags.data);
  const bool on_all = kLearnedFrom.parse(flags.on);
  if (on_all || data.split() == SplitRule::none) require_sense_without_held_out(command, flags);
  if (earlier && earlier->data != data.identity()) {
    throw Error(flags.like, "was trained on another data set than " + flags.data,
                "train a model on this one with held-out items first, or give `max_steps` instead of `like`");
  }
  const IdScheme ids = data.item_ids().scheme;
  if (!earlier) choose_forms(flags, ids, create);
  require_consistent(create, ids);
  require_consistent(options.sampler, chooses_in_tree(create.items, create.recall_use));
  options.identity = identity_of(data, create, options);
  if (on_all) options.identity.fields.emplace_back(kLearnedFrom.field, flags.on);
  if (earlier) options.identity.fields.emplace_back("like", earlier->model);
  std::cerr << fmt::format("{}: {} users, {} items, {} interactions, {} explanations; ids {}\n", printable(data.name()),
                           data.num_users(), data.num_items(), data.num_interactions(), data.explanations().size(),
                           name_of(data.item_ids().scheme));
  if (!going_on && !earlier && create.recall_use.any()) create.recall = chosen_recall(data, options.seed);
  if (!going_on && on_all && data.split() != SplitRule::none) data = with_nothing_held_out(std::move(data));
  PeapodModel model = going_on ? PeapodModel::load_static(out) : PeapodModel::create(std::move(data), create);
  if (!going_on) {
    PendingDirectory pending(out, PeapodModel::file_names());
    pending.fill([&](const fs::path& inside) { model.save_static(inside); });
    pending.commit();
  }
  std::cerr << fmt::format("{} weights, vocabulary {}, composer {}, {} products\n", model.network().parameters().size(),
                           model.network().config().t5.vocab_size, model.composer().name(), name_of(options.precision));

  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // Whoever started the program with nohup wants it to go on after a hang-up.
    if (std::signal(signal, request_stop) == SIG_IGN && signal == SIGHUP) std::signal(SIGHUP, SIG_IGN);
  }
  const bool validates = !model.dataset().evaluated_users().empty();
  if (model.dataset().split() == SplitRule::none) {
    std::cerr << "nothing is held out: the model learns from all interactions, and cannot be evaluated\n";
  }
  Progress bar(progress_output(), "training", 100.0, "%");
  TrainHooks hooks;
  hooks.progress = [&](const TrainProgress& p) {
    std::string said = fmt::format("step {} epoch {:.2f} loss {:.3f} {:.0f} questions/s", p.step, p.epochs, p.loss,
                                   p.questions_per_second);
    if (validates) said += fmt::format(" best NDCG@10 {:.4f}", p.best_metric);
    bar.update(100.0 * p.budget_used, said);
  };
  hooks.message = [](const std::string& text) { std::cerr << text << std::endl; };
  hooks.stop_requested = [] { return stop_requested.load(); };
  const TrainResult result = [&] {
    try {
      return train(model, out, options, flags.resume, hooks);
    } catch (...) {
      // A directory whose training failed before anything was learned helps nobody: --resume would fail as this did.
      std::error_code ignored;
      if (!fs::exists(out / "training.safetensors") && !fs::exists(out / "model.safetensors")) {
        for (const std::string& name : PeapodModel::file_names()) fs::remove_all(out / name, ignored);
        fs::remove(out, ignored);
      }
      throw;
    }
  }();
  bar.finish();
  if (result.interrupted) {
    throw Error(out.string(), fmt::format("training was interrupted after step {}", result.steps),
                "go on with --resume");
  }
  const std::string best =
      result.best_metric ? fmt::format("; best validation NDCG@10 {:.4f}", *result.best_metric) : "";
  std::cerr << fmt::format("trained {} steps in {:.1f} minutes{}; model in {}\n", result.steps, result.minutes, best,
                           out.string());
  nlohmann::ordered_json object = {{"steps", result.steps},
                                   {"minutes", result.minutes},
                                   {"first_loss", result.first_loss},
                                   {"final_loss", result.final_loss}};
  if (result.best_metric) object["valid.ndcg@10"] = *result.best_metric;
  write_json(flags.json, object.dump(2));
}

}  // namespace

void add_train(CLI::App& app) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "Train a model on a prepared data set");
  const auto option = [&](const char* name, auto& value, const char* text) {
    return command->add_option(name, value, text)->capture_default_str();
  };
  const auto number = [&](const char* name, auto& value, const auto& range, const char* text) {
    return add_number(*command, name, value, range, text);
  };
  command->add_option("DIR", flags->data, "Directory that `peapod prepare` made")->required();
  command->add_option("--out", flags->out, "Model directory to make")->required();
  option("--on", flags->on, "Learn from what is not held out, or from all interactions")
      ->check(CLI::IsMember(kLearnedFrom.names()));
  command
      ->add_option("--like", flags->like,
                   "With --on all: a model trained on DIR with held-out items, to take all settings and the steps from")
      ->type_name("MODEL")
      ->check(name_check("a model"));
  CLI::Option* preset = option("--preset", flags->create.preset, "Sizes")->check(CLI::IsMember(kT5Presets.names()));
  option("--composer", flags->create.composer, "What makes the prompt")->check(CLI::IsMember(composer_names()));
  option("--user-vectors", flags->user_vectors, "From the items before the target, or one a user (as published)")
      ->check(CLI::IsMember(kUserVectors.names()));
  command
      ->add_option("--recall", flags->recall,
                   "Where neighbours, titles and popularity take part (default: both, with tokens search)")
      ->check(CLI::IsMember(kRecallUses.names()));
  command
      ->add_option("--items", flags->items,
                   "How inputs show items: one vector each, or tokens (default: vectors, with numbers for ids tokens)")
      ->check(CLI::IsMember(kItemForms.names()));
  command
      ->add_option("--encoder", flags->encoder,
                   "What a row of the encoder sees (default: causal; with --init bidirectional)")
      ->check(CLI::IsMember(kEncoderKinds.names()));
  command->add_option("--init", flags->create.init, "Hugging Face T5 directory to start from, of its sizes")
      ->excludes(preset);
  command->add_option("--config", flags->config, "TOML file with flags by name; the command line wins");
  option("--precision", flags->precision, "Arithmetic of the matrix products")
      ->check(CLI::IsMember(kPrecisions.names_without(Precision::int8)));
  number("--time-limit", flags->train.time_limit_minutes, RealRange{0, 1e7}, "Minutes of training; 0: none");
  number("--max-steps", flags->train.max_steps, kAnyCount, "Steps of training; 0: no limit");
  number("--max-epochs", flags->train.max_epochs, kAboveZero, "Passes over the sequential examples");
  number("--seed", flags->train.seed, kAnySeed, "Seed of everything random");
  command->add_flag("--resume", flags->resume, "Go on with the training in --out, if there is one");
  option("--task-share", flags->task_share, "Shares of input tokens: sequential, top-n, explanation")
      ->expected(3)
      ->delimiter(',')
      ->type_name(shown_in_help(kShare))
      ->check(number_check(kShare));
  number("--least-candidates", flags->train.sampler.least_candidates, WholeRange{2, 100},
         "Top-n examples show so many to 100 candidates; 100: always 100");
  number("--later-items", flags->train.sampler.later_items, WholeRange{0, 1'000'000},
         "Items after the next one that a sequential example is also taught; 0: none, as published");
  number("--later-decay", flags->train.sampler.later_decay, RealRange{0, 10}, "Their weight falls as (k + 1)^-decay");
  command->add_flag("--legacy-pad-loss", flags->train.sampler.legacy_pad_loss,
                    "Count padding after the targets in the loss, as the published code does");
  number("--learning-rate", flags->train.learning_rate, kAboveZero, "Peak learning rate");
  number("--warmup-steps", flags->train.warmup_steps, kAnyCount, "Steps of rising learning rate");
  number("--weight-decay", flags->train.adamw.weight_decay, RealRange{0, 1000}, "Of matrices");
  number("--dropout", flags->create.dropout, RealRange{0, 0.9}, "Of the network");
  number(
      "--tokens-per-step", flags->train.sampler.tokens_per_step, WholeRange{0, 1 << 24},
      "Input tokens of a step; 0: a quarter of the interactions, from 1,024 to 8,192; an eighth of that where nothing "
      "recalled stands in the prompt");
  number("--validations", flags->train.validations, WholeRange{1, 1'000'000}, "Validations over the whole training");
  number("--validation-users", flags->train.validation_users, kAnyCount, "Users of a validation; 0: all");
  number("--patience", flags->train.patience, WholeRange{1, 1'000'000},
         "Validations in a row without a better one that end training");
  number("--checkpoint-steps", flags->train.checkpoint_steps, kAnyCount,
         "Checkpoint every so many steps; 0: once a minute");
  number("--num-prompts", flags->create.composer_options.num_prompts, WholeRange{1, 4096}, "Shared prompts");
  number("--prompt-length", flags->create.composer_options.prompt_length, WholeRange{1, 64},
         "Vectors of the personal prompt");
  number("--neighbours", flags->create.composer_options.num_neighbours, WholeRange{1, 4096},
         "Similar users of similar-users");
  number("--user-dim", flags->create.composer_options.user_vectors.dim, WholeRange{1, 1024},
         "Size of the user vectors");
  add_json(*command, flags->json, "the outcome as JSON");
  command->callback([flags, command] {
    apply_flag_file(*command, flags->config);
    run(*command, *flags);
  });
}

}  // namespace peapod::cli
