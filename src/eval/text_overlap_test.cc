#include "eval/text_overlap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

using Texts = std::vector<std::string>;

TEST(OverlapWords, AreLowerCaseWithPunctuationApart) {
  EXPECT_EQ(overlap_words("It's GREAT-sounding, isn't it?!"),
            (Texts{"it's", "great", "-", "sounding", ",", "isn't", "it", "?", "!"}));
  EXPECT_EQ(overlap_words("'quoted' dogs' 5'"), (Texts{"'", "quoted", "'", "dogs", "'", "5", "'"}));
  EXPECT_EQ(overlap_words("caf\u00e9\tna\u00efve\n"), (Texts{"caf\u00e9", "na\u00efve"}));
  EXPECT_TRUE(overlap_words(" \t\x01 ").empty());
}

TEST(TextOverlap, OfATextWithItselfIsOne) {
  const Texts texts = {"the strings sound great .", "a solid strap that looks nice"};
  const OverlapScores scores = text_overlap(texts, texts);
  EXPECT_NEAR(scores.bleu4, 1, 1e-12);
  EXPECT_NEAR(scores.rouge1, 1, 1e-12);
  EXPECT_NEAR(scores.rouge2, 1, 1e-12);
  EXPECT_NEAR(scores.rougeL, 1, 1e-12);
}

TEST(TextOverlap, AgreesWithTheSumsDoneByHand) {
  // Prediction of 6 words, reference of 7: 5 words, 3 pairs, 2 triples and 1 quadruple in common.
  const Texts predictions = {"the cat sat on a mat"};
  const Texts references = {"the cat sat on the big mat"};
  const OverlapScores scores = text_overlap(predictions, references);
  EXPECT_NEAR(scores.bleu4, std::exp(1 - 7.0 / 6) * std::pow(5.0 / 6 * 3.0 / 5 * 2.0 / 4 * 1.0 / 3, 0.25), 1e-12);
  EXPECT_NEAR(scores.rouge1, 2 * 5.0 / (6 + 6), 1e-12);  // "the" counts once among the reference's distinct words
  EXPECT_NEAR(scores.rouge2, 2 * 3.0 / (5 + 6), 1e-12);
  const double p = 5.0 / 6;
  const double r = 5.0 / 7;
  const double b = p / r;
  EXPECT_NEAR(scores.rougeL, (1 + b * b) * r * p / (r + b * b * p), 1e-12);
}

TEST(TextOverlap, AgreesWithThePublishedFormulasRunInPython) {
  // From compute_bleu() and rouge() as the PETER repository has them, written up with Python 3 on these words.
  const Texts predictions = {"The strings are great, and they're cheap.", "i love this pedal", "good good good good",
                             "works well with my guitar and stays in tune", "nice"};
  const Texts references = {"These strings are great and they're very cheap.", "I love how this pedal sounds",
                            "a good strap", "it works well with my guitar and amp", "stays in tune"};
  const OverlapScores scores = text_overlap(predictions, references);
  EXPECT_NEAR(scores.bleu4, 0.34851574591265133, 1e-9);
  EXPECT_NEAR(scores.rouge1, 0.5567320224372512, 1e-7);  // the published code adds 1e-8 to a denominator
  EXPECT_NEAR(scores.rouge2, 0.3333333304002778, 1e-7);
  EXPECT_NEAR(scores.rougeL, 0.49928154753258464, 1e-9);
}

TEST(TextOverlap, BleuClipsAWordThatIsRepeated) {
  const Texts references = {"the cat sat on the mat today"};
  const double once = text_overlap(Texts{"the cat sat on the mat"}, references).bleu4;
  const double repeated = text_overlap(Texts{"the cat sat on the the the mat"}, references).bleu4;
  EXPECT_LT(repeated, once);
}

TEST(TextOverlap, BleuPunishesShortTextsButNotLongOnesBeyondTheirPrecision) {
  const Texts references = {"one two three four five six seven eight"};
  EXPECT_NEAR(text_overlap(Texts{"one two three four"}, references).bleu4, std::exp(1 - 2.0), 1e-12);
  EXPECT_NEAR(text_overlap(references, Texts{"one two three four"}).bleu4,
              std::pow(4.0 / 8 * 3.0 / 7 * 2.0 / 6 * 1.0 / 5, 0.25), 1e-12);
}

TEST(TextOverlap, BleuIsOfTheCorpusAndZeroWithoutAnyFourWordsInCommon) {
  const Texts predictions = {"a b c", "p q r s"};
  EXPECT_EQ(text_overlap(predictions, Texts{"a b c", "p q r t"}).bleu4, 0);
  EXPECT_GT(text_overlap(predictions, Texts{"a b x", "p q r s"}).bleu4, 0);
}

