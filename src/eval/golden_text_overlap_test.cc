// BLEU and ROUGE against sacrebleu 2.5.1 and rouge-score 0.1.2: tests/golden/text_overlap.json, made by
// tools/make_text_overlap_cases.py, which says what each figure is.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "eval/text_overlap.h"

namespace peapod {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

// Both sides compute in doubles; what differs is the order of sums and logarithms in base e.
constexpr double kTolerance = 1e-12;

const Json& golden_cases() {
  static const Json cases = Json::parse(
      read_file(std::filesystem::path(PEAPOD_SOURCE_DIR) / "tests" / "golden" / "text_overlap.json"))["cases"];
  return cases;
}

struct Case {
  std::string name;
  bool raw = false;
  Texts predictions, references;
  Json figures;
  OverlapScores scores;

  double figure(const char* key) const { return figures.at(key).get<double>(); }
};

std::vector<Case> cases_of(bool raw) {
  std::vector<Case> cases;
  for (const Json& one : golden_cases()) {
    if (one.at("raw").get<bool>() != raw) continue;
    Case& c = cases.emplace_back();
    c.name = one.at("name");
    c.raw = raw;
    c.predictions = one.at("predictions").get<Texts>();
    c.references = one.at("references").get<Texts>();
    c.figures = one;
    c.scores = text_overlap(c.predictions, c.references);
  }
  return cases;
}

std::string joined(const Texts& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

TEST(GoldenTextOverlap, CasesOfWordsAreTakenApartAtBlanksAlone) {
  for (const Case& c : cases_of(false)) {
    for (const Texts& texts : {c.predictions, c.references}) {
      for (const std::string& text : texts) EXPECT_EQ(joined(overlap_words(text)), text) << c.name;
    }
  }
}

TEST(GoldenTextOverlap, BleuIsSacrebleusWithoutSmoothingOnTheSameWords) {
  for (const Case& c : cases_of(false)) EXPECT_NEAR(c.scores.bleu4, c.figure("bleu4"), kTolerance) << c.name;
}

TEST(GoldenTextOverlap, BleuOfSentencesIsSacrebleusInLowerCaseWithTokenizer13a) {
  const std::vector<Case> cases = cases_of(true);
  ASSERT_FALSE(cases.empty());
  for (const Case& c : cases) EXPECT_NEAR(c.scores.bleu4, c.figure("bleu4"), kTolerance) << c.name;
}

TEST(GoldenTextOverlap, Rouge1And2AreThoseOfRougeScoreOnDistinctNgrams) {
  for (const Case& c : cases_of(false)) {
    EXPECT_NEAR(c.scores.rouge1, c.figure("rouge1_distinct"), kTolerance) << c.name;
    EXPECT_NEAR(c.scores.rouge2, c.figure("rouge2_distinct"), kTolerance) << c.name;
  }
}

TEST(GoldenTextOverlap, Rouge1And2AreThoseOfRougeScoreWhereNoWordIsRepeated) {
  for (const Case& c : cases_of(false)) {
    if (c.name == "distinct_words") {
      EXPECT_NEAR(c.scores.rouge1, c.figure("rouge1"), kTolerance);
      EXPECT_NEAR(c.scores.rouge2, c.figure("rouge2"), kTolerance);
    } else if (c.name == "repeated_words") {
      EXPECT_GT(std::abs(c.scores.rouge1 - c.figure("rouge1")), 1e-3) << "counting repeats is another measure";
    }
  }
}

TEST(GoldenTextOverlap, RougeLWeighsPrecisionAndRecallOfRougeScoreAsThePublishedCodeDoes) {
  for (const Case& c : cases_of(false)) {
    double sum = 0;
    for (const Json& pair : c.figures.at("rougeL_pairs")) {
      const double p = pair[0].get<double>();
      const double r = pair[1].get<double>();
      if (p == 0) continue;  // nothing in common
      const double b = p / r;
      sum += (1 + b * b) * r * p / (r + b * b * p);
    }
    EXPECT_NEAR(c.scores.rougeL, sum / static_cast<double>(c.predictions.size()), kTolerance) << c.name;
  }
}

TEST(GoldenTextOverlap, RougeLIsThatOfRougeScoreWhereBothTextsAreEquallyLong) {
  for (const Case& c : cases_of(false)) {
    if (c.name != "equal_lengths") continue;
    EXPECT_NEAR(c.scores.rougeL, c.figure("rougeL"), kTolerance);
  }
}

}  // namespace
}  // namespace peapod
