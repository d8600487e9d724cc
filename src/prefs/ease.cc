#include "prefs/ease.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "prefs/occurrences.h"
#include "prefs/symmetric_inverse.h"

namespace peapod {
namespace {

std::vector<uint32_t> distinct(std::span<const uint32_t> history) {
  std::vector<uint32_t> items(history.begin(), history.end());
  std::ranges::sort(items);
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

void check(uint32_t num_items, const EaseOptions& options) {
  if (!(options.regularisation > 0.0) || !std::isfinite(options.regularisation)) {
    throw Error("regularisation", fmt::format("expected a positive number, got {:g}", options.regularisation));
  }
  if (num_items > kMostEaseItems) {
    const double items = num_items;
    throw Error(
        "EASE",
        fmt::format("the catalogue has {} items, more than {}: it inverts a matrix of items x items, which would "
                    "take {:.1f} GB of memory and {:.0f} times as long as at {}",
                    num_items, kMostEaseItems, items * items * sizeof(float) / 1e9,
                    std::ceil(std::pow(items / kMostEaseItems, 3.0)), kMostEaseItems),
        "use a method that counts pairs, item-knn or recall");
  }
}

// X^T X + lambda I on and below the diagonal.
Matrix regularised_gram(const Histories& train, uint32_t num_items, double regularisation) {
  std::vector<std::vector<uint32_t>> items_of;
  for (const auto& history : train) items_of.push_back(distinct(history));
  const Occurrences occurrences(Histories(items_of.begin(), items_of.end()), num_items);
  Matrix gram(num_items, num_items);
  parallel_for(num_items, [&](size_t item) {
    const auto row = gram.row(item);
    for (const auto& [user, position] : occurrences.of(static_cast<uint32_t>(item))) {
      for (uint32_t other = 0; other <= position; ++other) row[items_of[user][other]] += 1.0f;
    }
    row[item] += static_cast<float>(regularisation);
  });
  return gram;
}

}  // namespace

Ease::Ease(const Histories& train, uint32_t num_items, const EaseOptions& options) {
  check(num_items, options);
  weights_ = regularised_gram(train, num_items, options.regularisation);
  invert_symmetric(weights_);
  std::vector<float> scale;  // -1 / P_jj
  for (size_t j = 0; j < num_items; ++j) scale.push_back(-1.0f / weights_.row(j)[j]);
  parallel_for(num_items, [&](size_t i) {
    const auto row = weights_.row(i);
    for (size_t j = 0; j < row.size(); ++j) row[j] *= scale[j];
    row[i] = 0.0f;
  });
}

void Ease::score(std::span<const uint32_t> history, std::span<float> scores) const {
  assert(scores.size() == weights_.cols);
  std::ranges::fill(scores, 0.0f);
  for (const uint32_t item : distinct(history)) {
    const auto row = weights_.row(item);
    for (size_t j = 0; j < scores.size(); ++j) scores[j] += row[j];
  }
}

}  // namespace peapod
