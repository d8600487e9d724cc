// What an evaluation keeps of each user. The record is a member of the JSON object that `evaluate` and `baseline`
// write, so that two such objects can be compared later (eval/comparison.h); the lines are for looking at single users.
// docs/formats.md describes both. Pure functions but for reading a file; safe from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/dataset.h"
#include "eval/population.h"
#include "eval/ranking.h"

namespace peapod {

struct RankRecord {
  std::string source;      // what the record is of, in errors and tables: a file, where it was read from one
  std::string dataset;     // its name
  std::string data_hash;   // of what evaluation reads of the data set
  std::string split;       // valid or test
  std::string users_hash;  // of the users who were measured
  size_t num_users = 0;    // how many these are
  ProtocolRanks ranks;     // of depth kGreatestDepth: kNotRanked beyond, kUnopposed kept; without what was recommended
};

RankRecord rank_record(const Dataset& data, Split split, const Population& population, const ProtocolRanks& ranks);

// The record as one line of JSON: an object that becomes the member `ranks` of a larger one.
std::string json_of(const RankRecord& record);

// From the member `ranks` of the JSON object in a file. Throws Error that names the file where it is no such object,
// has no such member, or that member is damaged.
RankRecord read_rank_record(const std::filesystem::path& path);

// One JSON object a line, for each user under each protocol that was run: user, protocol, history_length, target, rank
// (from 1; null beyond kGreatestDepth), target_popularity.
std::string per_user_lines(const Dataset& data, const Population& population, const ProtocolRanks& ranks);

}  // namespace peapod
