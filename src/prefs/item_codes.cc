#include "prefs/item_codes.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "base/matrix.h"
#include "base/random.h"
#include "prefs/balanced_clusters.h"
#include "prefs/item_vectors.h"

namespace peapod {
namespace {

// Streams of the seed, so that no two uses of it draw the same numbers.
enum Stream : uint64_t { kPermutation, kVectors, kFirstLevel, kSecondLevel, kColdItems, kTies };

constexpr size_t kRefinements = 10;  // of each level; the gain is small after five

std::vector<uint32_t> random_numbers(uint32_t num_items, uint64_t seed) {
  std::vector<uint32_t> numbers(num_items);
  std::iota(numbers.begin(), numbers.end(), 1u);
  Random(seed, kPermutation).shuffle(numbers);
  return numbers;
}

std::vector<uint32_t> numbers_by_first_appearance(const Histories& all, uint32_t num_items) {
  std::vector<uint32_t> numbers(num_items, 0);
  uint32_t next = 1;
  for (const auto& history : all) {
    for (uint32_t item : history) {
      if (numbers[item] == 0) numbers[item] = next++;
    }
  }
  for (uint32_t& number : numbers) {
    if (number == 0) number = next++;
  }
  return numbers;
}

uint32_t smallest_cube_root_above(uint32_t n) {
  uint64_t root = 1;
  while (root * root * root < n) ++root;
  return static_cast<uint32_t>(root);
}

// The clusters of `items`, as lists of items, for one level of the codes. Vectors place items by what they have in
// common at large; then the graph itself moves each item to where most of its co-occurrence is, as far as the
// capacity allows. (Beauty, last training item and validation item in the same group: first level .320 from vectors
// alone, .330 refined; second level .083 and .102.)
std::vector<std::vector<uint32_t>> grouped(std::span<const uint32_t> items, const ItemGraph& graph,
                                           const Matrix& vectors, size_t num_groups, uint64_t seed) {
  std::vector<std::vector<uint32_t>> groups(num_groups);
  if (items.empty()) return groups;
  Matrix own_vectors(items.size(), vectors.cols);
  std::vector<uint32_t> row_of(graph.num_items(), static_cast<uint32_t>(items.size()));  // or the end for the others
  for (uint32_t r = 0; r < items.size(); ++r) {
    std::ranges::copy(vectors.row(items[r]), own_vectors.row(r).begin());
    row_of[items[r]] = r;
  }
  std::vector<uint32_t> group_of = balanced_clusters(own_vectors, {.clusters = num_groups, .seed = seed});

  const size_t capacity = (items.size() + num_groups - 1) / num_groups;
  for (size_t round = 0; round < kRefinements; ++round) {
    Matrix weight_in(items.size(), num_groups);
    double total = 0.0;
    for (uint32_t r = 0; r < items.size(); ++r) {
      for (size_t e = graph.starts[items[r]]; e < graph.starts[items[r] + 1]; ++e) {
        const uint32_t neighbour = row_of[graph.neighbours[e]];
        if (neighbour == items.size()) continue;
        weight_in.row(r)[group_of[neighbour]] += graph.weights[e];
        total += graph.weights[e];
      }
    }
    if (total == 0.0) break;
    const double tolerance = 1e-3 * total / static_cast<double>(items.size());
    group_of = assign_within_capacity(weight_in, capacity, tolerance);
  }
  for (uint32_t r = 0; r < items.size(); ++r) groups[group_of[r]].push_back(items[r]);
  return groups;
}

ItemIds collaborative_codes(const Histories& train, uint32_t num_items, uint64_t seed) {
  const uint32_t size = smallest_cube_root_above(num_items);
  ItemIds ids{.scheme = IdScheme::collaborative, .numbers = {}, .level_sizes = {size, size, size}, .codes = {}};
  ids.codes.resize(size_t{3} * num_items);
  const auto set_code = [&](uint32_t item, size_t leaf) {
    uint16_t* code = ids.codes.data() + size_t{3} * item;
    code[0] = static_cast<uint16_t>(leaf / size / size);
    code[1] = static_cast<uint16_t>(leaf / size % size);
    code[2] = static_cast<uint16_t>(leaf % size);
  };

  std::vector<uint64_t> count(num_items, 0);
  for (const auto& history : train) {
    for (uint32_t item : history) {
      assert(item < num_items);
      ++count[item];
    }
  }
  std::vector<uint32_t> warm, cold;
  for (uint32_t item = 0; item < num_items; ++item) (count[item] > 0 ? warm : cold).push_back(item);

  const ItemGraph graph = cooccurrence(train, num_items);
  const Matrix vectors = item_vectors(graph, {.seed = mix64(seed, kVectors)});
  const auto first_level = grouped(warm, graph, vectors, size, mix64(seed, kFirstLevel));
  std::vector<size_t> used(size_t{size} * size, 0);  // leaves taken in each group of the second level
#pragma omp parallel for schedule(dynamic)
  for (size_t first = 0; first < size; ++first) {
    auto second_level = grouped(first_level[first], graph, vectors, size, mix64(seed, kSecondLevel, first));
    for (size_t second = 0; second < size; ++second) {
      auto& group = second_level[second];
      // Equal counts by a hash: the order of the catalogue may tell when an item first appeared.
      std::ranges::sort(group, std::ranges::greater(),
                        [&](uint32_t item) { return std::pair(count[item], mix64(seed, kTies, item)); });
      const size_t node = first * size + second;
      used[node] = group.size();
      for (size_t rank = 0; rank < group.size(); ++rank) set_code(group[rank], node * size + rank);
    }
  }

  std::vector<size_t> free_leaves;
  for (size_t node = 0; node < used.size(); ++node) {
    for (size_t rank = used[node]; rank < size; ++rank) free_leaves.push_back(node * size + rank);
  }
  Random(seed, kColdItems).shuffle(free_leaves);
  for (size_t i = 0; i < cold.size(); ++i) set_code(cold[i], free_leaves[i]);
  return ids;
}

}  // namespace

ItemIds assign_item_ids(IdScheme scheme, const Histories& train, const Histories& all, uint32_t num_items,
                        uint64_t seed) {
  if (scheme == IdScheme::collaborative) return collaborative_codes(train, num_items, seed);
  ItemIds ids;
  ids.scheme = scheme;
  ids.numbers =
      scheme == IdScheme::random ? random_numbers(num_items, seed) : numbers_by_first_appearance(all, num_items);
  return ids;
}

}  // namespace peapod
