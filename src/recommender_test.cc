#include "recommender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "support/small_model.h"

namespace peapod {
namespace {

Recommender recommender_of(SmallModel& small) {
  small->save_static(small.model_directory());
  small->save_weights(small.model_directory());
  return Recommender::load(small.model_directory(), Precision::f32);
}

std::vector<std::string> names_of(const std::vector<RecommendedItem>& items) {
  std::vector<std::string> names;
  for (const RecommendedItem& item : items) names.push_back(item.item);
  return names;
}

class RecommenderTest : public testing::Test {
 protected:
  std::string error_of(const Recommender::Request& request) const {
    try {
      recommender_.recommend(request);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  SmallModel small_;
  Recommender recommender_ = recommender_of(small_);
};

TEST_F(RecommenderTest, RecommendsDistinctUnseenItemsBestFirst) {
  const auto items = recommender_.recommend({.user = "3", .n = 20});
  const auto history = small_.data().history(2);
  EXPECT_EQ(items.size(), SmallModel::kItems - history.size()) << "as many as there are";
  std::set<std::string> distinct;
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_TRUE(distinct.insert(items[i].item).second);
    EXPECT_EQ(std::ranges::find(history, small_.data().require_item(items[i].item)), history.end());
    EXPECT_EQ(items[i].title, "thing " + items[i].item);
    EXPECT_LE(items[i].score, items[i == 0 ? 0 : i - 1].score);
  }
  EXPECT_EQ(recommender_.recommend({.user = "3", .n = 20, .include_seen = true}).size(), SmallModel::kItems);
  EXPECT_EQ(names_of(recommender_.recommend({.user = "3", .n = 4})), names_of({items.begin(), items.begin() + 4}));
}

TEST_F(RecommenderTest, TakesANewUsersHistoryAsThatOfAKnownOneButForTheName) {
  Recommender::Request request{.history = {"4", "5", "6"}, .n = 5};
  const auto items = recommender_.recommend(request);
  EXPECT_EQ(items.size(), 5u);
  for (const std::string& name : names_of(items)) {
    EXPECT_EQ(std::ranges::find(request.history, name), request.history.end());
  }
  request.history = {"12", "13", "14"};
  EXPECT_NE(names_of(recommender_.recommend(request)), names_of(items));
}

TEST_F(RecommenderTest, KeepsToCandidatesAndCategory) {
  const auto ranked = recommender_.recommend({.user = "1", .candidates = {"20", "19", "18", "19"}});
  auto names = names_of(ranked);
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"18", "19", "20"}));
  for (const std::string& name : names_of(recommender_.recommend({.user = "1", .category = "odd"}))) {
    EXPECT_EQ(std::stoi(name) % 2, 0) << "item 2 has index 1";
  }
  EXPECT_EQ(names_of(recommender_.recommend({.user = "1", .candidates = {"20", "19"}, .category = "ODD"})),
            (std::vector<std::string>{"20"}));
  EXPECT_TRUE(recommender_.recommend({.user = "1", .candidates = {"19"}, .category = "odd"}).empty());
}

TEST_F(RecommenderTest, NamesWhatIsWrongWithARequest) {
  EXPECT_NE(error_of({}).find("neither"), std::string::npos);
  EXPECT_NE(error_of({.user = "1", .history = {"2"}}).find("both"), std::string::npos);
  EXPECT_NE(error_of({.user = "400"}).find("did you mean \"40\""), std::string::npos) << error_of({.user = "400"});
  EXPECT_NE(error_of({.history = {"2", "x"}}).find("x"), std::string::npos);
  EXPECT_NE(error_of({.user = "1", .n = 0}).find("n"), std::string::npos);
  EXPECT_NE(error_of({.user = "1", .n = kMaxRecommended + 1}).find("1000"), std::string::npos);
  EXPECT_NE(error_of({.user = "1", .category = "evem"}).find("even"), std::string::npos);
}

TEST_F(RecommenderTest, ExplainsWithDistinctSentencesAndTheUsersPromptWeights) {
  const ExplainAnswer answer = recommender_.explain("2", "9");
  EXPECT_EQ(answer.item, "9");
  EXPECT_EQ(answer.title, "thing 9");
  EXPECT_FALSE(answer.sentence.empty());
  EXPECT_LE(answer.alternatives.size(), kMaxAlternatives);
  EXPECT_EQ(std::ranges::find(answer.alternatives, answer.sentence), answer.alternatives.end());
  ASSERT_TRUE(answer.weights.has_value());
  for (size_t h = 0; h < answer.weights->by_head.rows; ++h) {
    const auto row = answer.weights->by_head.row(h);
    EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0), 1.0, 1e-5);
  }
  EXPECT_THROW(recommender_.explain("2", "900"), Error);
  EXPECT_THROW(recommender_.explain("nobody", "9"), Error);
}

TEST_F(RecommenderTest, GivesTheSamePromptWeightsToAUserAloneAndAmongAll) {
  const auto all = recommender_.prompt_weights_of_all();
  ASSERT_EQ(all.size(), SmallModel::kUsers);
  const PromptWeights alone = recommender_.prompt_weights("6");
  for (size_t m = 0; m < alone.mean.size(); ++m) EXPECT_NEAR(alone.mean[m], all[5].mean[m], 1e-6);
  EXPECT_GT(prompt_usage(all).mean_information, 0.0);
}

TEST(RecommenderWithoutData, SaysWhatItCannotDo) {
  SmallModel silent({.composer = ComposerKind::task_only, .explanations = false});
  const Recommender recommender = recommender_of(silent);
  EXPECT_THROW(recommender.explain("1", "2"), Error);
  EXPECT_THROW(recommender.prompt_weights("1"), Error);
  EXPECT_THROW(recommender.prompt_weights_of_all(), Error);
  EXPECT_EQ(recommender.recommend({.user = "1", .n = 3}).size(), 3u);
}

PromptWeights weights(std::vector<float> row) {
  PromptWeights result{Matrix(1, row.size()), row};
  std::ranges::copy(row, result.by_head.values.begin());
  return result;
}

TEST(PromptUsage, IsOneBitForTwoUsersWithAPromptEachAndNoneForUsersAlike) {
  const PromptWeights apart[] = {weights({1, 0}), weights({0, 1})};
  EXPECT_NEAR(prompt_usage(apart).mean_information, 1.0, 1e-6);
  EXPECT_NEAR(prompt_usage(apart).information_of_mean, 1.0, 1e-6);
  EXPECT_NEAR(prompt_usage(apart).mean_weights[0], 0.5, 1e-6);
  const PromptWeights alike[] = {weights({0.3f, 0.7f}), weights({0.3f, 0.7f})};
  EXPECT_NEAR(prompt_usage(alike).mean_information, 0.0, 1e-6);
  EXPECT_NEAR(prompt_usage(alike).mean_weights[1], 0.7, 1e-6);
  EXPECT_THROW(prompt_usage({}), Error);
}

}  // namespace
}  // namespace peapod
