#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "decode/beam_search.h"
#include "support/markov_model.h"

namespace peapod {
namespace {

std::vector<float> log_softmax(std::vector<float> logits) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (float& logit : logits) logit -= static_cast<float>(std::log(sum));
  return logits;
}

void expect_equal(const std::vector<std::vector<Text>>& a, const std::vector<std::vector<Text>>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t input = 0; input < a.size(); ++input) {
    ASSERT_EQ(a[input].size(), b[input].size());
    for (size_t i = 0; i < a[input].size(); ++i) {
      EXPECT_EQ(a[input][i].tokens, b[input][i].tokens);
      EXPECT_EQ(a[input][i].ended, b[input][i].ended);
      EXPECT_EQ(a[input][i].score, b[input][i].score);
    }
  }
}

// tests/golden/markov.json: transformers 4.49 on the same tables (tools/make_golden.py).
TEST(SearchText, RepeatsTheReferenceOnEveryGoldenCase) {
  const auto golden = nlohmann::json::parse(read_file(PEAPOD_SOURCE_DIR "/tests/golden/markov.json"));
  const MarkovModel model{golden.at("vocabulary"), golden.at("start_tokens"), golden.at("by_last"),
                          golden.at("by_step")};
  const size_t num_inputs = model.start_tokens.size();
  size_t num_ended = 0, num_cut = 0;
  ASSERT_GE(golden.at("cases").size(), 19u);
  for (const auto& entry : golden.at("cases")) {
    SCOPED_TRACE(entry.at("name"));
    const TextSearchOptions options{.num_beams = entry.at("num_beams"),
                                    .num_beam_groups = entry.at("num_beam_groups"),
                                    .diversity_penalty = entry.at("diversity_penalty"),
                                    .min_new_tokens = entry.at("min_new_tokens"),
                                    .max_new_tokens = entry.at("max_new_tokens"),
                                    .length_penalty = entry.at("length_penalty"),
                                    .early_stopping = entry.at("early_stopping")};
    const auto texts = search_text(model.step_function(), num_inputs, model.vocabulary, options);
    ASSERT_EQ(texts.size(), num_inputs);
    for (size_t input = 0; input < num_inputs; ++input) {
      const auto& expected = entry.at("outputs").at(input);
      ASSERT_EQ(texts[input].size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        SCOPED_TRACE(testing::Message() << "input " << input << ", text " << i);
        std::vector<int32_t> tokens = expected[i].at("tokens");
        const bool ended = !tokens.empty() && tokens.back() == kEndId;
        if (ended) tokens.pop_back();
        (ended ? num_ended : num_cut) += 1;
        EXPECT_EQ(texts[input][i].tokens, tokens);
        EXPECT_EQ(texts[input][i].ended, ended);
        if (expected[i].contains("score")) {
          const float score = expected[i].at("score");
          // Both sum f32 values over up to 32 steps.
          EXPECT_NEAR(texts[input][i].score, score, 2e-6f * std::max(1.0f, std::abs(score)));
        }
      }
    }
  }
  EXPECT_GT(num_ended, 50u) << "the cases say little about ended texts";
  EXPECT_GT(num_cut, 50u) << "the cases say little about texts that are cut off";
}

TEST(SearchText, WithOneBeamIsGreedy) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const MarkovModel model = MarkovModel::random(seed, 7, 12, 3);
    const auto texts = search_text(model.step_function(), 3, 7, {.max_new_tokens = 12, .length_penalty = 0});
    for (size_t input = 0; input < 3; ++input) {
      std::vector<int32_t> tokens;
      float score = 0;
      int32_t last = model.start_tokens[input];
      for (uint32_t step = 0; step < 12; ++step) {
        const auto row = log_softmax(model.logits(step, last));
        last = static_cast<int32_t>(std::ranges::max_element(row) - row.begin());
        score += row[static_cast<size_t>(last)];
        if (last == kEndId) break;
        tokens.push_back(last);
      }
      ASSERT_EQ(texts[input].size(), 1u);
      EXPECT_EQ(texts[input][0].tokens, tokens);
      EXPECT_EQ(texts[input][0].ended, last == kEndId);
      EXPECT_NEAR(texts[input][0].score, score, 1e-4);
    }
  }
}

// All texts of at most `max` tokens, end id included, by summed log-probability.
void enumerate(const MarkovModel& model, uint32_t max, int32_t last, float score, std::vector<int32_t>& tokens,
               std::vector<Text>& all) {
  const auto step = static_cast<uint32_t>(tokens.size());
  if (step == max) {
    all.push_back({tokens, false, score});
    return;
  }
  const auto row = log_softmax(model.logits(step, last));
  for (int32_t token = 0; token < static_cast<int32_t>(model.vocabulary); ++token) {
    const float next = score + row[static_cast<size_t>(token)];
    if (token == kEndId) {
      all.push_back({tokens, true, next});
      continue;
    }
    tokens.push_back(token);
    enumerate(model, max, token, next, tokens, all);
    tokens.pop_back();
  }
}

TEST(SearchText, WithAWideBeamIsExhaustive) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const MarkovModel model = MarkovModel::random(seed, 5, 4, 1);
    std::vector<Text> all;
    std::vector<int32_t> tokens;
    enumerate(model, 4, model.start_tokens[0], 0, tokens, all);
    std::ranges::stable_sort(all, std::ranges::greater{}, &Text::score);
    const auto width = static_cast<uint32_t>(all.size());
    const auto texts =
        search_text(model.step_function(), 1, 5, {.num_beams = width, .max_new_tokens = 4, .length_penalty = 0});
    ASSERT_EQ(texts[0].size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) EXPECT_NEAR(texts[0][i].score, all[i].score, 1e-4);
    EXPECT_EQ(texts[0][0].tokens, all[0].tokens);
  }
}

