#include "cli/measurement.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "base/files.h"
#include "eval/breakdown.h"
#include "eval/metrics.h"
#include "eval/rank_record.h"

namespace peapod::cli {
namespace {

using Json = nlohmann::ordered_json;

Json buckets_by(std::span<const uint32_t> property, const ProtocolRanks& ranks) {
  Json by_protocol = Json::object();
  for (const Protocol protocol : kProtocols.values()) {
    if (ranks.under(protocol).empty()) continue;
    Json& buckets = by_protocol[std::string(metric_prefix(protocol))] = Json::array();
    for (const Bucket& bucket : buckets_of(property)) {
      const std::vector<uint32_t> inside = in_bucket(bucket, ranks.under(protocol));
      if (inside.empty()) continue;
      Json& one = buckets.emplace_back();
      one = {{"from", bucket.from}, {"to", nullptr}, {"users", inside.size()}};
      if (bucket.to) one["to"] = *bucket.to;
      for (const RankMetric& row : kRankMetrics) {
        if (measured_under(row, protocol)) one[metric_name(row)] = metric_mean(row, inside);
      }
    }
  }
  return by_protocol;
}

}  // namespace

std::string sentences_on(const TargetCounts& counts, const std::string& head) {
  std::string text;
  if (counts.unreachable() > 0) {
    text += head + fmt::format(
                       "{} of {} targets are items that the user had before: full ranking leaves them out, so "
                       "they count as misses\n",
                       counts.unreachable(), counts.users);
  }
  if (counts.users > counts.without_negatives && counts.least_negatives < kNumNegatives) {
    text += head + fmt::format(
                       "sampled99 ranks against {} negatives at the least, {:.1f} on average: there are no more "
                       "items that a user never touched\n",
                       counts.least_negatives, counts.mean_negatives);
  }
  if (counts.without_negatives > 0) {
    text += head + fmt::format("{} of {} users have no negatives: sampled99 leaves them out\n",
                               counts.without_negatives, counts.users);
  }
  return text;
}

void append_counts(Json& object, const TargetCounts& counts) {
  object["seen_targets"] = counts.seen;
  object["num_negatives"] = {
      {"least", counts.least_negatives}, {"mean", counts.mean_negatives}, {"users_without", counts.without_negatives}};
}

void append_breakdowns(Json& object, const Population& population, const ProtocolRanks& ranks) {
  object["by_history_length"] = buckets_by(population.history_lengths, ranks);
  object["by_target_popularity"] = buckets_by(population.target_popularities, ranks);
}

std::string text_with_ranks(const Json& object, const Dataset& data, Split split, const Population& population,
                            const ProtocolRanks& ranks) {
  std::string text = object.dump(2);
  text.resize(text.rfind('\n'));  // the object's end
  return text + ",\n  \"ranks\": " + json_of(rank_record(data, split, population, ranks)) + "\n}";
}

void write_per_user(const std::string& path, const Dataset& data, const Population& population,
                    const ProtocolRanks& ranks) {
  if (!path.empty()) write_file_atomically(path, per_user_lines(data, population, ranks));
}

}  // namespace peapod::cli
