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

std::string readable(const Dataset& data, const LeakReport& report, const TargetCounts& targets) {
  std::string text = fmt::format("{}: {} users, {} items, {} interactions, ids {}\n", data.name(), data.num_users(),
                                 data.num_items(), data.num_interactions(), name_of(data.item_ids().scheme));
  for (const auto& [what, found] : findings(report, targets)) text += fmt::format("  {:<62}{}\n", what, found);
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
