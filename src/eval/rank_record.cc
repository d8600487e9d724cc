#include "eval/rank_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "eval/metrics.h"

namespace peapod {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMember = "ranks";

uint64_t hash_of(const std::vector<uint32_t>& users) {
  uint64_t hash = users.size();
  for (const uint32_t user : users) hash = mix64(hash, user);
  return hash;
}

// From 1; null for a rank beyond what is kept; 0 for a target that met nothing.
Json json_of_rank(uint32_t rank) {
  if (rank == kUnopposed) return 0;
  return rank < kGreatestDepth ? Json(rank + 1) : Json(nullptr);
}

// Reads the members of a record out of a JSON object.
class Reader {
 public:
  Reader(std::string file, const Json& object) : file_(std::move(file)), object_(object) {}

  [[noreturn]] void refuse(std::string_view field, const std::string& problem) const {
    throw Error(fmt::format("{}: field \"{}.{}\"", file_, kMember, field), problem, "write the file again");
  }

  // Another protocol's ranks, say, would be left out of the comparison without a word.
  void require_known(std::string_view field) const {
    static constexpr std::string_view kFields[] = {"dataset",   "data_hash",  "split",
                                                   "num_users", "users_hash", "seen_compete"};
    const bool is_protocol =
        std::ranges::any_of(kProtocols.values(), [&](Protocol protocol) { return field == metric_prefix(protocol); });
    if (!is_protocol && std::ranges::find(kFields, field) == std::end(kFields)) {
      refuse(field, "is not known to this version of peapod");
    }
  }

  std::string text(const char* field) const {
    const Json& value = require(field);
    if (!value.is_string()) refuse(field, "expected a text, got " + shown_json(value));
    return value.get<std::string>();
  }

  // False where there is no such field.
  bool is_true(const char* field) const {
    const auto found = object_.find(field);
    if (found == object_.end()) return false;
    if (!found->is_boolean()) refuse(field, "expected true or false, got " + shown_json(*found));
    return found->get<bool>();
  }

  size_t count(const char* field) const {
    const Json& value = require(field);
    if (!value.is_number_unsigned()) refuse(field, "expected a number of users, got " + shown_json(value));
    return value.get<size_t>();
  }

  // Empty where the protocol was not run.
  std::vector<uint32_t> ranks(Protocol protocol, size_t num_users) const {
    const std::string field(metric_prefix(protocol));
    const auto found = object_.find(field);
    if (found == object_.end()) return {};
    if (!found->is_array()) refuse(field, fmt::format("expected {} ranks, got no list", num_users));
    if (found->size() != num_users) {
      refuse(field, fmt::format("expected {} ranks, got {}", num_users, found->size()));
    }
    std::vector<uint32_t> ranks;
    for (const Json& rank : *found) {
      const bool unopposed = protocol == Protocol::sampled99 && rank == 0;
      ranks.push_back(unopposed ? kUnopposed : one_rank(field, rank));
    }
    return ranks;
  }

 private:
  const Json& require(const char* field) const {
    const auto found = object_.find(field);
    if (found == object_.end()) refuse(field, "missing");
    return *found;
  }

  uint32_t one_rank(const std::string& field, const Json& rank) const {
    if (rank.is_null()) return kNotRanked;
    if (!rank.is_number_unsigned() || rank < 1 || rank >= kNotRanked) {
      refuse(field, "expected a rank from 1, or null, got " + shown_json(rank));
    }
    return rank.get<uint32_t>() - 1;
  }

  std::string file_;
  const Json& object_;
};

}  // namespace

RankRecord rank_record(const Dataset& data, Split split, const Population& population, const ProtocolRanks& ranks) {
  RankRecord record{.source = {},
                    .dataset = data.name(),
                    .data_hash = fmt::format("{:016x}", data.evaluation_hash()),
                    .split = std::string(name_of(split)),
                    .users_hash = fmt::format("{:016x}", hash_of(population.users)),
                    .num_users = population.users.size(),
                    .ranks = {.full = ranks.full, .sampled99 = ranks.sampled99, .seen_compete = ranks.seen_compete}};
  for (std::vector<uint32_t>* kept : {&record.ranks.full, &record.ranks.sampled99}) {
    for (uint32_t& rank : *kept) rank = rank < kGreatestDepth || rank == kUnopposed ? rank : kNotRanked;
  }
  return record;
}

std::string json_of(const RankRecord& record) {
  Json object = {{"dataset", record.dataset},
                 {"data_hash", record.data_hash},
                 {"split", record.split},
                 {"num_users", record.num_users},
                 {"users_hash", record.users_hash}};
  if (record.ranks.seen_compete) object["seen_compete"] = true;
  for (const Protocol protocol : kProtocols.values()) {
    const std::vector<uint32_t>& ranks = record.ranks.under(protocol);
    if (ranks.empty()) continue;
    Json& list = object[std::string(metric_prefix(protocol))] = Json::array();
    for (const uint32_t rank : ranks) list.push_back(json_of_rank(rank));
  }
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RankRecord read_rank_record(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::string remedy = "give files that `evaluate` or `baseline` wrote with --json";
  const Json object = parse_json_object<Json>(read_file(path), file, remedy, kLargeJson);
  const auto member = object.find(kMember);
  if (member == object.end() || !member->is_object()) {
    throw Error(file, "holds no ranks of users",
                object.contains("models") ? "evaluate one model at a time" : remedy + ", of a ranking task");
  }
  const Reader reader(file, *member);
  for (const auto& [name, value] : member->items()) reader.require_known(name);
  RankRecord record{.source = file,
                    .dataset = reader.text("dataset"),
                    .data_hash = reader.text("data_hash"),
                    .split = reader.text("split"),
                    .users_hash = reader.text("users_hash"),
                    .num_users = reader.count("num_users"),
                    .ranks = {}};
  record.ranks.seen_compete = reader.is_true("seen_compete");
  record.ranks.full = reader.ranks(Protocol::full, record.num_users);
  record.ranks.sampled99 = reader.ranks(Protocol::sampled99, record.num_users);
  return record;
}

std::string per_user_lines(const Dataset& data, const Population& population, const ProtocolRanks& ranks) {
  std::string lines;
  for (const Protocol protocol : kProtocols.values()) {
    const std::vector<uint32_t>& all = ranks.under(protocol);
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i] == kUnopposed) continue;
      const Json line = {{"user", data.user_name(population.users[i])},
                         {"protocol", name_of(protocol)},
                         {"history_length", population.history_lengths[i]},
                         {"target", data.item_name(population.targets[i])},
                         {"rank", json_of_rank(all[i])},
                         {"target_popularity", population.target_popularities[i]}};
      lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    }
  }
  return lines;
}

}  // namespace peapod
