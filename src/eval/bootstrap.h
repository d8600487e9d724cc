// Confidence intervals: how far a measured mean, or a difference between two methods on the same users, may be off.
// Deterministic for a seed, whatever the number of threads. Safe from any thread.
#pragma once

#include <cstdint>
#include <span>

namespace peapod {

// A value with its 95 % interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// A difference between two methods on the same users.
struct Difference : Estimate {
  // Two-sided: how often chance alone makes a difference as large. Twice the share of the resamples on the less
  // frequent side of 0, those at 0 counting on both, and one resample more on each side, so that it is never 0. Below
  // .05 about where the interval leaves out 0 (Efron and Tibshirani 1993, section 15.4, on percentile intervals).
  double p_value = 1;
};

struct BootstrapOptions {
  uint32_t num_resamples = 2000;  // at least 1
  uint64_t seed = 1;
};

// Mean of one value per user; users are drawn anew with replacement, percentile interval (Efron and Tibshirani 1993,
// chapter 13). Throws Error without values or resamples.
Estimate bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});

// Mean of `ours` minus mean of `theirs`, paired: value u of both belongs to the same user, and users are drawn as
// pairs. Throws Error when the lengths differ.
Difference bootstrap_difference(std::span<const double> ours, std::span<const double> theirs,
                                const BootstrapOptions& options = {});

// Mean over a few independent runs (seeds) with Student's t interval; a single run has an infinite one. Throws Error
// without values.
Estimate mean_over_runs(std::span<const double> values);

}  // namespace peapod
