// `peapod train`: from a prepared data set to a model directory.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/nearest_name.h"
#include "base/output_lock.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "eval/recall_choice.h"
#include "model/config.h"
#include "tensor/gemm.h"
#include "train/trainer.h"

namespace peapod::cli {
namespace fs = std::filesystem;
namespace {

struct TrainFlags {
  std::string data, out, config, json;
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

// CLI11's own check names the largest double in its message.
const CLI::Validator kAboveZero(
    [](std::string& text) {
      double value = 0;
      const bool good = CLI::detail::lexical_cast(text, value) && value > 0;
      return good ? std::string() : "expected a number above 0, got " + text;
    },
    "ABOVE 0");

void request_stop(int) { stop_requested = true; }

// The parser bounds how deep lists are nested, but not the dots of a key, and a table is destroyed by recursion: a file
// of this size nests at most half as many tables as it has bytes, which the stack holds.
constexpr size_t kMaxConfigBytes = size_t{64} << 10;

// Values of a TOML file stand in for flags that the command line leaves out; the keys are the flags' names.
void apply_config(CLI::App& command, const std::string& path) {
  if (path.empty()) return;
  const std::string text = read_file(path);
  if (text.size() > kMaxConfigBytes) {
    throw Error(
        path, fmt::format("has {} bytes, more than the {} that a file of flags may have", text.size(), kMaxConfigBytes),
        "give one key a line, named as a flag of `peapod train`");
  }
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}:{}", path, error.source().begin.line), std::string(error.description()));
  }
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back(name);
  }
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    CLI::Option* option = command.get_option_no_throw("--" + name);
    if (option == nullptr || name == "config" || name == "help") {
      const std::string nearest = nearest_name(name, known);
      throw Error(path + ": key \"" + name + "\"", "is not a flag of `peapod train`",
                  nearest.empty() ? "" : "did you mean \"" + nearest + "\"?");
    }
    if (option->count() > 0) continue;
    const auto add = [&](const toml::node& value) {
      value.visit([&](const auto& leaf) {
        using Leaf = std::decay_t<decltype(leaf)>;
        if constexpr (toml::is_string<Leaf>) {
          option->add_result(*leaf);
        } else if constexpr (toml::is_boolean<Leaf>) {
          option->add_result(*leaf ? "true" : "false");
        } else if constexpr (toml::is_integer<Leaf> || toml::is_floating_point<Leaf>) {
          option->add_result(fmt::format("{}", *leaf));
        } else {
          throw Error(path + ": key \"" + name + "\"", "expected a text, a number, true or false, or a list of them");
        }
      });
    };
    if (const toml::array* values = node.as_array()) {
      for (const toml::node& value : *values) add(value);
    } else {
      add(node);
    }
    option->run_callback();
  }
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

void run(TrainFlags& flags) {
  CreateOptions create = flags.create;
  TrainOptions options = flags.train;
  create.static_user_vectors = kUserVectors.parse(flags.user_vectors);
  create.seed = options.seed;
  options.precision = precision_from(flags.precision);
  for (size_t t = 0; t < kNumTasks; ++t) options.sampler.shares[t] = flags.task_share[t];

  const fs::path out = flags.out;
  const OutputLock lock(out, PeapodModel::file_names(), "`peapod train`");
  const bool going_on = flags.resume && fs::exists(out / "training.safetensors");
  if (!flags.resume && fs::exists(out / "training.safetensors")) {
    throw Error(out.string(), "holds a training already", "pass --resume to go on with it, or choose another name");
  }
  Dataset data = Dataset::open(flags.data);
  const IdScheme ids = data.item_ids().scheme;
  create.items = !flags.items.empty()             ? kItemForms.parse(flags.items)
                 : ids == IdScheme::collaborative ? ItemForm::vectors
                                                  : ItemForm::tokens;
  create.recall_use = !flags.recall.empty()               ? kRecallUses.parse(flags.recall)
                      : create.items == ItemForm::vectors ? RecallUse{.prompt = true, .search = true}
                                                          : RecallUse{.search = true};
  create.encoder = !flags.encoder.empty() ? kEncoderKinds.parse(flags.encoder)
                   : create.init.empty()  ? EncoderKind::causal
                                          : EncoderKind::bidirectional;
  require_consistent(create, ids);
  require_consistent(options.sampler, chooses_in_tree(create.items, create.recall_use));
  options.identity = identity_of(data, create, options);
  std::cerr << fmt::format("{}: {} users, {} items, {} interactions, {} explanations; ids {}\n", data.name(),
                           data.num_users(), data.num_items(), data.num_interactions(), data.explanations().size(),
                           name_of(data.item_ids().scheme));
  if (!going_on && create.recall_use.any()) create.recall = chosen_recall(data, options.seed);
  PeapodModel model = going_on ? PeapodModel::load_static(out) : PeapodModel::create(std::move(data), create);
  if (!going_on) {
    PendingDirectory pending(out, PeapodModel::file_names());
    model.save_static(pending.path());
    pending.commit();
  }
  std::cerr << fmt::format("{} weights, vocabulary {}, composer {}, {} products\n", model.network().parameters().size(),
                           model.network().config().t5.vocab_size, model.composer().name(), name_of(options.precision));

  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // Whoever started the program with nohup wants it to go on after a hang-up.
    if (std::signal(signal, request_stop) == SIG_IGN && signal == SIGHUP) std::signal(SIGHUP, SIG_IGN);
  }
  Progress bar(progress_output(), "training", 100.0, "%");
  TrainHooks hooks;
  hooks.progress = [&](const TrainProgress& p) {
    bar.update(100.0 * p.budget_used,
               fmt::format("step {} epoch {:.2f} loss {:.3f} {:.0f} questions/s best NDCG@10 {:.4f}", p.step, p.epochs,
                           p.loss, p.questions_per_second, p.best_metric));
  };
  hooks.message = [](const std::string& text) { std::cerr << text << std::endl; };
  hooks.stop_requested = [] { return stop_requested.load(); };
  const TrainResult result = train(model, out, options, flags.resume, hooks);
  bar.finish();
  if (result.interrupted) {
    throw Error(out.string(), fmt::format("training was interrupted after step {}", result.steps),
                "go on with --resume");
  }
  std::cerr << fmt::format("trained {} steps in {:.1f} minutes; best validation NDCG@10 {:.4f}; model in {}\n",
                           result.steps, result.minutes, result.best_metric, out.string());
  const nlohmann::ordered_json object = {{"steps", result.steps},
                                         {"minutes", result.minutes},
                                         {"first_loss", result.first_loss},
                                         {"final_loss", result.final_loss},
                                         {"valid.ndcg@10", result.best_metric}};
  write_json(flags.json, object.dump(2));
}

}  // namespace

