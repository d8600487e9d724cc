#include "train/trainer.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "support/small_model.h"
#include "train/training_state.h"

namespace peapod {
namespace {

TrainOptions few_steps(uint64_t steps) {
  TrainOptions options;
  options.sampler.tokens_per_step = 1500;
  options.sampler.shares = {0.7, 0.3, 0};
  options.max_steps = steps;
  options.max_epochs = 1000;
  options.learning_rate = 0.01;
  options.warmup_steps = 5;
  options.validations = 4;
  return options;
}

std::vector<nlohmann::json> log_lines(const std::filesystem::path& directory) {
  std::vector<nlohmann::json> lines;
  std::ifstream in(directory / "metrics.jsonl");
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(Train, LowersTheLossAndEndsWithTheBestWeights) {
  SmallModel small;
  small->save_static(small.model_directory());
  TrainOptions options = few_steps(60);
  const TrainResult result = train(*small, small.model_directory(), options, false, {});
  EXPECT_EQ(result.steps, 60u);
  EXPECT_LT(result.final_loss, 0.8 * result.first_loss);
  const auto lines = log_lines(small.model_directory());
  ASSERT_EQ(lines.size(), options.validations);
  double best = -1;
  for (const auto& line : lines) {
    const double metric = line.at("valid.ndcg@10").get<double>();
    EXPECT_EQ(line.at("best").get<bool>(), metric > best);
    best = std::max(best, metric);
  }
  EXPECT_EQ(result.best_metric, best);
  EXPECT_EQ(PeapodModel::load(small.model_directory()).network().parameters().values(),
            small->network().parameters().values());
}

TEST(Train, StopsAfterValidationsInARowWithoutABetterMetric) {
  SmallModel small;
  small->save_static(small.model_directory());
  TrainOptions options = few_steps(100);
  options.learning_rate = 0;  // nothing ever gets better than the first validation
  options.validations = 20;
  options.patience = 3;
  const TrainResult result = train(*small, small.model_directory(), options, false, {});
  EXPECT_EQ(log_lines(small.model_directory()).size(), 4u);
  EXPECT_EQ(result.steps, 20u);
}

void expect_the_same_bits_after_an_interruption(const SmallModelOptions& options) {
  std::vector<float> whole;
  {
    SmallModel small(options);
    small->save_static(small.model_directory());
    train(*small, small.model_directory(), few_steps(30), false, {});
    whole = small->network().parameters().values();
  }
  SmallModel small(options);
  small->save_static(small.model_directory());
  uint64_t steps = 0;
  const TrainHooks stop{.progress = [&](const TrainProgress& progress) { steps = progress.step; },
                        .message = {},
                        .stop_requested = [&] { return steps == 13; }};
  const TrainResult cut = train(*small, small.model_directory(), few_steps(30), false, stop);
  EXPECT_TRUE(cut.interrupted);
  EXPECT_EQ(cut.steps, 13u);
  // Resuming takes the weights from the file, whatever the model holds.
  small->network().parameters().initialise(77);
  const TrainResult rest = train(*small, small.model_directory(), few_steps(30), true, {});
  EXPECT_FALSE(rest.interrupted);
  EXPECT_EQ(rest.steps, 30u);
  EXPECT_EQ(small->network().parameters().values(), whole);
}

TEST(Train, GoesOnWhereItWasInterruptedWithTheSameBits) {
  expect_the_same_bits_after_an_interruption({});
  expect_the_same_bits_after_an_interruption(kAsTrained);
}

TEST(Train, TrainsOnWithALargerBudgetAndValidatesAtItsEnd) {
  SmallModel small;
  small->save_static(small.model_directory());
  train(*small, small.model_directory(), few_steps(12), false, {});
  const TrainResult longer = train(*small, small.model_directory(), few_steps(15), true, {});
  EXPECT_EQ(longer.steps, 15u);
  EXPECT_EQ(log_lines(small.model_directory()).back().at("step"), 15);
  // Once more changes nothing.
  const size_t lines = log_lines(small.model_directory()).size();
  EXPECT_EQ(train(*small, small.model_directory(), few_steps(15), true, {}).steps, 15u);
  EXPECT_EQ(log_lines(small.model_directory()).size(), lines);
}

TEST(Train, ResumesOnlyWithWhatItBeganWith) {
  SmallModel small;
  small->save_static(small.model_directory());
  TrainOptions options = few_steps(5);
  options.identity.fields = {{"seed", "1"}};
  train(*small, small.model_directory(), options, false, {});
  const auto error_with = [&](TrainingIdentity identity) -> std::string {
    options.identity = std::move(identity);
    try {
      train(*small, small.model_directory(), options, true, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(error_with({{{"seed", "2"}}}).find("began with seed 1, not 2"), std::string::npos);
  EXPECT_NE(error_with({{{"seed", "1"}, {"new", "3"}}}).find("was begun without new"), std::string::npos);
  EXPECT_NE(error_with({}).find("began with seed 1, which this one lacks"), std::string::npos);
  EXPECT_EQ(error_with({{{"seed", "1"}}}), "");
}

TEST(Train, ResumesAModelThatWasLoadedBeforeItsFirstValidation) {
  const TrainOptions options = few_steps(12);
  SmallModel whole, cut;
  whole->save_static(whole.model_directory());
  train(*whole, whole.model_directory(), options, false, {});
  cut->save_static(cut.model_directory());
  uint64_t steps = 0;
  const TrainHooks stop_after_two{.progress = {}, .message = {}, .stop_requested = [&] { return ++steps == 2; }};
  EXPECT_TRUE(train(*cut, cut.model_directory(), options, false, stop_after_two).interrupted);
  EXPECT_FALSE(std::filesystem::exists(cut.model_directory() / "model.safetensors"));
  PeapodModel resumed = PeapodModel::load_static(cut.model_directory());
  EXPECT_EQ(train(resumed, cut.model_directory(), options, true, {}).steps, 12u);
  EXPECT_EQ(resumed.network().parameters().values(), whole->network().parameters().values());
}

// Trust is chosen when training ends; going on after that validates as if it had not been.
TEST(Train, ResumesAsIfTheTrustInTheSearchHadNotBeenChosen) {
  SmallModel whole({.recalls = kInSearch}), cut({.recalls = kInSearch});
  for (SmallModel* small : {&whole, &cut}) (*small)->save_static(small->model_directory());
  const TrainOptions all = few_steps(12);
  train(*whole, whole.model_directory(), all, false, {});
  TrainOptions half = all;
  half.max_steps = 6;
  half.learning_rate = 0;  // so that the schedule, which follows the budget, says nothing
  TrainOptions rest = all;
  rest.learning_rate = 0;
  train(*cut, cut.model_directory(), half, false, {});
  cut->set_search_trust(Task::sequential, {.trust = 0, .weight = 1});
  cut->save_description(cut.model_directory());
  PeapodModel resumed = PeapodModel::load(cut.model_directory());
  train(resumed, cut.model_directory(), rest, true, {});
  const auto lines = log_lines(cut.model_directory());
  ASSERT_GT(lines.size(), 4u);
  for (const auto& line : lines) EXPECT_EQ(line.at("valid.ndcg@10"), lines.front().at("valid.ndcg@10"));
}

// Rankings of a small log are soon learned by heart; sentences are not.
TEST(Train, KeepsWeightsThatGetWorseOnlyWhereExplanationsAreLearnedToo) {
  for (const bool explanations : {true, false}) {
    SmallModel small({.explanations = explanations, .recalls = kInSearch});
    small->save_static(small.model_directory());
    TrainOptions options = few_steps(30);
    options.learning_rate = 0.3;  // so that it does get worse
    options.sampler.shares = {0.6, 0.2, 0.2};
    options.warmup_steps = 25;
    options.validations = 10;
    options.patience = 100;
    train(*small, small.model_directory(), options, false, {});
    const auto lines = log_lines(small.model_directory());
    ASSERT_EQ(lines.size(), 10u);
    EXPECT_LT(lines.back().at("valid.ndcg@10"), lines.front().at("valid.ndcg@10")) << "or this shows nothing";
    EXPECT_EQ(lines.back().at("best"), explanations);
    EXPECT_EQ(lines.front().at("best"), true);
  }
}

TEST(Train, TrustsByDefaultWhereNobodyCanBeEvaluated) {
  SmallModel small({.recalls = kInSearch, .interactions = 2});
  small->save_static(small.model_directory());
  EXPECT_FALSE(train(*small, small.model_directory(), few_steps(3), false, {}).interrupted);
  const PeapodModel loaded = PeapodModel::load(small.model_directory());
  EXPECT_EQ(loaded.search_trust(Task::sequential).trust, SearchTrust().trust);
  EXPECT_EQ(loaded.search_trust(Task::topn).weight, SearchTrust().weight);
}

TEST(Train, DoesNotTrustTheNetworkInATaskThatItHasNotLearned) {
  SmallModel small({.recalls = kInSearch});
  small->save_static(small.model_directory());
  TrainOptions options = few_steps(4);
  options.sampler.shares = {1, 0, 0};
  train(*small, small.model_directory(), options, false, {});
  const PeapodModel loaded = PeapodModel::load(small.model_directory());
  EXPECT_EQ(loaded.search_trust(Task::topn).trust, 0.0);
  EXPECT_EQ(loaded.search_trust(Task::topn).weight, 1.0);
  EXPECT_EQ(loaded.search_trust(Task::sequential).trust, small->search_trust(Task::sequential).trust);
}

TEST(Train, ValidatesTheRankingTasksThatAreTrained) {
  for (const auto& shares : {std::array{1.0, 0.0, 0.0}, std::array{0.0, 1.0, 0.0}, std::array{0.0, 0.0, 1.0}}) {
    SmallModel small;
    small->save_static(small.model_directory());
    TrainOptions options = few_steps(6);
    options.sampler.shares = shares;
    const TrainResult result = train(*small, small.model_directory(), options, false, {});
    EXPECT_EQ(result.steps, 6u);
    const auto lines = log_lines(small.model_directory());
    EXPECT_EQ(lines.empty(), shares[2] > 0.0) << "explanations are not ranked: the last weights count";
    for (const auto& line : lines) {
      EXPECT_EQ(line.contains("valid.sequential.full.ndcg@10"), shares[0] > 0.0);
      EXPECT_EQ(line.contains("valid.topn.sampled99.ndcg@10"), shares[1] > 0.0);
    }
    EXPECT_EQ(PeapodModel::load(small.model_directory()).network().parameters().values(),
              small->network().parameters().values());
  }
}

TEST(Train, SaysThatTheLossIsNotFiniteAndWhatIsToBlame) {
  const auto failure_with = [](double learning_rate, bool spoils) -> std::string {
    SmallModel small;
    small->save_static(small.model_directory());
    if (spoils) std::ranges::fill(small->network().parameters().values(), std::nanf(""));
    TrainOptions options = few_steps(10);
    options.learning_rate = learning_rate;
    try {
      train(*small, small.model_directory(), options, false, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string spoilt = failure_with(0.01, true);
  EXPECT_NE(spoilt.find("step 0"), std::string::npos) << spoilt;
  EXPECT_NE(spoilt.find("check the weights that training starts from"), std::string::npos) << spoilt;
  const std::string diverged = failure_with(1e30, false);
  EXPECT_NE(diverged.find("lower `learning_rate`"), std::string::npos) << diverged;
}

TEST(Train, SavesTheLastWeightsWhereNobodyCanBeEvaluated) {
  SmallModel small({.explanations = false, .interactions = 2});
  ASSERT_TRUE(small.data().evaluated_users().empty());
  small->save_static(small.model_directory());
  train(*small, small.model_directory(), few_steps(10), false, {});
  EXPECT_EQ(PeapodModel::load(small.model_directory()).network().parameters().values(),
            small->network().parameters().values());
}

TEST(TrainingState, ComesBackAsItWasSavedAndOnlyForItsParameters) {
  const ScratchFolder folder;
  const auto file = folder.path() / "training.safetensors";
  Parameters<float> parameters;
  parameters.add("matrix", {3, 4}, 1.0);
  parameters.initialise(2);
  AdamW adamw(parameters, {});
  adamw.update(parameters, std::vector<float>(12, 0.5f), 0.1);
  const TrainingState state{.sampler = {{1, 2, 3}, {40, 50, 60}, 7},
                            .minutes = 1.5,
                            .best_metric = 0.25,
                            .validations = 8,
                            .bad_validations = 2,
                            .last_validated = 6,
                            .recent_loss = 3.5,
                            .identity = {{{"seed", "1"}}},
                            .learning_rate = 0.125,
                            .warmup_steps = 9,
                            .model = "0123456789abcdef"};
  save_training_state(file, state, parameters, adamw);

  Parameters<float> others;
  others.add("matrix", {3, 4}, 1.0);
  AdamW fresh(others, {});
  const TrainingState back = load_training_state(file, state.model, others, fresh);
  EXPECT_EQ(others.values(), parameters.values());
  EXPECT_EQ(fresh.first_moments(), adamw.first_moments());
  EXPECT_EQ(fresh.second_moments(), adamw.second_moments());
  EXPECT_EQ(fresh.steps(), 1u);
  EXPECT_EQ(back.sampler.drawn, state.sampler.drawn);
  EXPECT_EQ(back.sampler.tokens, state.sampler.tokens);
  EXPECT_EQ(back.sampler.steps, 7u);
  EXPECT_EQ(back.minutes, 1.5);
  EXPECT_EQ(back.best_metric, 0.25);
  EXPECT_EQ(back.validations, 8u);
  EXPECT_EQ(back.bad_validations, 2u);
  EXPECT_EQ(back.last_validated, 6u);
  EXPECT_EQ(back.recent_loss, 3.5);
  EXPECT_EQ(back.identity, state.identity);
  EXPECT_EQ(back.learning_rate, 0.125);
  EXPECT_EQ(back.warmup_steps, 9u);

  Parameters<float> larger;
  larger.add("matrix", {4, 4}, 1.0);
  AdamW of_larger(larger, {});
  EXPECT_THROW(load_training_state(file, state.model, larger, of_larger), Error);
  EXPECT_THROW(load_training_state(file, "123456789abcdef0", others, fresh), Error);
  const std::string good = read_file(file);
  for (size_t byte = 0; byte < good.size(); ++byte) {
    folder.write("training.safetensors", with_flipped_bit(good, 8 * byte + byte % 8));
    EXPECT_THROW(load_training_state(file, state.model, others, fresh), Error) << byte;
  }
}

}  // namespace
}  // namespace peapod
