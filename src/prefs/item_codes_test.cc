#include "prefs/item_codes.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "data/preparation.h"
#include "sources/source_reader.h"

namespace peapod {
namespace {

using Lists = std::vector<std::vector<uint32_t>>;

Histories views_of(const Lists& lists) { return Histories(lists.begin(), lists.end()); }

// Users who each stay with one of `num_groups` groups of items; item i belongs to group i % num_groups.
Lists planted(size_t num_users, uint32_t num_items, uint32_t num_groups, uint64_t seed) {
  Lists lists(num_users);
  for (size_t u = 0; u < num_users; ++u) {
    Random random(seed, u);
    const uint64_t group = random.below(num_groups);
    for (size_t i = 0; i < 6; ++i) {
      lists[u].push_back(static_cast<uint32_t>(random.below(num_items / num_groups) * num_groups + group));
    }
  }
  return lists;
}

ItemIds collaborative(const Lists& train, uint32_t num_items, uint64_t seed = 1) {
  return assign_item_ids(IdScheme::collaborative, {.train = views_of(train), .num_items = num_items}, seed);
}

void expect_valid(const ItemIds& ids, uint32_t num_items) {
  ASSERT_EQ(ids.level_sizes.size(), 3u);
  ASSERT_EQ(ids.codes.size(), size_t{3} * num_items);
  std::set<std::vector<uint16_t>> seen;
  for (uint32_t item = 0; item < num_items; ++item) {
    const auto code = ids.code(item);
    for (size_t level = 0; level < 3; ++level) ASSERT_LT(code[level], ids.level_sizes[level]) << "item " << item;
    ASSERT_TRUE(seen.emplace(code.begin(), code.end()).second) << "item " << item << " repeats a code";
  }
}

TEST(CollaborativeCodes, AreUniqueForCataloguesOfAnySize) {
  for (const uint32_t num_items : {0u, 1u, 2u, 5u, 8u, 9u, 27u, 148u, 216u, 1000u}) {
    SCOPED_TRACE(num_items);
    Lists train(300);
    Random random(num_items);
    for (auto& history : train) {
      for (size_t i = 0; num_items > 0 && i < 4; ++i) history.push_back(static_cast<uint32_t>(random.below(num_items)));
    }
    const ItemIds ids = collaborative(train, num_items);
    expect_valid(ids, num_items);
    const uint64_t size = ids.level_sizes[0];
    EXPECT_GE(size * size * size, num_items);
    EXPECT_TRUE(size == 1 || (size - 1) * (size - 1) * (size - 1) < num_items) << "a smaller code book would do";
  }
}

TEST(CollaborativeCodes, FillGroupsEvenly) {
  const uint32_t num_items = 700;                // K = 9
  Lists train = planted(2000, num_items, 2, 4);  // two groups only: they must be split all the same
  train.emplace_back(num_items);
  std::iota(train.back().begin(), train.back().end(), 0u);
  const ItemIds ids = collaborative(train, num_items);
  const size_t size = ids.level_sizes[0];
  std::map<uint16_t, size_t> first;
  std::map<std::pair<uint16_t, uint16_t>, size_t> second;
  for (uint32_t item = 0; item < num_items; ++item) {
    ++first[ids.code(item)[0]];
    ++second[{ids.code(item)[0], ids.code(item)[1]}];
  }
  const size_t most = (num_items + size - 1) / size;
  ASSERT_EQ(first.size(), size);
  for (const auto& [token, count] : first) {
    EXPECT_LE(count, most);
    EXPECT_GT(count + size, most);
  }
  for (const auto& [prefix, count] : second) EXPECT_LE(count, (first[prefix.first] + size - 1) / size);
}

// Of the pairs of items that are of one kind, and of those that are not, how many share the first token; item i is of
// kind i % kinds.
struct Sharing {
  Sharing(const ItemIds& ids, uint32_t num_items, uint32_t kinds) {
    size_t pairs[2] = {}, together[2] = {};
    for (uint32_t a = 0; a < num_items; ++a) {
      for (uint32_t b = a + 1; b < num_items; ++b) {
        const bool same = a % kinds == b % kinds;
        ++pairs[same];
        together[same] += ids.code(a)[0] == ids.code(b)[0];
      }
    }
    unlike = static_cast<double>(together[0]) / static_cast<double>(pairs[0]);
    alike = static_cast<double>(together[1]) / static_cast<double>(pairs[1]);
  }
  double alike = 0, unlike = 0;
};

TEST(CollaborativeCodes, ItemsBoughtTogetherShareAPrefix) {
  const uint32_t num_items = 512, num_groups = 8;  // K = 8: a group of 64 fits one first token
  const Sharing share(collaborative(planted(4000, num_items, num_groups, 9), num_items), num_items, num_groups);
  EXPECT_GT(share.alike, 0.95);
  EXPECT_LT(share.unlike, 0.01);
}

TEST(CollaborativeCodes, TextsPlaceItemsThatFewHave) {
  const uint32_t num_items = 512, kinds = 8;
  std::vector<std::string> texts;
  for (uint32_t item = 0; item < num_items; ++item) texts.push_back("kind" + std::to_string(item % kinds));
  const auto codes = [&](const Lists& train, std::span<const std::string> with) {
    return assign_item_ids(IdScheme::collaborative, {.train = views_of(train), .num_items = num_items, .texts = with},
                           1);
  };
  // Nobody has two items, so users tell nothing.
  Lists alone;
  for (uint32_t item = 0; item < num_items; ++item) alone.push_back({item});
  EXPECT_GT(Sharing(codes(alone, texts), num_items, kinds).alike, 0.9);
  EXPECT_LT(Sharing(codes(alone, {}), num_items, kinds).alike, 0.3);
  // Users who stay with other groups than the texts' outweigh these: item i belongs to the group i / 64.
  Lists many(20000);
  for (size_t user = 0; user < many.size(); ++user) {
    Random random(7, user);
    const auto group = static_cast<uint32_t>(random.below(8));
    for (int i = 0; i < 6; ++i) many[user].push_back(64 * group + static_cast<uint32_t>(random.below(64)));
  }
  EXPECT_LT(Sharing(codes(many, texts), num_items, kinds).alike, 0.3);
}

TEST(CollaborativeCodes, TheLastTokenRanksByPopularity) {
  const Lists train = planted(500, 120, 3, 5);
  const ItemIds ids = collaborative(train, 120);
  std::vector<size_t> count(120, 0);
  for (const auto& history : train) {
    for (uint32_t item : history) ++count[item];
  }
  size_t compared = 0;
  for (uint32_t a = 0; a < 120; ++a) {
    for (uint32_t b = 0; b < 120; ++b) {
      if (count[a] == 0 || count[b] == 0) continue;
      if (ids.code(a)[0] != ids.code(b)[0] || ids.code(a)[1] != ids.code(b)[1]) continue;
      if (ids.code(a)[2] < ids.code(b)[2]) {
        EXPECT_GE(count[a], count[b]);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 100u);
}

TEST(CollaborativeCodes, SayNothingOfTheCatalogueOrderAmongEqualCounts) {
  // Every item occurs equally often, so within a group only ties decide.
  Lists train;
  for (uint32_t user = 0; user < 300; ++user) train.push_back({user % 100, (user + 1) % 100, (user + 2) % 100});
  const ItemIds ids = collaborative(train, 100);
  int ascending = 0, pairs = 0;
  for (uint32_t a = 0; a < 100; ++a) {
    for (uint32_t b = a + 1; b < 100; ++b) {
      if (ids.code(a)[0] != ids.code(b)[0] || ids.code(a)[1] != ids.code(b)[1]) continue;
      ascending += ids.code(a)[2] < ids.code(b)[2];
      ++pairs;
    }
  }
  EXPECT_GT(pairs, 50);
  EXPECT_NEAR(static_cast<double>(ascending) / pairs, 0.5, 0.25);
}

TEST(CollaborativeCodes, ColdItemsAreSpreadOverTheCatalogue) {
  const uint32_t num_items = 343, num_cold = 43;  // K = 7
  const ItemIds ids = collaborative(planted(2000, num_items - num_cold, 5, 3), num_items);
  expect_valid(ids, num_items);
  std::map<uint16_t, size_t> cold;
  for (uint32_t item = num_items - num_cold; item < num_items; ++item) ++cold[ids.code(item)[0]];
  EXPECT_EQ(cold.size(), 7u);
}

TEST(CollaborativeCodes, ACatalogueWithoutInteractionsGetsCodesToo) { expect_valid(collaborative({}, 50), 50); }

TEST(CollaborativeCodes, DependOnTheSeedButNotOnThreads) {
  const Lists train = planted(1000, 400, 10, 6);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = collaborative(train, 400, 5).codes;
  omp_set_num_threads(4);
  const auto four = collaborative(train, 400, 5).codes;
  omp_set_num_threads(threads);
  EXPECT_EQ(one, four);
  EXPECT_NE(one, collaborative(train, 400, 6).codes);
}

TEST(CollaborativeCodes, IgnoreWhatIsNotTraining) {
  const Lists train = planted(200, 60, 3, 1);
  const Lists all = planted(200, 60, 2, 2);
  EXPECT_EQ(
      assign_item_ids(IdScheme::collaborative, {.train = views_of(train), .all = views_of(all), .num_items = 60}, 1)
          .codes,
      collaborative(train, 60).codes);
}

TEST(RandomNumbers, AreAPermutationDrawnWithTheSeed) {
  const auto numbers = assign_item_ids(IdScheme::random, {.num_items = 100}, 3).numbers;
  EXPECT_NE(numbers, assign_item_ids(IdScheme::random, {.num_items = 100}, 4).numbers);
  EXPECT_EQ(numbers, assign_item_ids(IdScheme::random, {.num_items = 100}, 3).numbers);
  auto sorted = numbers;
  std::ranges::sort(sorted);
  std::vector<uint32_t> expected(100);
  std::iota(expected.begin(), expected.end(), 1u);
  EXPECT_EQ(sorted, expected);
  EXPECT_NE(numbers, expected);
}

TEST(SequentialNumbers, FollowTheOrderOfFirstAppearance) {
  const Lists all = {{4, 2, 4}, {}, {0, 2, 5}};
  EXPECT_EQ(assign_item_ids(IdScheme::sequential, {.all = views_of(all), .num_items = 6}, 1).numbers,
            (std::vector<uint32_t>{3, 5, 2, 6, 1, 4}));
}

TEST(SequentialNumbers, ReproduceThePublishedNumbering) {
  for (const std::string name : {"beauty", "sports", "toys"}) {
    const std::filesystem::path path = std::filesystem::path(PEAPOD_SHARED_DIR) / "data" / name / "sequential.txt";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    std::ifstream file(path);
    Lists all;
    uint32_t num_items = 0;
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      uint32_t user = 0;
      fields >> user;
      all.emplace_back();
      for (uint32_t item = 0; fields >> item;) {
        all.back().push_back(item - 1);
        num_items = std::max(num_items, item);
      }
    }
    std::vector<uint32_t> expected(num_items);
    std::iota(expected.begin(), expected.end(), 1u);
    EXPECT_EQ(assign_item_ids(IdScheme::sequential, {.all = views_of(all), .num_items = num_items}, 1).numbers,
              expected)
        << name;
  }
}

// Of the users with five items or more, how many have the same first token, or first two, in the item at `place`,
// counted from the end of their history, as in the one before it.
std::pair<double, double> shared_with_the_one_before(const ItemIds& ids, const Histories& histories, size_t place) {
  size_t users = 0, first = 0, both = 0;
  for (const auto& history : histories) {
    if (history.size() < 5) continue;
    const auto code = ids.code(history[history.size() - place]), before = ids.code(history[history.size() - place - 1]);
    ++users;
    first += code[0] == before[0];
    both += code[0] == before[0] && code[1] == before[1];
  }
  return {static_cast<double>(first) / static_cast<double>(users),
          static_cast<double>(both) / static_cast<double>(users)};
}

// What texts do for codes of items that people have: docs/decisions.md has the figures.
TEST(CollaborativeCodesSlow, TextsBringValidationItemsOfPublicDataNearer) {
  const std::filesystem::path path = std::filesystem::path(PEAPOD_SHARED_DIR) / "data";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  for (const std::string name : {"beauty", "sports", "toys"}) {
    const PreparedData data = prepare(read_source(path / name, {.format = SourceFormat::pod}), {});
    std::vector<std::string> texts;
    for (const ItemInfo& item : data.items) texts.push_back(item.title);
    const auto measured = [&](const std::string& what, std::span<const std::string> with) {
      const ItemIds ids = assign_item_ids(
          IdScheme::collaborative, {.train = data.train_histories(), .num_items = data.num_items(), .texts = with}, 1);
      const auto train = shared_with_the_one_before(ids, data.histories(), 3);
      const auto valid = shared_with_the_one_before(ids, data.histories(), 2);
      std::cout << name << ", codes " << what << " texts: last training item " << train.first << " (" << train.second
                << "), validation item " << valid.first << " (" << valid.second << ")\n";
      return valid;
    };
    const auto without = measured("without", {}), with = measured("with", texts);
    EXPECT_GT(with.first, without.first) << name;
    EXPECT_GT(with.second, without.second) << name;
  }
}

}  // namespace
}  // namespace peapod
