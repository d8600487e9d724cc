#include "eval/trust_choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "eval/metrics.h"
#include "eval/recall_choice.h"
#include "support/small_model.h"

namespace peapod {
namespace {

double ndcg10(const std::vector<uint32_t>& ranks) { return metric_mean(kChosenBy, ranks); }

// A network that has learned nothing beside a ring of items that neighbours tell.
TEST(ChooseSearchTrust, TakesTheBestForATaskAndIsNoWorseThanRecallOrTheNetworkAlone) {
  for (const SmallModelOptions& options : {SmallModelOptions{.recalls = kInSearch}, kAsTrained}) {
    SmallModel small(options);
    const Answerer answerer(*small, {});
    for (const Task task : kRankingTasks) {
      const auto protocol = task == Task::topn ? topn_ranks : sequential_ranks;
      const auto measure = [&] { return ndcg10(protocol(*small, answers_of(answerer), {.split = Split::valid})); };
      const auto chosen = choose_search_trust(*small, task, Precision::f32, {.split = Split::valid});
      ASSERT_TRUE(chosen.has_value());
      EXPECT_EQ(small->search_trust(task), chosen->trust);
      EXPECT_EQ(measure(), chosen->ndcg10);
      if (!small->network().config().appraises) {
        EXPECT_EQ(chosen->trust.appraisal, 0.0);
      }
      for (const SearchTrust alone : {kRecallAlone, kNetworkAlone}) {
        small->set_search_trust(task, alone);
        EXPECT_LE(measure(), chosen->ndcg10);
        if (alone == kRecallAlone) {
          EXPECT_EQ(measure(), chosen->recall_ndcg10);
        }
      }
    }
  }
}

TEST(ChooseSearchTrust, LeavesTheTrustAsItWasWhenItIsStopped) {
  SmallModel small({.recalls = kInSearch});
  small->set_search_trust(Task::topn, {.trust = 0.2, .weight = 0.3});
  int asked = 0;
  const auto stop = [&] { return ++asked == 3; };
  EXPECT_FALSE(choose_search_trust(*small, Task::topn, Precision::f32, {.split = Split::valid}, stop).has_value());
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(small->search_trust(Task::topn).trust, 0.2);
  EXPECT_EQ(small->search_trust(Task::topn).weight, 0.3);
}

TEST(ChooseSearchTrust, WithoutTrustInTheNetworkTheModelRanksAsRecallDoes) {
  SmallModel small(kAsTrained);
  small->set_search_trust(Task::sequential, kRecallAlone);
  const Answerer answerer(*small, {});
  const RankingProblem problem = ranking_problem(small.data(), Split::test);
  std::vector<float> mass(SmallModel::kItems);
  for (const RankingCase& one : problem.cases) {
    const Question question = ask_next_item(*small, known_in_evaluation(small.data(), one.user, Split::test));
    const auto found = answerer.answer(std::span(&question, 1)).front().items;
    small->recall()->distribution(one.history, mass);
    double whole = 0;
    for (uint32_t item = 0; item < SmallModel::kItems; ++item) {
      whole += question.allowed.contains(item) ? static_cast<double>(mass[item]) : 0.0;
    }
    ASSERT_EQ(found.size(), 10u);
    for (const ScoredItem& scored : found) {
      EXPECT_NEAR(scored.score, std::log(static_cast<double>(mass[scored.item]) / whole), 1e-3);
    }
  }
}

TEST(ChooseSearchTrust, WithoutTrustInTheNetworkCandidatesAndFiltersRankAsRecallDoes) {
  SmallModel small(kAsTrained);
  for (const Task task : kRankingTasks) small->set_search_trust(task, kRecallAlone);
  const Answerer answerer(*small, {});
  const Known who = known_in_use(small.data(), 4);
  const std::vector<uint32_t> some = {0, 3, 4, 9, 11, 15, 19};
  const Question questions[] = {ask_ranking(*small, who, some),
                                ask_next_item(*small, who, {.allowed = {.only = some}})};
  const auto answers = answerer.answer(questions);
  for (size_t q = 0; q < 2; ++q) {
    const auto mass_of = [&](uint32_t item) {
      double mass =
          small->recall()->spread_share(questions[q].recalled) * small->recall()->popularity_mass(item, Moment::latest);
      for (const RecalledItem& one : questions[q].recalled) mass += one.item == item ? one.mass : 0.0;
      return mass;
    };
    double whole = 0;
    size_t allowed = 0;
    for (const uint32_t item : some) {
      if (!questions[q].allowed.contains(item)) continue;
      whole += mass_of(item);
      ++allowed;
    }
    ASSERT_EQ(answers[q].items.size(), allowed);
    for (const auto& [item, score] : answers[q].items) EXPECT_NEAR(score, std::log(mass_of(item) / whole), 1e-4);
  }
}

}  // namespace
}  // namespace peapod
