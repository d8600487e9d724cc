#include "model/seq2seq.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "model/composers/shared_prompts.h"
#include "support/network_gradients.h"
#include "support/small_model.h"

namespace peapod {
namespace {

template <class T>
Seq2Seq<T> small_network(std::string_view composer) {
  ModelConfig config;
  config.t5 = t5_preset("tiny");
  config.t5.vocab_size = 30;
  config.num_whole_words = 8;
  if (composer != kSharedPrompts) return Seq2Seq<T>(config, composer_kind(composer).fit({}, {{}, 0}));
  ComposerOptions options;
  options.num_prompts = 4;
  options.user_vectors.dim = 6;
  return Seq2Seq<T>(config, std::make_unique<SharedPrompts>(options, UserVectors()));
}

ModelInput made_input(uint64_t seed, Task task, size_t length) {
  Random random(seed);
  ModelInput input;
  input.task = task;
  for (size_t i = 0; i < length; ++i) {
    input.text.tokens.push_back(static_cast<int32_t>(3 + random.below(27)));
    input.text.whole_word.push_back(static_cast<int32_t>(random.below(5)));
  }
  for (size_t i = 0; i < 6; ++i) input.user.vector.push_back(static_cast<float>(random.normal()));
  return input;
}

// Log-probabilities of the targets' tokens, in the order of `order`.
std::vector<float> log_probs(const Seq2Seq<float>& network, const std::vector<ModelInput>& inputs,
                             const std::vector<std::vector<int32_t>>& targets, const std::vector<size_t>& order) {
  std::vector<const ModelInput*> in;
  std::vector<std::span<const int32_t>> out;
  size_t tokens = 0;
  for (const size_t i : order) {
    in.push_back(&inputs[i]);
    out.emplace_back(targets[i]);
    tokens += targets[i].size();
  }
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  std::vector<float> result(tokens);
  network.loss(pass, in, one_each(out), 1.0, result.data());
  return result;
}

TEST(Seq2Seq, GivesAnExampleTheSameWhateverItIsPackedWith) {
  Seq2Seq<float> network = small_network<float>(kSharedPrompts);
  network.parameters().initialise(1);
  const std::vector<ModelInput> inputs = {made_input(1, Task::sequential, 9), made_input(2, Task::topn, 140),
                                          made_input(3, Task::explanation, 3)};
  const std::vector<std::vector<int32_t>> targets = {{5, 6, 7, 1}, {8, 1}, {9, 10, 11, 12, 13, 1}};
  const auto forward = log_probs(network, inputs, targets, {0, 1, 2});
  const auto backward = log_probs(network, inputs, targets, {2, 1, 0});
  size_t at = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto alone = log_probs(network, inputs, targets, {i});
    for (size_t t = 0; t < alone.size(); ++t) EXPECT_NEAR(alone[t], forward[at + t], 1e-5);
    const size_t from_end = backward.size() - at - alone.size();
    for (size_t t = 0; t < alone.size(); ++t) EXPECT_NEAR(alone[t], backward[from_end + t], 1e-5);
    at += alone.size();
  }
}

TEST(Seq2Seq, ListensToTheUserVectorOnlyWithAPersonalComposer) {
  for (const std::string_view kind : {kSharedPrompts, kTaskOnly, kNoPrompts}) {
    Seq2Seq<float> network = small_network<float>(kind);
    network.parameters().initialise(2);
    std::vector<ModelInput> inputs = {made_input(1, Task::sequential, 9), made_input(1, Task::sequential, 9)};
    inputs[1].user = made_input(7, Task::sequential, 1).user;
    const std::vector<std::vector<int32_t>> targets = {{5, 6, 1}, {5, 6, 1}};
    const bool same = log_probs(network, inputs, targets, {0}) == log_probs(network, inputs, targets, {1});
    EXPECT_EQ(same, kind != kSharedPrompts) << kind;
  }
}

TEST(Seq2Seq, TellsTheTasksApartByTheirPrompts) {
  Seq2Seq<float> network = small_network<float>(kTaskOnly);
  network.parameters().initialise(3);
  std::vector<ModelInput> inputs = {made_input(1, Task::sequential, 9), made_input(1, Task::topn, 9)};
  const std::vector<std::vector<int32_t>> targets = {{5, 1}, {5, 1}};
  EXPECT_NE(log_probs(network, inputs, targets, {0}), log_probs(network, inputs, targets, {1}));
}

TEST(Seq2Seq, HasAPromptForEachTaskItLearnsAndRefusesOthers) {
  ModelConfig config;
  config.t5 = t5_preset("tiny");
  config.t5.vocab_size = 30;
  config.num_whole_words = 8;
  config.tasks = {Task::topn};
  Seq2Seq<float> network(config, composer_kind(kTaskOnly).fit({}, {{}, 0}));
  network.parameters().initialise(3);
  EXPECT_NO_THROW(network.parameters().id_of("peapod.task_prompts.topn"));
  EXPECT_THROW(network.parameters().id_of("peapod.task_prompts.sequential"), Error);
  const std::vector<std::vector<int32_t>> targets = {{5, 1}};
  EXPECT_NO_THROW(log_probs(network, {made_input(1, Task::topn, 9)}, targets, {0}));
  EXPECT_THROW(log_probs(network, {made_input(1, Task::sequential, 9)}, targets, {0}), Error);
}

TEST(Seq2Seq, TellsSeveralTargetsOfAnInputApart) {
  Seq2Seq<float> network = small_network<float>(kSharedPrompts);
  network.parameters().initialise(1);
  const std::vector<ModelInput> inputs = {made_input(1, Task::sequential, 9), made_input(2, Task::topn, 14),
                                          made_input(3, Task::sequential, 5)};
  const std::vector<std::vector<int32_t>> texts = {{5, 6, 7, 1}, {8, 1}, {9, 10, 11, 1}};
  const auto alone = [&](size_t input, size_t text) { return log_probs(network, {inputs[input]}, {texts[text]}, {0}); };
  // Two for the first input, none for the second, one for the last.
  const std::vector<Target> targets = {{texts[0], 0}, {texts[1], 0}, {texts[2], 2, 0.25}};
  const std::vector<const ModelInput*> in = {&inputs[0], &inputs[1], &inputs[2]};
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  std::vector<float> found(10);
  const float loss = network.loss(pass, in, targets, 2.0, found.data())->value.data[0];
  std::vector<float> expected;
  double expected_loss = 0.0;
  for (const auto& [input, text, weight] : {std::tuple{0, 0, 2.0}, {0, 1, 2.0}, {2, 2, 0.5}}) {
    for (const float log_prob : alone(static_cast<size_t>(input), static_cast<size_t>(text))) {
      expected.push_back(log_prob);
      expected_loss -= weight * static_cast<double>(log_prob);
    }
  }
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 2e-5) << i;
  EXPECT_NEAR(loss, expected_loss, 1e-4 * expected_loss);
}

TEST(Seq2Seq, HasTheGradientsOfItsLoss) {
  Seq2Seq<double> network = small_network<double>(kSharedPrompts);
  network.parameters().initialise(4);
  const std::vector<ModelInput> inputs = {made_input(1, Task::sequential, 7), made_input(2, Task::explanation, 4)};
  const std::vector<const ModelInput*> in = {&inputs[0], &inputs[1]};
  const std::vector<int32_t> first = {5, 6, 1}, second = {7, 1};
  const std::vector<Target> targets = {{first, 0}, {second, 0, 0.3}, {second, 1}};
  expect_gradients_of_loss(network, in, targets);
}

}  // namespace
}  // namespace peapod
