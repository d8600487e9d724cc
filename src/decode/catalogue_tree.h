// The catalogue as a prefix tree of the token sequences that name items: decoding walks it, so an item that does not
// exist cannot be produced. Built once for all items; a request that allows fewer (candidates, a filter) restricts it
// in microseconds. Flat arrays; immutable once built, so safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace peapod {

class CatalogueTree {
 public:
  static constexpr uint32_t kRoot = 0;

  // The children of a node by ascending token; child i is the node `first + i`.
  struct Children {
    std::span<const int32_t> tokens;
    uint32_t first = 0;
  };

  // Items in the order of their token sequences stand at positions 0, 1, …; those below a node are a range.
  struct Positions {
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  // sequences[i] names item i, without the end id: the tree appends it, which tells `12` from `12 3`. Sequences are
  // copied. Throws Error for an empty sequence, a negative, pad or end id in one, and two items named alike.
  static CatalogueTree build(std::span<const std::span<const int32_t>> sequences);

  // The tree of these items alone, under their numbers; repeated ones count once. O(n log n) for n items, whatever the
  // size of the catalogue. Throws Error for an item that is not in this tree.
  CatalogueTree restricted_to(std::span<const uint32_t> items) const;

  size_t num_items() const { return items_.size(); }
  size_t num_nodes() const { return tokens_.size(); }
  int32_t max_token() const { return max_token_; }  // the largest id in any sequence; the end id for an empty tree
  std::vector<int32_t> alphabet() const;            // the distinct ids of all sequences, the end id included, ascending

  // Views live as long as the tree. Requires node < num_nodes(), as all below.
  Children children(uint32_t node) const {
    const uint32_t first = first_child_[node];
    return {{tokens_.data() + first, static_cast<size_t>(first_child_[node + 1] - first)}, first};
  }
  int32_t token(uint32_t node) const { return tokens_[node]; }  // that leads to the node; the pad id for the root
  // Leaves are the nodes reached by the end id, one for each item.
  bool is_leaf(uint32_t node) const { return node != kRoot && first_child_[node] == first_child_[node + 1]; }
  // Requires is_leaf(node).
  uint32_t item_at(uint32_t node) const { return items_[below_[node].begin]; }

  Positions positions_below(uint32_t node) const { return below_[node]; }
  uint32_t item_at_position(uint32_t position) const { return items_[position]; }
  // Where the item stands; nothing when it is not in this tree.
  std::optional<uint32_t> position_of(uint32_t item) const;
  // Where those of the items stand that are in this tree, ascending, each once.
  std::vector<uint32_t> positions_of(std::span<const uint32_t> items) const;

 private:
  std::span<const int32_t> row(uint32_t position) const {
    return {row_tokens_.data() + row_starts_[position],
            static_cast<size_t>(row_starts_[position + 1] - row_starts_[position])};
  }
  void append_row(uint32_t item, std::span<const int32_t> tokens);
  void index_items();
  void grow_nodes();

  // By position: items in the order of their sequences, with the sequences, each closed by the end id.
  std::vector<uint32_t> items_;
  std::vector<uint32_t> row_starts_{0};
  std::vector<int32_t> row_tokens_;
  std::vector<uint32_t> by_item_;  // positions in the order of item numbers
  int32_t max_token_ = 0;

  // By node, level after level, so that siblings are neighbours.
  std::vector<int32_t> tokens_;        // the token that leads to the node
  std::vector<Positions> below_;       // the items under it
  std::vector<uint32_t> first_child_;  // [nodes + 1]; its children end where the next node's begin
};

}  // namespace peapod
