// Item-kNN: recommends what stood near the user's recent items in other users' histories. Twenty lines of counting that
// beat the published generative recommenders on leak-free data, so it stands in every table of results. Immutable once
// built, so safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset.h"

namespace peapod {

// In the formulas below, i is an item of the history, k its age (0 for the latest), j the item that is scored.
struct ItemKnnOptions {
  double distance_decay = 1.0;         // a: a pair d places apart counts d^-a
  double backward_weight = 1.0 / 1.5;  // b: a pair where j precedes i counts b times that; 1 ignores the order
  double recency_decay = 1.0;          // r: item i counts (1 + k)^-r
  double source_damping = 0.5;         // p: divided by popularity(i)^p
  double target_damping = 0.5;         // q: divided by popularity(j)^q
  double popularity_offset = 0.0;      // added to every popularity; above 0 it lowers rare items
  uint32_t max_history = 20;           // n: only the latest n items of the history count; at least 1
};

// Throws Error that names the field where an option is negative or not finite, or max_history 0.
void require_valid(const ItemKnnOptions& options);

class ItemKnn {
 public:
  // Counts co-occurrence in the training histories; time and memory grow with the sum of their squared lengths. Uses
  // all threads; the result does not depend on their number. Requires items below `num_items`. Throws Error when an
  // option is negative or not finite.
  ItemKnn(const Histories& train, uint32_t num_items, const ItemKnnOptions& options);

  uint32_t num_items() const { return static_cast<uint32_t>(starts_.size()) - 1; }

  // Overwrites `scores` [num_items] with
  //   score(j) = sum over the last n items i of history: (1 + k)^-r · co(i, j) · pop(i)^-p · pop(j)^-q,
  // 0 for an item that never occurred in a history with one of them. `history` is oldest first; its own items are
  // scored like any other.
  void score(std::span<const uint32_t> history, std::span<float> scores) const;

 private:
  struct Neighbour {
    uint32_t item;
    float weight;  // co(i, j) · pop(i)^-p · pop(j)^-q
  };
  std::vector<size_t> starts_;         // [num_items + 1] into neighbours_
  std::vector<Neighbour> neighbours_;  // rows back to back, each by rising item
  std::vector<float> recency_;         // [max_history] (1 + k)^-r
};

}  // namespace peapod
