// `peapod audit`: does a prepared data set give answers away?
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/measurement.h"
#include "cli/output.h"
#include "data/leak_audit.h"

namespace peapod::cli {
namespace {

struct AuditFlags {
  std::string directory;
  std::string json;
};

std::string verdict(const Dataset& data, const LeakReport& report, const TargetCounts& targets) {
  const std::string scheme(name_of(data.item_ids().scheme));
  if (report.numbering_leaks()) {
    return fmt::format(
        "LEAKS: the \"{}\" item numbers give test items away. Results on them say little;\n"
        "compare with a data set prepared with --ids random.",
        scheme);
  }
  if (targets.users == 0) {
    return "NOTHING TO TEST: no user has three interactions or more, so there are no test items to give away.";
  }
  if (report.touched_negatives > 0) return "BROKEN: some negatives are items that the user touched; prepare again.";
  if (targets.seen > 0) {
    return fmt::format(
        "REPEATS: {} of {} test items are items that the user had before. Full ranking leaves these out, so they "
        "count\n"
        "as misses whatever is recommended. The \"{}\" item ids do not give test items away.",
        targets.seen, targets.users, scheme);
  }
  return fmt::format("No leak found: the \"{}\" item ids do not give test items away.", scheme);
}

std::string readable(const Dataset& data, const LeakReport& report, const TargetCounts& targets) {
  std::string text = fmt::format("{}: {} users, {} items, {} interactions, ids {}\n", data.name(), data.num_users(),
                                 data.num_items(), data.num_interactions(), name_of(data.item_ids().scheme));
  const auto line = [&](const char* what, const std::string& value) {
    text += fmt::format("  {:<62}{}\n", what, value);
  };
  line("max+1 rule, HR@1 on the test item", fmt::format("{:.4f}", report.max_plus_1_test_hr1));
  line("max+1 rule, HR@1 on the last training item", fmt::format("{:.4f}", report.max_plus_1_last_train_hr1));
  line("number against first appearance, Spearman", fmt::format("{:.4f}", report.first_appearance_spearman));
  line("users whose test item is in their training history, share",
       fmt::format("{:.4f}", report.test_item_in_train_share));
  line("users who had their test item before", fmt::format("{} of {}", targets.seen, targets.users));
  line("interactions that repeat a user and item", std::to_string(report.duplicate_interactions));
  line("negatives of a user, at the least and on average",
       fmt::format("{}, {:.1f}", targets.least_negatives, targets.mean_negatives));
  line("users without negatives", fmt::format("{} of {}", targets.without_negatives, targets.users));
  line("negatives that the user touched", std::to_string(report.touched_negatives));
  line("items without a training interaction", std::to_string(report.items_without_training));
  return text + verdict(data, report, targets) + "\n";
}

std::string json_of(const Dataset& data, const LeakReport& report, const TargetCounts& targets) {
  nlohmann::ordered_json object = {
      {"name", data.name()},
      {"ids", name_of(data.item_ids().scheme)},
      {"max_plus_1.test.hr@1", report.max_plus_1_test_hr1},
      {"max_plus_1.last_train.hr@1", report.max_plus_1_last_train_hr1},
      {"first_appearance.spearman", report.first_appearance_spearman},
      {"test_item_in_train.share", report.test_item_in_train_share},
      {"duplicate_interactions", report.duplicate_interactions},
      {"touched_negatives", report.touched_negatives},
      {"items_without_training", report.items_without_training},
      {"numbering_leaks", report.numbering_leaks()},
  };
  object["num_evaluated_users"] = targets.users;
  append_counts(object, targets);
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

void audit(const AuditFlags& flags) {
  const Dataset data = Dataset::open(flags.directory);
  const LeakReport report = audit_leaks(data);
  const TargetCounts targets = count_targets(data, data.evaluated_users(), Split::test);
  print_beside(flags.json, readable(data, report, targets));
  write_json(flags.json, json_of(data, report, targets));
}

}  // namespace

void add_audit(CLI::App& app) {
  CLI::App* command = app.add_subcommand("audit", "Check a prepared data set for leaks of test answers");
  const auto flags = std::make_shared<AuditFlags>();
  command->add_option("directory", flags->directory, "Prepared directory")->required();
  add_json(*command, flags->json, "the report as JSON");
  command->callback([flags] { audit(*flags); });
}

}  // namespace peapod::cli
