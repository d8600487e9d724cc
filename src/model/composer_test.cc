#include "model/composer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "model/safetensors.h"

namespace peapod {
namespace {

constexpr size_t kDim = 8;

ComposerUser made_user(uint64_t seed, size_t user_dim) {
  Random random(seed);
  ComposerUser user;
  for (size_t i = 0; i < user_dim; ++i) user.vector.push_back(static_cast<float>(random.normal()));
  return user;
}

std::vector<const ComposerUser*> pointers(const std::vector<ComposerUser>& users) {
  std::vector<const ComposerUser*> result;
  for (const ComposerUser& user : users) result.push_back(&user);
  return result;
}

ComposerConfig small_config() {
  ComposerConfig config;
  config.num_prompts = 5;
  config.heads = 2;
  config.key_dim = 3;
  config.prompt_length = 2;
  config.user_dim = 4;
  return config;
}

// tests/golden/similar_users: the formula of PeaPOD's second version written in PyTorch (tools/make_golden.py).
TEST(SimilarUsersComposer, EqualsThePyTorchFormulaAndItsGradients) {
  const SafetensorsFile golden =
      SafetensorsFile::open(std::string(PEAPOD_SOURCE_DIR) + "/tests/golden/similar_users/golden.safetensors");
  const auto users_shape = golden.shape("users");
  const auto neighbours_shape = golden.shape("neighbours");
  const auto prompts_shape = golden.shape("prompts");
  const size_t num_users = users_shape[0], user_dim = users_shape[1], n = neighbours_shape[1];
  const size_t length = prompts_shape[1], d_model = prompts_shape[2];
  ComposerConfig config;
  config.kind = ComposerKind::similar_users;
  config.heads = golden.shape("weights")[1];
  config.prompt_length = length;
  config.user_dim = user_dim;
  Parameters<float> parameters;
  const Composer<float> composer(config, d_model, parameters);
  const std::pair<std::string, std::string> names[] = {
      {"query", "query"}, {"key", "key"}, {"value", "value"}, {"out", "output"}};
  for (const auto& [ours, theirs] : names) {
    for (const std::string part : {".weight", ".bias"}) {
      std::ranges::copy(golden.read_f32(theirs + part),
                        parameters.data(parameters.id_of("peapod.composer." + ours + part)));
    }
  }
  const auto vectors = golden.read_f32("users");
  Matrix table(num_users * n, user_dim);
  table.values = golden.read_f32("neighbours");
  std::vector<ComposerUser> users(num_users);
  for (size_t u = 0; u < num_users; ++u) {
    users[u].vector.assign(vectors.begin() + static_cast<ptrdiff_t>(u * user_dim),
                           vectors.begin() + static_cast<ptrdiff_t>((u + 1) * user_dim));
    for (size_t i = 0; i < n; ++i) users[u].neighbours.push_back(static_cast<uint32_t>(u * n + i));
  }
  Tape<float> tape({.record = true});
  std::vector<float> gradients(parameters.size());
  const auto list = pointers(users);
  const Var<float> prompts = composer.personal_prompts(tape, gradients.data(), list, table);
  const auto expected = golden.read_f32("prompts");
  ASSERT_EQ(prompts->value.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(prompts->value.data[i], expected[i], 1e-5);
  std::ranges::copy(golden.read_f32("upstream"), prompts->grad.data);
  tape.backward(prompts);
  for (const auto& [ours, theirs] : names) {
    for (const std::string part : {".weight", ".bias"}) {
      const auto wanted = golden.read_f32("grad." + theirs + part);
      const ParameterInfo& info = parameters.info(parameters.id_of("peapod.composer." + ours + part));
      for (size_t i = 0; i < wanted.size(); ++i) {
        // Absolute: the gradient of the keys' bias is zero but for rounding.
        EXPECT_NEAR(gradients[info.offset + i], wanted[i], 2e-5) << ours << part << " element " << i;
      }
    }
  }
}

TEST(SharedPromptsComposer, HasTheGradientsOfItsOutput) {
  const ComposerConfig config = small_config();
  Parameters<double> parameters;
  const Composer<double> composer(config, kDim, parameters);
  parameters.initialise(3);
  const std::vector<ComposerUser> users = {made_user(1, 4), made_user(2, 4), made_user(3, 4)};
  const auto list = pointers(users);
  Random random(5);
  std::vector<double> upstream(users.size() * config.prompt_length * kDim);
  for (double& value : upstream) value = random.normal();
  const auto objective = [&] {
    Tape<double> tape({.record = false});
    const Var<double> out = composer.personal_prompts(tape, nullptr, list, {});
    return std::inner_product(upstream.begin(), upstream.end(), out->value.data, 0.0);
  };
  Tape<double> tape({.record = true});
  std::vector<double> gradients(parameters.size());
  const Var<double> out = composer.personal_prompts(tape, gradients.data(), list, {});
  std::ranges::copy(upstream, out->grad.data);
  tape.backward(out);
  for (const ParameterInfo& info : parameters.infos()) {
    if (info.name == "peapod.task_prompts") continue;  // not part of the personal prompt
    for (size_t i = info.offset; i < info.offset + info.rows * info.cols; ++i) {
      const double kept = parameters.values()[i];
      parameters.values()[i] = kept + 1e-5;
      const double above = objective();
      parameters.values()[i] = kept - 1e-5;
      const double below = objective();
      parameters.values()[i] = kept;
      EXPECT_NEAR(gradients[i], (above - below) / 2e-5, 1e-6) << info.name;
    }
  }
}

TEST(SharedPromptsComposer, WeighsThePromptsDifferentlyForEachUserAndSumsToOne) {
  const ComposerConfig config = small_config();
  Parameters<float> parameters;
  const Composer<float> composer(config, kDim, parameters);
  parameters.initialise(4);
  std::vector<ComposerUser> users = {made_user(1, 4), made_user(2, 4)};
  const auto compose = [&](std::vector<float>& weights) {
    Tape<float> tape({.record = false});
    weights.resize(users.size() * config.heads * config.num_prompts);
    const Var<float> out = composer.personal_prompts(tape, nullptr, pointers(users), {}, weights.data());
    return std::vector<float>(out->value.data, out->value.data + out->value.size());
  };
  std::vector<float> weights, swapped_weights;
  const auto prompts = compose(weights);
  for (size_t row = 0; row < users.size() * config.heads; ++row) {
    const auto from = weights.begin() + static_cast<ptrdiff_t>(row * config.num_prompts);
    EXPECT_NEAR(std::accumulate(from, from + static_cast<ptrdiff_t>(config.num_prompts), 0.0f), 1.0f, 1e-6f);
  }
  const auto half = static_cast<ptrdiff_t>(weights.size() / 2);
  EXPECT_FALSE(std::equal(weights.begin(), weights.begin() + half, weights.begin() + half));
  std::swap(users[0], users[1]);
  const auto swapped = compose(swapped_weights);
  const auto middle = static_cast<ptrdiff_t>(prompts.size() / 2);
  EXPECT_TRUE(std::equal(prompts.begin(), prompts.begin() + middle, swapped.begin() + middle));
  EXPECT_TRUE(std::equal(prompts.begin() + middle, prompts.end(), swapped.begin()));
}

}  // namespace
}  // namespace peapod
