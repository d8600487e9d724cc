#include "decode/generation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "decode/answerer.h"
#include "support/small_model.h"

namespace peapod {
namespace {

Question next_item_of(SmallModel& small, uint32_t user) {
  return ask_next_item(*small, known_in_training(small.data(), user));
}

// Log-probability over the whole vocabulary of each token as the one after `prefix`, by the pass that training takes.
std::vector<float> next_log_probs(const PeapodModel& model, const ModelInput& input, std::span<const int32_t> prefix,
                                  std::span<const int32_t> tokens) {
  std::vector<float> result;
  for (const int32_t token : tokens) {
    std::vector<int32_t> target(prefix.begin(), prefix.end());
    target.push_back(token);
    std::vector<float> log_probs(target.size());
    Tape<float> tape({.record = false});
    Pass<float> pass{tape};
    const ModelInput* inputs[] = {&input};
    const std::span<const int32_t> targets[] = {target};
    model.network().loss(pass, inputs, one_each(targets), 1.0, log_probs.data());
    result.push_back(log_probs.back());
  }
  return result;
}

double log_sum_exp(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += std::exp(static_cast<double>(value));
  return std::log(sum);
}

// Summed log-probability of an item's tokens and the end id among the tokens of the catalogue.
double score_of(const PeapodModel& model, const ModelInput& input, std::span<const int32_t> alphabet, uint32_t item) {
  std::vector<int32_t> target(model.ids().item_output(item).begin(), model.ids().item_output(item).end());
  target.push_back(kEndId);
  double score = 0;
  for (size_t length = 0; length < target.size(); ++length) {
    const auto next = next_log_probs(model, input, std::span(target).first(length), alphabet);
    const auto place = static_cast<size_t>(std::ranges::find(alphabet, target[length]) - alphabet.begin());
    score += static_cast<double>(next[place]) - log_sum_exp(next);
  }
  return score;
}

TEST(GenerateItems, FindsWhatScoringEveryItemFinds) {
  for (const IdScheme ids : {IdScheme::collaborative, IdScheme::random}) {
    SmallModel small({.ids = ids});
    const CatalogueTree tree = catalogue_of(*small);
    const PackedNetwork network(small->network(), {.item_tokens = tree.alphabet()});
    const EnginePool engines(network, network.item_head());
    const Question question = next_item_of(small, 4);
    const auto& excluded = question.allowed.except;
    std::vector<std::pair<double, uint32_t>> all;
    for (uint32_t item = 0; item < SmallModel::kItems; ++item) {
      if (std::ranges::find(excluded, item) != excluded.end()) continue;
      all.emplace_back(score_of(*small, question.input, tree.alphabet(), item), item);
    }
    std::ranges::sort(all, std::greater<>());
    const ModelInput* const inputs[] = {&question.input};
    const ItemQuery queries[] = {{.tree = &tree, .excluded = excluded, .num_items = 20, .num_beams = 20}};
    const auto found = generate_items(engines, inputs, queries).front();
    ASSERT_EQ(found.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(found[i].item, all[i].second);
      EXPECT_NEAR(found[i].score, all[i].first, 1e-4);
    }
  }
}

std::vector<ModelInput> explanation_inputs(SmallModel& small, uint32_t count) {
  std::vector<ModelInput> inputs;
  for (uint32_t user = 0; user < count; ++user) {
    const Known who = known_in_training(small.data(), user);
    inputs.push_back(ask_explanation(*small, who, who.items.front()).input);
  }
  return inputs;
}

// Log-probability of the text under logits that contrast the input with the other.
double contrasted_score(const PeapodModel& model, const ModelInput& input, const ModelInput& other, float weight,
                        const std::vector<int32_t>& tokens) {
  std::vector<int32_t> vocabulary(model.network().config().t5.vocab_size);
  std::iota(vocabulary.begin(), vocabulary.end(), 0);
  double score = 0;
  for (size_t length = 0; length < tokens.size(); ++length) {
    const auto prefix = std::span(tokens).first(length);
    auto logits = next_log_probs(model, input, prefix, vocabulary);
    const auto others = next_log_probs(model, other, prefix, vocabulary);
    for (size_t token = 0; token < logits.size(); ++token) logits[token] += weight * (logits[token] - others[token]);
    score += static_cast<double>(logits[static_cast<size_t>(tokens[length])]) - log_sum_exp(logits);
  }
  return score;
}

TEST(GenerateTexts, KeepsToTheLengthsAndIsTheSameInAnyCompany) {
  SmallModel small;
  const auto inputs = explanation_inputs(small, 20);
  const PackedNetwork network(small->network(), {});
  const EnginePool engines(network, network.text_head());
  const Contrast contrast{.against = &inputs[19], .weight = 0.5f};
  const auto together = generate_texts(engines, views_of(inputs), kExplanationSearch, contrast);
  for (const auto& texts : together) {
    ASSERT_FALSE(texts.empty());
    for (const Text& text : texts) {
      EXPECT_GE(text.tokens.size() + (text.ended ? 1 : 0), 10u);
      EXPECT_LE(text.tokens.size() + (text.ended ? 1 : 0), 32u);
    }
  }
  for (const size_t i : {0, 17}) {
    const auto alone =
        generate_texts(engines, views_of(std::span(&inputs[i], 1)), kExplanationSearch, contrast).front();
    EXPECT_EQ(alone.front().tokens, together[i].front().tokens);
  }
}

TEST(GenerateTexts, ContrastsWithTheOtherInput) {
  SmallModel small;
  const auto inputs = explanation_inputs(small, 2);
  const auto first = views_of(std::span(&inputs[0], 1));
  const PackedNetwork network(small->network(), {});
  const EnginePool engines(network, network.text_head());
  const TextSearchOptions greedy{.max_new_tokens = 3, .length_penalty = 0};
  const auto plain = generate_texts(engines, first, greedy).front();
  const auto itself = generate_texts(engines, first, greedy, {.against = &inputs[0], .weight = 2.0f}).front();
  EXPECT_EQ(itself.front().tokens, plain.front().tokens) << "nothing to contrast with";
  const auto other = generate_texts(engines, first, greedy, {.against = &inputs[1], .weight = 2.0f}).front().front();
  std::vector<int32_t> tokens = other.tokens;
  if (other.ended) tokens.push_back(kEndId);
  EXPECT_NEAR(other.score, contrasted_score(*small, inputs[0], inputs[1], 2.0f, tokens), 1e-3);
}

}  // namespace
}  // namespace peapod
