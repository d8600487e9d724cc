#include "eval/recall_choice.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>

#include "base/random.h"
#include "eval/metrics.h"

namespace peapod {
namespace {

constexpr uint32_t kItems = 60;

// Users who walk among items of one of four kinds; titles name the kind, or say nothing. The last item is to be found.
class MadeWalks {
 public:
  explicit MadeWalks(bool titles_tell) {
    Random random(4);
    for (uint32_t user = 0; user < 300; ++user) {
      std::vector<uint32_t>& items = items_.emplace_back();
      const auto kind = static_cast<uint32_t>(random.below(4));
      std::set<uint32_t> seen;
      while (items.size() < 5) {
        const auto item = kind + 4 * static_cast<uint32_t>(random.below(kItems / 4));
        if (seen.insert(item).second) items.push_back(item);
      }
      std::vector<uint32_t>& negatives = negatives_.emplace_back();
      while (negatives.size() < 20) {
        const auto item = static_cast<uint32_t>(random.below(kItems));
        if (seen.insert(item).second) negatives.push_back(item);
      }
    }
    problem.num_items = kItems;
    for (uint32_t user = 0; user < items_.size(); ++user) {
      const std::span<const uint32_t> all = items_[user];
      // Few counts, so that neighbours alone know little.
      if (user % 6 == 0) problem.train.push_back(all.first(4));
      problem.cases.push_back({.user = user, .history = all.first(4), .target = all[4], .negatives = negatives_[user]});
    }
    std::vector<std::string> texts;
    for (uint32_t item = 0; item < kItems; ++item) {
      texts.push_back(titles_tell ? "kind" + std::to_string(item % 4) : "word" + std::to_string(item / 15));
    }
    titles = std::make_shared<const TitleNeighbours>(texts);
  }

  RankingProblem problem;
  std::shared_ptr<const TitleNeighbours> titles;

 private:
  std::vector<std::vector<uint32_t>> items_, negatives_;
};

TEST(ChooseRecall, UsesTitlesWhereTheyTellAndNotWhereTheyMislead) {
  const MadeWalks telling(true), misleading(false);
  // 0.1 is the least weight that is tried above 0; chance alone may choose it.
  EXPECT_LE(choose_recall(misleading.problem, misleading.titles).titles, 0.1);
  EXPECT_GE(choose_recall(telling.problem, telling.titles).titles, 0.4);
  EXPECT_EQ(choose_recall(telling.problem, nullptr).titles, 0.0);
}

// Users with four items of the older half of the catalogue, then one of the newer half, then another one to be found:
// what stood near says nothing of the newest. Where order does not tell, all are from anywhere.
class MadeTimes {
 public:
  explicit MadeTimes(bool order_tells) {
    Random random(11);
    problem.num_items = kItems;
    for (uint32_t user = 0; user < 400; ++user) {
      std::vector<uint32_t> all(kItems);
      std::iota(all.begin(), all.end(), 0u);
      random.shuffle(all);
      if (order_tells) {
        std::ranges::stable_partition(all, [](uint32_t item) { return item < kItems / 2; });
        std::rotate(all.begin() + 4, all.begin() + kItems / 2, all.end());  // four older ones, then the newer
      }
      items_.push_back(all);
    }
    for (uint32_t user = 0; user < items_.size(); ++user) {
      const std::span<const uint32_t> all = items_[user];
      problem.train.push_back(all.first(5));
      problem.cases.push_back({.user = user, .history = all.first(5), .target = all[5], .negatives = all.subspan(6)});
    }
  }

  RankingProblem problem;

 private:
  std::vector<std::vector<uint32_t>> items_;
};

TEST(ChooseRecall, FollowsTheTrendWhereOrderTells) {
  const RecallSettings telling = choose_recall(MadeTimes(true).problem, nullptr);
  EXPECT_GE(telling.trend + telling.spread_trend, 1.0);
  const RecallSettings silent = choose_recall(MadeTimes(false).problem, nullptr);
  EXPECT_LT(silent.trend + silent.spread_trend, telling.trend + telling.spread_trend);
}

// Users whose next item is one that they had before, and others for whom it never is.
TEST(ChooseRecall, RecallsWhatTheUserHadWherePeopleComeBackToIt) {
  MadeWalks made(false);
  made.problem.repeats = Repeats::keep;
  EXPECT_LE(choose_recall(made.problem, nullptr).repeats, 0.3) << "nobody comes back";
  for (RankingCase& one : made.problem.cases) one.target = one.history[one.user % 2];
  EXPECT_GE(choose_recall(made.problem, nullptr).repeats, 1.0);
  made.problem.repeats = Repeats::merge;
  EXPECT_EQ(choose_recall(made.problem, nullptr).repeats, 0.0);
}

TEST(ChooseRecall, EndsNoWorseThanItBeganWhateverTheThreads) {
  const MadeWalks made(true);
  std::vector<RecallChoiceStep> steps;
  const RecallSettings chosen =
      choose_recall(made.problem, made.titles, {}, [&](const RecallChoiceStep& step) { steps.push_back(step); });
  ASSERT_GT(steps.size(), 10u);
  EXPECT_EQ(steps.back().number, steps.size());
  const auto ndcg10 = [&](const RecallSettings& settings) {
    const Recall recall(made.problem.train, kItems, made.titles, settings);
    const ProtocolRanks ranks = recall_ranks(made.problem, recall, 1);
    return std::sqrt(metric_mean(kChosenBy, ranks.full) * metric_mean(kChosenBy, ranks.sampled99));
  };
  EXPECT_NEAR(ndcg10(steps.front().settings), steps.front().ndcg10, 1e-9);
  EXPECT_GE(ndcg10(chosen), steps.front().ndcg10);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  std::vector<double> alone;
  choose_recall(made.problem, made.titles, {}, [&](const RecallChoiceStep& step) { alone.push_back(step.ndcg10); });
  omp_set_num_threads(threads);
  ASSERT_EQ(alone.size(), steps.size());
  for (size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(alone[i], steps[i].ndcg10);
}

TEST(ChooseRecall, LooksAtAFixedChoiceOfUsersWhereThereAreMany) {
  const MadeWalks made(true);
  const auto worth = [&](uint64_t seed) {
    std::vector<double> steps;
    choose_recall(made.problem, made.titles, {.max_users = 50, .seed = seed},
                  [&](const RecallChoiceStep& step) { steps.push_back(step.ndcg10); });
    return steps.front();
  };
  EXPECT_EQ(worth(1), worth(1));
  EXPECT_NE(worth(1), worth(2));
  RankingProblem nobody = made.problem;
  nobody.cases.clear();
  EXPECT_GT(choose_recall(nobody, made.titles).titles, 0.0) << "the defaults";
}

TEST(RecallRanks, AreThoseOfTheDistribution) {
  const MadeWalks made(true);
  const Recall recall(made.problem.train, kItems, made.titles, {});
  const ProtocolRanks ranks = recall_ranks(made.problem, recall, 1);
  std::vector<float> mass(kItems);
  for (size_t c = 0; c < 20; ++c) {
    const RankingCase& one = made.problem.cases[c];
    recall.distribution(one.history, mass);
    uint32_t better = 0, equal = 0;
    for (uint32_t item = 0; item < kItems; ++item) {
      if (item == one.target || std::ranges::find(one.history, item) != one.history.end()) continue;
      better += mass[item] > mass[one.target] ? 1 : 0;
      equal += mass[item] == mass[one.target] ? 1 : 0;
    }
    EXPECT_GE(ranks.full[c], better);
    EXPECT_LE(ranks.full[c], better + equal);
  }
}

}  // namespace
}  // namespace peapod
