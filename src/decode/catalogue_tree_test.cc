#include "decode/catalogue_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "text/tokenizer.h"

namespace peapod {
namespace {

using Sequences = std::vector<std::vector<int32_t>>;

CatalogueTree build(const Sequences& sequences) {
  const std::vector<std::span<const int32_t>> views(sequences.begin(), sequences.end());
  return CatalogueTree::build(views);
}

// Every path from the root to a leaf, without the end id, and the item there.
void collect(const CatalogueTree& tree, uint32_t node, std::vector<int32_t>& path,
             std::map<std::vector<int32_t>, uint32_t>& found) {
  const auto children = tree.children(node);
  EXPECT_TRUE(std::ranges::is_sorted(children.tokens, std::ranges::less_equal{}) || children.tokens.size() < 2);
  for (uint32_t i = 0; i < children.tokens.size(); ++i) {
    const uint32_t child = children.first + i;
    EXPECT_EQ(tree.token(child), children.tokens[i]);
    EXPECT_EQ(tree.is_leaf(child), children.tokens[i] == kEndId);
    if (tree.is_leaf(child)) {
      EXPECT_TRUE(found.emplace(path, tree.item_at(child)).second);
      continue;
    }
    path.push_back(children.tokens[i]);
    collect(tree, child, path, found);
    path.pop_back();
  }
}

std::map<std::vector<int32_t>, uint32_t> paths_of(const CatalogueTree& tree) {
  std::map<std::vector<int32_t>, uint32_t> found;
  std::vector<int32_t> path;
  collect(tree, CatalogueTree::kRoot, path, found);
  return found;
}

// Distinct sequences, many of them prefixes of others.
Sequences random_sequences(Random& random, size_t count) {
  std::set<std::vector<int32_t>> distinct;
  while (distinct.size() < count) {
    std::vector<int32_t> sequence(1 + random.below(4));
    for (int32_t& token : sequence) token = 2 + static_cast<int32_t>(random.below(5));
    distinct.insert(sequence);
  }
  Sequences sequences(distinct.begin(), distinct.end());
  random.shuffle(sequences);
  return sequences;
}

std::string problem_of(const Sequences& sequences) {
  try {
    build(sequences);
  } catch (const Error& error) {
    return error.problem();
  }
  return "";
}

TEST(CatalogueTree, HoldsExactlyTheSequencesItWasBuiltFrom) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Sequences sequences = random_sequences(random, 1 + random.below(80));
    const CatalogueTree tree = build(sequences);
    std::map<std::vector<int32_t>, uint32_t> expected;
    for (uint32_t item = 0; item < sequences.size(); ++item) expected[sequences[item]] = item;
    EXPECT_EQ(paths_of(tree), expected);
    EXPECT_EQ(tree.num_items(), sequences.size());
  }
}

TEST(CatalogueTree, RestrictedEqualsATreeOfThoseItemsAloneTwiceRestrictedToo) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Sequences sequences = random_sequences(random, 60);
    const CatalogueTree tree = build(sequences);
    std::vector<uint32_t> items(sequences.size());
    std::iota(items.begin(), items.end(), 0u);
    random.shuffle(items);
    for (const size_t count : {40, 15, 1}) {
      items.resize(count);
      std::map<std::vector<int32_t>, uint32_t> expected;
      for (const uint32_t item : items) expected[sequences[item]] = item;
      const CatalogueTree restricted = tree.restricted_to(items);
      EXPECT_EQ(paths_of(restricted), expected);
      const std::span<const uint32_t> half(items.data(), (count + 1) / 2);
      EXPECT_EQ(paths_of(restricted.restricted_to(half)), paths_of(tree.restricted_to(half)));
    }
  }
}

