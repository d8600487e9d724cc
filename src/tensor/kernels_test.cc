#include "tensor/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "support/made_values.h"

namespace peapod::kernels {
namespace {

// The same values twice: f32 for the vector version, f64 for the reference.
struct Both {
  std::vector<float> f;
  std::vector<double> d;

  Both(Random& random, size_t n, bool positive = false) {
    for (size_t i = 0; i < n; ++i) {
      const double x = random.normal();
      f.push_back(static_cast<float>(positive ? std::abs(x) : x));
    }
    d.assign(f.begin(), f.end());
  }
};

// 1e-5 leaves room for sums of up to some hundred f32 terms of size about one.
void expect_same(const Both& values, const char* what) {
  for (size_t i = 0; i < values.f.size(); ++i) {
    ASSERT_NEAR(values.f[i], values.d[i], 1e-5 * (1 + std::abs(values.d[i]))) << what << " " << i;
  }
}

TEST(Kernels, OfDropoutEqualTheReference) {
  for (const float p : {0.0f, 0.1f, 0.5f, 0.9f}) {
    SCOPED_TRACE(p);
    const auto q = static_cast<double>(p);
    for_lengths(0, [&](Random& random, size_t n) {
      const auto seed = static_cast<uint32_t>(random.bits());
      const Both x(random, n), z(random, n);
      Both y(random, n);
      add_dropout(n, x.f.data(), z.f.data(), y.f.data(), p, seed);
      reference::add_dropout(n, x.d.data(), z.d.data(), y.d.data(), q, seed);
      expect_same(y, "add_dropout");
      relu_dropout(n, x.f.data(), y.f.data(), p, seed);
      reference::relu_dropout(n, x.d.data(), y.d.data(), q, seed);
      expect_same(y, "relu_dropout");
      Both dx(random, n);
      for (const bool add : {false, true}) {
        const ReluBackward shape{n, add};
        relu_dropout_backward(shape, x.f.data(), z.f.data(), dx.f.data(), p, seed);
        reference::relu_dropout_backward(shape, x.d.data(), z.d.data(), dx.d.data(), q, seed);
        expect_same(dx, "relu_dropout_backward");
      }
      copy_dropout(n, x.f.data(), y.f.data(), p, seed);
      reference::copy_dropout(n, x.d.data(), y.d.data(), q, seed);
      expect_same(y, "copy_dropout");
      add_dropout(n, dx.f.data(), x.f.data(), dx.f.data(), p, seed);
      reference::add_dropout(n, dx.d.data(), x.d.data(), dx.d.data(), q, seed);
      expect_same(dx, "add_dropout in place");
    });
  }
}

TEST(Kernels, OfReluDoNotHideWhatIsNoNumber) {
  for_lengths(1, [](Random& random, size_t n) {
    for (const float bad : {std::nanf(""), -std::nanf("")}) {
      auto x = draw(random, n);
      const size_t place = random.below(n);
      x[place] = bad;
      relu_dropout(n, x.data(), x.data(), 0.0f, 0);
      for (size_t i = 0; i < n; ++i) EXPECT_TRUE(i == place ? std::isnan(x[i]) : x[i] >= 0.0f) << i;
    }
  });
}

TEST(Kernels, OfSumsEqualTheReference) {
  for_lengths(0, [](Random& random, size_t n) {
    const Both x(random, n);
    Both y(random, n);
    EXPECT_NEAR(dot(n, x.f.data(), y.f.data()), reference::dot(n, x.d.data(), y.d.data()),
                1e-6 * (1.0 + static_cast<double>(n)));
    axpy(n, -1.3f, x.f.data(), y.f.data());
    reference::axpy(n, static_cast<double>(-1.3f), x.d.data(), y.d.data());
    expect_same(y, "axpy");
  });
}

TEST(Kernels, OfExponentialsEqualTheReference) {
  for (const float shift : {0.0f, -300.0f, 300.0f}) {
    for_lengths(1, [&](Random& random, size_t n) {
      Both x(random, n);
      for (size_t i = 0; i < n; ++i) x.d[i] = static_cast<double>(x.f[i] = 4.0f * x.f[i] + shift);
      const double expected = reference::log_sum_exp(n, x.d.data());
      EXPECT_NEAR(log_sum_exp(n, x.f.data()), expected, 1e-5 * (1.0 + 0.1 * std::abs(expected)));
      const auto log_sum = static_cast<float>(expected);
      exp_shifted(n, x.f.data(), log_sum, 0.3f);
      reference::exp_shifted(n, x.d.data(), static_cast<double>(log_sum), static_cast<double>(0.3f));
      expect_same(x, "exp_shifted");
    });
  }
}

TEST(Kernels, OfSoftmaxEqualTheReference) {
  for_lengths(1, [](Random& random, size_t n) {
    for (const bool causal : {false, true}) {
      for (const bool biased : {false, true}) {
        for (const float dropout : {0.0f, 0.3f}) {
          SCOPED_TRACE(testing::Message() << "causal " << causal << " biased " << biased << " dropout " << dropout);
          const size_t rows = 1 + random.below(9);
          const ScoreBlock block{.rows = rows,
                                 .cols = n,
                                 .stride = n + random.below(5),
                                 .causal = causal,
                                 .first_row = random.below(n + 2),
                                 .dropout = dropout,
                                 .seed = static_cast<uint32_t>(random.bits())};
          Both scores(random, rows * block.stride);
          Both again = scores;
          const Both bias(random, rows + n);
          const float* bias_f = biased ? bias.f.data() + rows - 1 : nullptr;
          const double* bias_d = biased ? bias.d.data() + rows - 1 : nullptr;
          Both log_sums(random, rows);
          softmax(block, scores.f.data(), bias_f, log_sums.f.data());
          reference::softmax(block, scores.d.data(), bias_d, log_sums.d.data());
          expect_same(scores, "softmax");
          expect_same(log_sums, "log_sums");
          Both d(random, rows * block.stride);
          const Both dots(random, rows);
          softmax_backward(block, bias_f, log_sums.f.data(), dots.f.data(), again.f.data(), d.f.data());
          reference::softmax_backward(block, bias_d, log_sums.d.data(), dots.d.data(), again.d.data(), d.d.data());
          expect_same(d, "softmax_backward");
          expect_same(again, "probabilities again");
          for (size_t i = 0; i < again.d.size(); ++i) ASSERT_NEAR(again.d[i], scores.d[i], 1e-12) << i;
        }
      }
    }
  });
}

TEST(Kernels, OfRmsNormEqualTheReference) {
  for_lengths(1, [](Random& random, size_t n) {
    const size_t rows = random.below(5);
    const Both x(random, rows * n), weight(random, n), dy(random, rows * n);
    Both y(random, rows * n), inverse(random, rows), dx(random, rows * n), d_weight(random, n);
    rms_norm(rows, n, x.f.data(), weight.f.data(), 1e-6f, y.f.data(), inverse.f.data());
    reference::rms_norm(rows, n, x.d.data(), weight.d.data(), 1e-6, y.d.data(), inverse.d.data());
    expect_same(inverse, "inverse_rms");
    expect_same(y, "rms_norm");
    // From equal inputs, so that the kernel alone is compared.
    inverse.d.assign(inverse.f.begin(), inverse.f.end());
    for (const int which : {0, 1, 2}) {
      rms_norm_backward({rows, n, which != 0}, x.f.data(), weight.f.data(), inverse.f.data(), dy.f.data(),
                        which == 1 ? nullptr : dx.f.data(), which == 2 ? nullptr : d_weight.f.data());
      reference::rms_norm_backward(NormBackward{rows, n, which != 0}, x.d.data(), weight.d.data(), inverse.d.data(),
                                   dy.d.data(), which == 1 ? nullptr : dx.d.data(),
                                   which == 2 ? nullptr : d_weight.d.data());
    }
    // Scaled by 1 / rms, which a short row can make large.
    const double size = rows == 0 ? 1.0 : 1.0 + *std::ranges::max_element(inverse.d);
    for (size_t i = 0; i < dx.f.size(); ++i) ASSERT_NEAR(dx.f[i], dx.d[i], 3e-5 * size) << "dx " << i;
    for (size_t i = 0; i < n; ++i) ASSERT_NEAR(d_weight.f[i], d_weight.d[i], 3e-5 * size) << "d_weight " << i;
  });
}

TEST(Kernels, OfAdamWEqualTheReference) {
  const AdamStep step{.beta1 = 0.9f,
                      .beta2 = 0.99f,
                      .epsilon = 1e-6f,
                      .step_size = 0.01f,
                      .second_correction = 1.7f,
                      .decay = 1e-3f,
                      .grad_scale = 0.4f};
  for_lengths(0, [&](Random& random, size_t n) {
    const Both grad(random, n);
    Both m(random, n), v(random, n, true), weights(random, n);
    adamw(n, step, grad.f.data(), m.f.data(), v.f.data(), weights.f.data());
    reference::adamw(n, step, grad.d.data(), m.d.data(), v.d.data(), weights.d.data());
    expect_same(m, "m");
    expect_same(v, "v");
    expect_same(weights, "weights");
  });
}

TEST(Kernels, FindTheFirstValueThatIsLargeEnough) {
  for_lengths(0, [](Random& random, size_t n) {
    std::vector<float> x(n, 1.0f);
    EXPECT_EQ(first_at_least(n, x.data(), 1.5f), n);
    if (n == 0) return;
    const size_t place = random.below(n);
    x[place] = 2.0f;
    x[place + random.below(n - place)] = 3.0f;
    EXPECT_EQ(first_at_least(n, x.data(), 2.0f), place);
    EXPECT_EQ(first_at_least(n, x.data(), 1.0f), 0u);
    EXPECT_EQ(first_at_least(n, x.data(), -std::numeric_limits<float>::infinity()), 0u);
    x[place] = std::nanf("");
    EXPECT_NE(first_at_least(n, x.data(), 0.0f), place) << "what is no number is not large";
  });
}

TEST(Dropout, KeepsAboutTheShareItIsAskedTo) {
  const size_t n = 100001;
  for (const float p : {0.05f, 0.1f, 0.5f, 0.8f}) {
    for (uint32_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(testing::Message() << "p " << p << ", seed " << seed);
      std::vector<float> x(n, 1.0f);
      copy_dropout(n, x.data(), x.data(), p, seed);
      const double q = dropout_threshold(p) / 65536.0;
      EXPECT_NEAR(q, p, 0x1p-17);
      const auto kept = static_cast<double>(n) - static_cast<double>(std::ranges::count(x, 0.0f));
      EXPECT_NEAR(kept / static_cast<double>(n), 1 - q, 5 * std::sqrt(q * (1 - q) / static_cast<double>(n)));
      for (const float value : x) ASSERT_TRUE(value == 0.0f || std::abs(value * (1.0 - q) - 1.0) < 1e-6);
    }
  }
}

TEST(Dropout, UsesOneMaskForwardAndBackward) {
  const size_t n = 333;
  const float p = 0.4f;
  const std::vector<float> ones(n, 1.0f), zeros(n, 0.0f);
  std::vector<float> mask = ones, forward(n), backward = zeros, added(n);
  copy_dropout(n, mask.data(), mask.data(), p, 12);
  relu_dropout(n, ones.data(), forward.data(), p, 12);
  relu_dropout_backward({n, true}, ones.data(), ones.data(), backward.data(), p, 12);
  add_dropout(n, zeros.data(), ones.data(), added.data(), p, 12);
  EXPECT_EQ(forward, mask);
  EXPECT_EQ(backward, mask);
  EXPECT_EQ(added, mask);
  std::vector<float> other = ones;
  copy_dropout(n, other.data(), other.data(), p, 13);
  EXPECT_NE(other, mask);
}

}  // namespace
}  // namespace peapod::kernels
