#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "model/composer.h"
#include "model/composers/shared_prompts.h"
#include "model/composers/similar_users.h"
#include "model/safetensors.h"
#include "support/scratch_folder.h"
#include "support/small_model.h"

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

ComposerOptions small_options() {
  ComposerOptions options;
  options.num_prompts = 5;
  options.heads = 2;
  options.key_dim = 3;
  options.prompt_length = 2;
  options.user_vectors.dim = 4;
  return options;
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
  ComposerOptions options;
  options.heads = golden.shape("weights")[1];
  options.prompt_length = length;
  options.user_vectors.dim = user_dim;
  Matrix table(num_users * n, user_dim);
  table.values = golden.read_f32("neighbours");
  const SimilarUsers composer(options, {}, table);
  Parameters<float> parameters;
  const auto layer = composer.layer(d_model, parameters);
  const std::pair<std::string, std::string> names[] = {
      {"query", "query"}, {"key", "key"}, {"value", "value"}, {"out", "output"}};
  for (const auto& [ours, theirs] : names) {
    for (const std::string part : {".weight", ".bias"}) {
      std::ranges::copy(golden.read_f32(theirs + part),
                        parameters.data(parameters.id_of("peapod.composer." + ours + part)));
    }
  }
  const auto vectors = golden.read_f32("users");
  std::vector<ComposerUser> users(num_users);
  for (size_t u = 0; u < num_users; ++u) {
    users[u].vector.assign(vectors.begin() + static_cast<ptrdiff_t>(u * user_dim),
                           vectors.begin() + static_cast<ptrdiff_t>((u + 1) * user_dim));
    for (size_t i = 0; i < n; ++i) users[u].neighbours.push_back(static_cast<uint32_t>(u * n + i));
  }
  Tape<float> tape({.record = true});
  std::vector<float> gradients(parameters.size());
  const auto list = pointers(users);
  const Var<float> prompts = layer->prompts(tape, gradients.data(), list, nullptr);
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
  const ComposerOptions options = small_options();
  const SharedPrompts composer(options, {});
  Parameters<double> parameters;
  const auto layer = composer.layer(kDim, parameters);
  parameters.initialise(3);
  const std::vector<ComposerUser> users = {made_user(1, 4), made_user(2, 4), made_user(3, 4)};
  const auto list = pointers(users);
  Random random(5);
  std::vector<double> upstream(users.size() * options.prompt_length * kDim);
  for (double& value : upstream) value = random.normal();
  const auto objective = [&] {
    Tape<double> tape({.record = false});
    const Var<double> out = layer->prompts(tape, nullptr, list, nullptr);
    return std::inner_product(upstream.begin(), upstream.end(), out->value.data, 0.0);
  };
  Tape<double> tape({.record = true});
  std::vector<double> gradients(parameters.size());
  const Var<double> out = layer->prompts(tape, gradients.data(), list, nullptr);
  std::ranges::copy(upstream, out->grad.data);
  tape.backward(out);
  for (const ParameterInfo& info : parameters.infos()) {
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
  const ComposerOptions options = small_options();
  const SharedPrompts composer(options, {});
  Parameters<float> parameters;
  const auto layer = composer.layer(kDim, parameters);
  parameters.initialise(4);
  std::vector<ComposerUser> users = {made_user(1, 4), made_user(2, 4)};
  const auto compose = [&](std::vector<float>& weights) {
    Tape<float> tape({.record = false});
    weights.resize(users.size() * options.heads * options.num_prompts);
    const Var<float> out = layer->prompts(tape, nullptr, pointers(users), weights.data());
    return std::vector<float>(out->value.data, out->value.data + out->value.size());
  };
  std::vector<float> weights, swapped_weights;
  const auto prompts = compose(weights);
  for (size_t row = 0; row < users.size() * options.heads; ++row) {
    const auto from = weights.begin() + static_cast<ptrdiff_t>(row * options.num_prompts);
    EXPECT_NEAR(std::accumulate(from, from + static_cast<ptrdiff_t>(options.num_prompts), 0.0f), 1.0f, 1e-6f);
  }
  const auto half = static_cast<ptrdiff_t>(weights.size() / 2);
  EXPECT_FALSE(std::equal(weights.begin(), weights.begin() + half, weights.begin() + half));
  std::swap(users[0], users[1]);
  const auto swapped = compose(swapped_weights);
  const auto middle = static_cast<ptrdiff_t>(prompts.size() / 2);
  EXPECT_TRUE(std::equal(prompts.begin(), prompts.begin() + middle, swapped.begin() + middle));
  EXPECT_TRUE(std::equal(prompts.begin() + middle, prompts.end(), swapped.begin()));
}

TEST(ComposerKinds, AreFoundByTheirNames) {
  for (const ComposerKind& kind : composer_kinds()) EXPECT_EQ(&composer_kind(kind.name), &kind);
  try {
    composer_kind("shared_prompts");
    FAIL() << "an unknown name was found";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "composer");
    for (const ComposerKind& kind : composer_kinds()) {
      EXPECT_NE(error.problem().find(kind.name), std::string::npos) << error.problem();
    }
  }
}

