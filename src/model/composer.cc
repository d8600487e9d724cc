#include "model/composer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace peapod {

template <class T>
Composer<T>::Composer(const ComposerConfig& config, size_t d_model, Parameters<T>& parameters)
    : config_(config), parameters_(parameters), d_model_(d_model) {
  if (config.kind == ComposerKind::none) return;
  task_ = parameters.add("peapod.task_prompts", {kNumTasks * config.task_length, d_model}, 1.0);
  if (!config.personal()) return;
  if (config.heads == 0 || d_model % config.heads != 0) {
    throw Error("composer", "the number of heads must divide the model's width " + std::to_string(d_model));
  }
  const double from_user = 1.0 / std::sqrt(static_cast<double>(config.user_dim));
  const double from_model = 1.0 / std::sqrt(static_cast<double>(d_model));
  constexpr double kBiasDeviation = 0.02;
  const auto add_linear = [&](const std::string& name, size_t out, size_t in, double deviation, ParameterId& weight,
                              ParameterId& bias) {
    weight = parameters.add("peapod.composer." + name + ".weight", {out, in}, deviation);
    bias = parameters.add("peapod.composer." + name + ".bias", {1, out}, kBiasDeviation);
  };
  if (config.kind == ComposerKind::shared_prompts) {
    add_linear("query", config.heads * config.key_dim, config.user_dim, from_user, query_, query_bias_);
    keys_ = parameters.add("peapod.composer.keys", {config.heads * config.num_prompts, config.key_dim}, 1.0);
    prompts_ = parameters.add("peapod.composer.prompts", {config.num_prompts, config.prompt_length, d_model}, 1.0);
  } else {
    add_linear("query", d_model, config.user_dim, from_user, query_, query_bias_);
    add_linear("key", d_model, config.user_dim, from_user, key_weight_, key_bias_);
    add_linear("value", d_model, config.user_dim, from_user, value_weight_, value_bias_);
    add_linear("out", config.prompt_length * d_model, d_model, from_model, out_, out_bias_);
  }
}

template <class T>
Var<T> Composer<T>::task_prompts(Tape<T>& tape, T* gradients) const {
  return parameters_.on(tape, gradients, task_);
}

template <class T>
Var<T> Composer<T>::personal_prompts(Tape<T>& tape, T* gradients, std::span<const ComposerUser* const> users,
                                     const Matrix& user_table, T* weights) const {
  const auto weight = [&](ParameterId id) { return parameters_.on(tape, gradients, id); };
  Tensor<T> vectors = tape.scratch(users.size(), config_.user_dim);
  for (size_t i = 0; i < users.size(); ++i) std::ranges::copy(users[i]->vector, vectors.row(i));
  const Var<T> queries = linear(tape, tape.leaf(vectors, nullptr), weight(query_), weight(query_bias_));
  const size_t rows = users.size() * config_.prompt_length;
  if (config_.kind == ComposerKind::shared_prompts) {
    const Var<T> mixed =
        mix_prompts(tape, queries, weight(keys_), weight(prompts_), config_.heads, config_.prompt_length, weights);
    return reshape(tape, mixed, rows, d_model_);
  }
  std::vector<uint32_t> query_spans{0}, key_spans{0};
  for (const ComposerUser* user : users) {
    query_spans.push_back(query_spans.back() + 1);
    key_spans.push_back(key_spans.back() + static_cast<uint32_t>(user->neighbours.size()));
  }
  Tensor<T> neighbours = tape.scratch(key_spans.back(), config_.user_dim);
  for (size_t i = 0, row = 0; i < users.size(); ++i) {
    for (const uint32_t neighbour : users[i]->neighbours) {
      std::ranges::copy(user_table.row(neighbour), neighbours.row(row++));
    }
  }
  const Var<T> table = tape.leaf(neighbours, nullptr);
  const size_t head_dim = d_model_ / config_.heads;
  const Var<T> mixed = attention<T>(
      tape, queries, linear(tape, table, weight(key_weight_), weight(key_bias_)),
      linear(tape, table, weight(value_weight_), weight(value_bias_)), query_spans, key_spans, nullptr,
      {.heads = config_.heads, .head_dim = head_dim, .scale = 1.0 / std::sqrt(static_cast<double>(head_dim))});
  return reshape(tape, linear(tape, mixed, weight(out_), weight(out_bias_)), rows, d_model_);
}

template class Composer<float>;
template class Composer<double>;

}  // namespace peapod
