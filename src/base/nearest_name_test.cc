#include "base/nearest_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

using Names = std::vector<std::string>;

TEST(NearestName, FindsATypingError) {
  EXPECT_EQ(nearest_name("populartiy", Names{"item-knn", "popularity"}), "popularity");
  EXPECT_EQ(nearest_name("u_ada71", Names{"u_bob17", "u_ada17", "u_ada7"}), "u_ada7");
}

TEST(NearestName, CaseCountsHalfAnEdit) {
  EXPECT_EQ(nearest_name("BEAUTY", Names{"BEAUTX", "beauty"}), "BEAUTX") << "one edit is less than six halves";
  EXPECT_EQ(nearest_name("Toys", Names{"Toy", "toys"}), "toys") << "half an edit is less than one";
}

TEST(NearestName, TheFirstAmongEqualsWins) { EXPECT_EQ(nearest_name("cat", Names{"bat", "rat", "hat"}), "bat"); }

TEST(NearestName, AnExactNameWinsWhereverItStands) {
  EXPECT_EQ(nearest_name("cat", Names{"cart", "bat", "cat"}), "cat");
}

TEST(NearestName, NothingNearGivesNothing) {
  EXPECT_EQ(nearest_name("popularity", Names{"audit", "train"}), "");
  EXPECT_EQ(nearest_name("abc", Names{"xyz"}), "");
  EXPECT_EQ(nearest_name("abc", Names{}), "");
  EXPECT_EQ(nearest_name("", Names{"abc"}), "");
}

TEST(NearestName, TwoEditsAreAlwaysAllowed) {
  EXPECT_EQ(nearest_name("ab", Names{"abcd"}), "abcd");
  EXPECT_EQ(nearest_name("abcdefghijkl", Names{"abcdefgh"}), "abcdefgh") << "a third of twelve is four";
  EXPECT_EQ(nearest_name("abcdefghijkl", Names{"abcdefg"}), "");
}

TEST(NearestName, SuggestsNothingThatReadsAsAFlag) {
  EXPECT_EQ(nearest_name("55", Names{"-5"}), "");
  EXPECT_EQ(nearest_name("55", Names{"-5", "54"}), "54");
  EXPECT_EQ(nearest_name("-55", Names{"-5"}), "-5");
}

// The textbook recursion with a full table, without any early end.
size_t slow_half_edits(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = 2 * (i + j);
        continue;
      }
      size_t change = 2;
      if (std::tolower(a[i - 1]) == std::tolower(b[j - 1])) change = 1;
      if (a[i - 1] == b[j - 1]) change = 0;
      table[i][j] = std::min({table[i - 1][j] + 2, table[i][j - 1] + 2, table[i - 1][j - 1] + change});
    }
  }
  return table[a.size()][b.size()];
}

TEST(NearestName, AgreesWithTheFullTableOnRandomNames) {
  const uint64_t seed = 20240707;
  Random random(seed);
  const auto random_name = [&] {
    std::string name(1 + random.below(9), ' ');
    for (char& c : name) c = "abAB"[random.below(4)];
    return name;
  };
  for (int round = 0; round < 500; ++round) {
    const std::string name = random_name();
    Names candidates(1 + random.below(8));
    for (std::string& candidate : candidates) candidate = random_name();
    size_t best = std::max<size_t>(4, 2 * (name.size() / 3)) + 1;
    std::string expected;
    for (const std::string& candidate : candidates) {
      const size_t distance = slow_half_edits(name, candidate);
      if (distance >= best) continue;
      best = distance;
      expected = candidate;
    }
    EXPECT_EQ(nearest_name(name, candidates), expected) << "seed " << seed << ", round " << round << ", name " << name;
  }
}

}  // namespace
}  // namespace peapod
