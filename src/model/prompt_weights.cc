#include "model/prompt_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/threads.h"
#include "model/question.h"

namespace peapod {
namespace {

constexpr size_t kUsersAtOnce = 64;  // whose weights are computed in one pass

double entropy_bits(std::span<const double> weights) {
  double bits = 0;
  for (const double w : weights) {
    if (w > 0) bits -= w * std::log2(w);
  }
  return bits;
}

// Rows of weights, one a user -> H(mean row) - mean H(row). Rounding can leave a hair below 0.
double information_bits(const std::vector<std::span<const float>>& rows) {
  const auto n = static_cast<double>(rows.size());
  std::vector<double> mean(rows.front().size());
  double mean_entropy = 0;
  for (const std::span<const float> row : rows) {
    const std::vector<double> weights(row.begin(), row.end());
    for (size_t m = 0; m < mean.size(); ++m) mean[m] += weights[m] / n;
    mean_entropy += entropy_bits(weights) / n;
  }
  return std::max(0.0, entropy_bits(mean) - mean_entropy);
}

PromptWeights weights_from(std::span<const float> values, size_t heads, size_t num_prompts) {
  PromptWeights weights{Matrix(heads, num_prompts), std::vector<float>(num_prompts)};
  std::ranges::copy(values, weights.by_head.values.begin());
  for (size_t h = 0; h < heads; ++h) {
    for (size_t m = 0; m < num_prompts; ++m) {
      weights.mean[m] += weights.by_head.row(h)[m] / static_cast<float>(heads);
    }
  }
  return weights;
}

}  // namespace

std::vector<PromptWeights> prompt_weights(const PeapodModel& model, std::span<const uint32_t> users) {
  std::vector<ComposerUser> seen(users.size());
  parallel_for(users.size(), [&](size_t i) {
    const Known who = known_in_use(model.dataset(), users[i]);
    seen[i] = model.see(who.known_as, who.items);
  });
  return prompt_weights(model, seen);
}

std::vector<PromptWeights> prompt_weights(const PeapodModel& model, std::span<const ComposerUser> users) {
  if (model.composer().name() != kSharedPrompts) {
    throw Error("prompt weights",
                fmt::format("this model's composer is {}, which mixes no shared prompts", model.composer().name()),
                fmt::format("train one with the composer {}", kSharedPrompts));
  }
  const size_t heads = model.composer().options().heads;
  const size_t num_prompts = model.composer().options().num_prompts;
  const size_t size = heads * num_prompts;
  std::vector<PromptWeights> result(users.size());
  parallel_for((users.size() + kUsersAtOnce - 1) / kUsersAtOnce, [&](size_t part) {
    const auto some =
        users.subspan(part * kUsersAtOnce).first(std::min(kUsersAtOnce, users.size() - part * kUsersAtOnce));
    std::vector<float> values(some.size() * size);
    Tape<float> tape({.record = false});
    Pass<float> pass{tape};
    model.network().personal_prompts(pass, some, values.data());
    for (size_t i = 0; i < some.size(); ++i) {
      result[part * kUsersAtOnce + i] = weights_from(std::span(values).subspan(i * size, size), heads, num_prompts);
    }
  });
  return result;
}

PromptUsage prompt_usage(std::span<const PromptWeights> users) {
  if (users.empty()) throw Error("", "there are no users whose prompt weights could be compared");
  const size_t heads = users.front().by_head.rows;
  PromptUsage usage;
  usage.mean_weights.resize(users.front().mean.size());
  std::vector<std::span<const float>> rows(users.size());
  for (size_t h = 0; h < heads; ++h) {
    std::ranges::transform(users, rows.begin(), [&](const PromptWeights& user) { return user.by_head.row(h); });
    usage.information.push_back(information_bits(rows));
    usage.mean_information += usage.information.back() / static_cast<double>(heads);
  }
  std::ranges::transform(users, rows.begin(), [](const PromptWeights& user) { return std::span(user.mean); });
  usage.information_of_mean = information_bits(rows);
  for (const std::span<const float> row : rows) {
    for (size_t m = 0; m < row.size(); ++m) usage.mean_weights[m] += row[m] / static_cast<double>(users.size());
  }
  return usage;
}

}  // namespace peapod
