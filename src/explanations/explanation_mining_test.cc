#include "explanations/explanation_mining.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "explanations/opinion_lexicon.h"

namespace peapod {
namespace {

// Enough training reviews to make features of "strap" and "sound", then the reviews under test.
std::vector<Explanation> mine(const std::vector<std::string>& texts, Split background = Split::train) {
  static const std::string kBackground[] = {"The strap is here. The sound is there.", "My strap. A sound, again."};
  std::vector<Review> reviews;
  for (uint32_t i = 0; i < 20; ++i) reviews.push_back({i, 0, background, kBackground[i % 2]});
  for (uint32_t i = 0; i < texts.size(); ++i) reviews.push_back({100 + i, 7, Split::valid, texts[i]});
  std::vector<Explanation> mined = mine_explanations(reviews);
  std::erase_if(mined, [](const Explanation& explanation) { return explanation.user < 100; });
  return mined;
}

std::string sentence_in(const std::string& text) {
  const auto mined = mine({text});
  return mined.empty() ? "" : mined[0].sentence;
}

TEST(ExplanationMining, TakesTheSentenceWithPraiseOfAFeatureInLowerCaseAscii) {
  const auto mined = mine({"I bought it in May. And it\xe2\x80\x99s a GREAT strap,  really!! See you."});
  ASSERT_EQ(mined.size(), 1u);
  EXPECT_EQ(mined[0].sentence, "it's a great strap, really");
  EXPECT_EQ(mined[0].feature, "strap");
  EXPECT_EQ(mined[0].user, 100u);
  EXPECT_EQ(mined[0].item, 7u);
  EXPECT_EQ(mined[0].split, Split::valid);
}

TEST(ExplanationMining, GivesAtMostOneExplanationAReview) {
  EXPECT_EQ(mine({"The strap is great. The sound is great. A lovely sound."}).size(), 1u);
}

TEST(ExplanationMining, WantsAFeatureAnOpinionAndPraiseRatherThanBlame) {
  EXPECT_EQ(sentence_in("This is a great zorkmid."), "");
  EXPECT_EQ(sentence_in("This is a strap."), "");
  EXPECT_EQ(sentence_in("This is a terrible strap."), "");
  EXPECT_EQ(sentence_in("This is not a good strap."), "");
  EXPECT_EQ(sentence_in("There is no problem with the strap."), "there is no problem with the strap");
}

TEST(ExplanationMining, ReadsAmbiguousWordsByWhatStandsBeforeThem) {
  EXPECT_EQ(sentence_in("It looks like a strap."), "");
  EXPECT_EQ(sentence_in("I like the strap."), "i like the strap");
  EXPECT_EQ(sentence_in("It has a strap as well."), "");
}

TEST(ExplanationMining, KeepsToThreeToTwentyWords) {
  EXPECT_EQ(sentence_in("Great strap."), "");
  EXPECT_EQ(sentence_in("Great strap indeed."), "great strap indeed");
  std::string longest = "Great strap";
  for (int i = 0; i < 18; ++i) longest += " indeed";
  EXPECT_FALSE(sentence_in(longest).empty());
  EXPECT_EQ(sentence_in(longest + " indeed"), "");
}

TEST(ExplanationMining, SplitsWhereReviewersForgotTheBlankAndSkipsLinksAndNumbers) {
  EXPECT_EQ(sentence_in("It came late.The strap is great.Bye"), "the strap is great");
  EXPECT_EQ(sentence_in("See www.shop.com for a great strap"), "");
  EXPECT_EQ(sentence_in(""), "");
  EXPECT_EQ(sentence_in("... !!! --- ' \" ((("), "");
}

TEST(ExplanationMining, FindsFeaturesInTrainingReviewsAlone) {
  EXPECT_EQ(mine({"The strap is great."}, Split::train).size(), 1u);
  EXPECT_EQ(mine({"The strap is great."}, Split::test).size(), 0u);
}

TEST(OpinionLexicon, HasEachWordInOneRole) {
  EXPECT_EQ(opinion_of("great"), 1);
  EXPECT_EQ(opinion_of("flimsy"), -1);
  EXPECT_EQ(opinion_of("strap"), 0);
  EXPECT_TRUE(is_negation("isn't"));
  EXPECT_TRUE(is_determiner("the"));
  EXPECT_TRUE(is_stop_word("the"));
  for (const std::string_view word : {"sound", "price", "quality", "design", "size"}) {
    EXPECT_FALSE(is_stop_word(word)) << word;
  }
}

}  // namespace
}  // namespace peapod
