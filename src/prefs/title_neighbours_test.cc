#include "prefs/title_neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/random.h"

namespace peapod {
namespace {

// The cosine as its definition says, from titles of single-letter words.
double cosine(const std::vector<std::string>& titles, size_t a, size_t b) {
  const auto counts = [](const std::string& title) {
    std::map<char, double> words;
    for (const char c : title) {
      if (c != ' ') ++words[c];
    }
    return words;
  };
  std::map<char, double> in_titles;
  for (const std::string& title : titles) {
    for (const auto& [word, count] : counts(title)) ++in_titles[word];
  }
  const auto weights = [&](size_t item) {
    auto words = counts(titles[item]);
    for (auto& [word, count] : words) {
      count = (1 + std::log(count)) * std::log(static_cast<double>(titles.size() + 1) / in_titles[word]);
    }
    return words;
  };
  auto of_a = weights(a), of_b = weights(b);
  double product = 0, square_a = 0, square_b = 0;
  for (const auto& [word, weight] : of_a) {
    square_a += weight * weight;
    product += weight * of_b[word];
  }
  for (const auto& [word, weight] : of_b) square_b += weight * weight;
  return product / std::sqrt(square_a * square_b);
}

TEST(TitleNeighbours, AreThoseOfTheGreatestCosine) {
  const uint64_t seed = 5;
  SCOPED_TRACE(seed);
  Random random(seed);
  std::vector<std::string> titles;
  for (int item = 0; item < 40; ++item) {
    std::string& title = titles.emplace_back();
    const size_t length = 1 + random.below(5);
    for (size_t word = 0; word < length; ++word) {
      title += static_cast<char>('a' + random.below(12));
      title += ' ';
    }
  }
  const TitleNeighbours neighbours(titles, {.neighbours = 6});
  for (uint32_t item = 0; item < titles.size(); ++item) {
    std::vector<double> all;
    for (size_t other = 0; other < titles.size(); ++other) {
      if (other != item && cosine(titles, item, other) > 0) all.push_back(cosine(titles, item, other));
    }
    std::ranges::sort(all, std::greater<>());
    const auto found = neighbours.of(item);
    ASSERT_EQ(found.size(), std::min<size_t>(all.size(), 6));
    for (size_t place = 0; place < found.size(); ++place) {
      EXPECT_NEAR(found[place].cosine, all[place], 1e-5);
      EXPECT_NEAR(found[place].cosine, cosine(titles, item, found[place].item), 1e-5);
    }
  }
}

TEST(TitleNeighbours, ReadWordsWhateverTheirCaseAndPunctuation) {
  const std::vector<std::string> titles = {"Red, TENT!", "tent (red)", "", "grün Zelt", "Zelt-grün", "..."};
  const TitleNeighbours neighbours(titles);
  ASSERT_EQ(neighbours.of(0).size(), 1u);
  EXPECT_EQ(neighbours.of(0)[0].item, 1u);
  EXPECT_NEAR(neighbours.of(0)[0].cosine, 1.0, 1e-6);
  ASSERT_EQ(neighbours.of(3).size(), 1u);
  EXPECT_EQ(neighbours.of(3)[0].item, 4u);
  EXPECT_TRUE(neighbours.of(2).empty());
  EXPECT_TRUE(neighbours.of(5).empty());
  EXPECT_FALSE(neighbours.empty());
  EXPECT_TRUE(TitleNeighbours(std::vector<std::string>(4)).empty());
}

TEST(TitleNeighbours, LeaveOutWordsOfTooManyItems) {
  const std::vector<std::string> titles = {"shop tent", "shop tent", "shop cup"};
  EXPECT_EQ(TitleNeighbours(titles).of(2).size(), 2u);
  EXPECT_TRUE(TitleNeighbours(titles, {.most_items_of_a_word = 2}).of(2).empty());
}

}  // namespace
}  // namespace peapod
