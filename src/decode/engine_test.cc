#include "decode/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/question.h"
#include "support/small_model.h"

namespace peapod {
namespace {

ModelInput history_of(const PeapodModel& model, uint32_t user) {
  return ask_next_item(model, known_in_training(model.dataset(), user), {.wording = user % 3}).input;
}

// Log-probability of each target token, by the pass that training takes.
std::vector<float> teacher_forced(const Seq2Seq<float>& network, const ModelInput& input,
                                  std::span<const int32_t> target) {
  std::vector<float> log_probs(target.size());
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  const ModelInput* inputs[] = {&input};
  const std::span<const int32_t> targets[] = {target};
  network.loss(pass, inputs, one_each(targets), 1.0, log_probs.data());
  return log_probs;
}

float log_prob(std::span<const float> logits, int32_t token) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return logits[static_cast<size_t>(token)] - static_cast<float>(std::log(sum));
}

// More rows than are encoded at once, among them an input without a history.
TEST(Engine, OfACausalNetworkGivesAnInputTheSameAloneAndInALargeBatch) {
  SmallModel small(kAsTrained);
  const PackedNetwork packed(small->network(), {});
  std::vector<ModelInput> inputs;
  for (uint32_t user = 0; user < 40; ++user) {
    inputs.push_back(ask_next_item(*small, known_in_use(small.data(), user)).input);
    if (user % 7 == 3) inputs.back().history.clear();
  }
  Engine engine(packed, packed.text_head());
  const size_t width = engine.alphabet().size();
  const auto first_logits = [&](std::span<const ModelInput* const> batch) {
    engine.start(batch);
    std::vector<int32_t> tokens(batch.size(), kPadId);
    std::vector<uint32_t> rows(batch.size());
    std::iota(rows.begin(), rows.end(), 0u);
    std::vector<float> logits(batch.size() * width);
    engine.step({.index = 0, .tokens = tokens, .parents = rows, .inputs = rows}, logits);
    return logits;
  };
  const std::vector<const ModelInput*> all = views_of(inputs);
  const auto together = first_logits(all);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto alone = first_logits(std::span(&all[i], 1));
    for (size_t t = 0; t < width; ++t) ASSERT_NEAR(alone[t], together[i * width + t], 1e-4) << "input " << i;
  }
}

TEST(Engine, StepsGiveWhatTeacherForcingGivesWhereverBeamsMove) {
  SmallModel small;
  const Seq2Seq<float>& network = small->network();
  const PackedNetwork packed(network, {});
  const ModelInput inputs[] = {history_of(*small, 1), history_of(*small, 2), history_of(*small, 5)};
  const ModelInput* pointers[] = {&inputs[0], &inputs[1], &inputs[2]};
  Engine engine(packed, packed.text_head());
  // What an earlier search left behind must not show.
  const ModelInput* earlier[] = {&inputs[2], &inputs[0]};
  engine.start(earlier);
  std::vector<float> unused(2 * engine.alphabet().size());
  engine.step({.index = 0, .tokens = {{kPadId, kPadId}}, .parents = {{0, 1}}, .inputs = {{0, 1}}}, unused);
  engine.start(pointers);
  // The texts that stand in the rows after each step. Input 1 ends after step 0; rows swap and multiply.
  struct Row {
    uint32_t input;
    std::vector<int32_t> tokens;  // after the start token, the last one is what the row takes at this step
    uint32_t parent;
  };
  const std::vector<std::vector<Row>> steps = {
      {{0, {}, 0}, {1, {}, 1}, {2, {}, 2}},
      {{0, {5}, 0}, {0, {9}, 0}, {2, {7}, 2}},
      {{0, {9, 4}, 1}, {0, {5, 6}, 0}, {0, {9, 8}, 1}, {2, {7, 7}, 2}},
      {{2, {7, 7, 3}, 3}},
  };
  for (uint32_t index = 0; index < steps.size(); ++index) {
    std::vector<int32_t> tokens;
    std::vector<uint32_t> parents, owners;
    for (const Row& row : steps[index]) {
      tokens.push_back(row.tokens.empty() ? kPadId : row.tokens.back());
      parents.push_back(row.parent);
      owners.push_back(row.input);
    }
    std::vector<float> logits(tokens.size() * engine.alphabet().size());
    engine.step({.index = index, .tokens = tokens, .parents = parents, .inputs = owners}, logits);
    for (size_t r = 0; r < tokens.size(); ++r) {
      const Row& row = steps[index][r];
      const std::span<const float> found(logits.data() + r * engine.alphabet().size(), engine.alphabet().size());
      for (const int32_t next : {1, 10, 40}) {
        std::vector<int32_t> target = row.tokens;
        target.push_back(next);
        EXPECT_NEAR(log_prob(found, next), teacher_forced(network, inputs[row.input], target).back(), 2e-5)
            << "step " << index << ", row " << r;
      }
    }
  }
}

TEST(Engine, GivesAnInputTheSameInWhateverBlockItIsEncoded) {
  SmallModel small;
  const Seq2Seq<float>& network = small->network();
  const PackedNetwork packed(network, {});
  std::vector<ModelInput> inputs;
  for (uint32_t user = 0; user < 4; ++user) {
    ModelInput input = history_of(*small, user);
    while (input.text.tokens.size() < 200 + 40 * user) {  // 1,040 tokens in all: more than one block
      input.text.tokens.push_back(input.text.tokens[input.text.tokens.size() % (7 + user)]);
      input.text.whole_word.push_back(0);
    }
    inputs.push_back(std::move(input));
  }
  const auto first_logits = [&](std::span<const ModelInput* const> of) {
    Engine engine(packed, packed.text_head());
    engine.start(of);
    std::vector<uint32_t> rows(of.size());
    std::iota(rows.begin(), rows.end(), 0u);
    std::vector<float> logits(of.size() * engine.alphabet().size());
    engine.step({.index = 0, .tokens = std::vector<int32_t>(of.size(), kPadId), .parents = rows, .inputs = rows},
                logits);
    return logits;
  };
  const ModelInput* all[] = {&inputs[0], &inputs[1], &inputs[2], &inputs[3]};
  const auto together = first_logits(all);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto alone = first_logits(std::span(all).subspan(i, 1));
    for (size_t v = 0; v < alone.size(); ++v) ASSERT_NEAR(together[i * alone.size() + v], alone[v], 2e-5) << i;
  }
}

}  // namespace
}  // namespace peapod