TEST(CatalogueTree, PositionsBelowANodeAreTheItemsThatStartLikeIt) {
  Random random(5);
  const Sequences sequences = random_sequences(random, 50);
  const CatalogueTree tree = build(sequences);
  const auto children = tree.children(CatalogueTree::kRoot);
  uint32_t next = 0;
  for (uint32_t i = 0; i < children.tokens.size(); ++i) {
    const auto [begin, end] = tree.positions_below(children.first + i);
    EXPECT_EQ(begin, next);
    next = end;
    for (uint32_t item = 0; item < sequences.size(); ++item) {
      const uint32_t position = tree.position_of(item).value();
      EXPECT_EQ(position >= begin && position < end, sequences[item].front() == children.tokens[i]);
    }
  }
  EXPECT_EQ(next, sequences.size());
}

TEST(CatalogueTree, TellsASequenceFromOneThatContinuesIt) {
  const CatalogueTree tree = build({{12, 3}, {12}});
  const auto first = tree.children(CatalogueTree::kRoot);
  ASSERT_EQ(first.tokens.size(), 1u);
  const auto second = tree.children(first.first);
  ASSERT_EQ(second.tokens.size(), 2u);
  EXPECT_EQ(second.tokens[0], kEndId);
  EXPECT_EQ(tree.item_at(second.first), 1u);
  EXPECT_EQ(second.tokens[1], 3);
  EXPECT_FALSE(tree.is_leaf(second.first + 1));
}

TEST(CatalogueTree, CountsARepeatedCandidateOnce) {
  const CatalogueTree tree = build({{5}, {6}, {7}});
  const std::vector<uint32_t> items = {2, 0, 2, 2};
  const CatalogueTree restricted = tree.restricted_to(items);
  EXPECT_EQ(restricted.num_items(), 2u);
  EXPECT_EQ(restricted.position_of(0), 0u);
  EXPECT_EQ(restricted.position_of(2), 1u);
  EXPECT_EQ(restricted.position_of(1), std::nullopt);
  EXPECT_EQ(restricted.position_of(9), std::nullopt);
}

TEST(CatalogueTree, OfNoItemsIsARootWithoutChildren) {
  const CatalogueTree tree = build({});
  EXPECT_EQ(tree.num_items(), 0u);
  EXPECT_EQ(tree.num_nodes(), 1u);
  EXPECT_TRUE(tree.children(CatalogueTree::kRoot).tokens.empty());
  EXPECT_FALSE(tree.is_leaf(CatalogueTree::kRoot));
  EXPECT_EQ(tree.restricted_to({}).num_items(), 0u);
}

TEST(CatalogueTree, KnowsItsLargestToken) {
  const CatalogueTree tree = build({{5, 99}, {6}});
  EXPECT_EQ(tree.max_token(), 99);
  const std::vector<uint32_t> items = {1};
  EXPECT_EQ(tree.restricted_to(items).max_token(), 6);
}

TEST(CatalogueTree, RejectsSequencesThatCannotNameAnItem) {
  EXPECT_EQ(problem_of({{5}, {}}), "item 1 has no tokens");
  EXPECT_EQ(problem_of({{5, kEndId}}), "item 0: token 1 cannot be part of a name");
  EXPECT_EQ(problem_of({{kPadId}}), "item 0: token 0 cannot be part of a name");
  EXPECT_EQ(problem_of({{-4}}), "item 0: token -4 cannot be part of a name");
  EXPECT_EQ(problem_of({{5, 6}, {7}, {5, 6}}), "items 0 and 2 have the same tokens");
}

TEST(CatalogueTree, RejectsACandidateThatIsNotInTheCatalogue) {
  const CatalogueTree tree = build({{5}, {6}});
  const std::vector<uint32_t> items = {0, 2};
  EXPECT_THROW(tree.restricted_to(items), Error);
}

TEST(CatalogueTree, NamesTheTokensOfItsItemsOnce) {
  const std::vector<std::vector<int32_t>> names = {{7, 30}, {7}, {12, 7}};
  const CatalogueTree tree = CatalogueTree::build(std::vector<std::span<const int32_t>>(names.begin(), names.end()));
  EXPECT_EQ(tree.alphabet(), (std::vector<int32_t>{kEndId, 7, 12, 30}));
  EXPECT_EQ(tree.restricted_to(std::vector<uint32_t>{1}).alphabet(), (std::vector<int32_t>{kEndId, 7}));
}

}  // namespace
}  // namespace peapod
