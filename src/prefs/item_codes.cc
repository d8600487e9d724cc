#include "prefs/item_codes.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/matrix.h"
#include "base/random.h"
#include "prefs/balanced_clusters.h"
#include "prefs/item_vectors.h"
#include "prefs/title_neighbours.h"

namespace peapod {
namespace {

// Streams of the seed, so that no two uses of it draw the same numbers.
enum Stream : uint64_t { kPermutation, kVectors, kFirstLevel, kSecondLevel, kColdItems, kTies };

constexpr size_t kRefinements = 10;  // of each level; the gain is small after five

// Items whose texts have a cosine of c are together as if they had stood next to each other kTextWeight * c² times:
// little beside what an item's users say, much where there are few of them. Chosen on the validation items of three
// data sets (docs/decisions.md).
constexpr double kTextWeight = 2.0;

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

// `graph`, and what the texts of its warm items say. The list of the nearest texts is kept of each item, so that one of
// a pair may have the other in its list alone: that counts half.
ItemGraph with_texts(const ItemGraph& graph, const TitleNeighbours& texts, const std::vector<bool>& is_warm) {
  std::vector<std::vector<std::pair<uint32_t, float>>> rows(graph.num_items());
  for (uint32_t item = 0; item < rows.size(); ++item) {
    for (size_t e = graph.starts[item]; e < graph.starts[item + 1]; ++e) {
      rows[item].emplace_back(graph.neighbours[e], graph.weights[e]);
    }
    if (!is_warm[item]) continue;
    for (const auto& [other, cosine] : texts.of(item)) {
      if (!is_warm[other]) continue;
      const auto half = static_cast<float>(kTextWeight / 2.0) * cosine * cosine;
      rows[item].emplace_back(other, half);
      rows[other].emplace_back(item, half);
    }
  }
  ItemGraph sum;
  for (auto& row : rows) {
    std::ranges::sort(row);
    for (const auto& [other, weight] : row) {
      if (sum.neighbours.size() > sum.starts.back() && sum.neighbours.back() == other) {
        sum.weights.back() += weight;
      } else {
        sum.neighbours.push_back(other);
        sum.weights.push_back(weight);
      }
    }
    sum.starts.push_back(sum.neighbours.size());
  }
  return sum;
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

// The tree of codes while items are placed in it: `size` nodes on the first level, `size` below each, `size` leaves
// below each of these.
class CodeTree {
 public:
  CodeTree(uint32_t num_items, size_t size)
      : size_(size), codes_(3 * size_t{num_items}), used_(size * size, 0), free_below_(size, size * size) {}

  size_t size() const { return size_; }
  size_t free_in(size_t node) const { return size_ - used_[node]; }     // a node of the second level
  size_t free_below(size_t first) const { return free_below_[first]; }  // a node of the first
  std::vector<size_t> free_leaves() const {
    std::vector<size_t> leaves;
    for (size_t node = 0; node < used_.size(); ++node) {
      for (size_t rank = used_[node]; rank < size_; ++rank) leaves.push_back(node * size_ + rank);
    }
    return leaves;
  }

  // Gives the item the first free leaf of a node of the second level.
  void place(uint32_t item, size_t node) {
    set_leaf(item, node * size_ + used_[node]++);
    --free_below_[node / size_];
  }
  // Leaves the count of free leaves as it is: for the last items, whose leaves were drawn.
  void set_leaf(uint32_t item, size_t leaf) {
    uint16_t* code = codes_.data() + size_t{3} * item;
    code[0] = static_cast<uint16_t>(leaf / size_ / size_);
    code[1] = static_cast<uint16_t>(leaf / size_ % size_);
    code[2] = static_cast<uint16_t>(leaf % size_);
  }
  // The node of the second level above an item that was placed.
  size_t node_of(uint32_t item) const { return codes_[size_t{3} * item] * size_ + codes_[size_t{3} * item + 1]; }

  std::vector<uint16_t> take_codes() { return std::move(codes_); }

 private:
  size_t size_;
  std::vector<uint16_t> codes_;
  std::vector<size_t> used_;        // leaves, by node of the second level
  std::vector<size_t> free_below_;  // leaves, by node of the first
};

// Descends from the root to a node of the second level with a free leaf: at each level to where most of the `weight`
// [size * size] is, among those with a free leaf below. Nothing where no node of the first level has both.
std::optional<size_t> nearest_with_room(const CodeTree& tree, std::span<const double> weight) {
  const size_t size = tree.size();
  std::optional<size_t> best_first;
  double most = 0.0;
  for (size_t first = 0; first < size; ++first) {
    const auto below = weight.subspan(first * size, size);
    const double sum = std::accumulate(below.begin(), below.end(), 0.0);
    if (tree.free_below(first) > 0 && sum > most) {
      most = sum;
      best_first = first;
    }
  }
  if (!best_first) return std::nullopt;
  // Where the groups that weigh something are full, the one with most room.
  const auto rank = [&](size_t node) { return std::pair(weight[node], tree.free_in(node)); };
  std::optional<size_t> best;
  for (size_t node = *best_first * size; node < (*best_first + 1) * size; ++node) {
    if (tree.free_in(node) > 0 && (!best || rank(node) > rank(*best))) best = node;
  }
  return best;
}

// How much a warm item whose text has this cosine with that of a cold one speaks for its group: its cube, which placed
// held-out items of three data sets best (docs/results.md, "New items"), but an equal text outweighs all that are
// alike.
double resemblance(double cosine) {
  constexpr double kEqual = 1.0 - 1e-5;  // to the rounding of f32
  return cosine >= kEqual ? 2.0 * TitleNeighbourOptions().neighbours : cosine * cosine * cosine;
}

// Gives the cold items whose texts resemble those of warm ones a leaf each, those that resemble one most first, and
// returns the others.
std::vector<uint32_t> place_by_texts(const TitleNeighbours& texts, const std::vector<bool>& is_warm,
                                     std::span<const uint32_t> cold, uint64_t seed, CodeTree& tree) {
  struct Resembling {
    uint32_t item;
    std::vector<TitleNeighbours::Neighbour> warm;  // not empty, by falling cosine
  };
  std::vector<Resembling> placed;
  std::vector<uint32_t> unplaced;
  for (const uint32_t item : cold) {
    Resembling one{item, {}};
    std::ranges::copy_if(texts.of(item), std::back_inserter(one.warm),
                         [&](const auto& neighbour) { return is_warm[neighbour.item]; });
    if (one.warm.empty()) {
      unplaced.push_back(item);
    } else {
      placed.push_back(std::move(one));
    }
  }
  std::ranges::sort(placed, std::ranges::greater(), [&](const Resembling& one) {
    return std::pair(one.warm.front().cosine, mix64(seed, kTies, one.item));
  });
  std::vector<double> weight(tree.size() * tree.size());
  for (const auto& [item, warm] : placed) {
    std::ranges::fill(weight, 0.0);
    for (const auto& [neighbour, cosine] : warm) weight[tree.node_of(neighbour)] += resemblance(cosine);
    if (const std::optional<size_t> node = nearest_with_room(tree, weight)) {
      tree.place(item, *node);
    } else {
      unplaced.push_back(item);
    }
  }
  return unplaced;
}

ItemIds collaborative_codes(const ItemIdSource& source, uint64_t seed) {
  const Histories& train = source.train;
  const uint32_t num_items = source.num_items;
  const uint32_t size = smallest_cube_root_above(num_items);
  std::vector<uint64_t> count(num_items, 0);
  for (const auto& history : train) {
    for (uint32_t item : history) {
      assert(item < num_items);
      ++count[item];
    }
  }
  std::vector<uint32_t> warm, cold;
  std::vector<bool> is_warm;
  for (uint32_t item = 0; item < num_items; ++item) {
    is_warm.push_back(count[item] > 0);
    (is_warm[item] ? warm : cold).push_back(item);
  }

  std::optional<TitleNeighbours> texts;
  if (!source.texts.empty()) texts.emplace(source.texts);
  ItemGraph graph = cooccurrence(train, num_items);
  if (texts) graph = with_texts(graph, *texts, is_warm);
  const Matrix vectors = item_vectors(graph, {.seed = mix64(seed, kVectors)});
  const auto first_level = grouped(warm, graph, vectors, size, mix64(seed, kFirstLevel));
  std::vector<std::vector<uint32_t>> groups(size_t{size} * size);  // of the second level
#pragma omp parallel for schedule(dynamic)
  for (size_t first = 0; first < size; ++first) {
    auto second_level = grouped(first_level[first], graph, vectors, size, mix64(seed, kSecondLevel, first));
    for (size_t second = 0; second < size; ++second) {
      auto& group = second_level[second];
      // Equal counts by a hash: the order of the catalogue may tell when an item first appeared.
      std::ranges::sort(group, std::ranges::greater(),
                        [&](uint32_t item) { return std::pair(count[item], mix64(seed, kTies, item)); });
      groups[first * size + second] = std::move(group);
    }
  }
  CodeTree tree(num_items, size);
  for (size_t node = 0; node < groups.size(); ++node) {
    for (const uint32_t item : groups[node]) tree.place(item, node);
  }
  const std::vector<uint32_t> unplaced = texts ? place_by_texts(*texts, is_warm, cold, seed, tree) : cold;
  std::vector<size_t> free_leaves = tree.free_leaves();
  Random(seed, kColdItems).shuffle(free_leaves);
  for (size_t i = 0; i < unplaced.size(); ++i) tree.set_leaf(unplaced[i], free_leaves[i]);
  return {
      .scheme = IdScheme::collaborative, .numbers = {}, .level_sizes = {size, size, size}, .codes = tree.take_codes()};
}

}  // namespace

ItemIds assign_item_ids(IdScheme scheme, const ItemIdSource& source, uint64_t seed) {
  assert(source.texts.empty() || source.texts.size() == source.num_items);
  if (scheme == IdScheme::collaborative) return collaborative_codes(source, seed);
  ItemIds ids;
  ids.scheme = scheme;
  ids.numbers = scheme == IdScheme::random ? random_numbers(source.num_items, seed)
                                           : numbers_by_first_appearance(source.all, source.num_items);
  return ids;
}

std::string item_text(const std::string& title, const std::vector<std::string>& categories) {
  std::string text = title;
  for (const std::string& category : categories) text += ' ' + category;
  return text;
}

Dataset with_nothing_held_out(Dataset data) {
  ItemIds ids = data.item_ids();
  if (ids.scheme == IdScheme::collaborative) {  // numbers do not depend on what is held out
    Histories histories;
    for (uint32_t user = 0; user < data.num_users(); ++user) histories.push_back(data.history(user));
    std::vector<std::string> texts;
    for (uint32_t item = 0; item < data.num_items(); ++item) {
      texts.push_back(item_text(data.item_title(item), data.item_categories(item)));
    }
    ids = assign_item_ids(ids.scheme, {.train = histories, .num_items = data.num_items(), .texts = texts}, data.seed());
  }
  return std::move(data).hold_out_nothing(ids);
}

}  // namespace peapod