void add_train(CLI::App& app) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "Train a model on a prepared data set");
  const auto option = [&](const char* name, auto& value, const char* text) {
    return command->add_option(name, value, text)->capture_default_str();
  };
  command->add_option("DIR", flags->data, "Directory that `peapod prepare` made")->required();
  command->add_option("--out", flags->out, "Model directory to make")->required();
  option("--preset", flags->create.preset, "Sizes")->check(CLI::IsMember(kT5Presets.names()));
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
  command->add_option("--init", flags->create.init, "Hugging Face T5 directory to start from");
  command->add_option("--config", flags->config, "TOML file with flags by name; the command line wins");
  option("--precision", flags->precision, "Arithmetic of the matrix products")
      ->check(CLI::IsMember(kPrecisions.names_without(Precision::int8)));
  option("--time-limit", flags->train.time_limit_minutes, "Minutes of training; 0: none");
  option("--max-steps", flags->train.max_steps, "Steps of training; 0: no limit");
  option("--max-epochs", flags->train.max_epochs, "Passes over the sequential examples")->check(kAboveZero);
  option("--seed", flags->train.seed, "Seed of everything random");
  command->add_flag("--resume", flags->resume, "Go on with the training in --out, if there is one");
  option("--task-share", flags->task_share, "Shares of input tokens: sequential, top-n, explanation")
      ->expected(3)
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  option("--least-candidates", flags->train.sampler.least_candidates,
         "Top-n examples show so many to 100 candidates; 100: always 100")
      ->check(CLI::Range(2, 100));
  option("--later-items", flags->train.sampler.later_items,
         "Items after the next one that a sequential example is also taught; 0: none, as published");
  option("--later-decay", flags->train.sampler.later_decay, "Their weight falls as (k + 1)^-decay")
      ->check(CLI::Range(0.0, 10.0));
  command->add_flag("--legacy-pad-loss", flags->train.sampler.legacy_pad_loss,
                    "Count padding after the targets in the loss, as the published code does");
  option("--learning-rate", flags->train.learning_rate, "Peak learning rate")->check(kAboveZero);
  option("--warmup-steps", flags->train.warmup_steps, "Steps of rising learning rate");
  option("--weight-decay", flags->train.adamw.weight_decay, "Of matrices");
  option("--dropout", flags->create.dropout, "Of the network")->check(CLI::Range(0.0, 0.9));
  option("--tokens-per-step", flags->train.sampler.tokens_per_step,
         "Input tokens of a step; 0: a quarter of the interactions, from 1,024 to 8,192");
  option("--validations", flags->train.validations, "Validations over the whole training")->check(kAboveZero);
  option("--validation-users", flags->train.validation_users, "Users of a validation; 0: all");
  option("--patience", flags->train.patience, "Validations in a row without a better one that end training");
  option("--checkpoint-steps", flags->train.checkpoint_steps, "Checkpoint every so many steps; 0: once a minute");
  option("--num-prompts", flags->create.composer_options.num_prompts, "Shared prompts")->check(CLI::Range(1, 4096));
  option("--prompt-length", flags->create.composer_options.prompt_length, "Vectors of the personal prompt")
      ->check(CLI::Range(1, 64));
  option("--neighbours", flags->create.composer_options.num_neighbours, "Similar users of similar-users")
      ->check(CLI::Range(1, 4096));
  option("--user-dim", flags->create.composer_options.user_vectors.dim, "Size of the user vectors")
      ->check(CLI::Range(1, 1024));
  command->add_option("--json", flags->json, "Write the outcome as JSON; - is standard output");
  command->callback([flags, command] {
    apply_config(*command, flags->config);
    run(*flags);
  });
}

}  // namespace peapod::cli
