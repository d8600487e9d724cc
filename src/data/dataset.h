// A prepared data set: who interacted with what, in order, how that is split, item ids, evaluation negatives and
// explanations. Opened from the directory that `peapod prepare` writes (docs/formats.md); interactions,
// codes and negatives are views of mapped files. Immutable, so safe from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/item_ids.h"
#include "data/repeats.h"
#include "data/source_summary.h"
#include "data/split.h"
#include "explanations/explanation.h"

namespace peapod {

// Number of negatives stored per user for the 1 + 99 ranking.
inline constexpr size_t kNumNegatives = 99;

class Dataset {
 public:
  // Throws Error when the directory is not a prepared one, has another version, or fails a size or checksum test.
  static Dataset open(const std::filesystem::path& directory);

  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;
  ~Dataset();

  const std::string& name() const;  // of the source, e.g. "beauty"
  uint32_t num_users() const;
  uint32_t num_items() const;
  uint64_t num_interactions() const;

  SplitRule split() const;
  Repeats repeats() const;
  uint64_t seed() const;  // that it was prepared with
  // What was read; nothing where the data set was prepared before that was kept.
  const std::optional<SourceSummary>& source() const;

  // Everything the user did, oldest first.
  std::span<const uint32_t> history(uint32_t user) const;
  // All but what is held out, the last two items; all of them for a user who is not evaluated.
  std::span<const uint32_t> train_items(uint32_t user) const;
  // What is known before the target of `split` (valid or test).
  std::span<const uint32_t> items_before(uint32_t user, Split split) const;
  // The target of `split` (valid or test). Requires evaluated(user).
  uint32_t target(uint32_t user, Split split) const;
  bool evaluated(uint32_t user) const { return is_evaluated(history(user).size(), split()); }
  std::vector<uint32_t> evaluated_users() const;

  Histories train_histories() const;
  // The checksum of the manifest, which has those of all other files: interactions, item ids, names, titles,
  // categories, negatives, explanations, and how they were prepared. What was made of a data set records it.
  std::string identity() const;
  // A hash of the files that evaluation reads: interactions, negatives, explanations. It goes into what is measured,
  // and stays as it is when formats change, so that older measurements can be compared.
  uint64_t evaluation_hash() const;

  // kNumNegatives distinct items the user never touched; fewer only where the catalogue has fewer.
  std::span<const uint32_t> negatives(uint32_t user) const;

  const ItemIds& item_ids() const;
  const std::vector<Explanation>& explanations() const;

  const std::string& user_name(uint32_t user) const;
  const std::string& item_name(uint32_t item) const;
  const std::string& item_title(uint32_t item) const;  // empty where the source has none
  // Comma-free category names, most general first; empty where the source has none.
  const std::vector<std::string>& item_categories(uint32_t item) const;
  std::optional<double> item_price(uint32_t item) const;    // nothing where the source has none
  std::optional<bool> item_available(uint32_t item) const;  // nothing where the source does not say

  // By name, then by alias (for `pod` the codes of datamaps.json).
  std::optional<uint32_t> find_user(std::string_view name) const;
  std::optional<uint32_t> find_item(std::string_view name) const;
  // The same, but throws Error that names the nearest match.
  uint32_t require_user(std::string_view name) const;
  uint32_t require_item(std::string_view name) const;

  // Files of the prepared directory, the manifest first.
  static std::vector<std::string> file_names();
  // The same interactions with nothing held out, under these item ids: every explanation is one for training, and the
  // identity is another. REQUIRES: ids of the same scheme for exactly these items.
  Dataset hold_out_nothing(const ItemIds& ids) &&;
  // Writes the directory again, the manifest last: the bytes that were opened, whatever stands in their place by now.
  void save(const std::filesystem::path& directory) const;

 private:
  struct Contents;
  explicit Dataset(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

}  // namespace peapod
