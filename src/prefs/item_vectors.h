// Vectors that stand near each other for items that are consumed together: the spectrum of the co-occurrence graph of
// the training histories. Item codes are clustered from them. Stateless; results do not depend on the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/matrix.h"
#include "data/dataset.h"

namespace peapod {

// A symmetric sparse matrix of weights between items, row by row.
struct ItemGraph {
  std::vector<size_t> starts{0};     // [num_items + 1], where each row begins
  std::vector<uint32_t> neighbours;  // ascending within a row, never the row's own item
  std::vector<float> weights;        // same length as neighbours, positive

  size_t num_items() const { return starts.size() - 1; }
};

// Two different items that stand d steps apart in a history add 1/d to each other's weight, up to 50 steps. This is the
// count of prefs/item_knn.h with a = b = 1; the exponent a = 1 shares prefixes best on Beauty's validation split.
// Where the histories have more than `most_pairs` pairs, one counted as often as it occurs, an item keeps its
// most_pairs / 2 / num_items (at least 32) greatest weights and those among which it is: memory stays bounded.
// REQUIRES: every item index is below num_items.
ItemGraph cooccurrence(const Histories& histories, uint32_t num_items, size_t most_pairs = size_t{16} << 20);

struct ItemVectorOptions {
  size_t dim = 128;   // columns; never more than there are items
  uint64_t seed = 1;  // of the random start
};

// [num_items, min(dim, num_items)]: the leading eigenvectors of (D + m)^-1/2 C (D + m)^-1/2, each times its eigenvalue
// (times 0 where that is negative), then every row scaled to norm 1. D holds the row sums of C, m is their mean and
// keeps small separate components from filling the spectrum. By subspace iteration from a random start (Halko,
// Martinsson, Tropp 2011, section 4.4). An item without neighbours gets zeros.
Matrix item_vectors(const ItemGraph& graph, const ItemVectorOptions& options = {});

}  // namespace peapod