TEST(TextOverlap, EmptyTextsScoreNothing) {
  const OverlapScores none = text_overlap(Texts{}, Texts{});
  EXPECT_EQ(none.bleu4 + none.rouge1 + none.rouge2 + none.rougeL, 0);
  for (const auto& [prediction, reference] : {std::pair("", "a b c d"), std::pair("a b c d", ""), std::pair("", "")}) {
    const OverlapScores scores = text_overlap(Texts{prediction}, Texts{reference});
    EXPECT_EQ(scores.bleu4 + scores.rouge1 + scores.rouge2 + scores.rougeL, 0);
  }
}

TEST(TextOverlap, RejectsListsOfDifferentLength) { EXPECT_THROW(text_overlap(Texts{"a"}, Texts{}), Error); }

TEST(TextOverlap, RougeLAgreesWithAnExhaustiveSearchForTheSubsequence) {
  Random random(21);
  for (int round = 0; round < 300; ++round) {
    const auto draw = [&] {
      Texts words(1 + random.below(9));
      for (std::string& word : words) word = std::string(1, static_cast<char>('a' + random.below(4)));
      return words;
    };
    const Texts a = draw();
    const Texts b = draw();
    size_t longest = 0;
    for (size_t subset = 0; subset < size_t{1} << a.size(); ++subset) {
      Texts chosen;
      for (size_t i = 0; i < a.size(); ++i) {
        if (subset >> i & 1) chosen.push_back(a[i]);
      }
      size_t matched = 0;
      for (const std::string& word : b) {
        if (matched < chosen.size() && chosen[matched] == word) ++matched;
      }
      if (matched == chosen.size()) longest = std::max(longest, matched);
    }
    const auto joined = [](const Texts& words) {
      std::string text;
      for (const std::string& word : words) text += word + ' ';
      return text;
    };
    const double p = static_cast<double>(longest) / static_cast<double>(a.size());
    const double r = static_cast<double>(longest) / static_cast<double>(b.size());
    const double expected = longest == 0 ? 0 : r * p * (r * r + p * p) / (r * r * r + p * p * p);
    ASSERT_NEAR(text_overlap(Texts{joined(a)}, Texts{joined(b)}).rougeL, expected, 1e-12) << "round " << round;
  }
}

TEST(TextOverlap, TheOrderOfPairsDoesNotMatter) {
  const Texts predictions = {"a b c d e", "the strap feels solid", "nice sound here"};
  const Texts references = {"a b c d f", "the strap looks solid", "nice sound"};
  const OverlapScores forward = text_overlap(predictions, references);
  const OverlapScores backward =
      text_overlap(Texts(predictions.rbegin(), predictions.rend()), Texts(references.rbegin(), references.rend()));
  EXPECT_EQ(forward.bleu4, backward.bleu4);
  EXPECT_NEAR(forward.rouge2, backward.rouge2, 1e-15);
}

TEST(TextOverlap, TheLegacyVariantCutsReferencesAndKeepsCaseAndPunctuation) {
  const std::filesystem::path vocabulary = std::filesystem::path(PEAPOD_SHARED_DIR) / "t5" / "spiece.model";
  if (!std::filesystem::exists(vocabulary)) GTEST_SKIP() << "no T5 vocabulary at " << vocabulary;
  const Tokenizer tokenizer = Tokenizer::load(vocabulary);
  const std::string five = "one two three four five ";
  const std::string twenty = five + five + five + five;
  ASSERT_EQ(tokenizer.encode(twenty).size(), kLegacyReferenceTokens);
  const Texts predictions = {twenty};
  const Texts references = {twenty + "and many more words that the cut leaves out"};
  EXPECT_LT(text_overlap(predictions, references).bleu4, 0.7);
  EXPECT_NEAR(text_overlap(predictions, references, {.legacy_tokenizer = &tokenizer}).bleu4, 1, 1e-12);
  EXPECT_NEAR(text_overlap(references, predictions, {.legacy_tokenizer = &tokenizer}).rouge1, 2 * 5.0 / (5 + 14), 1e-12)
      << "predictions are not cut";
  EXPECT_EQ(text_overlap(Texts{"Nice"}, Texts{"nice"}).rouge1, 1);
  EXPECT_EQ(text_overlap(Texts{"Nice"}, Texts{"nice"}, {.legacy_tokenizer = &tokenizer}).rouge1, 0);
  EXPECT_EQ(text_overlap(Texts{"nice"}, Texts{"nice."}, {.legacy_tokenizer = &tokenizer}).rouge1, 0);
}

TEST(DistinctShare, CountsDifferentTexts) {
  EXPECT_EQ(distinct_share(Texts{}), 0);
  EXPECT_EQ(distinct_share(Texts{"a", "b", "a", "a"}), 0.5);
  EXPECT_EQ(distinct_share(Texts{"a", "A"}), 1);
}

}  // namespace
}  // namespace peapod