TEST(SearchText, GivesEachInputOfABatchWhatItGetsAlone) {
  const MarkovModel model = MarkovModel::random(3, 30, 20, 5);
  for (const uint32_t groups : {1u, 3u}) {
    const TextSearchOptions options{
        .num_beams = 6, .num_beam_groups = groups, .diversity_penalty = groups > 1 ? 1.0f : 0.0f, .max_new_tokens = 20};
    const auto together = search_text(model.step_function(), 5, 30, options);
    for (size_t input = 0; input < 5; ++input) {
      const MarkovModel alone = model.alone(input);
      expect_equal(search_text(alone.step_function(), 1, 30, options), {together[input]});
    }
  }
}

TEST(SearchText, DoesNotDependOnTheNumberOfThreads) {
  constexpr size_t kInputs = 50, kVocabulary = 3000;  // enough for the work to be split from the first step on
  const TextSearchOptions options{
      .num_beams = 4, .num_beam_groups = 2, .diversity_penalty = 1, .max_new_tokens = 4, .length_penalty = 0};
  const int num_threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = search_text(hashed_logits(kVocabulary), kInputs, kVocabulary, options);
  omp_set_num_threads(3);
  const auto three = search_text(hashed_logits(kVocabulary), kInputs, kVocabulary, options);
  omp_set_num_threads(num_threads);
  expect_equal(one, three);
}

TEST(SearchText, WithoutADiversityPenaltyMakesAllGroupsTheSame) {
  const MarkovModel model = MarkovModel::random(4, 30, 10, 1);
  const auto texts =
      search_text(model.step_function(), 1, 30, {.num_beams = 6, .num_beam_groups = 3, .max_new_tokens = 10});
  ASSERT_EQ(texts[0].size(), 6u);
  EXPECT_EQ(texts[0][0].tokens, texts[0][2].tokens);
  EXPECT_EQ(texts[0][3].tokens, texts[0][5].tokens);
  EXPECT_NE(texts[0][2].tokens, texts[0][3].tokens);
}

TEST(SearchText, KeepsToTheMinimumAndMaximumLength) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const MarkovModel model = MarkovModel::random(seed, 12, 9, 2);
    const auto texts = search_text(model.step_function(), 2, 12,
                                   {.num_beams = 4, .min_new_tokens = 5, .max_new_tokens = 9, .early_stopping = true});
    for (const auto& of_input : texts) {
      ASSERT_EQ(of_input.size(), 4u);
      for (const Text& text : of_input) {
        EXPECT_GE(text.tokens.size(), 5u);
        EXPECT_LE(text.tokens.size() + (text.ended ? 1 : 0), 9u);
      }
    }
  }
}

TEST(SearchText, CarriesFewerBeamsWhereThereAreFewerContinuations) {
  // Pad, end and one more token: two texts go on after the first step, not five.
  const MarkovModel model = MarkovModel::random(1, 3, 1, 1);
  const auto texts = search_text(model.step_function(), 1, 3, {.num_beams = 5, .max_new_tokens = 1});
  EXPECT_EQ(texts[0].size(), 3u);
}

TEST(SearchText, NeverTakesATokenOfProbabilityZero) {
  MarkovModel model = MarkovModel::random(2, 6, 5, 1);
  for (auto& row : model.by_step) row[3] = -std::numeric_limits<float>::infinity();
  const auto texts = search_text(model.step_function(), 1, 6, {.num_beams = 20, .max_new_tokens = 5});
  EXPECT_EQ(texts[0].size(), 20u);
  for (const Text& text : texts[0]) {
    EXPECT_EQ(std::ranges::count(text.tokens, 3), 0);
  }
}

TEST(SearchText, OfNoInputsIsEmpty) {
  const MarkovModel model = MarkovModel::random(1, 5, 2, 0);
  EXPECT_TRUE(search_text(model.step_function(), 0, 5, {}).empty());
}

TEST(SearchText, RejectsOptionsThatContradictEachOther) {
  const MarkovModel model = MarkovModel::random(1, 5, 40, 1);
  const auto search = [&](const TextSearchOptions& options) {
    return search_text(model.step_function(), 1, 5, options);
  };
  EXPECT_THROW(search({.num_beams = 0}), Error);
  EXPECT_THROW(search({.num_beams = 4, .num_beam_groups = 3}), Error);
  EXPECT_THROW(search({.num_beams = 4, .num_beam_groups = 0}), Error);
  EXPECT_THROW(search({.max_new_tokens = 0}), Error);
  EXPECT_THROW(search({.min_new_tokens = 5, .max_new_tokens = 4}), Error);
  EXPECT_THROW(search({.diversity_penalty = -1}), Error);
  EXPECT_THROW(search({.length_penalty = std::nanf("")}), Error);
  EXPECT_NO_THROW(search({}));
}

TEST(SearchText, RejectsTheLogitsOfAModelThatHasDiverged) {
  const auto search = [](float others, float one) {
    const StepFunction step = [=](const DecodeStep&, std::span<float> logits) {
      std::ranges::fill(logits, others);
      logits[2] = one;
    };
    return search_text(step, 1, 5, {});
  };
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THROW(search(std::nanf(""), std::nanf("")), Error);
  EXPECT_THROW(search(0, infinity), Error);
  EXPECT_THROW(search(-infinity, -infinity), Error);
  EXPECT_NO_THROW(search(0, -infinity));
}

}  // namespace
}  // namespace peapod
