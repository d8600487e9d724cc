// `peapod inspect`: what a prepared data set holds, or what a model is made of and how it uses its shared prompts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "eval/html/data_card.h"
#include "model/config.h"
#include "model/model_directory.h"
#include "model/peapod_model.h"
#include "model/prompt_weights.h"
#include "model/question.h"

namespace peapod::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint32_t kNumExamples = 5;

struct InspectFlags {
  std::string directory;
  std::string user;
  std::string json, html;
};

std::string line(const char* what, const std::string& value) { return fmt::format("{:<22}{}\n", what, value); }

// `<12> <0> <7>` for a code, the number for the other schemes.
std::string id_of(const ItemIds& ids, uint32_t item) {
  if (ids.scheme != IdScheme::collaborative) return std::to_string(ids.numbers[item]);
  return fmt::format("<{}>", fmt::join(ids.code(item), "> <"));
}

// Of how many items it holds.
template <class Holds>
uint32_t counted(const Dataset& data, const Holds& holds) {
  uint32_t count = 0;
  for (uint32_t item = 0; item < data.num_items(); ++item) count += holds(item);
  return count;
}

Json json_of(const Dataset& data) {
  const ItemIds& ids = data.item_ids();
  Json object = {{"name", data.name()},
                 {"num_users", data.num_users()},
                 {"num_items", data.num_items()},
                 {"num_interactions", data.num_interactions()},
                 {"num_evaluated_users", data.evaluated_users().size()},
                 {"num_explanations", data.explanations().size()},
                 {"split", name_of(data.split())},
                 {"ids", name_of(ids.scheme)},
                 {"code_levels", ids.level_sizes},
                 {"identity", data.identity()},
                 {"examples", Json::array()}};
  for (uint32_t item = 0; item < std::min(kNumExamples, data.num_items()); ++item) {
    object["examples"].push_back({{"item", data.item_name(item)},
                                  {"title", data.item_title(item)},
                                  {"id", id_of(ids, item)},
                                  {"categories", data.item_categories(item)}});
  }
  object["num_items_with_price"] = counted(data, [&](uint32_t item) { return data.item_price(item).has_value(); });
  object["num_items_unavailable"] = counted(data, [&](uint32_t item) { return data.item_available(item) == false; });
  return object;
}

std::string readable(const Dataset& data) {
  const ItemIds& ids = data.item_ids();
  std::string text = line("data set", data.name());
  const std::string evaluated = data.split() == SplitRule::none
                                    ? "nothing is held out of them"
                                    : fmt::format("{} of them evaluated", data.evaluated_users().size());
  text += line("users", fmt::format("{} ({})", data.num_users(), evaluated));
  const uint32_t priced = counted(data, [&](uint32_t item) { return data.item_price(item).has_value(); });
  const uint32_t gone = counted(data, [&](uint32_t item) { return data.item_available(item) == false; });
  std::string items = std::to_string(data.num_items());
  if (priced > 0) items += fmt::format(", {} of them with a price", priced);
  if (gone > 0) items += fmt::format(", {} cannot be had", gone);
  text += line("items", items);
  text += line("interactions", std::to_string(data.num_interactions()));
  text += line("explanations", std::to_string(data.explanations().size()));
  std::string scheme(name_of(ids.scheme));
  if (!ids.level_sizes.empty()) scheme += fmt::format(", code books of {}", fmt::join(ids.level_sizes, ", "));
  if (ids.scheme == IdScheme::sequential) scheme += " (LEAKS test items)";
  text += line("item ids", scheme);
  text += line("identity", data.identity());
  for (uint32_t item = 0; item < std::min(kNumExamples, data.num_items()); ++item) {
    text += line(item == 0 ? "examples" : "",
                 fmt::format("{}  {}  {}", data.item_name(item), id_of(ids, item), data.item_title(item)));
  }
  return text;
}

Json json_of(const PromptWeights& weights) {
  Json object = {{"mean", weights.mean}, {"heads", Json::array()}};
  for (size_t h = 0; h < weights.by_head.rows; ++h) {
    const auto row = weights.by_head.row(h);
    object["heads"].push_back(std::vector<float>(row.begin(), row.end()));
  }
  return object;
}

Json json_of(const PromptUsage& usage) {
  return {{"mean_weights", usage.mean_weights},
          {"most_used", *std::ranges::max_element(usage.mean_weights)},
          {"least_used", *std::ranges::min_element(usage.mean_weights)},
          {"information_bits",
           {{"heads", usage.information},
            {"mean", usage.mean_information},
            {"of_mean_weights", usage.information_of_mean}}}};
}

