#include "decode/packed_network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "decode/generation.h"
#include "model/small_model.h"

namespace peapod {
namespace {

TEST(PackedNetwork, ScoresItemTokensAsTheTextHeadDoes) {
  SmallModel small;
  const auto alphabet = catalogue_of(*small).alphabet();
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    const PackedNetwork packed(small->network(), precision, alphabet);
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

// The encoder's states by packed and by plain products: rounding alone may tell them apart.
TEST(PackedNetwork, ComputesWhatTheNetworkComputes) {
  SmallModel small;
  const auto history = small.data().train_items(3);
  const ModelInput input =
      small->input(Task::sequential, 0, {.text_user = 3, .known_as = 3, .profile = history}, history);
  const ModelInput* const inputs[] = {&input};
  const auto states = [&](Tape<float>::Options options) {
    Tape<float> tape(options);
    Pass<float> pass{tape};
    const Tensor<float> rows = small->network().encode(pass, inputs).rows->value;
    return std::vector<float>(rows.data, rows.data + rows.size());
  };
  const auto plain = states({.record = false});
  for (const auto& [precision, bound] :
       {std::pair{Precision::f32, 1e-6}, {Precision::bf16, 0.02}, {Precision::int8, 0.05}}) {
    const PackedNetwork packed(small->network(), precision);
    const auto found = states({.record = false, .precision = precision, .packed = &packed.weights()});
    double square = 0, difference = 0;
    for (size_t i = 0; i < plain.size(); ++i) {
      square += std::pow(static_cast<double>(plain[i]), 2);
      difference += std::pow(static_cast<double>(found[i]) - static_cast<double>(plain[i]), 2);
    }
    EXPECT_LT(std::sqrt(difference / square), bound) << name_of(precision);
    if (precision != Precision::f32) {
      EXPECT_GT(std::sqrt(difference / square), bound / 1000) << "nothing was rounded in " << name_of(precision);
    }
  }
}

TEST(PackedNetwork, RejectsItemTokensBeyondTheVocabulary) {
  SmallModel small;
  const auto size = static_cast<int32_t>(small->network().config().t5.vocab_size);
  EXPECT_NO_THROW(PackedNetwork(small->network(), Precision::f32, std::vector<int32_t>{1, size - 1}));
  EXPECT_THROW(PackedNetwork(small->network(), Precision::f32, std::vector<int32_t>{1, size}), Error);
}

}  // namespace
}  // namespace peapod
