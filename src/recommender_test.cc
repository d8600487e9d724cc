#include "recommender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"
#include "decode/answerer.h"
#include "support/small_model.h"

namespace peapod {
namespace {

Recommender recommender_of(SmallModel& small) {
  small->save_static(small.model_directory());
  small->save_weights(small.model_directory());
  return Recommender::load(small.model_directory(), {.precision = "f32"});
}

std::vector<std::string> names_of(const std::vector<RecommendedItem>& items) {
  std::vector<std::string> names;
  for (const RecommendedItem& item : items) names.push_back(item.item);
  return names;
}

class RecommenderTest : public testing::Test {
 protected:
  std::string error_of(const RecommendRequest& request) const {
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

TEST(Recommender, TakesANewUsersHistoryAsThatOfAKnownOneButForTheName) {
  // Without the name in the prompt's neighbours (shared-prompts has none) only the text tells the two apart.
  SmallModel small;
  const Recommender recommender = recommender_of(small);
  const auto history = small.data().history(5);
  RecommendRequest newcomer{.n = 20, .num_beams = 20};
  for (const uint32_t item : history) newcomer.history.push_back(small.data().item_name(item));
  const auto found = recommender.recommend(newcomer);
  ASSERT_EQ(found.size(), SmallModel::kItems - history.size());
  for (const std::string& name : names_of(found)) {
    EXPECT_EQ(std::ranges::find(newcomer.history, name), newcomer.history.end());
  }
  // The same question as a known user's, but for `user_0` in the text.
  Known known = known_in_use(small.data(), 5);
  known.text_user = kUnknownUser;
  const Question question = ask_next_item(*small, known, {.n = 20, .beams = 20});
  const auto expected = Answerer(*small, {}).answer(std::span(&question, 1)).front().items;
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].item, small.data().item_name(expected[i].item));
    EXPECT_FLOAT_EQ(found[i].score, expected[i].score);
  }
  EXPECT_NE(recommender.recommend({.user = small.data().user_name(5), .n = 20}).front().score, found.front().score)
      << "the name counts";
}

TEST_F(RecommenderTest, AnswersManyRequestsAsItAnswersEachAlone) {
  const RecommendRequest requests[] = {{.user = "3", .n = 4},
                                       {.history = {"4", "5", "6"}, .n = 7, .num_beams = 3},
                                       {.user = "1", .candidates = {"20", "19", "18"}},
                                       {.user = "2", .category = "odd", .include_seen = true}};
  const auto together = recommender_.recommend(requests);
  ASSERT_EQ(together.size(), 4u);
  for (size_t r = 0; r < 4; ++r) EXPECT_EQ(names_of(together[r]), names_of(recommender_.recommend(requests[r])));
  const RecommendRequest bad[] = {{.user = "3"}, {.user = "400"}};
  try {
    recommender_.recommend(bad);
    ADD_FAILURE() << "an unknown user went through";
  } catch (const Error& error) {
    EXPECT_EQ(error.where().find("request 2: "), 0u) << error.what();
  }
  EXPECT_TRUE(recommender_.recommend(std::span<const RecommendRequest>()).empty());
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
  const auto expect = [&](const RecommendRequest& request, const std::string& message) {
    EXPECT_EQ(error_of(request), message);
  };
  expect({},
         "request: has neither a user nor a history with items; give the name of a known user, or the items of a new "
         "one");
  expect({.user = "1", .history = {"2"}},
         "request: has both a user and a history; give the name of a known user, or the items of a new one");
  EXPECT_NE(error_of({.user = "400"}).find("\"400\""), std::string::npos) << error_of({.user = "400"});
  EXPECT_NE(error_of({.user = "400"}).find("did you mean \"40\""), std::string::npos) << error_of({.user = "400"});
  EXPECT_NE(error_of({.history = {"2", "sofa"}}).find("item \"sofa\""), std::string::npos)
      << error_of({.history = {"2", "sofa"}});
  expect({.user = "1", .n = 0}, "n: expected 1 to 1000, got 0");
  expect({.user = "1", .n = kMaxRecommended + 1}, "n: expected 1 to 1000, got 1001");
  expect({.user = "1", .num_beams = 0}, "num_beams: expected 1 to 1000, got 0");
  expect({.user = "1", .max_price = 5},
         "max_price: the data set \"ring\" has no prices; leave it out, or prepare the data with a table of items that "
         "has a column of prices");
  expect({.user = "1", .category = "evem"}, "category: no item has the category \"evem\"; did you mean \"even\"?");
}

TEST_F(RecommenderTest, ExplainsWithDistinctSentences) {
  const ExplainedItem answer = recommender_.explain({.user = "2", .item = "9"});
  EXPECT_EQ(answer.item, "9");
  EXPECT_EQ(answer.title, "thing 9");
  EXPECT_FALSE(answer.sentence.empty());
  EXPECT_LE(answer.alternatives.size(), kMaxAlternatives);
  EXPECT_EQ(std::ranges::find(answer.alternatives, answer.sentence), answer.alternatives.end());
  std::set<std::string> distinct(answer.alternatives.begin(), answer.alternatives.end());
  EXPECT_EQ(distinct.size(), answer.alternatives.size());
  EXPECT_THROW(recommender_.explain({.user = "2", .item = "900"}), Error);
  EXPECT_THROW(recommender_.explain({.user = "nobody", .item = "9"}), Error);
  EXPECT_THROW(recommender_.explain({.item = "9"}), Error);
}

TEST_F(RecommenderTest, ExplainsToANewUserToo) {
  const ExplainRequest requests[] = {{.history = {"4", "5"}, .item = "9"}, {.user = "2", .item = "9"}};
  const auto answers = recommender_.explain(requests);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_FALSE(answers[0].sentence.empty());
  EXPECT_EQ(answers[0].sentence, recommender_.explain(requests[0]).sentence);
  EXPECT_EQ(answers[1].sentence, recommender_.explain(requests[1]).sentence);
}

TEST_F(RecommenderTest, ShowsHowAPromptIsMixed) {
  const auto weights = recommender_.prompt_weights("6");
  ASSERT_FALSE(weights.empty());
  for (const auto& head : weights) EXPECT_NEAR(std::accumulate(head.begin(), head.end(), 0.0), 1.0, 1e-5);
  EXPECT_NE(weights, recommender_.prompt_weights("7"));
  EXPECT_THROW(recommender_.prompt_weights("nobody"), Error);
}

TEST(RecommenderThatRecalls, ShowsWhatAHistoryBringsToMind) {
  SmallModel small(kAsTrained);
  const Recommender recommender = recommender_of(small);
  const auto recalled = recommender.recalled("7", 3);
  ASSERT_EQ(recalled.size(), 3u);
  const auto expected = small->recall()->recall(small.data().history(6));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(recalled[i].item, small.data().item_name(expected[i].item));
    EXPECT_EQ(recalled[i].title, small.data().item_title(expected[i].item));
    EXPECT_EQ(recalled[i].score, expected[i].score);
    EXPECT_GT(recalled[i].neighbours + recalled[i].alike_title, 0.0f);
  }
  EXPECT_THROW(recommender.recalled("nobody"), Error);
  SmallModel plain;
  EXPECT_TRUE(recommender_of(plain).recalled("7").empty());
}

