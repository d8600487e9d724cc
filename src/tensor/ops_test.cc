#include "tensor/ops.h"

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
#include "tensor/packed_matrix.h"

namespace peapod {
namespace {

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

TEST(Gradients, OfSumsOfRows) {
  Random random(3);
  Input x(random, 3, 4);
  Input y(random, 2, 4);
  const std::vector<RowOf> terms = {{0, 2}, {1, 0}, {1, 1}, {0, 0}, {0, 2}, {0, 1}, {0, 1}};
  const std::vector<uint32_t> starts = {0, 1, 4, 5, 7};  // one of a row alone, others of several, one row twice
  expect_gradients({&x, &y}, [&](auto& tape) {
    return sum_rows(tape, std::vector<Var<double>>{x.on(tape), y.on(tape)}, std::span(starts), std::span(terms));
  });
}

TEST(Gradients, OfPickedSums) {
  Random random(18);
  Input x(random, 3, 4);
  const std::vector<uint32_t> places = {11, 0, 3, 3, 5, 11};
  const std::vector<uint32_t> starts = {0, 1, 1, 4, 6};  // one of nothing, one with an element twice
  expect_gradients({&x},
                   [&](auto& tape) { return picked_sums(tape, x.on(tape), std::span(starts), std::span(places)); });
  Tape<double> tape({.record = false});
  const Var<double> sums = picked_sums(tape, x.on(tape), std::span(starts), std::span(places));
  EXPECT_EQ(sums->value.data[1], 0.0);
  EXPECT_DOUBLE_EQ(sums->value.data[2], x.value[0] + 2.0 * x.value[3]);
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

}  // namespace
}  // namespace peapod
