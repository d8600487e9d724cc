#include "prefs/recall.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/error.h"
#include "prefs/popularity.h"
#include "support/made_histories.h"

namespace peapod {
namespace {

std::shared_ptr<const TitleNeighbours> made_titles(uint32_t num_items) {
  std::vector<std::string> titles;
  for (uint32_t item = 0; item < num_items; ++item) {
    titles.push_back("word" + std::to_string(item % 5) + " kind" + std::to_string(item % 3));
  }
  return std::make_shared<const TitleNeighbours>(titles);
}

void expect_same(const std::vector<RecalledItem>& found, const std::vector<RecalledItem>& expected) {
  std::vector<float> of_found(200), of_expected(200);
  std::vector<double> masses_of_found(200), masses_of_expected(200);
  for (const RecalledItem& one : found) {
    of_found[one.item] = one.score;
    masses_of_found[one.item] = one.mass;
  }
  for (const RecalledItem& one : expected) {
    of_expected[one.item] = one.score;
    masses_of_expected[one.item] = one.mass;
  }
  for (size_t item = 0; item < of_found.size(); ++item) {
    EXPECT_NEAR(of_found[item], of_expected[item], 1e-4) << item;
    EXPECT_NEAR(masses_of_found[item], masses_of_expected[item], 1e-4) << item;
  }
}

// How many stood near an item of the history.
ptrdiff_t count_met(const std::vector<RecalledItem>& recalled) {
  return std::ranges::count_if(recalled, [](const RecalledItem& one) { return one.evidence > 0; });
}

// What a training example may know: the counts as they were had its user never come.
TEST(Recall, LeavingAHistoryOutEqualsCountingWithoutIt) {
  // More items than kin are looked for with; masses are of different moments, so there is no trend.
  const MadeHistories made({.users = 80, .items = 70, .longest = 9, .seed = 8});
  const auto titles = made_titles(made.num_items());
  for (const double offset : {0.0, 1.0}) {
    RecallSettings settings;
    settings.neighbours.popularity_offset = offset;
    settings.trend = 0;
    const Recall recall(made.histories(), made.num_items(), titles, settings);
    size_t differences = 0;
    for (size_t user = 0; user < made.histories().size(); ++user) {
      SCOPED_TRACE(user);
      const auto whole = made.histories()[user];
      const Recall without(made.histories_without(user), made.num_items(), titles, settings);
      for (size_t shown = 1; shown <= whole.size(); ++shown) {
        const auto history = whole.first(shown);
        expect_same(recall.recall(history, {.left_out = whole}), without.recall(history));
        differences += count_met(recall.recall(history)) != count_met(without.recall(history)) ? 1 : 0;
      }
    }
    EXPECT_GT(differences, 0u) << "nobody's pairs are their own, so the test shows nothing";
  }
}

TEST(Recall, WithoutTitlesRanksAsItemKnnDoes) {
  const MadeHistories made;
  RecallSettings settings;
  settings.titles = 0;
  const Recall recall(made.histories(), made.num_items(), nullptr, settings);
  const ItemKnn knn(made.histories(), made.num_items(), settings.neighbours);
  std::vector<float> scores(made.num_items());
  for (const auto& history : made.histories()) {
    knn.score(history, scores);
    const float most = *std::ranges::max_element(scores);
    size_t scored = 0;
    for (uint32_t item = 0; item < made.num_items(); ++item) {
      scored += scores[item] > 0 && std::ranges::find(history, item) == history.end() ? 1 : 0;
    }
    const auto recalled = recall.recall(history);
    EXPECT_EQ(recalled.size(), scored);
    for (size_t i = 0; i < recalled.size(); ++i) {
      EXPECT_NEAR(recalled[i].score, scores[recalled[i].item] / most, 1e-5);
      EXPECT_LE(recalled[i].score, recalled[i == 0 ? 0 : i - 1].score) << "best first";
    }
  }
}

TEST(Recall, IsADistributionThatGivesEveryItemSomeMass) {
  const MadeHistories made;
  const Recall recall(made.histories(), made.num_items(), made_titles(made.num_items()), {});
  std::vector<float> mass(made.num_items());
  const std::vector<uint32_t> nothing;
  for (const auto& history : {made.histories()[0], made.histories()[7], std::span<const uint32_t>(nothing)}) {
    recall.distribution(history, mass);
    EXPECT_NEAR(std::accumulate(mass.begin(), mass.end(), 0.0), 1.0, 1e-5);
    EXPECT_GT(*std::ranges::min_element(mass), 0.0f);
    const auto recalled = recall.recall(history);
    double sum = 0;
    for (const RecalledItem& one : recalled) {
      sum += one.mass;
      const double spread = recall.spread_share(recalled) * recall.popularity_mass(one.item, Moment::latest);
      EXPECT_NEAR(mass[one.item], one.mass + spread, 1e-6);
      EXPECT_EQ(one.popularity, recall.popularity(one.item, {}));
      EXPECT_EQ(std::ranges::find(history, one.item), history.end()) << "what is known is not recalled";
    }
    const double expected = recalled.empty() ? 0.0 : recall.settings().share;
    EXPECT_NEAR(sum, expected, 1e-9);
  }
}

TEST(Recall, FindsAnItemThatNobodyHasTouchedByItsTitle) {
  const std::vector<uint32_t> history = {0, 1};
  const Histories train = {history, history};
  const std::vector<std::string> texts = {"red tent", "blue cup", "red tent large", "green lamp"};
  const Recall recall(train, 4, std::make_shared<const TitleNeighbours>(texts), {});
  const std::vector<uint32_t> somebody = {0};
  const auto recalled = recall.recall(somebody);
  ASSERT_EQ(recalled.size(), 2u);
  EXPECT_EQ(recalled[0].item, 1u) << "what stood beside it counts more";
  EXPECT_EQ(recalled[1].item, 2u);
}

TEST(Recall, FindsWhatStoodNearItemsWithAlikeTitles) {
  const std::vector<uint32_t> history = {0, 1}, other = {2, 3};
  const Histories train = {history, other};
  const std::vector<std::string> texts = {"red tent", "blue cup", "red tent large", "green lamp", "old shoe"};
  RecallSettings settings;
  const auto titles = std::make_shared<const TitleNeighbours>(texts);
  const auto finds = [&] {
    const std::vector<uint32_t> somebody = {0};
    const auto recalled = Recall(train, 5, titles, settings).recall(somebody);
    return std::ranges::find(recalled, 3u, &RecalledItem::item) != recalled.end();
  };
  EXPECT_TRUE(finds()) << "the lamp stood beside the large tent, which is like the tent";
  settings.kin = 0;
  EXPECT_FALSE(finds());
}

// Training asks for items at any place of a history, use for what follows the latest.
TEST(Recall, MultipliesMassesByTheTrendAtTheLatestMomentAlone) {
  const MadeHistories made;
  const auto titles = made_titles(made.num_items());
  RecallSettings with, without;
  with.trend = 0.7;
  with.spread_trend = 1.3;
  without.trend = without.spread_trend = 0.0;
  const Recall recall(made.histories(), made.num_items(), titles, with);
  const Recall plain(made.histories(), made.num_items(), titles, without);
  const std::vector<double> trend = item_trend(made.histories(), made.num_items(), with.trend_decay);
  double plain_sum = 0, sum = 0;
  for (uint32_t item = 0; item < made.num_items(); ++item) {
    EXPECT_EQ(recall.popularity_mass(item, Moment::any), plain.popularity_mass(item, Moment::any));
    EXPECT_EQ(plain.popularity_mass(item, Moment::latest), plain.popularity_mass(item, Moment::any));
    sum += recall.popularity_mass(item, Moment::latest);
    plain_sum += plain.popularity_mass(item, Moment::any) * std::pow(trend[item], 1.3);
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
  for (uint32_t item = 0; item < made.num_items(); ++item) {
    EXPECT_NEAR(recall.popularity_mass(item, Moment::latest),
                plain.popularity_mass(item, Moment::any) * std::pow(trend[item], 1.3) / plain_sum, 1e-12);
  }
  const auto history = made.histories()[3];
  const auto latest = recall.recall(history), of_plain = plain.recall(history);
  ASSERT_GT(latest.size(), 2u);
  for (size_t i = 1; i < latest.size(); ++i) {
    const double change = std::pow(trend[latest[i].item] / trend[latest[0].item], 0.7);
    EXPECT_NEAR(latest[i].mass / latest[0].mass, of_plain[i].mass / of_plain[0].mass * change, 1e-5);
  }
  const auto any = recall.recall(history, {.left_out = history}),
             any_of_plain = plain.recall(history, {.left_out = history});
  ASSERT_GT(any.size(), 2u);
  for (size_t i = 0; i < any.size(); ++i) EXPECT_EQ(any[i].mass, any_of_plain[i].mass);
}

TEST(Recall, GivesTheBestOfThoseThatAreAskedFor) {
  const MadeHistories made;
  const Recall recall(made.histories(), made.num_items(), made_titles(made.num_items()), {});
  const auto history = made.histories()[3];
  const auto all = recall.recall(history);
  ASSERT_GT(all.size(), 10u);
  const auto best = recall.recall(history, {.most = 5});
  ASSERT_EQ(best.size(), 5u);
  for (size_t i = 0; i < best.size(); ++i) {
    EXPECT_EQ(best[i].item, all[i].item);
    EXPECT_EQ(best[i].mass, all[i].mass) << "of the whole distribution";
  }
  std::vector<uint32_t> some = {all[1].item, all[7].item, all[9].item, history[0]};
  std::ranges::sort(some);
  const auto among = recall.recall(history, {.among = some, .most = 2});
  ASSERT_EQ(among.size(), 2u);
  EXPECT_EQ(among[0].item, all[1].item);
  EXPECT_EQ(among[1].item, all[7].item);
  EXPECT_EQ(among[1].mass, all[7].mass);
}

TEST(Recall, LeavesOutKnownItemsThatAreTooOldToCount) {
  const MadeHistories made;
  RecallSettings settings;
  settings.neighbours.max_history = 2;
  const Recall recall(made.histories(), made.num_items(), nullptr, settings);
  for (const auto& history : made.histories()) {
    for (const RecalledItem& one : recall.recall(history)) {
      EXPECT_EQ(std::ranges::find(history, one.item), history.end());
    }
    const auto latest = history.last(std::min<size_t>(history.size(), 2));
    for (const RecalledItem& one : recall.recall(history)) {
      const auto of_latest = recall.recall(latest);
      EXPECT_NE(std::ranges::find(of_latest, one.item, &RecalledItem::item), of_latest.end());
    }
  }
}

TEST(Recall, HasTheHistorysOwnItemsByHowOftenAndHowRecentlyWhereTheyMayComeAgain) {
  const MadeHistories made;
  RecallSettings settings;
  settings.repeats = 2.0;
  settings.repeat_decay = 0.5;
  settings.trend = settings.spread_trend = 0;
  const Recall recall(made.histories(), made.num_items(), nullptr, settings);
  const std::vector<uint32_t> history = {4, 9, 4, 2};
  const auto at = [](double k) { return std::pow(1.0 + k, -0.5); };
  const double weights[] = {at(1) + at(3), at(2), at(0)};  // of 4, 9 and 2
  const std::vector<RecalledItem> found = recall.recall(history);
  RecallSettings without = settings;
  without.repeats = 0;
  const std::vector<RecalledItem> others = recall.with(without).recall(history);
  ASSERT_EQ(found.size(), others.size() + 3);
  const uint32_t own[] = {4, 9, 2};
  for (size_t i = 0; i < 3; ++i) {
    const auto one = std::ranges::find(found, own[i], &RecalledItem::item);
    ASSERT_NE(one, found.end());
    EXPECT_NEAR(one->repeats, weights[i] / weights[0], 1e-6);
    EXPECT_GE(one->score, 2.0f * one->repeats);
    EXPECT_EQ(std::ranges::find(others, own[i], &RecalledItem::item), others.end());
  }
  double sum = 0;
  for (const RecalledItem& one : found) sum += one.mass;
  EXPECT_NEAR(sum, settings.share, 1e-9);
  for (const RecalledItem& one : others) {
    EXPECT_EQ(one.repeats, 0.0f);
    EXPECT_NEAR(std::ranges::find(found, one.item, &RecalledItem::item)->score, one.score, 1e-6);
  }
}

TEST(Recall, DoesNotDependOnTheNumberOfThreads) {
  const MadeHistories made({.users = 300, .items = 80, .longest = 12, .seed = 5});
  const int threads = omp_get_max_threads();
  std::vector<std::vector<RecalledItem>> found;
  for (const int count : {1, 3}) {
    omp_set_num_threads(count);
    const Recall recall(made.histories(), made.num_items(), made_titles(made.num_items()), {});
    found.push_back(recall.recall(made.histories()[9]));
  }
  omp_set_num_threads(threads);
  ASSERT_EQ(found[0].size(), found[1].size());
  for (size_t i = 0; i < found[0].size(); ++i) {
    EXPECT_EQ(found[0][i].item, found[1][i].item);
    EXPECT_EQ(found[0][i].score, found[1][i].score);
  }
}

TEST(Recall, UnderOtherSettingsEqualsOneThatCountsAnew) {
  const MadeHistories made;
  const auto titles = made_titles(made.num_items());
  RecallSettings other;
  other.neighbours.recency_decay = 0.3;
  other.titles = 0.9;
  other.kin = 0.1;
  other.sharpness = 2;
  other.trend = 2;
  const Recall made_anew(made.histories(), made.num_items(), titles, other);
  const Recall changed = Recall(made.histories(), made.num_items(), titles, {}).with(other);
  for (const auto& history : made.histories()) expect_same(changed.recall(history), made_anew.recall(history));
}

// What choosing settings keeps between trials.
TEST(Recall, GathersAlikeUnderSettingsThatSaySo) {
  const MadeHistories made;
  const auto titles = made_titles(made.num_items());
  RecallSettings first;
  first.repeats = 1;
  first.repeat_decay = 1;
  const Recall recall(made.histories(), made.num_items(), titles, first);
  const auto history = made.histories()[3];
  const std::vector<ChannelSums> channels = recall.channels(history);
  size_t alike = 0;
  for (double RecallSettings::*field :
       {&RecallSettings::titles, &RecallSettings::title_popularity, &RecallSettings::kin, &RecallSettings::sharpness,
        &RecallSettings::share, &RecallSettings::smoothing, &RecallSettings::trend, &RecallSettings::spread_trend,
        &RecallSettings::trend_decay, &RecallSettings::repeats, &RecallSettings::repeat_decay}) {
    RecallSettings other = first;
    other.*field = 0.55;
    if (!Recall::gather_alike(first, other)) continue;
    ++alike;
    std::vector<float> kept(made.num_items()), anew(made.num_items());
    const Recall changed(made.histories(), made.num_items(), titles, other);
    changed.distribution(channels, history, kept);
    changed.distribution(history, anew);
    EXPECT_EQ(kept, anew);
  }
  EXPECT_EQ(alike, 9u) << "all but the trend's decay, which counts anew, and that of repeats";
  for (double RecallSettings::*field : {&RecallSettings::titles, &RecallSettings::kin, &RecallSettings::repeats}) {
    RecallSettings without = first;
    without.*field = 0;
    EXPECT_FALSE(Recall::gather_alike(first, without));
  }
}

// Whatever a model's file may say, no mass is lost and none is no number.
TEST(Recall, HasMassForEveryItemAtTheBoundsOfItsSettings) {
  const MadeHistories made;
  const auto titles = made_titles(made.num_items());
  std::vector<float> mass(made.num_items());
  for (const double power : {0.0, kGreatestTrendPower}) {
    for (const double sharpness : {0.0, kGreatestSharpness}) {
      for (const double weight : {0.0, kGreatestChannelWeight}) {
        RecallSettings settings;
        settings.trend = settings.spread_trend = power;
        settings.trend_decay = kLeastTrendDecay;
        settings.sharpness = sharpness;
        settings.kin = settings.titles = settings.repeats = weight;
        settings.share = kGreatestShare;
        const Recall recall(made.histories(), made.num_items(), titles, settings);
        for (const auto& history : made.histories()) {
          recall.distribution(history, mass);
          EXPECT_NEAR(std::accumulate(mass.begin(), mass.end(), 0.0), 1.0, 1e-4);
          EXPECT_GT(*std::ranges::min_element(mass), 0.0f);
        }
      }
    }
  }
}

TEST(Recall, RefusesSettingsOutOfRange) {
  const MadeHistories made;
  const auto make = [&](auto&& change) {
    RecallSettings settings;
    change(settings);
    return Recall(made.histories(), made.num_items(), nullptr, settings);
  };
  EXPECT_THROW(make([](RecallSettings& s) { s.share = 1.0; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.smoothing = 0; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.titles = -1; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.kin = -1; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.kin = 101; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.trend = -0.1; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.spread_trend = 3.1; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.trend_decay = 0; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.neighbours.max_history = 0; }), Error);
  EXPECT_THROW(make([](RecallSettings& s) { s.neighbours.distance_decay = -1; }), Error);
  EXPECT_NO_THROW(make([](RecallSettings&) {}));
}

}  // namespace
}  // namespace peapod
