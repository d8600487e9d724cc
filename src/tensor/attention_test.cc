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

TEST(Gradients, OfAttentionToWindowsThatShareKeys) {
  Random random(12);
  const size_t heads = 2, dim = 3;
  const std::vector<uint32_t> q_spans = {0, 2, 2, 5, 6};
  const std::vector<KeyWindow> windows = {{{0, 2}, {4, 6}}, {{2, 4}, {4, 7}}, {{2, 4}, {4, 8}}, {{3, 3}, {4, 8}}};
  Input q(random, 6, heads * dim);
  Input k(random, 8, heads * dim);
  Input v(random, 8, heads * dim);
  expect_gradients({&q, &k, &v}, [&](auto& tape) {
    return attention<double>(tape, q.on(tape), k.on(tape), v.on(tape), q_spans, std::span<const KeyWindow>(windows),
                             nullptr, {.heads = heads, .head_dim = dim, .dropout = {0.2, 5}});
  });
}

// A window of two ranges sees what an example does whose keys are copied side by side.
TEST(Attention, SeesAWindowAsItsRowsSideBySide) {
  Random random(13);
  const size_t heads = 2, dim = 4, width = heads * dim;
  std::vector<float> q(3 * width), keys(9 * width);
  for (float& x : q) x = static_cast<float>(random.normal());
  for (float& x : keys) x = static_cast<float>(random.normal());
  Tape<float> tape({.record = false});
  const Var<float> queries = tape.leaf({q.data(), 3, width}, nullptr);
  const Var<float> all = tape.leaf({keys.data(), 9, width}, nullptr);
  const std::vector<uint32_t> q_spans = {0, 2, 3};
  const std::vector<KeyWindow> windows = {{{1, 3}, {5, 9}}, {{0, 0}, {4, 6}}};
  const AttentionOptions options{.heads = heads, .head_dim = dim};
  const Var<float> out =
      attention<float>(tape, queries, all, all, q_spans, std::span<const KeyWindow>(windows), nullptr, options);
  const std::vector<uint32_t> starts = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<RowOf> rows = {{0, 1}, {0, 2}, {0, 5}, {0, 6}, {0, 7}, {0, 8}, {0, 4}, {0, 5}};
  const Var<float> copied = sum_rows(tape, std::vector{all}, std::span(starts), std::span(rows));
  const std::vector<uint32_t> k_spans = {0, 6, 8};
  const Var<float> expected = attention<float>(tape, queries, copied, copied, q_spans, k_spans, nullptr, options);
  for (size_t i = 0; i < out->value.size(); ++i) {
    // Two sums of products instead of one round otherwise.
    EXPECT_NEAR(out->value.data[i], expected->value.data[i], 1e-6);
  }
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
