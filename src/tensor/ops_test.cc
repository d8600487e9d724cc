#include "tensor/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/random.h"
#include "support/made_values.h"
#include "tensor/packed_matrix.h"

namespace peapod {
namespace {

// A value with room for its gradient, outside any tape.
struct Input {
  size_t rows, cols;
  std::vector<double> value, grad;
  bool as_result = false;  // on the tape as what another operation made, not as a leaf

  Input(Random& random, size_t num_rows, size_t num_cols, double size = 1.0)
      : rows(num_rows), cols(num_cols), value(num_rows * num_cols), grad(value.size()) {
    for (double& x : value) x = size * random.normal();
  }
  Var<double> on(Tape<double>& tape) {
    const Var<double> leaf = tape.leaf({value.data(), rows, cols}, grad.data());
    if (!as_result) return leaf;
    std::vector<int32_t> all(rows);
    std::iota(all.begin(), all.end(), 0);
    return gather(tape, leaf, std::span<const int32_t>(all));
  }
};

using Build = std::function<Var<double>(Tape<double>&)>;

// Compares the analytic gradient of Σ weights ∘ build() with central differences for every element of every input.
// f64 leaves about 1e-10 of relative error at this step; 1e-6 allows for curvature.
void expect_gradients(const std::vector<Input*>& inputs, const Build& build) {
  std::vector<double> weights;
  const auto objective = [&] {
    Tape<double> tape({.record = false});
    const Var<double> out = build(tape);
    Random random(99);
    weights.resize(out->value.size());
    for (double& w : weights) w = weights.size() == 1 ? 1.0 : random.normal();
    return std::inner_product(weights.begin(), weights.end(), out->value.data, 0.0);
  };
  objective();
  Tape<double> tape({.record = true});
  const Var<double> out = build(tape);
  std::copy(weights.begin(), weights.end(), out->grad.data);
  tape.backward(out);
  for (size_t which = 0; which < inputs.size(); ++which) {
    Input& input = *inputs[which];
    double largest = 0.0;
    for (size_t i = 0; i < input.value.size(); ++i) {
      const double step = 1e-5;
      const double kept = input.value[i];
      input.value[i] = kept + step;
      const double above = objective();
      input.value[i] = kept - step;
      const double below = objective();
      input.value[i] = kept;
      const double numeric = (above - below) / (2 * step);
      EXPECT_NEAR(input.grad[i], numeric, 1e-6 * (1.0 + std::abs(numeric))) << "input " << which << " element " << i;
      largest = std::max(largest, std::abs(numeric));
    }
    EXPECT_GT(largest, 1e-4) << "input " << which << " does not matter, so the check shows nothing";
  }
  // The same where the inputs are results of the tape, whose gradients begin with whatever the memory held.
  tape.reset();
  const Tensor<double> memory = tape.scratch(100, 1000);
  std::fill_n(memory.data, memory.size(), std::numeric_limits<double>::quiet_NaN());
  tape.reset();
  std::vector<std::vector<double>> of_leaves;
  for (Input* input : inputs) {
    input->as_result = true;
    of_leaves.push_back(std::exchange(input->grad, std::vector<double>(input->grad.size())));
  }
  const Var<double> again = build(tape);
  std::copy(weights.begin(), weights.end(), again->grad.data);
  tape.backward(again);
  for (size_t which = 0; which < inputs.size(); ++which) {
    Input& input = *inputs[which];
    for (size_t i = 0; i < input.grad.size(); ++i) {
      ASSERT_NEAR(input.grad[i], of_leaves[which][i], 1e-12 * (1.0 + std::abs(input.grad[i]))) << which << " " << i;
    }
  }
}

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
      {"collect_rows",
       [&](auto& tape, V x, V other) {
         return collect_rows(tape, std::vector{other, x}, std::span(rows));
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

TEST(Gradients, OfGatherAddRepeatedRows) {
  Random random(1);
  Input table(random, 5, 3);
  const std::vector<int32_t> ids = {4, 0, 4, 2, 1, 3};
  expect_gradients({&table}, [&](auto& tape) { return gather(tape, table.on(tape), std::span(ids)); });
}

TEST(Gradients, OfAddAndDropout) {
  Random random(2);
  Input x(random, 4, 5);
  Input y(random, 4, 5);
  expect_gradients({&x, &y}, [&](auto& tape) {
    return dropout(tape, add(tape, x.on(tape), y.on(tape), {0.3, 7}), {0.2, 11});
  });
}

TEST(Gradients, OfCollectedRows) {
  Random random(3);
  Input x(random, 3, 4);
  Input y(random, 2, 4);
  const std::vector<RowOf> rows = {{0, 2}, {1, 0}, {1, 1}, {0, 0}, {0, 2}, {0, 1}};
  expect_gradients({&x, &y}, [&](auto& tape) {
    return collect_rows(tape, std::vector<Var<double>>{x.on(tape), y.on(tape)}, std::span(rows));
  });
}

TEST(Gradients, OfLinearWithAndWithoutBias) {
  Random random(4);
  Input x(random, 5, 3);
  Input w(random, 4, 3);
  Input b(random, 1, 4);
  expect_gradients({&x, &w}, [&](auto& tape) { return linear(tape, x.on(tape), w.on(tape)); });
  Input x2(random, 5, 3);
  Input w2(random, 4, 3);
  expect_gradients({&x2, &w2, &b}, [&](auto& tape) { return linear(tape, x2.on(tape), w2.on(tape), b.on(tape)); });
}

TEST(Gradients, OfLinearWithReluOrASum) {
  Random random(14);
  Input x(random, 5, 3);
  Input w(random, 4, 3);
  expect_gradients({&x, &w}, [&](auto& tape) { return linear_relu(tape, x.on(tape), w.on(tape), {0.25, 3}); });
  Input sum(random, 5, 4);
  Input y(random, 5, 3);
  Input v(random, 4, 3);
  expect_gradients({&sum, &y, &v}, [&](auto& tape) {
    return add_linear(tape, sum.on(tape), y.on(tape), v.on(tape), {0.25, 3});
  });
}

// Without recording they take another way than their parts do; with packed weights a third one.
TEST(Ops, LinearWithReluOrASumIsWhatItsPartsMake) {
  Random random(15);
  auto x = draw(random, 5 * 30), w = draw(random, 40 * 30), sum = draw(random, 5 * 40), bias = draw(random, 40);
  PackedWeights packed;
  packed.add(40, 30, w.data(), Precision::f32);
  Tape<float> recording({.record = true}), plain({.record = false}), with_packed({.record = false, .packed = &packed});
  const auto on = [](Tape<float>& tape, std::vector<float>& values, size_t rows) {
    return tape.leaf({values.data(), rows, values.size() / rows}, nullptr);
  };
  const auto parts = on(recording, x, 5);
  const auto positive = relu(recording, linear(recording, parts, on(recording, w, 40)), {});
  const auto summed = add(recording, on(recording, sum, 5), linear(recording, parts, on(recording, w, 40)));
  const auto with_bias = linear(recording, parts, on(recording, w, 40), on(recording, bias, 1));
  const auto with_dropout =
      add(recording, on(recording, sum, 5), linear(recording, parts, on(recording, w, 40)), {0.5, 3});
  for (Tape<float>* tape : {&plain, &with_packed}) {
    auto sum_here = sum;
    const auto fused = linear_relu(*tape, on(*tape, x, 5), on(*tape, w, 40), {});
    const auto place = on(*tape, sum_here, 5);
    add_linear_in_place(*tape, place, on(*tape, x, 5), on(*tape, w, 40));
    const auto added = add_linear(*tape, on(*tape, sum, 5), on(*tape, x, 5), on(*tape, w, 40), {});
    const auto biased = linear(*tape, on(*tape, x, 5), on(*tape, w, 40), on(*tape, bias, 1));
    const auto dropped = add_linear(*tape, on(*tape, sum, 5), on(*tape, x, 5), on(*tape, w, 40), {0.5, 3});
    for (size_t i = 0; i < 5 * 40; ++i) {
      ASSERT_NEAR(fused->value.data[i], positive->value.data[i], 1e-5);
      ASSERT_NEAR(added->value.data[i], summed->value.data[i], 1e-5);
      ASSERT_NEAR(place->value.data[i], summed->value.data[i], 1e-5);
      ASSERT_NEAR(biased->value.data[i], with_bias->value.data[i], 1e-5);
      ASSERT_NEAR(dropped->value.data[i], with_dropout->value.data[i], 1e-5);
    }
  }
}

// Small whole numbers are exact in every order of the sums, and in bf16.
TEST(Ops, AddLinearInPlaceGivesTheValuesOfAddLinearWhichOverwritesNothing) {
  const uint64_t seed = 16;
  SCOPED_TRACE(seed);
  Random random(seed);
  std::vector<float> x(5 * 40), y(5 * 30), w(40 * 30);
  for (auto* values : {&x, &y, &w}) {
    for (float& value : *values) value = static_cast<float>(random.below(9)) - 4.0f;
  }
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    PackedWeights packed;
    packed.add(40, 30, w.data(), precision);
    for (const PackedWeights* weights : {static_cast<const PackedWeights*>(nullptr), &std::as_const(packed)}) {
      Tape<float> tape({.record = false, .precision = precision, .packed = weights});
      auto kept = x, overwritten = x;
      const auto y_here = tape.leaf({y.data(), 5, 30}, nullptr);
      const auto w_here = tape.leaf({w.data(), 40, 30}, nullptr);
      const auto place = tape.leaf({overwritten.data(), 5, 40}, nullptr);
      const auto sum = add_linear(tape, tape.leaf({kept.data(), 5, 40}, nullptr), y_here, w_here, {});
      add_linear_in_place(tape, place, y_here, w_here);
      EXPECT_EQ(kept, x);
      EXPECT_NE(overwritten, x);
      EXPECT_EQ(place->value.data, overwritten.data());
      EXPECT_TRUE(std::equal(overwritten.begin(), overwritten.end(), sum->value.data));
    }
  }
}

TEST(Ops, AddLinearInPlaceRefusesWhatItWouldSpoil) {
  Random random(17);
  Input x(random, 3, 4);
  Input y(random, 3, 4);
  Input w(random, 4, 4);
  const auto before = x.value;
  Tape<double> recording({.record = true}), plain({.record = false});
  EXPECT_THROW(add_linear_in_place(recording, x.on(recording), y.on(recording), w.on(recording)), std::logic_error);
  const Var<double> place = x.on(plain);
  EXPECT_THROW(add_linear_in_place(plain, place, place, w.on(plain)), std::logic_error);
  EXPECT_THROW(add_linear_in_place(plain, place, x.on(plain), w.on(plain)), std::logic_error);
  EXPECT_EQ(x.value, before);
}

TEST(Gradients, OfRmsNorm) {
  Random random(5);
  Input x(random, 4, 6);
  Input w(random, 1, 6);
  expect_gradients({&x, &w}, [&](auto& tape) { return rms_norm(tape, x.on(tape), w.on(tape), 1e-6); });
}

TEST(Gradients, OfReluAndGatedGelu) {
  Random random(6);
  Input x(random, 4, 5);
  expect_gradients({&x}, [&](auto& tape) { return relu(tape, x.on(tape), {0.25, 3}); });
  Input gate(random, 4, 5);
  Input up(random, 4, 5);
  expect_gradients({&gate, &up}, [&](auto& tape) { return gated_gelu(tape, gate.on(tape), up.on(tape), {0.25, 5}); });
}

TEST(Gradients, OfCrossEntropyOverSeveralBlocks) {
  Random random(7);
  Input hidden(random, 131, 3);  // more than one block of rows
  Input table(random, 6, 3);
  std::vector<int32_t> targets(131);
  for (int32_t& t : targets) t = static_cast<int32_t>(random.below(6));
  std::vector<double> scales(131);
  for (double& scale : scales) scale = random.uniform();
  expect_gradients({&hidden, &table}, [&](auto& tape) {
    return cross_entropy<double>(tape, hidden.on(tape), table.on(tape), 0.5, targets, scales);
  });
}

TEST(Gradients, OfMixedPrompts) {
  Random random(8);
  const size_t heads = 2, key_dim = 3, num_prompts = 4, length = 2, d = 6;
  Input queries(random, 3, heads * key_dim);
  Input keys(random, heads * num_prompts, key_dim);
  Input prompts(random, num_prompts, length * d);
  expect_gradients({&queries, &keys, &prompts}, [&](auto& tape) {
    return mix_prompts<double>(tape, queries.on(tape), keys.on(tape), prompts.on(tape), heads, length);
  });
}

// Self-attention from a fused projection, with relative bias and dropout, over spans of several lengths.
TEST(Gradients, OfSelfAttentionFromAFusedProjection) {
  for (const bool causal : {false, true}) {
    Random random(9);
    const size_t heads = 2, dim = 3;
    const std::vector<uint32_t> spans = {0, 4, 5, 11};
    Input qkv(random, 11, 3 * heads * dim, 0.7);
    Input bias(random, 8, heads);
    AttentionOptions options{.heads = heads,
                             .head_dim = dim,
                             .k_column = heads * dim,
                             .v_column = 2 * heads * dim,
                             .causal = causal,
                             .max_distance = 6,
                             .dropout = {0.2, 13}};
    expect_gradients({&qkv, &bias}, [&](auto& tape) {
      const Var<double> x = qkv.on(tape);
      return attention(tape, x, x, x, spans, spans, bias.on(tape), options);
    });
  }
}

TEST(Gradients, OfCrossAttentionWithScaleAndLongQueries) {
  Random random(10);
  const size_t heads = 2, dim = 2;
  const std::vector<uint32_t> q_spans = {0, 2, 132};  // the second span fills more than one block
  const std::vector<uint32_t> k_spans = {0, 3, 7};
  Input q(random, 132, heads * dim);
  Input k(random, 7, heads * dim);
  Input v(random, 7, heads * dim);
  expect_gradients({&q, &k, &v}, [&](auto& tape) {
    return attention<double>(tape, q.on(tape), k.on(tape), v.on(tape), q_spans, k_spans, nullptr,
                             {.heads = heads, .head_dim = dim, .scale = 0.6});
  });
}

// Attention written as its definition says, one number at a time.
TEST(Attention, EqualsItsDefinitionInF32) {
  const uint64_t seed = 21;
  SCOPED_TRACE(seed);
  Random random(seed);
  const size_t heads = 3, dim = 5, width = heads * dim;
  const std::vector<uint32_t> spans = {0, 9, 10, 150};
  std::vector<float> q(150 * width), k(q.size()), v(q.size()), table(32 * heads);
  for (auto* values : {&q, &k, &v, &table}) {
    for (float& x : *values) x = static_cast<float>(random.normal()) * 0.5f;
  }
  for (const bool causal : {false, true}) {
    Tape<float> tape({.record = false});
    const Var<float> out = attention<float>(
        tape, tape.leaf({q.data(), 150, width}, nullptr), tape.leaf({k.data(), 150, width}, nullptr),
        tape.leaf({v.data(), 150, width}, nullptr), spans, spans, tape.leaf({table.data(), 32, heads}, nullptr),
        {.heads = heads, .head_dim = dim, .causal = causal});
    for (size_t e = 0; e + 1 < spans.size(); ++e) {
      for (size_t i = spans[e]; i < spans[e + 1]; ++i) {
        for (size_t h = 0; h < heads; ++h) {
          std::vector<double> p;
          const size_t end = causal ? i + 1 : spans[e + 1];
          for (size_t j = spans[e]; j < end; ++j) {
            double s = 0;
            for (size_t c = 0; c < dim; ++c)
              s += static_cast<double>(q[i * width + h * dim + c]) * k[j * width + h * dim + c];
            const int32_t bucket =
                relative_position_bucket(static_cast<int64_t>(j) - static_cast<int64_t>(i), !causal, 32, 128);
            p.push_back(std::exp(s + table[static_cast<size_t>(bucket) * heads + h]));
          }
          const double total = std::accumulate(p.begin(), p.end(), 0.0);
          for (size_t c = 0; c < dim; ++c) {
            double expected = 0;
            for (size_t j = 0; j < p.size(); ++j) expected += p[j] / total * v[(spans[e] + j) * width + h * dim + c];
            ASSERT_NEAR(out->value.row(i)[h * dim + c], expected, 1e-5);
          }
        }
      }
    }
  }
}

TEST(Attention, OverACacheIsThatOfTheLastRowOfAll) {
  Random random(22);
  for (const size_t dim : {4, 16, 19}) {
    const size_t heads = 2, inner = heads * dim, length = 7;
    std::vector<float> qkv(length * 3 * inner), table(32 * heads);
    for (auto* values : {&qkv, &table}) {
      for (float& value : *values) value = static_cast<float>(random.normal());
    }
    const std::vector<uint32_t> all = {0, length};
    Tape<float> tape({.record = false});
    const Var<float> rows = tape.leaf({qkv.data(), length, 3 * inner}, nullptr);
    const Var<float> bias = tape.leaf({table.data(), 32, heads}, nullptr);
    const Var<float> whole =
        attention<float>(tape, rows, rows, rows, all, all, bias,
                         {.heads = heads, .head_dim = dim, .k_column = inner, .v_column = 2 * inner, .causal = true});
    // Two rows: all positions, and another row that took them the other way round.
    std::vector<float> backwards;
    for (size_t p = length; p-- > 0;) {
      backwards.insert(backwards.end(), rows->value.row(p), rows->value.row(p) + 3 * inner);
    }
    const Var<float> other_rows = tape.leaf({backwards.data(), length, 3 * inner}, nullptr);
    const Var<float> other =
        attention<float>(tape, other_rows, other_rows, other_rows, all, all, bias,
                         {.heads = heads, .head_dim = dim, .k_column = inner, .v_column = 2 * inner, .causal = true});
    std::vector<const float*> positions;
    for (const Var<float> history : {rows, other_rows}) {
      for (size_t p = 0; p < length; ++p) positions.push_back(history->value.row(p) + inner);
    }
    const Var<float> queries = tape.leaf(tape.scratch(2, 3 * inner), nullptr);
    std::copy_n(rows->value.row(length - 1), 3 * inner, queries->value.row(0));
    std::copy_n(other_rows->value.row(length - 1), 3 * inner, queries->value.row(1));
    const Var<float> step = cached_attention<float>(tape, queries, positions, bias, {.heads = heads, .head_dim = dim});
    for (size_t i = 0; i < inner; ++i) {
      EXPECT_NEAR(step->value.row(0)[i], whole->value.row(length - 1)[i], 2e-6);
      EXPECT_NEAR(step->value.row(1)[i], other->value.row(length - 1)[i], 2e-6);
    }
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

TEST(RelativePositionBucket, ClampsBeyondTheMaximumDistance) {
  EXPECT_EQ(relative_position_bucket(0, true, 32, 128), 0);
  EXPECT_EQ(relative_position_bucket(-7, true, 32, 128), 7);
  EXPECT_EQ(relative_position_bucket(7, true, 32, 128), 23);
  EXPECT_EQ(relative_position_bucket(-128, true, 32, 128), 15);
  EXPECT_EQ(relative_position_bucket(-100000, true, 32, 128), 15);
  EXPECT_EQ(relative_position_bucket(5, false, 32, 128), 0);  // the future
  EXPECT_EQ(relative_position_bucket(-15, false, 32, 128), 15);
  EXPECT_EQ(relative_position_bucket(-127, false, 32, 128), 31);
}

}  // namespace
}  // namespace peapod
