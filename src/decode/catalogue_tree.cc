#include "decode/catalogue_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "text/tokenizer.h"

namespace peapod {
namespace {

constexpr const char* kPrepareAgain = "prepare the data set again";

void check_sequence(size_t item, std::span<const int32_t> tokens) {
  if (tokens.empty()) throw Error("catalogue", fmt::format("item {} has no tokens", item), kPrepareAgain);
  for (const int32_t token : tokens) {
    if (token < 0 || token == kPadId || token == kEndId) {
      throw Error("catalogue", fmt::format("item {}: token {} cannot be part of a name", item, token), kPrepareAgain);
    }
  }
}

}  // namespace

CatalogueTree CatalogueTree::build(std::span<const std::span<const int32_t>> sequences) {
  for (size_t item = 0; item < sequences.size(); ++item) check_sequence(item, sequences[item]);

  // The end id is below every id of a sequence, so a prefix comes first, as plain lexicographic order has it.
  std::vector<uint32_t> order(sequences.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return std::ranges::lexicographical_compare(sequences[a], sequences[b]); });
  for (size_t i = 1; i < order.size(); ++i) {
    if (std::ranges::equal(sequences[order[i - 1]], sequences[order[i]])) {
      const auto [first, second] = std::minmax(order[i - 1], order[i]);
      throw Error("catalogue", fmt::format("items {} and {} have the same tokens", first, second), kPrepareAgain);
    }
  }

  CatalogueTree tree;
  for (const uint32_t item : order) {
    tree.append_row(item, sequences[item]);
    tree.row_tokens_.push_back(kEndId);
    ++tree.row_starts_.back();
  }
  tree.index_items();
  tree.grow_nodes();
  return tree;
}

CatalogueTree CatalogueTree::restricted_to(std::span<const uint32_t> items) const {
  std::vector<uint32_t> positions;
  positions.reserve(items.size());
  for (const uint32_t item : items) {
    const auto position = position_of(item);
    if (!position) {
      throw Error("candidates", fmt::format("item {} is not in the catalogue of {} items", item, num_items()),
                  "leave it out");
    }
    positions.push_back(*position);
  }
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());

  CatalogueTree tree;
  tree.items_.reserve(positions.size());
  tree.row_starts_.reserve(positions.size() + 1);
  for (const uint32_t position : positions) tree.append_row(items_[position], row(position));
  tree.index_items();
  tree.grow_nodes();
  return tree;
}

std::vector<int32_t> CatalogueTree::alphabet() const {
  std::vector<bool> occurs(static_cast<size_t>(max_token_) + 1);
  for (const int32_t token : row_tokens_) occurs[static_cast<size_t>(token)] = true;
  std::vector<int32_t> tokens;
  for (size_t token = 0; token < occurs.size(); ++token) {
    if (occurs[token]) tokens.push_back(static_cast<int32_t>(token));
  }
  return tokens;
}

std::optional<uint32_t> CatalogueTree::position_of(uint32_t item) const {
  // In a tree of the whole catalogue the item's number is its place; in a restricted one it has to be searched.
  if (item < by_item_.size() && items_[by_item_[item]] == item) return by_item_[item];
  const auto found = std::ranges::lower_bound(by_item_, item, {}, [&](uint32_t position) { return items_[position]; });
  if (found == by_item_.end() || items_[*found] != item) return std::nullopt;
  return *found;
}

std::vector<uint32_t> CatalogueTree::positions_of(std::span<const uint32_t> items) const {
  std::vector<uint32_t> positions;
  for (const uint32_t item : items) {
    if (const auto position = position_of(item)) positions.push_back(*position);
  }
  std::ranges::sort(positions);
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  return positions;
}

void CatalogueTree::append_row(uint32_t item, std::span<const int32_t> tokens) {
  items_.push_back(item);
  row_tokens_.insert(row_tokens_.end(), tokens.begin(), tokens.end());
  row_starts_.push_back(static_cast<uint32_t>(row_tokens_.size()));
}

void CatalogueTree::index_items() {
  by_item_.resize(items_.size());
  std::iota(by_item_.begin(), by_item_.end(), 0u);
  std::ranges::sort(by_item_, {}, [&](uint32_t position) { return items_[position]; });
  max_token_ = row_tokens_.empty() ? kEndId : std::ranges::max(row_tokens_);
}

void CatalogueTree::grow_nodes() {
  const size_t most_nodes = row_tokens_.size() + 1;
  tokens_.reserve(most_nodes);
  below_.reserve(most_nodes);
  first_child_.reserve(most_nodes + 1);

  tokens_.push_back(kPadId);  // the decoder starts with it
  below_.push_back({0, static_cast<uint32_t>(items_.size())});
  size_t level_end = 1;
  size_t depth = 0;
  for (uint32_t node = 0; node < tokens_.size(); ++node) {
    if (node == level_end) {
      level_end = tokens_.size();
      ++depth;
    }
    first_child_.push_back(static_cast<uint32_t>(tokens_.size()));
    if (node != kRoot && tokens_[node] == kEndId) continue;
    const Positions range = below_[node];
    for (uint32_t position = range.begin; position < range.end; ++position) {
      const int32_t token = row_tokens_[row_starts_[position] + depth];
      if (position == range.begin || token != tokens_.back()) {
        tokens_.push_back(token);
        below_.push_back({position, position});
      }
      ++below_.back().end;
    }
  }
  first_child_.push_back(static_cast<uint32_t>(tokens_.size()));
}

}  // namespace peapod
