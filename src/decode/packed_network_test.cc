#include "decode/packed_network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "decode/answerer.h"
#include "decode/generation.h"
#include "support/small_model.h"

namespace peapod {
namespace {

TEST(PackedNetwork, ScoresItemTokensAsTheTextHeadDoes) {
  SmallModel small;
  const auto alphabet = catalogue_of(*small).alphabet();
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    const PackedNetwork packed(small->network(), {.precision = precision, .item_tokens = alphabet});
    const size_t d = packed.text_head().weight.in();
    const size_t vocabulary = packed.text_head().tokens.size();
    ASSERT_EQ(packed.item_head().tokens, alphabet);
    Random random(3);
    std::vector<float> state(d), words(vocabulary), items(alphabet.size());
    for (float& x : state) x = static_cast<float>(random.normal());
    packed.text_head().weight.multiply(1, state.data(), words.data());
    packed.item_head().weight.multiply(1, state.data(), items.data());
    for (size_t i = 0; i < items.size(); ++i) {
      EXPECT_NEAR(items[i], words[static_cast<size_t>(alphabet[i])], 1e-5) << i;
    }
  }
}

// A matrix that is left out is multiplied unpacked, which nothing else would show.
TEST(PackedNetwork, PacksEveryMatrixOfT5) {
  for (const bool gated : {false, true}) {
    ModelConfig config;
    config.t5 = t5_preset("tiny");
    config.t5.vocab_size = 50;
    config.t5.gated_gelu = gated;
    const Seq2Seq<float> network(config);
    size_t expected = 0;
    for (const ParameterInfo& info : network.parameters().infos()) {
      if (info.name.find(".layer.") == std::string::npos || info.name.find("norm") != std::string::npos ||
          info.name.find("relative_attention_bias") != std::string::npos) {
        continue;
      }
      expected += info.rows * info.cols;
    }
    size_t found = 0;
    const PackedNetwork packed(network, {});
    for (const auto& weight : network.t5().linear_weights()) {
      found += weight.size();
      EXPECT_NE(packed.weights().find(weight.data), nullptr);
    }
    EXPECT_GT(found, 0u);
    EXPECT_EQ(found, expected);
  }
}

// Log-probabilities of a history's next items through all layers, by packed and by plain products: rounding alone may
// tell them apart.
TEST(PackedNetwork, ComputesWhatTheNetworkComputes) {
  SmallModel small;
  const ModelInput input = ask_next_item(*small, known_in_training(small.data(), 3)).input;
  const ModelInput* const inputs[] = {&input};
  std::vector<std::vector<int32_t>> sequences;
  std::vector<Target> targets;
  for (uint32_t item = 0; item < SmallModel::kItems; ++item) {
    const auto output = small->ids().item_output(item);
    sequences.emplace_back(output.begin(), output.end()).push_back(kEndId);
  }
  for (const auto& sequence : sequences) targets.push_back({.tokens = sequence});
  const auto log_probs = [&](const Tape<float>::Options& options) {
    std::vector<float> result(sequences.size() * sequences.front().size());
    Tape<float> tape(options);
    Pass<float> pass{tape};
    small->network().loss(pass, inputs, targets, 1.0, result.data());
    return result;
  };
  const auto plain = log_probs({.record = false});
  struct Case {
    Precision precision;
    double bound;
  };
  for (const auto& [precision, bound] :
       {Case{Precision::f32, 1e-5}, Case{Precision::bf16, 0.1}, Case{Precision::int8, 0.2}}) {
    const PackedNetwork packed(small->network(), {.precision = precision});
    const auto found = log_probs({.record = false, .packed = &packed.weights()});
    double largest = 0;
    for (size_t i = 0; i < plain.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(found[i]) - static_cast<double>(plain[i])));
    }
    EXPECT_LT(largest, bound) << name_of(precision);
    if (precision != Precision::f32) {
      EXPECT_GT(largest, 1e-4) << "nothing was rounded in " << name_of(precision);
    }
  }
}

TEST(PackedNetwork, ShowsInEveryPrecisionThatAModelHasDiverged) {
  SmallModel small;
  const CatalogueTree tree = catalogue_of(*small);
  const auto alphabet = tree.alphabet();
  const ModelInput input = ask_next_item(*small, known_in_training(small.data(), 3)).input;
  const ModelInput* const inputs[] = {&input};
  const ItemQuery queries[] = {{&tree, {}}};
  Parameters<float>& parameters = small->network().parameters();
  for (const char* name : {"encoder.block.0.layer.0.SelfAttention.o.weight", "encoder.final_layer_norm.weight",
                           "encoder.block.0.layer.1.DenseReluDense.wi.weight"}) {
    float& weight = *parameters.data(parameters.id_of(name));
    const float before = weight;
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      weight = bad;
      for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
        const PackedNetwork packed(small->network(), {.precision = precision, .item_tokens = alphabet});
        const EnginePool engines(packed, packed.item_head());
        EXPECT_THROW(generate_items(engines, inputs, queries), Error) << name << name_of(precision);
      }
    }
    weight = before;
  }
}

TEST(PackedNetwork, RejectsItemTokensBeyondTheVocabulary) {
  SmallModel small;
  const auto size = static_cast<int32_t>(small->network().config().t5.vocab_size);
  const std::vector<int32_t> known = {1, size - 1}, unknown = {1, size};
  EXPECT_NO_THROW(PackedNetwork(small->network(), {.item_tokens = known}));
  EXPECT_THROW(PackedNetwork(small->network(), {.item_tokens = unknown}), Error);
}

}  // namespace
}  // namespace peapod
