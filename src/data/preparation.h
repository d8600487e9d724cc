// RawLog -> PreparedData: what becomes of repeats, k-core filter, order by time, data set order of users and items,
// evaluation negatives and explanations. Deterministic for a seed, whatever the number of threads and, where
// interactions have times, the order of the source's lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/ragged_table.h"
#include "data/repeats.h"
#include "data/source_summary.h"
#include "data/split.h"
#include "sources/raw_log.h"

namespace peapod {

struct PreparationOptions {
  // The least interactions of a user and of an item. Those with fewer are left out, which leaves others with fewer, so
  // this is repeated until it changes nothing. 0 and 1 keep all. Absent: default_core() of the source's format
  // (sources/source_reader.h).
  std::optional<uint32_t> min_user = std::nullopt;
  std::optional<uint32_t> min_item = std::nullopt;
  SplitRule split = SplitRule::leave_one_out;
  Repeats repeats = Repeats::merge;
  uint64_t seed = 1;      // of the order of equal times and of the negatives
  std::string name = {};  // of the data set; empty: the source's
};

struct PreparedData {
  std::string name;
  SourceFormat format = SourceFormat::pod;
  uint32_t min_user = 0;
  uint32_t min_item = 0;
  SplitRule split = SplitRule::leave_one_out;
  Repeats repeats = Repeats::merge;
  uint64_t seed = 0;
  SourceSummary source;
  std::vector<UserInfo> users;
  std::vector<ItemInfo> items;
  RaggedRows<uint32_t> interactions;      // [num_users]: items, oldest first; no row is empty
  RaggedRows<uint32_t> negatives;         // [num_users]: kNumNegatives items, fewer where the catalogue has fewer
  std::vector<Explanation> explanations;  // by user
  // Explanations that the source gives for training but that speak of a user's validation or test item. They are left
  // out: a model that reads them has seen the answer.
  uint64_t num_explanations_of_held_out = 0;
  // Explanations that the source gives of users or items that the filter left out; they are left out too.
  uint64_t num_explanations_of_dropped = 0;

  uint32_t num_items() const { return static_cast<uint32_t>(items.size()); }
  uint64_t num_interactions() const { return interactions.values.size(); }
  // Views into `interactions`.
  Histories histories() const;
  Histories train_histories() const;
};

// Users and items are ordered by name: by number where all names are numbers, by bytes otherwise. So the order tells
// nothing about time beyond what the names tell. Where the names are the numbers from 1 without a gap, index + 1 is the
// name.
// Equal times are ordered by a seeded hash; a source without times keeps its order.
// Explanations: the source's own, those for training only of training interactions, all for training where nothing is
// held out; where it has none but reviews, mined from them (explanations/explanation_mining.h). Throws Error when the
// filter leaves nothing.
PreparedData prepare(RawLog log, const PreparationOptions& options);

// Writes the prepared directory (docs/formats.md) at `directory`, replacing a prepared one; nothing half-written is
// ever seen under that name. Requires ids for exactly the items of `data`.
// Throws Error when `directory` holds something else or cannot be written.
void write_dataset(const std::filesystem::path& directory, const PreparedData& data, const ItemIds& ids);

}  // namespace peapod