// As `peapod train` makes it: items as vectors, a causal encoder, recall in prompt and search.
TEST(RecommenderThatRecalls, AnswersAloneAsAmongOthersAndForSomebodyNew) {
  SmallModel small(kAsTrained);
  const Recommender recommender = recommender_of(small);
  const RecommendRequest requests[] = {{.user = "3", .n = 5},
                                       {.history = {"1", "2", "3"}, .n = 5},
                                       {.history = {"1", "2", "3", "4"}, .n = 5},
                                       {.user = "9", .n = 4, .candidates = {"5", "8", "1", "14", "20"}},
                                       {.user = "9", .n = 20, .category = "odd"}};
  const auto together = recommender.recommend(requests);
  for (size_t r = 0; r < std::size(requests); ++r) {
    const auto alone = recommender.recommend(requests[r]);
    ASSERT_EQ(alone.size(), together[r].size());
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(alone[i].item, together[r][i].item) << r;
      EXPECT_NEAR(alone[i].score, together[r][i].score, 1e-4);
    }
  }
  EXPECT_EQ(together[3].size(), 4u);
  for (const RecommendedItem& one : together[4]) EXPECT_EQ(std::stoi(one.item) % 2, 0) << "of the odd indices";
}

TEST(RecommenderWithoutData, SaysWhatItCannotDo) {
  SmallModel silent({.composer = kTaskOnly, .explanations = false});
  const Recommender recommender = recommender_of(silent);
  EXPECT_THROW(recommender.explain({.user = "1", .item = "2"}), Error);
  EXPECT_THROW(recommender.prompt_weights("1"), Error);
  EXPECT_EQ(recommender.recommend({.user = "1", .n = 3}).size(), 3u);
}

TEST(RecommenderOfAShop, KeepsToPricesAndToWhatCanBeHad) {
  SmallModelOptions options = kAsTrained;
  options.offers = true;
  SmallModel small(options);
  const Recommender recommender = recommender_of(small);
  const auto numbers = [&](RecommendRequest request) {
    request.user = "1";
    request.n = 20;
    if (request.candidates.empty()) request.include_seen = true;
    std::set<int> found;
    for (const std::string& name : names_of(recommender.recommend(request))) found.insert(std::stoi(name));
    return found;
  };
  std::set<int> available;
  for (int item = 1; item <= 20; ++item) {
    if (item % 5 != 3) available.insert(item);
  }
  EXPECT_EQ(numbers({}), available);
  EXPECT_EQ(numbers({.include_unavailable = true}).size(), 20u);
  EXPECT_EQ(numbers({.max_price = 4}), (std::set{1, 2, 4}));
  EXPECT_EQ(numbers({.min_price = 12.5}), (std::set{14, 15})) << "items without a price have none in the range";
  EXPECT_EQ(numbers({.category = "odd", .min_price = 9, .max_price = 13, .include_unavailable = true}),
            (std::set{10, 12}));
  EXPECT_THROW(recommender.recommend({.user = "1", .min_price = 5, .max_price = 4}), Error);
  EXPECT_EQ(numbers({.candidates = {"3", "4", "8", "20"}}), (std::set{3, 4, 8, 20})) << "as they were named";
  EXPECT_EQ(numbers({.candidates = {"3", "4", "8", "20"}, .max_price = 7}), (std::set{3, 4}));
  EXPECT_THROW(recommender.recommend({.user = "1", .min_price = -1}), Error);
  EXPECT_THROW(recommender.recommend({.user = "1", .max_price = std::nan("")}), Error);
}

}  // namespace
}  // namespace peapod