// Fitted, stored and loaded again, a composer of every kind sees users as before, its vectors standing in front of the
// text under the same names.
TEST(ComposerKinds, SeeTheSameAfterTheirTensorsWereStored) {
  const ScratchFolder folder;
  for (const ComposerKind& kind : composer_kinds()) {
    SmallModel small({.composer = kind.name});
    const Composer& composer = small->composer();
    EXPECT_EQ(composer.name(), kind.name);
    const auto file = folder.path() / (std::string(kind.name) + ".safetensors");
    write_safetensors(file, composer.tensors());
    const SafetensorsFile stored = SafetensorsFile::open(file);
    const auto loaded = kind.load(composer.options(), {stored, file.string(), SmallModel::kUsers, SmallModel::kItems});
    EXPECT_EQ(loaded->name(), kind.name);
    EXPECT_EQ(loaded->length(), composer.length());
    EXPECT_EQ(loaded->has_task_prompts(), composer.has_task_prompts());
    for (const uint32_t user : {0u, 17u}) {
      const ComposerUser before = composer.see(user, small.data().train_items(user));
      const ComposerUser after = loaded->see(user, small.data().train_items(user));
      EXPECT_EQ(before.vector, after.vector);
      EXPECT_EQ(before.neighbours, after.neighbours);
      EXPECT_EQ(before.vector.empty(), composer.length() == 0);
    }
    if (composer.tensors().empty()) continue;
    EXPECT_THROW(kind.load(composer.options(), {stored, file.string(), SmallModel::kUsers, SmallModel::kItems + 1}),
                 Error);
  }
}

TEST(ComposerKinds, RefuseStoredTensorsWithValuesThatAreNotFinite) {
  const ScratchFolder folder;
  SmallModel small({.composer = kSimilarUsers});
  const Composer& composer = small->composer();
  const std::vector<NamedTensor> tensors = composer.tensors();
  for (size_t damaged = 0; damaged < tensors.size(); ++damaged) {
    std::vector<NamedTensor> written = tensors;
    std::vector<float> values(tensors[damaged].values.begin(), tensors[damaged].values.end());
    values.back() = std::nanf("");
    written[damaged].values = values;
    const auto file = folder.path() / "preferences.safetensors";
    write_safetensors(file, written);
    const SafetensorsFile stored = SafetensorsFile::open(file);
    try {
      composer_kind(kSimilarUsers)
          .load(composer.options(), {stored, file.string(), SmallModel::kUsers, SmallModel::kItems});
      ADD_FAILURE() << tensors[damaged].name << " went through";
    } catch (const Error& error) {
      EXPECT_NE(error.where().find(tensors[damaged].name), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace peapod
