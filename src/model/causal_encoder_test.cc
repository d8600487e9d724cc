// Seq2Seq with items as vectors and a causal encoder: what a prefix may see, and what reading prefixes at once changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "base/random.h"
#include "model/composers/shared_prompts.h"
#include "model/seq2seq.h"
#include "support/network_gradients.h"

namespace peapod {
namespace {

constexpr uint64_t kItems = 12;

template <class T>
Seq2Seq<T> made_network(EncoderKind encoder) {
  ModelConfig config;
  config.t5 = t5_preset("tiny");
  config.t5.vocab_size = 30;
  config.num_whole_words = 8;
  config.items = ItemForm::vectors;
  config.encoder = encoder;
  config.appraises = encoder == EncoderKind::causal;
  ComposerOptions options;
  options.num_prompts = 4;
  options.user_vectors.dim = 6;
  Seq2Seq<T> network(config, std::make_unique<SharedPrompts>(options, UserVectors()));
  network.parameters().initialise(3);
  return network;
}

// Items, inputs of a history that grows by one, and a target for each.
struct MadeHistory {
  MadeHistory(uint64_t seed, size_t length, bool appraises = true) {
    Random random(seed);
    for (uint64_t item = 0; item < kItems; ++item) {
      names.push_back({static_cast<int32_t>(3 + item / 4), static_cast<int32_t>(10 + item % 4)});
    }
    std::vector<ShownItem> history;
    for (size_t i = 0; i < length; ++i) {
      history.push_back(shown(static_cast<uint32_t>(random.below(kItems)), plain_history_marks()));
      ModelInput& input = inputs.emplace_back();
      input.history = history;
      for (size_t rank = 0; rank < 3; ++rank) {
        const RecalledItem recalled{.score = 1.0f / static_cast<float>(rank + 1), .evidence = 0.3f, .titles = 0.5f};
        input.beside.push_back(
            shown(static_cast<uint32_t>(random.below(kItems)), recalled_marks(rank, recalled, 1.0f)));
        input.appraised.push_back(input.beside.back().marks);
      }
      for (size_t d = 0; d < 6; ++d) input.user.vector.push_back(static_cast<float>(random.normal()));
      tokens.push_back(names[random.below(kItems)]);
      PathChoices& path = paths.emplace_back();
      for (uint32_t step = 0; step < 2; ++step) {
        path.steps.push_back(step);
        for (int32_t choice = 0; choice < 4; ++choice) {
          path.tokens.push_back((step == 0 ? 3 : 10) + choice);
          path.biases.push_back(static_cast<float>(random.normal()));
        }
        path.starts.push_back(static_cast<uint32_t>(path.tokens.size()));
        path.chosen.push_back(static_cast<uint32_t>(tokens.back()[step] - (step == 0 ? 3 : 10)));
        if (appraises) path.appraised.push_back({path.starts[step], step, 0.7f});
      }
    }
  }

  ShownItem shown(uint32_t item, const ItemMarks& marks) const { return {names[item], marks}; }

  std::deque<std::vector<int32_t>> names;  // views of these must stay valid
  std::vector<ModelInput> inputs;
  std::vector<std::vector<int32_t>> tokens;
  std::vector<PathChoices> paths;
};

// The decoder's states of the inputs' targets [2 * inputs, d_model].
std::vector<float> states(const Seq2Seq<float>& network, const std::vector<const ModelInput*>& inputs,
                          const std::vector<std::vector<int32_t>>& tokens) {
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  std::vector<Target> targets;
  for (uint32_t i = 0; i < inputs.size(); ++i) targets.push_back({tokens[i], i});
  const Tensor<float> hidden = network.decode(pass, targets, network.encode(pass, inputs))->value;
  return {hidden.data, hidden.data + hidden.size()};
}

TEST(CausalEncoder, ReadsAHistoryOnceForAllThatContinueEachOther) {
  const Seq2Seq<float> network = made_network<float>(EncoderKind::causal);
  const MadeHistory made(1, 6), other(2, 4);
  std::vector<const ModelInput*> inputs = views_of(made.inputs);
  for (const ModelInput& input : other.inputs) inputs.push_back(&input);
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  const Encoded<float> encoded = network.encode(pass, inputs);
  const size_t beside = 2 * 3 + 3;  // task prompt, personal prompt and recalled items are each input's own
  EXPECT_EQ(encoded.rows->value.rows, inputs.size() * beside + 6 + 4);
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(encoded.windows[i].first.size(), beside);
    EXPECT_EQ(encoded.windows[i].second.size(), inputs[i]->history.size());
    EXPECT_EQ(encoded.windows[i].second.begin, encoded.windows[i < 6 ? 0 : 6].second.begin);
  }
}

TEST(CausalEncoder, SeesOfAPrefixTheSameAloneAndAmongOthers) {
  const Seq2Seq<float> network = made_network<float>(EncoderKind::causal);
  const MadeHistory made(4, 7);
  const auto together = states(network, views_of(made.inputs), made.tokens);
  const size_t width = together.size() / made.inputs.size();
  for (size_t i = 0; i < made.inputs.size(); ++i) {
    const auto alone = states(network, {&made.inputs[i]}, {made.tokens[i]});
    for (size_t d = 0; d < width; ++d) EXPECT_NEAR(alone[d], together[i * width + d], 1e-5) << "prefix " << i;
  }
}

TEST(CausalEncoder, ShowsNoBitOfALaterItemToAPrefix) {
  const Seq2Seq<float> network = made_network<float>(EncoderKind::causal);
  MadeHistory made(5, 7);
  const auto before = states(network, views_of(made.inputs), made.tokens);
  ShownItem& last = made.inputs.back().history.back();
  last = made.shown(last.tokens.data() == made.names[0].data() ? 1 : 0, last.marks);
  const auto after = states(network, views_of(made.inputs), made.tokens);
  const auto seen = static_cast<std::ptrdiff_t>(before.size() / made.inputs.size() * (made.inputs.size() - 1));
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + seen, after.begin()));
  EXPECT_FALSE(std::equal(before.begin() + seen, before.end(), after.begin() + seen));
}

