#include "tensor/tape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "base/random.h"
#include "support/gradient_check.h"
#include "support/made_values.h"
#include "tensor/ops.h"

namespace peapod {
namespace {

TEST(Tape, AddsUpTheGradientsOfAValueUsedTwiceAndSkipsWhatNobodyUses) {
  Random random(30);
  Input x(random, 4, 5);
  Input w(random, 5, 5);
  expect_gradients({&x, &w}, [&](auto& tape) {
    const Var<double> h = dropout(tape, x.on(tape), {0.2, 3});
    const Var<double> weight = w.on(tape);
    const Var<double> twice = linear(tape, h, weight);
    relu(tape, linear(tape, twice, weight), {});  // leads nowhere
    return add(tape, linear(tape, relu(tape, twice, {}), weight), h);
  });
}

TEST(Tape, RefusesOperationsOnAValueWhoseGradientASumOrAReshapedValueHasTaken) {
  const std::vector<int32_t> ids = {0, 1, 2, 3};
  const std::vector<double> scales(4, 1.0);
  const std::vector<uint32_t> spans = {0, 4};
  const std::vector<RowOf> rows = {{0, 1}, {1, 2}};
  const std::vector<uint32_t> starts = {0, 1, 2};
  const AttentionOptions heads{.heads = 2, .head_dim = 2};
  using V = Var<double>;
  // x in each place of each operation, all values [4, 4].
  const std::vector<std::pair<const char*, std::function<V(Tape<double>&, V x, V other)>>> uses = {
      {"gather", [&](auto& tape, V x, V) { return gather(tape, x, std::span(ids)); }},
      {"dropout",
       [](auto& tape, V x, V) {
         return dropout(tape, x, {0.5, 1});
       }},
      {"add to it", [](auto& tape, V x, V other) { return add(tape, x, other); }},
      {"add it", [](auto& tape, V x, V other) { return add(tape, other, x); }},
      {"sum_rows",
       [&](auto& tape, V x, V other) {
         return sum_rows(tape, std::vector{other, x}, std::span(starts), std::span(rows));
       }},
      {"reshape", [](auto& tape, V x, V) { return reshape(tape, x, 2, 8); }},
      {"linear", [](auto& tape, V x, V other) { return linear(tape, x, other); }},
      {"linear weight", [](auto& tape, V x, V other) { return linear(tape, other, x); }},
      {"linear bias", [](auto& tape, V x, V other) { return linear(tape, other, other, x); }},
      {"linear_relu", [](auto& tape, V x, V other) { return linear_relu(tape, x, other, {}); }},
      {"add_linear to it", [](auto& tape, V x, V other) { return add_linear(tape, x, other, other, {}); }},
      {"add_linear of it", [](auto& tape, V x, V other) { return add_linear(tape, other, x, other, {}); }},
      {"add_linear weight", [](auto& tape, V x, V other) { return add_linear(tape, other, other, x, {}); }},
      {"rms_norm", [](auto& tape, V x, V other) { return rms_norm(tape, x, other, 1e-6); }},
      {"rms_norm weight", [](auto& tape, V x, V other) { return rms_norm(tape, other, x, 1e-6); }},
      {"relu", [](auto& tape, V x, V) { return relu(tape, x, {}); }},
      {"gated_gelu gate", [](auto& tape, V x, V other) { return gated_gelu(tape, x, other, {}); }},
      {"gated_gelu up", [](auto& tape, V x, V other) { return gated_gelu(tape, other, x, {}); }},
      {"attention q", [&](auto& tape, V x, V o) { return attention(tape, x, o, o, spans, spans, o, heads); }},
      {"attention k", [&](auto& tape, V x, V o) { return attention(tape, o, x, o, spans, spans, o, heads); }},
      {"attention v", [&](auto& tape, V x, V o) { return attention(tape, o, o, x, spans, spans, o, heads); }},
      {"attention bias", [&](auto& tape, V x, V o) { return attention(tape, o, o, o, spans, spans, x, heads); }},
      {"cross_entropy", [&](auto& tape, V x, V o) { return cross_entropy<double>(tape, x, o, 1.0, ids, scales); }},
      {"cross_entropy table",
       [&](auto& tape, V x, V o) { return cross_entropy<double>(tape, o, x, 1.0, ids, scales); }},
      {"mix_prompts queries", [](auto& tape, V x, V o) { return mix_prompts(tape, x, o, o, 1, 1); }},
      {"mix_prompts keys", [](auto& tape, V x, V o) { return mix_prompts(tape, o, x, o, 1, 1); }},
      {"mix_prompts prompts", [](auto& tape, V x, V o) { return mix_prompts(tape, o, o, x, 1, 1); }},
  };
  Random random(31);
  Input input(random, 4, 4), other(random, 4, 4);
  for (const auto& [name, use] : uses) {
    SCOPED_TRACE(name);
    for (const bool by_reshape : {false, true}) {
      const auto take = [&](Tape<double>& tape, V x) {
        if (by_reshape) return reshape(tape, x, 8, 2);
        return add(tape, x, other.on(tape));
      };
      Tape<double> recording({.record = true}), plain({.record = false});
      input.as_result = true;
      EXPECT_NO_THROW(use(recording, input.on(recording), other.on(recording)));  // before anything has taken it
      const V x = input.on(recording);
      const V taker = take(recording, x);
      EXPECT_THROW(use(recording, x, other.on(recording)), std::logic_error);
      EXPECT_NO_THROW(relu(recording, taker, {}));
      const V value = input.on(plain);
      take(plain, value);
      EXPECT_NO_THROW(use(plain, value, other.on(plain)));
      input.as_result = false;  // gradients are added to that of a leaf, which nobody takes
      const V leaf = input.on(recording);
      take(recording, leaf);
      EXPECT_NO_THROW(use(recording, leaf, other.on(recording)));
    }
  }
}

TEST(Tape, RefusesToAddAValueToItself) {
  Random random(32);
  Input input(random, 2, 3);
  for (const bool record : {false, true}) {
    Tape<double> tape({.record = record});
    const Var<double> x = input.on(tape);
    EXPECT_THROW(add(tape, x, x), std::logic_error);
  }
}

TEST(Tape, KeepsOneValueAndGivesBackTheRest) {
  Tape<float> tape({.record = false});
  const Arena::Mark start = tape.mark();
  const float* first = tape.scratch(3, 5).data;
  const Var<float> x = tape.leaf(tape.scratch(2, 100), nullptr);
  std::iota(x->value.data, x->value.data + 200, 1.0f);
  const Var<float> kept = tape.keep_only(x, start);
  EXPECT_EQ(kept->value.data, first);
  EXPECT_EQ(kept->value.rows, 2u);
  for (size_t i = 0; i < 200; ++i) ASSERT_EQ(kept->value.data[i], static_cast<float>(i + 1));
  EXPECT_NE(tape.scratch(2, 100).data, kept->value.data);
}

}  // namespace
}  // namespace peapod
