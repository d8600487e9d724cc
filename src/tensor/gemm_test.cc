#include "tensor/gemm.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "support/made_values.h"
#include "tensor/bfloat16.h"

namespace peapod {
namespace {

std::vector<double> widened(const std::vector<float>& values, bool round) {
  std::vector<double> result;
  for (const float x : values) result.push_back(static_cast<double>(round ? from_bfloat16(to_bfloat16(x)) : x));
  return result;
}

// Random shapes with slack in every stride against the f64 loops, on rounded operands for bf16: products of bf16 are
// exact in f32, so both precisions differ from the loops by f32 summation alone.
void expect_products(Precision precision) {
  const uint64_t seed = 5;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 200; ++round) {
    GemmShape s{};
    s.m = 1 + random.below(40);
    s.n = 1 + random.below(40);
    s.k = 1 + random.below(70);
    s.op_a = random.below(2) == 0 ? Op::none : Op::transpose;
    s.op_b = random.below(2) == 0 ? Op::none : Op::transpose;
    s.lda = (s.op_a == Op::none ? s.k : s.m) + random.below(4);
    s.ldb = (s.op_b == Op::none ? s.n : s.k) + random.below(4);
    s.ldc = s.n + random.below(4);
    const float alpha = random.below(2) == 0 ? 1.0f : -0.75f;
    const float beta = random.below(3) == 0 ? 0.0f : (random.below(2) == 0 ? 1.0f : 0.5f);
    SCOPED_TRACE(testing::Message() << "m " << s.m << " n " << s.n << " k " << s.k << " transposed "
                                    << (s.op_a == Op::transpose) << (s.op_b == Op::transpose) << " beta " << beta);
    const auto a = draw(random, (s.op_a == Op::none ? s.m : s.k) * s.lda);
    const auto b = draw(random, (s.op_b == Op::none ? s.k : s.n) * s.ldb);
    auto c = draw(random, s.m * s.ldc);
    if (beta == 0.0f) c.assign(c.size(), std::numeric_limits<float>::quiet_NaN());  // must not be read
    const auto before = c;
    auto expected = widened(c, false);
    const bool rounds = precision == Precision::bf16;
    gemm(s, static_cast<double>(alpha), widened(a, rounds).data(), widened(b, rounds).data(), static_cast<double>(beta),
         expected.data());
    gemm(s, alpha, a.data(), b.data(), beta, c.data(), precision);
    for (size_t i = 0; i < s.m; ++i) {
      for (size_t j = 0; j < s.ldc; ++j) {
        const size_t at = i * s.ldc + j;
        if (j < s.n) {
          ASSERT_NEAR(c[at], expected[at], 3e-6 * static_cast<double>(1 + s.k));
        } else {
          ASSERT_TRUE(c[at] == before[at] || std::isnan(before[at])) << "wrote between the rows";
        }
      }
    }
  }
}

TEST(Gemm, EqualsTheObviousLoopsInF32) { expect_products(Precision::f32); }
TEST(Gemm, InBf16IsTheProductOfRoundedOperands) { expect_products(Precision::bf16); }

TEST(Gemm, RoundsItsOperandsInBf16Only) {
  const float a = 1.0f + 0x1p-10f, b = 1.0f;
  float c = 0;
  const GemmShape one{.m = 1, .n = 1, .k = 1, .lda = 1, .ldb = 1, .ldc = 1};
  gemm(one, 1.0f, &a, &b, 0.0f, &c, Precision::f32);
  EXPECT_EQ(c, a);
  gemm(one, 1.0f, &a, &b, 0.0f, &c, Precision::bf16);
  EXPECT_EQ(c, 1.0f);
}

TEST(Gemm, OfNothingWritesNothing) {
  float c = 7;
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    gemm({.m = 0, .n = 1, .k = 1, .lda = 1, .ldb = 1, .ldc = 1}, 1.0f, &c, &c, 0.0f, &c, precision);
    gemm({.m = 1, .n = 0, .k = 1, .lda = 1, .ldb = 1, .ldc = 1}, 1.0f, &c, &c, 0.0f, &c, precision);
  }
  EXPECT_EQ(c, 7.0f);
}

TEST(Precision, IsChosenByName) {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    EXPECT_EQ(precision_from(name_of(precision)), precision);
  }
  if (precision_from("auto") == Precision::bf16) {
    EXPECT_TRUE(cpu_has_bf16());
  }
  std::ifstream processor("/proc/cpuinfo");
  const std::string flags(std::istreambuf_iterator<char>(processor), {});
  const bool has_amx = flags.find("amx_bf16") != std::string::npos;
  EXPECT_EQ(precision_from("auto"), has_amx ? Precision::bf16 : Precision::f32);
  EXPECT_EQ(cpu_has_int8(), flags.find("avx512_vnni") != std::string::npos);
  EXPECT_THROW(precision_from("f16"), Error);
}

TEST(Bfloat16, RoundsToNearestEven) {
  EXPECT_EQ(to_bfloat16(1.0f), 0x3f80);
  EXPECT_EQ(to_bfloat16(1.0f + 0x1p-8f), 0x3f80) << "a tie goes to the even neighbour below";
  EXPECT_EQ(to_bfloat16(1.0f + 0x1p-7f + 0x1p-8f), 0x3f82) << "a tie goes to the even neighbour above";
  EXPECT_EQ(to_bfloat16(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81);
  EXPECT_EQ(to_bfloat16(1.0f + 0x1p-8f - 0x1p-20f), 0x3f80);
  EXPECT_EQ(to_bfloat16(-1.0f - 0x1p-7f - 0x1p-8f), 0xbf82);
  EXPECT_EQ(to_bfloat16(2.0f - 0x1p-20f), 0x4000) << "the carry reaches the exponent";
}

TEST(Bfloat16, KeepsZerosInfinitiesAndNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(to_bfloat16(0.0f), 0x0000);
  EXPECT_EQ(to_bfloat16(-0.0f), 0x8000);
  EXPECT_EQ(from_bfloat16(to_bfloat16(infinity)), infinity);
  EXPECT_EQ(from_bfloat16(to_bfloat16(-infinity)), -infinity);
  EXPECT_EQ(from_bfloat16(to_bfloat16(std::numeric_limits<float>::max())), infinity);
  EXPECT_TRUE(std::isnan(from_bfloat16(to_bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  // A NaN whose payload lies in the dropped bits alone must not turn into an infinity.
  EXPECT_TRUE(std::isnan(from_bfloat16(to_bfloat16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_TRUE(std::isnan(from_bfloat16(to_bfloat16(std::bit_cast<float>(0xffffffffu)))));
}

TEST(Bfloat16, SurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = from_bfloat16(static_cast<uint16_t>(bits));
    if (!std::isnan(value)) {
      EXPECT_EQ(to_bfloat16(value), bits);
    }
  }
}

}  // namespace
}  // namespace peapod
