#include "train/training_identity.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/error.h"
#include "support/small_model.h"
#include "train/trainer.h"

namespace peapod {
namespace {

std::string difference(const TrainingIdentity& began_with, const TrainingIdentity& now) {
  try {
    require_same(began_with, now, "model");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TrainingIdentity, ChangesWithWhatDecidesTheWeightsAndNamesIt) {
  SmallModel small;
  const auto identity_after = [&](const std::function<void(CreateOptions&, TrainOptions&)>& change) {
    CreateOptions create;
    TrainOptions train;
    change(create, train);
    return identity_of(small.data(), create, train);
  };
  const TrainingIdentity plain = identity_after([](CreateOptions&, TrainOptions&) {});
  EXPECT_EQ(difference(plain, plain), "");
  const std::pair<const char*, std::function<void(CreateOptions&, TrainOptions&)>> changes[] = {
      {"preset mini, not tiny", [](CreateOptions& create, TrainOptions&) { create.preset = "tiny"; }},
      {"composer shared-prompts, not none", [](CreateOptions& create, TrainOptions&) { create.composer = kNoPrompts; }},
      {"num_prompts 20, not 9", [](CreateOptions& create, TrainOptions&) { create.composer_options.num_prompts = 9; }},
      {"user_dim 64, not 8",
       [](CreateOptions& create, TrainOptions&) { create.composer_options.user_vectors.dim = 8; }},
      {"dropout 0.1, not 0.2", [](CreateOptions& create, TrainOptions&) { create.dropout = 0.2; }},
      {"task_share of topn 0.25, not 0.5", [](CreateOptions&, TrainOptions& train) { train.sampler.shares[1] = 0.5; }},
      {"later_items 0, not 3", [](CreateOptions&, TrainOptions& train) { train.sampler.later_items = 3; }},
      {"items vectors, not tokens", [](CreateOptions& create, TrainOptions&) { create.items = ItemForm::tokens; }},
      {"encoder causal, not bidirectional",
       [](CreateOptions& create, TrainOptions&) { create.encoder = EncoderKind::bidirectional; }},
      {"recall none, not search", [](CreateOptions& create, TrainOptions&) { create.recall_use = {.search = true}; }},
      {"weight_decay 0.01, not 0", [](CreateOptions&, TrainOptions& train) { train.adamw.weight_decay = 0; }},
      {"precision f32, not bf16", [](CreateOptions&, TrainOptions& train) { train.precision = Precision::bf16; }},
      {"seed 1, not 5", [](CreateOptions&, TrainOptions& train) { train.seed = 5; }},
  };
  for (const auto& [message, change] : changes) {
    EXPECT_NE(difference(plain, identity_after(change)).find(message), std::string::npos)
        << difference(plain, identity_after(change));
  }
}

TEST(TrainingIdentity, DoesNotChangeWithTheBudget) {
  SmallModel small;
  TrainOptions longer;
  longer.max_steps = 77;
  longer.time_limit_minutes = 3;
  longer.learning_rate = 1;
  longer.validations = 2;
  EXPECT_EQ(identity_of(small.data(), {}, {}), identity_of(small.data(), {}, longer));
}

TEST(TrainingIdentity, IsThatOfItsData) {
  SmallModel small, shorter({.interactions = 6});
  EXPECT_NE(difference(identity_of(small.data(), {}, {}), identity_of(shorter.data(), {}, {})).find("data"),
            std::string::npos);
}

TEST(TrainingIdentity, HasEachFieldOnce) {
  SmallModel small;
  std::set<std::string> names;
  for (const auto& [name, value] : identity_of(small.data(), {}, {}).fields)
    EXPECT_TRUE(names.insert(name).second) << name;
}

TEST(TrainingIdentity, GivesBackTheOptionsThatItIsMadeOf) {
  SmallModel small;
  CreateOptions create;
  create.preset = "tiny";
  create.composer = kSimilarUsers;
  create.composer_options.num_neighbours = 7;
  create.composer_options.user_vectors.dim = 12;
  create.static_user_vectors = true;
  create.items = ItemForm::tokens;
  create.encoder = EncoderKind::bidirectional;
  create.recall_use = {.search = true};
  create.dropout = 0.123456789;
  TrainOptions train;
  train.sampler.shares = {0.7, 0.3, 0};
  train.sampler.tokens_per_step = 333;
  train.sampler.later_items = 4;
  train.sampler.later_decay = 0.1;
  train.sampler.legacy_pad_loss = true;
  train.adamw.weight_decay = 1e-7;
  train.precision = Precision::bf16;
  train.seed = 18446744073709551615u;
  for (const char* init : {"", "/some/where"}) {
    create.init = init;
    const TrainingIdentity identity = identity_of(small.data(), create, train);
    CreateOptions create_again;
    TrainOptions train_again;
    create_again.init = "/else/where";
    read_options(identity, "model", create_again, train_again);
    EXPECT_EQ(identity_of(small.data(), create_again, train_again), identity);
    EXPECT_EQ(create_again.seed, train.seed);
    EXPECT_EQ(create_again.init, init);
  }
}

TEST(TrainingIdentity, IsRefusedWhereAFieldIsMissingOrHasNoValue) {
  SmallModel small;
  const TrainingIdentity good = identity_of(small.data(), {}, {});
  const auto fault = [](const TrainingIdentity& identity) -> std::string {
    CreateOptions create;
    TrainOptions train;
    try {
      read_options(identity, "model", create, train);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(fault(good), "");
  for (size_t i = 0; i < good.fields.size(); ++i) {
    const std::string& name = good.fields[i].first;
    if (name == "data") continue;
    TrainingIdentity without = good, bad = good;
    without.fields.erase(without.fields.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_NE(fault(without).find(name), std::string::npos) << name;
    bad.fields[i].second = "?";
    if (name != "preset") {
      EXPECT_NE(fault(bad), "") << name;
    }
  }
}

}  // namespace
}  // namespace peapod