TEST(CausalEncoder, GivesAnInputTheSameWhateverTheOrderOfTheBatch) {
  const Seq2Seq<float> network = made_network<float>(EncoderKind::causal);
  const MadeHistory first(6, 3), second(7, 4);
  std::vector<const ModelInput*> inputs = views_of(first.inputs), swapped = views_of(second.inputs);
  std::vector<std::vector<int32_t>> tokens = first.tokens, swapped_tokens = second.tokens;
  for (size_t i = 0; i < second.inputs.size(); ++i) {
    inputs.push_back(&second.inputs[i]);
    tokens.push_back(second.tokens[i]);
  }
  for (size_t i = 0; i < first.inputs.size(); ++i) {
    swapped.push_back(&first.inputs[i]);
    swapped_tokens.push_back(first.tokens[i]);
  }
  const auto one = states(network, inputs, tokens), other = states(network, swapped, swapped_tokens);
  EXPECT_EQ(one, states(network, inputs, tokens)) << "the same input gives the same bits";
  const size_t width = one.size() / inputs.size();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const size_t place = i < 3 ? 4 + i : i - 3;
    for (size_t d = 0; d < width; ++d) EXPECT_NEAR(one[i * width + d], other[place * width + d], 1e-5);
  }
}

TEST(CausalEncoder, AnswersAnInputWithoutAHistory) {
  const Seq2Seq<float> network = made_network<float>(EncoderKind::causal);
  MadeHistory made(8, 2);
  made.inputs[0].history.clear();
  const auto together = states(network, views_of(made.inputs), made.tokens);
  const auto alone = states(network, {&made.inputs[0]}, {made.tokens[0]});
  for (size_t d = 0; d < alone.size(); ++d) EXPECT_NEAR(alone[d], together[d], 1e-5);
}

std::vector<float> appraisals(const Seq2Seq<float>& network, const std::vector<const ModelInput*>& inputs) {
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  const Var<float> said = network.encode(pass, inputs).appraisals;
  if (said == nullptr) return {};
  return {said->value.data, said->value.data + said->value.size()};
}

TEST(CausalEncoder, AppraisesTheSameAloneAndAmongOthersWithAndWithoutAHistory) {
  const Seq2Seq<float> network = made_network<float>(EncoderKind::causal);
  MadeHistory made(10, 4);
  made.inputs[1].appraised.clear();
  made.inputs[2].history.clear();
  const auto together = appraisals(network, views_of(made.inputs));
  ASSERT_EQ(together.size(), 9u);
  size_t place = 0;
  for (const ModelInput& input : made.inputs) {
    const auto alone = appraisals(network, {&input});
    ASSERT_EQ(alone.size(), input.appraised.size());
    for (const float one : alone) EXPECT_NEAR(one, together[place++], 1e-6);
  }
  EXPECT_NE(together[0], together[1]) << "of other marks";
  EXPECT_NE(together[0], together[6]) << "of the same marks after another history";
}

// A few weights of every tensor that takes part, text and items in one batch.
TEST(CausalEncoder, HasTheGradientsOfItsLossAsTheBidirectionalOneHas) {
  for (const EncoderKind encoder : {EncoderKind::causal, EncoderKind::bidirectional}) {
    Seq2Seq<double> network = made_network<double>(encoder);
    MadeHistory made(9, 4, network.config().appraises);
    made.inputs.emplace_back().task = Task::explanation;
    made.inputs.back().text = {{3, 4, 5, 1}, {1, 1, 2, 0}};
    made.inputs.back().user = made.inputs.front().user;
    const std::vector<const ModelInput*> in = views_of(made.inputs);
    const std::vector<int32_t> sentence = {7, 8, 1};
    std::vector<Target> targets;
    for (uint32_t i = 0; i < 4; ++i) targets.push_back({made.tokens[i], i, 0.5 + i, &made.paths[i]});
    targets.push_back({sentence, 4});
    expect_gradients_of_loss(network, in, targets);
  }
}

}  // namespace
}  // namespace peapod