std::string readable(const PromptUsage& usage) {
  const auto [least, most] = std::ranges::minmax_element(usage.mean_weights);
  const auto named = [&](auto place) {
    return fmt::format("{:.4f} (prompt {})", *place, place - usage.mean_weights.begin());
  };
  std::string text = line("mean weights", fmt::format("{:.3f}", fmt::join(usage.mean_weights, " ")));
  text += line("most used prompt", named(most));
  text += line("least used prompt", named(least));
  text += line("information, bits",
               fmt::format("{:.4f} mean of the heads ({:.4f}); {:.4f} in the averaged weights", usage.mean_information,
                           fmt::join(usage.information, ", "), usage.information_of_mean));
  return text;
}

std::string readable(const std::string& user, const PromptWeights& weights) {
  std::string text = fmt::format("prompt weights of user {}\n  prompt    mean", user);
  for (size_t h = 0; h < weights.by_head.rows; ++h) text += fmt::format("  {:>6}", fmt::format("head {}", h));
  text += '\n';
  for (size_t m = 0; m < weights.mean.size(); ++m) {
    text += fmt::format("  {:>6}  {:.4f}", m, weights.mean[m]);
    for (size_t h = 0; h < weights.by_head.rows; ++h) text += fmt::format("  {:.4f}", weights.by_head.row(h)[m]);
    text += '\n';
  }
  return text;
}

// What a user's history brings to mind, as the model's inputs show it.
struct Recalled {
  Json json = Json::array();
  std::string text;
};

Recalled shown_recall(const PeapodModel& model, uint32_t user) {
  const Dataset& data = model.dataset();
  const std::vector<RecalledItem> recalled = peapod::recalled_of(model, known_in_use(data, user));
  Recalled shown{.text =
                     fmt::format("recalled for user {}\n  rank   score  neighbours  titles     kin  repeats  item\n",
                                 data.user_name(user))};
  for (size_t rank = 0; rank < std::min(recalled.size(), kShownRecalled); ++rank) {
    const RecalledItem& one = recalled[rank];
    shown.json.push_back({{"item", data.item_name(one.item)},
                          {"title", data.item_title(one.item)},
                          {"score", one.score},
                          {"neighbours", one.evidence},
                          {"titles", one.titles},
                          {"kin", one.kin},
                          {"repeats", one.repeats}});
    shown.text += fmt::format("  {:>4}  {:>6.3f}  {:>10.4f}  {:.4f}  {:.4f}   {:.4f}  {}  {}\n", rank + 1, one.score,
                              one.evidence, one.titles, one.kin, one.repeats, data.item_name(one.item),
                              data.item_title(one.item));
  }
  return shown;
}

// The options of a composer, as it shows them.
struct OptionsShown final : SettingVisitor {
  std::string text;
  Json json = Json::object();

  void size(std::string_view name, size_t& value) override { add(name, value); }
  void number(std::string_view name, double& value) override { add(name, value); }
  void seed(std::string_view name, uint64_t& value) override { add(name, value); }

 private:
  template <class Value>
  void add(std::string_view name, const Value& value) {
    text += fmt::format(", {} {}", name, value);
    json[std::string(name)] = value;
  }
};

struct Report {
  std::string text;
  Json json;
};

