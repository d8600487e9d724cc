#include "tensor/narrow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "support/made_values.h"
#include "tensor/bfloat16.h"

namespace peapod::kernels {
namespace {

TEST(Narrow, QuantiseARowThatIsNotFiniteToNaN) {
  for_lengths(1, [](Random& random, size_t n) {
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      auto x = draw(random, 2 * n);
      x[random.below(n)] = bad;
      std::vector<uint8_t> bytes(2 * n);
      float scales[2];
      quantise(2, n, x.data(), bytes.data(), scales);
      EXPECT_TRUE(std::isnan(scales[0]));
      EXPECT_TRUE(std::isfinite(scales[1]));
    }
  });
}

TEST(Narrow, QuantiseRowsToTheNearestByteAndBack) {
  for_lengths(1, [](Random& random, size_t n) {
    constexpr size_t kRows = 3;
    auto x = draw(random, kRows * n);
    std::fill_n(x.begin() + static_cast<ptrdiff_t>(n), n, 0.0f);  // a row of zeros
    std::vector<uint8_t> bytes(kRows * n + 1, 77);
    std::vector<float> scales(kRows);
    quantise(kRows, n, x.data(), bytes.data(), scales.data());
    EXPECT_EQ(bytes.back(), 77) << "wrote behind the rows";
    for (size_t r = 0; r < kRows; ++r) {
      float largest = 0;
      for (size_t c = 0; c < n; ++c) largest = std::max(largest, std::abs(x[r * n + c]));
      ASSERT_FLOAT_EQ(scales[r], largest / 127.0f);
      for (size_t c = 0; c < n; ++c) {
        const float steps = largest > 0 ? x[r * n + c] * (127.0f / largest) : 0.0f;
        ASSERT_EQ(bytes[r * n + c], kZeroPoint + static_cast<int32_t>(std::nearbyint(steps)));
      }
    }
    for (size_t r = 0; r < kRows; ++r) {
      double square = 0;
      float largest = 0;
      for (size_t c = 0; c < n; ++c) {
        const double seen = static_cast<double>(scales[r]) * (bytes[r * n + c] - kZeroPoint);
        square += std::pow(static_cast<double>(x[r * n + c]) - seen, 2);
        largest = std::max(largest, std::abs(x[r * n + c]));
      }
      EXPECT_LE(std::sqrt(square), quantisation_error(n, largest));
    }
    std::vector<int32_t> sums(kRows * n), offsets(n);
    std::vector<float> col_scales(n);
    for (int32_t& sum : sums) sum = static_cast<int32_t>(random.below(1u << 27)) - (1 << 26);
    for (int32_t& offset : offsets) offset = static_cast<int32_t>(random.below(1u << 20));
    for (float& scale : col_scales) scale = static_cast<float>(std::abs(random.normal()));
    for (const Into into : {Into::write, Into::add, Into::relu}) {
      const size_t stride = n + 1;
      auto before = draw(random, kRows * stride);
      for (float& value : before) value *= 1e6f;  // as large as what is added to it
      auto y = before;
      dequantise({kRows, n, stride}, sums.data(), scales.data(), col_scales.data(), offsets.data(), y.data(), into);
      for (size_t r = 0; r < kRows; ++r) {
        for (size_t c = 0; c < n; ++c) {
          const float value = static_cast<float>(sums[r * n + c] - offsets[c]) * scales[r] * col_scales[c];
          const float was = before[r * stride + c];
          const float expected = into == Into::write ? value : into == Into::add ? was + value : std::max(value, 0.0f);
          ASSERT_NEAR(y[r * stride + c], expected, 1e-6f * (std::abs(value) + std::abs(was))) << r << ", " << c;
        }
        EXPECT_EQ(y[r * stride + n], before[r * stride + n]) << "wrote behind row " << r;
      }
    }
  });
}

TEST(Narrow, FindTheFirstSumThatIsLargeEnough) {
  for_lengths(1, [](Random& random, size_t n) {
    std::vector<int32_t> sums(n), offsets(n);
    std::vector<float> factors(n);
    for (size_t i = 0; i < n; ++i) {
      sums[i] = static_cast<int32_t>(random.below(2000)) - 1000;
      offsets[i] = static_cast<int32_t>(random.below(500));
      factors[i] = i % 5 == 0 ? 1e30f : static_cast<float>(1 + random.below(100));  // as of a row of zeros
    }
    for (const float bound : {-1e9f, -3.0f, 0.0f, 2.0f, 30.0f, 1e9f}) {
      for (size_t first = 0; first <= n; ++first) {
        size_t expected = first;
        while (expected < n && static_cast<float>(sums[expected] - offsets[expected]) < bound * factors[expected]) {
          ++expected;
        }
        ASSERT_EQ(first + first_at_least(n - first, sums.data() + first, offsets.data() + first, factors.data() + first,
                                         bound),
                  expected)
            << "from " << first << ", bound " << bound;
      }
    }
  });
}

TEST(Narrow, RoundToBf16AsTheScalarDoes) {
  Random random(17);
  for (const size_t n : {1, 3, 15, 16, 17, 1000}) {
    std::vector<float> x(n), through(n);
    std::vector<uint16_t> bits(n);
    for (int round = 0; round < 50; ++round) {
      // Any bit pattern: denormals, infinities and NaN too.
      for (float& value : x) value = std::bit_cast<float>(static_cast<uint32_t>(random.bits()));
      x[0] = std::bit_cast<float>(0x7f800001u);
      round_to_bf16(n, x.data(), bits.data());
      round_to_bf16(n, x.data(), through.data());
      for (size_t i = 0; i < n; ++i) {
        const uint16_t expected = to_bfloat16(x[i]);
        ASSERT_EQ(bits[i], expected) << std::bit_cast<uint32_t>(x[i]);
        ASSERT_EQ(std::bit_cast<uint32_t>(through[i]), static_cast<uint32_t>(expected) << 16);
      }
    }
  }
}

}  // namespace
}  // namespace peapod::kernels
