#include "tensor/packed_matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "support/made_values.h"
#include "tensor/bfloat16.h"

namespace peapod {
namespace {

// Rows as a product of this precision sees them.
std::vector<double> seen(size_t rows, size_t cols, const std::vector<float>& values, Precision precision) {
  std::vector<double> result(values.begin(), values.end());
  for (size_t r = 0; r < rows; ++r) {
    double* row = result.data() + r * cols;
    double largest = 0;
    for (size_t c = 0; c < cols; ++c) largest = std::max(largest, std::abs(row[c]));
    for (size_t c = 0; c < cols; ++c) {
      if (precision == Precision::bf16) row[c] = static_cast<double>(from_bfloat16(to_bfloat16(values[r * cols + c])));
      if (precision == Precision::int8 && largest > 0) {
        // In f32, as the kernel has it: a tie that f64 would decide otherwise must not count as an error.
        const float inverse = 127.0f / static_cast<float>(largest);
        row[c] = static_cast<double>(std::nearbyint(values[r * cols + c] * inverse)) * largest / 127.0;
      }
    }
  }
  return result;
}

TEST(PackedMatrix, MultipliesAsTheObviousLoopsOnRoundedOperands) {
  const uint64_t seed = 11;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    // Past 64 and past 512 rows the product is cut into pieces.
    const size_t rows = round % 10 == 0 ? 500 + random.below(100) : 1 + random.below(round % 2 == 0 ? 20 : 150);
    // Past 1,024 outputs products in int8 are cut, too.
    const size_t out = round % 20 == 5 ? 1000 + random.below(1200) : 1 + random.below(90);
    const size_t in = 1 + random.below(round % 3 == 0 ? 300 : 70);
    auto x = draw(random, rows * in);
    auto weight = draw(random, out * in);
    std::fill_n(x.begin() + static_cast<ptrdiff_t>((rows / 2) * in), in, 0.0f);
    std::fill_n(weight.begin() + static_cast<ptrdiff_t>((out / 2) * in), in, 0.0f);
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      SCOPED_TRACE(testing::Message() << rows << " x " << out << " x " << in << " in " << name_of(precision));
      const PackedMatrix packed(out, in, weight.data(), precision);
      std::vector<float> y(rows * out, std::nanf("")), positive = y, sums(rows * out, 1.0f);
      packed.multiply(rows, x.data(), y.data());
      packed.multiply(rows, x.data(), positive.data(), PackedMatrix::Into::relu);
      packed.multiply(rows, x.data(), sums.data(), PackedMatrix::Into::add);
      const auto a = seen(rows, in, x, precision);
      const auto b = seen(out, in, weight, precision);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t j = 0; j < out; ++j) {
          double sum = 0;
          for (size_t l = 0; l < in; ++l) sum += a[r * in + l] * b[j * in + l];
          const size_t at = r * out + j;
          ASSERT_NEAR(y[at], sum, 4e-6 * static_cast<double>(1 + in)) << "row " << r << ", column " << j;
          ASSERT_EQ(positive[at], std::max(y[at], 0.0f));
          ASSERT_NEAR(sums[at], 1.0f + y[at], 1e-6f * (1.0f + static_cast<float>(in)));
        }
      }
    }
  }
}

// What training does: a matrix as it lies and transposed, rounded operands, sums that are added to.
TEST(PackedMatrix, OfTrainingEqualsTheObviousLoops) {
  if (!cpu_has_bf16()) GTEST_SKIP() << "the processor has no bf16 products";
  Random random(12);
  for (const size_t rows : {size_t{1}, size_t{19}, size_t{100}, size_t{700}}) {
    const size_t out = 1 + random.below(90), in = 1 + random.below(90);
    SCOPED_TRACE(testing::Message() << rows << " x " << out << " x " << in);
    const auto weight = draw(random, out * in);
    const PackedLayer layer = packed_for_training(out, in, weight.data());
    const auto w = seen(out, in, weight, Precision::bf16);
    for (const bool backward : {false, true}) {
      const size_t width = backward ? in : out, depth = backward ? out : in;
      const auto x = draw(random, rows * depth);
      const auto rounded = seen(rows, depth, x, Precision::bf16);
      std::vector<uint16_t> x16;
      for (const float value : x) x16.push_back(to_bfloat16(value));
      std::vector<float> y(rows * width, std::nanf(""));
      const PackedMatrix& matrix = backward ? *layer.backward : layer.forward;
      matrix.multiply(rows, x16.data(), y.data(), PackedMatrix::Into::write);
      matrix.multiply(rows, x16.data(), y.data(), PackedMatrix::Into::add);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t j = 0; j < width; ++j) {
          double sum = 0;
          for (size_t l = 0; l < depth; ++l) {
            sum += rounded[r * depth + l] * (backward ? w[l * in + j] : w[j * in + l]);
          }
          ASSERT_NEAR(y[r * width + j], 2.0 * sum, 8e-6 * static_cast<double>(1 + depth)) << r << ", " << j;
        }
      }
    }
  }
}

TEST(PackedMatrix, InInt8GivesItsSumsToWhoWantsThem) {
  if (!cpu_has_int8()) GTEST_SKIP() << "the processor has no products of bytes";
  Random random(13);
  const size_t rows = 70, out = 37, in = 50;
  const auto x = draw(random, rows * in), weight = draw(random, out * in);
  const PackedMatrix packed(out, in, weight.data(), Precision::int8);
  std::vector<float> y(rows * out), x_scales(rows);
  std::vector<uint8_t> bytes(rows * in);
  std::vector<int32_t> sums(rows * out);
  packed.multiply(rows, x.data(), y.data());
  kernels::quantise(rows, in, x.data(), bytes.data(), x_scales.data());
  packed.multiply(rows, bytes.data(), sums.data());
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t j = i % out;
    ASSERT_FLOAT_EQ(y[i], static_cast<float>(sums[i] - packed.offsets()[j]) * x_scales[i / out] * packed.scales()[j]);
  }
}

TEST(PackedMatrix, InInt8KeepsTheSizesOfRowsThatDifferByAMillion) {
  const size_t in = 32;
  std::vector<float> x(2 * in, 1.0f), weight(2 * in, 1.0f);
  for (size_t c = 0; c < in; ++c) x[in + c] = 1e6f;
  for (size_t c = 0; c < in; ++c) weight[in + c] = 1e-6f;
  const PackedMatrix packed(2, in, weight.data(), Precision::int8);
  float y[4];
  packed.multiply(2, x.data(), y);
  EXPECT_FLOAT_EQ(y[0], 32.0f);
  EXPECT_FLOAT_EQ(y[1], 32e-6f);
  EXPECT_FLOAT_EQ(y[2], 32e6f);
  EXPECT_FLOAT_EQ(y[3], 32.0f);
}

TEST(PackedWeights, AreFoundByWhereTheMatrixLies) {
  const std::vector<float> weight = {1, 2, 3, 4, 5, 6};
  PackedWeights weights;
  weights.add(2, 3, weight.data(), Precision::f32);
  const PackedLayer* packed = weights.find(weight.data());
  ASSERT_NE(packed, nullptr);
  EXPECT_EQ(packed->forward.out(), 2u);
  EXPECT_EQ(packed->forward.in(), 3u);
  const float x[] = {1, 0, -1};
  float y[2];
  packed->forward.multiply(1, x, y);
  EXPECT_FALSE(packed->backward.has_value());
  EXPECT_EQ(y[0], -2.0f);
  EXPECT_EQ(y[1], -2.0f);
  EXPECT_EQ(weights.find(weight.data() + 1), nullptr);
}

}  // namespace
}  // namespace peapod
