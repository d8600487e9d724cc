#include "data/leak_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>
#include <vector>

namespace peapod {
namespace {

// [num_items]: each item's place, from 0, in the order of its number or code.
std::vector<uint32_t> ranks_of(const ItemIds& ids, uint32_t num_items) {
  std::vector<uint32_t> order(num_items);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (ids.scheme != IdScheme::collaborative) return ids.numbers[a] < ids.numbers[b];
    const auto x = ids.code(a), y = ids.code(b);
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
  });
  std::vector<uint32_t> ranks(num_items);
  for (uint32_t rank = 0; rank < num_items; ++rank) ranks[order[rank]] = rank;
  return ranks;
}

bool max_plus_1_hits(std::span<const uint32_t> history, uint32_t target, const std::vector<uint32_t>& ranks) {
  uint32_t largest = 0;
  for (const uint32_t item : history) largest = std::max(largest, ranks[item]);
  return ranks[target] == largest + 1;
}

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Ranks without ties, so the short formula holds.
double first_appearance_spearman(const Dataset& data, const std::vector<uint32_t>& ranks) {
  std::vector<bool> seen(data.num_items());
  std::vector<uint32_t> appeared;  // ranks, by first appearance
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    for (const uint32_t item : data.history(user)) {
      if (!seen[item]) appeared.push_back(ranks[item]);
      seen[item] = true;
    }
  }
  if (appeared.size() < 2) return 0;
  std::vector<uint32_t> sorted = appeared;
  std::sort(sorted.begin(), sorted.end());
  double squares = 0;
  for (size_t i = 0; i < appeared.size(); ++i) {
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), appeared[i]) - sorted.begin();
    const double difference = static_cast<double>(place) - static_cast<double>(i);
    squares += difference * difference;
  }
  const auto n = static_cast<double>(appeared.size());
  return 1.0 - 6.0 * squares / (n * (n * n - 1.0));
}

}  // namespace

bool LeakReport::numbering_leaks() const {
  const double order = std::abs(first_appearance_spearman);
  const bool rule_pays_on_test = max_plus_1_test_hr1 > suspect_hr1 && max_plus_1_test_hr1 > max_plus_1_last_train_hr1;
  return order > kSuspectSpearman || (rule_pays_on_test && order > kSomeSpearman);
}

LeakReport audit_leaks(const Dataset& data) {
  LeakReport report;
  report.suspect_hr1 = std::max(0.01, 3.0 / data.num_items());
  const std::vector<uint32_t> ranks = ranks_of(data.item_ids(), data.num_items());
  std::vector<bool> trained(data.num_items());
  uint64_t test_hits = 0, train_hits = 0, train_users = 0, repeated_tests = 0, evaluated = 0;
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    const auto history = data.history(user);
    const std::unordered_set<uint32_t> touched(history.begin(), history.end());
    report.duplicate_interactions += history.size() - touched.size();
    for (const uint32_t item : data.negatives(user)) report.touched_negatives += touched.count(item);

    const auto train = data.train_items(user);
    for (const uint32_t item : train) trained[item] = true;
    if (train.size() >= 2) {
      ++train_users;
      train_hits += max_plus_1_hits(train.first(train.size() - 1), train.back(), ranks);
    }
    if (!data.evaluated(user)) continue;
    ++evaluated;
    const uint32_t target = data.target(user, Split::test);
    test_hits += max_plus_1_hits(data.items_before(user, Split::test), target, ranks);
    repeated_tests += std::find(train.begin(), train.end(), target) != train.end();
  }
  report.max_plus_1_test_hr1 = share(test_hits, evaluated);
  report.max_plus_1_last_train_hr1 = share(train_hits, train_users);
  report.first_appearance_spearman = first_appearance_spearman(data, ranks);
  report.test_item_in_train_share = share(repeated_tests, evaluated);
  report.items_without_training = static_cast<uint32_t>(std::count(trained.begin(), trained.end(), false));
  return report;
}

std::string verdict(const Dataset& data, const LeakReport& report, const TargetCounts& targets) {
  const std::string scheme(name_of(data.item_ids().scheme));
  if (data.split() == SplitRule::none) {
    return "NOTHING TO TEST: nothing is held out, so there are no test items to give away.";
  }
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
  if (targets.unreachable() > 0) {
    return fmt::format(
        "REPEATS: {} of {} test items are items that the user had before. Full ranking leaves these out, so they "
        "count\n"
        "as misses whatever is recommended. The \"{}\" item ids do not give test items away.",
        targets.unreachable(), targets.users, scheme);
  }
  return fmt::format("No leak found: the \"{}\" item ids do not give test items away.", scheme);
}

std::vector<std::pair<std::string, std::string>> findings(const LeakReport& report, const TargetCounts& targets) {
  return {{"max+1 rule, HR@1 on the test item", fmt::format("{:.4f}", report.max_plus_1_test_hr1)},
          {"max+1 rule, HR@1 on the last training item", fmt::format("{:.4f}", report.max_plus_1_last_train_hr1)},
          {"number against first appearance, Spearman", fmt::format("{:.4f}", report.first_appearance_spearman)},
          {"users whose test item is in their training history, share",
           fmt::format("{:.4f}", report.test_item_in_train_share)},
          {"users who had their test item before", fmt::format("{} of {}", targets.seen, targets.users)},
          {"interactions that repeat a user and item", std::to_string(report.duplicate_interactions)},
          {"negatives of a user, at the least and on average",
           fmt::format("{}, {:.1f}", targets.least_negatives, targets.mean_negatives)},
          {"users without negatives", fmt::format("{} of {}", targets.without_negatives, targets.users)},
          {"negatives that the user touched", std::to_string(report.touched_negatives)},
          {"items without a training interaction", std::to_string(report.items_without_training)}};
}

}  // namespace peapod
