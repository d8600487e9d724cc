// `peapod compare`: two measurements of the same users, metric by metric, from what `evaluate` and `baseline` wrote.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "eval/comparison.h"
#include "eval/rank_record.h"

namespace peapod::cli {
namespace {

struct CompareFlags {
  std::string first, second;
  std::string json;
};

std::string readable(const RankRecord& first, const RankRecord& second,
                     const std::vector<MetricComparison>& comparisons) {
  std::string text =
      fmt::format("A: {}\nB: {}\n{}, {} split, {} users; 95 % interval and two-sided p-value by paired bootstrap\n",
                  first.source, second.source, first.dataset, first.split, first.num_users);
  text += fmt::format("{:<24}{:>8}{:>9}{:>10}{:>22}{:>9}\n", "", "A", "B", "A - B", "interval", "p");
  for (const MetricComparison& one : comparisons) {
    const std::string interval = fmt::format("[{:+.4f}, {:+.4f}]", one.difference.low, one.difference.high);
    text += fmt::format("{:<24}{:>8.4f}{:>9.4f}{:>+10.4f}{:>22}{:>9.4f}\n", one.key, one.first, one.second,
                        one.difference.value, interval, one.difference.p_value);
  }
  return text;
}

nlohmann::ordered_json json_of(const RankRecord& first, const RankRecord& second,
                               const std::vector<MetricComparison>& comparisons) {
  nlohmann::ordered_json object = {{"first", first.source},        {"second", second.source},
                                   {"dataset", first.dataset},     {"split", first.split},
                                   {"num_users", first.num_users}, {"num_resamples", kComparisonResamples}};
  for (const MetricComparison& one : comparisons) {
    object["metrics"][one.key] = {
        {"first", one.first},
        {"second", one.second},
        {"difference", {{"value", one.difference.value}, {"low", one.difference.low}, {"high", one.difference.high}}},
        {"p_value", one.difference.p_value}};
  }
  return object;
}

void run(const CompareFlags& flags) {
  const RankRecord first = read_rank_record(flags.first);
  const RankRecord second = read_rank_record(flags.second);
  const std::vector<MetricComparison> comparisons = compare(first, second);
  if (flags.json != "-") print(readable(first, second, comparisons));
  write_json(flags.json, json_of(first, second, comparisons).dump(2));
}

}  // namespace

void add_compare(CLI::App& app) {
  const auto flags = std::make_shared<CompareFlags>();  // shared: the callback outlives this function
  CLI::App* command =
      app.add_subcommand("compare", "Compare two measurements of the same users: differences, intervals, p-values");
  command->add_option("A", flags->first, "What `evaluate` or `baseline` wrote with --json")->required();
  command->add_option("B", flags->second, "The same of what it is compared with")->required();
  add_json(*command, flags->json, "the comparison as JSON");
  command->callback([flags] { run(*flags); });
}

}  // namespace peapod::cli