Report inspect_model(const InspectFlags& flags) {
  const PeapodModel model = PeapodModel::load(flags.directory);
  const ModelConfig& config = model.network().config();
  const T5Config& t5 = config.t5;
  const Composer& composer = model.composer();
  const size_t num_weights = model.network().parameters().size();
  Report report;
  report.json = {{"model", flags.directory},
                 {"num_weights", num_weights},
                 {"vocabulary", t5.vocab_size},
                 {"pieces", model.tokenizer().size()},
                 {"d_model", t5.d_model},
                 {"d_ff", t5.d_ff},
                 {"num_layers", t5.num_layers},
                 {"num_decoder_layers", t5.num_decoder_layers},
                 {"num_heads", t5.num_heads},
                 {"items", kItemForms.name_of(config.items)},
                 {"encoder", kEncoderKinds.name_of(config.encoder)},
                 {"composer", composer.name()},
                 {"user_vectors", kUserVectors.name_of(model.static_user_vectors())}};
  report.text = line("model", flags.directory);
  report.text += line("weights", std::to_string(num_weights));
  report.text += line("T5", fmt::format("width {}, feed-forward {}, {} + {} layers, {} heads of {}", t5.d_model,
                                        t5.d_ff, t5.num_layers, t5.num_decoder_layers, t5.num_heads, t5.d_kv));
  report.text +=
      line("vocabulary", fmt::format("{}, of which {} text pieces", t5.vocab_size, model.tokenizer().size()));
  report.text += line("inputs", fmt::format("items as {}, {} encoder", kItemForms.name_of(config.items),
                                            kEncoderKinds.name_of(config.encoder)));
  std::string prompts(composer.name());
  OptionsShown options;
  ComposerOptions visited = composer.options();
  composer_kind(composer.name()).visit(visited, options);
  report.json.update(options.json);
  prompts += options.text;
  report.text += line("composer", prompts);
  std::string recalling = "nothing";
  if (model.recall() != nullptr) {
    const RecallSettings& settings = model.recall()->settings();
    const std::string_view use = kRecallUses.name_of(model.recall_use());
    recalling = fmt::format(
        "in {}: neighbours, titles with weight {:g}, their kin with {:g}{}; {:g} of the mass by popularity; trend to "
        "the power {:g} and {:g}",
        use == "both" ? "prompt and search" : use, settings.titles, settings.kin,
        settings.repeats > 0 ? fmt::format(", what the user had with {:g}", settings.repeats) : "",
        1.0 - settings.share, settings.trend, settings.spread_trend);
    report.json["recall"] = {{"use", use},
                             {"titles", settings.titles},
                             {"kin", settings.kin},
                             {"repeats", settings.repeats},
                             {"repeat_decay", settings.repeat_decay},
                             {"share", settings.share},
                             {"sharpness", settings.sharpness},
                             {"trend", settings.trend},
                             {"spread_trend", settings.spread_trend},
                             {"trend_decay", settings.trend_decay}};
    for (const Task task : kRankingTasks) {
      if (!model.recall_use().search) break;
      const SearchTrust& trust = model.search_trust(task);
      recalling += fmt::format("; {}: {}", name_of(task), in_words(trust));
      report.json["recall"][std::string(name_of(task))] = {
          {"trust", trust.trust}, {"appraisal", trust.appraisal}, {"weight", trust.weight}};
    }
  }
  report.text += line("recalls", recalling);
  report.json["data"] = json_of(model.dataset());
  report.text += readable(model.dataset());

  if (!flags.user.empty()) {
    const uint32_t user = model.dataset().require_user(flags.user);
    if (composer.name() != kSharedPrompts && model.recall() == nullptr) {
      throw Error("--user",
                  "this model has no shared prompts and recalls nothing, so there is nothing to show of a user");
    }
    report.json["user"] = flags.user;
    if (composer.name() == kSharedPrompts) {
      const PromptWeights weights = prompt_weights(model, std::span(&user, 1)).front();
      report.json["weights"] = json_of(weights);
      report.text += readable(flags.user, weights);
    }
    if (model.recall() != nullptr) {
      const Recalled recalled = shown_recall(model, user);
      report.json["recalled"] = recalled.json;
      report.text += recalled.text;
    }
  } else if (composer.name() == kSharedPrompts) {
    std::vector<uint32_t> users(model.dataset().num_users());
    std::iota(users.begin(), users.end(), 0u);
    const PromptUsage usage = prompt_usage(prompt_weights(model, users));
    report.json["prompts"] = json_of(usage);
    report.text += readable(usage);
  }
  return report;
}

Report inspect_dataset(const InspectFlags& flags) {
  if (!flags.user.empty()) {
    throw Error("--user", "only models know what speaks for a user, and " + flags.directory + " is none",
                "give a directory that `peapod train` wrote");
  }
  const Dataset data = Dataset::open(flags.directory);
  return {readable(data), json_of(data)};
}

void write_html(const InspectFlags& flags, bool is_model) {
  if (flags.html.empty()) return;
  const std::filesystem::path directory = flags.directory;
  write_file_atomically(flags.html, html::data_card(is_model ? open_dataset(directory) : Dataset::open(directory)));
}

void inspect(const InspectFlags& flags) {
  require_distinct({{"--json", flags.json}, {"--html", flags.html}});
  const bool is_model = std::filesystem::exists(std::filesystem::path(flags.directory) / "peapod.json");
  const Report report = is_model ? inspect_model(flags) : inspect_dataset(flags);
  if (flags.json != "-") print(report.text);
  write_html(flags, is_model);
  write_json(flags.json, report.json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command = app.add_subcommand("inspect", "Show what a prepared data set or a model holds");
  const auto flags = std::make_shared<InspectFlags>();  // shared: the callback outlives this function
  command->add_option("directory", flags->directory, "Model directory or prepared directory")->required();
  command
      ->add_option("--user", flags->user,
                   "Show this user's prompt weights instead of those of all, and what their history recalls")
      ->check(name_check("a user"));
  add_json(*command, flags->json, "the report as JSON");
  add_destination(*command, "--html", flags->html,
                  "Write a page about the data: charts, what was read, leaks, samples");
  command->callback([flags] { inspect(*flags); });
}

}  // namespace peapod::cli
