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
TEST(ChooseSearchTrust, TakesTheBestForEachTaskAndIsNoWorseThanRecallAlone) {
  SmallModel small({.recalls = true});
  std::vector<TrustChoiceStep> chosen;
  choose_search_trust(*small, Precision::f32, {.split = Split::valid},
                      [&](const TrustChoiceStep& step) { chosen.push_back(step); });
  ASSERT_EQ(chosen.size(), 2u);
  const Answerer answerer(*small, {});
  const auto measure = [&](Task task) {
    const auto protocol = task == Task::topn ? topn_ranks : sequential_ranks;
    return ndcg10(protocol(*small, answers_of(answerer), {.split = Split::valid}));
  };
  for (const TrustChoiceStep& step : chosen) {
    EXPECT_EQ(small->search_trust(step.task).trust, step.trust.trust);
    EXPECT_EQ(small->search_trust(step.task).weight, step.trust.weight);
    EXPECT_EQ(measure(step.task), step.ndcg10);
    small->set_search_trust(step.task, {.trust = 0, .weight = 1});
    EXPECT_LE(measure(step.task), step.ndcg10);
  }
}

TEST(ChooseSearchTrust, WithoutTrustInTheNetworkTheModelRanksAsRecallDoes) {
  SmallModel small({.recalls = true});
  small->set_search_trust(Task::sequential, {.trust = 0, .weight = 1});
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

TEST(ChooseSearchTrust, DoesNothingForAModelThatRecallsNothing) {
  SmallModel small;
  choose_search_trust(*small, Precision::f32, {.split = Split::valid},
                      [](const TrustChoiceStep&) { FAIL() << "something was chosen"; });
}

}  // namespace
}  // namespace peapod
