// What `evaluate` and `baseline` write of a ranking alike: results by history length and target popularity, ranks that
// `compare` reads, and lines for single users.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "data/dataset.h"
#include "data/target_counts.h"
#include "eval/population.h"
#include "eval/ranking.h"

namespace peapod::cli {

// What a reader must know of targets and negatives before they believe a figure, a line each behind `head`; nothing
// where there is nothing to say.
std::string sentences_on(const TargetCounts& counts, const std::string& head);
// Members `seen_targets` and `num_negatives`: {"least", "mean"}.
void append_counts(nlohmann::ordered_json& object, const TargetCounts& counts);

// Members `by_history_length` and `by_target_popularity`: buckets with their metrics, for each protocol.
void append_breakdowns(nlohmann::ordered_json& object, const Population& population, const ProtocolRanks& ranks);

// The object's text with the member `ranks` (eval/rank_record.h) at its end, on one line: one rank a line would bury
// the rest.
std::string text_with_ranks(const nlohmann::ordered_json& object, const Dataset& data, Split split,
                            const Population& population, const ProtocolRanks& ranks);

// Writes the lines of single users (eval/rank_record.h) to the file; nothing for an empty path.
void write_per_user(const std::string& path, const Dataset& data, const Population& population,
                    const ProtocolRanks& ranks);

}  // namespace peapod::cli
