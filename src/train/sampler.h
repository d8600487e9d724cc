// Which training examples a step is made of: the tasks mixed by a share of input tokens, each task's examples in a new
// random order every epoch. The whole state is a handful of numbers, so training resumes where it stopped. One thread;
// build() is const and safe from many.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/peapod_model.h"

namespace peapod {

// One training example before its text is written.
struct ExampleSpec {
  Task task = Task::sequential;
  uint32_t user = 0;
  uint32_t index = 0;  // sequential, topn: position of the target in the training history; explanation: its index
  uint64_t draw = 0;   // seeds what is random about it: wording, candidates, unknown user
};

struct TrainingTarget {
  std::vector<int32_t> tokens;  // the closing id included
  double weight = 1.0;

  bool operator==(const TrainingTarget&) const = default;
};

struct TrainingExample {
  ModelInput input;
  // The item or sentence to be answered; a sequential example has the items that came after that one behind it.
  std::vector<TrainingTarget> targets;
};

struct SamplerOptions {
  std::array<double, kNumTasks> shares = {0.5, 0.25, 0.25};  // of input tokens; tasks without data get none
  // Input tokens of a step, prompts not counted; 0: a quarter of the interactions, from 1,024 to 8,192.
  size_t tokens_per_step = 0;
  double unknown_user_share = 0.1;  // of examples that show `user_0`
  double generic_share = 0.1;       // of explanation examples that name neither user nor item, for Contrast
  // A top-n example shows between so many and 100 candidates, the logarithm uniform; 100: always 100, as published.
  uint32_t least_candidates = 2;
  // A sequential example also has the items that followed the next one as targets, at most so many. The k-th after the
  // next one has the weight (k + 1)^-later_decay: the order of items that are bought together means little. 0: the next
  // item alone, as published.
  uint32_t later_items = 3;
  double later_decay = 1.0;
  // true: the targets of a task are filled up with the pad id to the longest one of the step, and the loss counts these
  // tokens too, as in the authors' code. false: there is no padding.
  bool legacy_pad_loss = false;
  uint64_t seed = 1;
};

// Where the sampler stands; saved in checkpoints.
struct SamplerState {
  std::array<uint64_t, kNumTasks> drawn{};   // examples so far
  std::array<uint64_t, kNumTasks> tokens{};  // input tokens so far
  uint64_t steps = 0;
};

class Sampler {
 public:
  // `model` must outlive the sampler. Throws Error when there is nothing to train on.
  Sampler(const PeapodModel& model, const SamplerOptions& options, SamplerState state = {});

  const SamplerState& state() const { return state_; }
  // Examples of a task in one epoch.
  size_t epoch_size(Task task) const { return specs_[static_cast<size_t>(task)].size(); }
  // Passes over the sequential examples so far (over the first task that has examples, where there are none).
  double epochs() const;

  // The examples of the next step, already built, in a fixed order.
  std::vector<TrainingExample> next_step();

  TrainingExample build(const ExampleSpec& spec) const;

 private:
  struct Spec {
    uint32_t user, index;
  };
  ExampleSpec draw(Task task);
  // The target of a top-n example among items that the user's training history does not hold, shuffled.
  std::vector<uint32_t> draw_candidates(Random& random, uint32_t target, std::span<const uint32_t> history) const;

  const PeapodModel& model_;
  SamplerOptions options_;
  SamplerState state_;
  std::array<std::vector<Spec>, kNumTasks> specs_;
  std::array<std::vector<uint32_t>, kNumTasks> order_;  // of the current epoch
  std::array<uint64_t, kNumTasks> order_epoch_{};       // which epoch order_ is for, plus one
  std::array<double, kNumTasks> shares_{};
};

}  // namespace peapod
