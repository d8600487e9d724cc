// How near items stood to each other in the training histories, counted once for all pairs that met: what item-kNN and
// recall are made of. Immutable, so safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/split.h"

namespace peapod {

struct CooccurrenceOptions {
  double distance_decay = 1.0;         // a: a pair d places apart counts d^-a
  double backward_weight = 1.0 / 1.5;  // b: a pair where j precedes i counts b times that; 1 ignores the order
  // Histories that hold more pairs than this, both orders counted, have a window: pairs farther apart than the greatest
  // distance with no more pairs than this are not counted. Time and memory (8 bytes for each pair that differs) are
  // bounded by it; the default keeps all pairs of a million users with 20 items each.
  uint64_t most_pairs = uint64_t{1} << 29;
};

class Cooccurrence {
 public:
  // What stood near an item i: co(i, j), the sum over histories and over the places of i and j in them.
  struct Neighbour {
    uint32_t item;  // j, not i
    float count;    // above 0
  };

  // Time and memory grow with the sum of the histories' squared lengths, up to `most_pairs`. Uses all threads; the
  // result does not depend on their number. REQUIRES: items below `num_items`. Throws Error when an option is negative
  // or not finite.
  Cooccurrence(const Histories& train, uint32_t num_items, const CooccurrenceOptions& options);

  uint32_t num_items() const { return static_cast<uint32_t>(rows_.size()); }
  // The greatest distance that is counted: that of the longest history unless there are too many pairs.
  size_t window() const { return window_; }
  // By rising item. Views live as long as this object.
  std::span<const Neighbour> of(uint32_t item) const { return rows_[item]; }

  // What one place of a history adds to the counts of another: co(item at `from`, item at `to`); 0 beyond the window.
  // REQUIRES: the places differ.
  double pair(size_t from, size_t to) const;

 private:
  CooccurrenceOptions options_;
  size_t window_ = 0;
  // A block of memory for each item: in one block all would be there twice while it is made.
  std::vector<std::vector<Neighbour>> rows_;
};

// Throws Error that names the field unless the value is finite and not negative.
void require_not_negative(double value, const char* field);

}  // namespace peapod
