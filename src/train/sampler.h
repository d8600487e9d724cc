// Which training examples a step is made of: the tasks mixed by a share of input tokens, each task's examples in a new
// random order every epoch. The whole state is a handful of numbers, so training resumes where it stopped. One thread;
// build() is const and safe from many.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/random.h"
#include "decode/search_scope.h"
#include "model/question.h"

namespace peapod {

// One training example before its inputs are made.
struct ExampleSpec {
  Task task = Task::sequential;
  uint32_t user = 0;
  // sequential, topn: position of the target in the training history; explanation: its index.
  uint32_t index = 0;
  uint64_t draw = 0;   // seeds what is random about it: wording, candidates, unknown user
  uint32_t count = 1;  // sequential: so many targets, each for what precedes it
};

struct TrainingTarget {
  std::vector<int32_t> tokens;  // the closing id included, but where a path ends before
  uint32_t input = 0;
  double weight = 1.0;
  std::optional<PathChoices> path = std::nullopt;  // as Target has it

  // Of its tokens, those that have a loss.
  size_t num_losses() const { return path ? path->num_sets() : tokens.size(); }
  bool operator==(const TrainingTarget&) const = default;
};

struct TrainingExample {
  std::vector<ModelInput> inputs;  // sequential: prefixes of one history, the shortest first; else one
  // What is to be answered, inputs ascending. A sequential input may have several: the next item and later ones.
  std::vector<TrainingTarget> targets;

  // What the network reads of it, prompts apart: rows of the encoder, prefixes of one history read once, and beside.
  struct InputRows {
    size_t encoded = 0, beside = 0;
  };
  InputRows input_rows() const {
    InputRows rows{.encoded = inputs.empty() ? 0 : inputs.back().history.size()};
    for (const ModelInput& input : inputs) {
      rows.encoded += input.text.tokens.size();
      rows.beside += input.beside.size();
    }
    return rows;
  }
};

// Shared with the sampler, which keeps those that are the same in every epoch.
using TrainingExamples = std::vector<std::shared_ptr<const TrainingExample>>;

struct SamplerOptions {
  std::array<double, kNumTasks> shares = {0.5, 0.25, 0.25};  // of input tokens; tasks without data get none
  // Input tokens of a step, an item that is shown as a vector counting as one, prompts not counted; 0: a quarter of the
  // interactions, from 1,024 to 8,192, and an eighth of that where a causal encoder reads items as vectors and nothing
  // recalled stands beside them.
  size_t tokens_per_step = 0;
  double unknown_user_share = 0.1;  // of examples that show `user_0`
  double generic_share = 0.1;       // of explanation examples that name neither user nor item, for Contrast
  // A top-n example shows between so many and 100 candidates, the logarithm uniform; 100: always 100, as published.
  uint32_t least_candidates = 2;
  // A sequential example also has the items that followed the next one as targets, at most so many. The k-th after the
  // next one has the weight (k + 1)^-later_decay: the order of items that are bought together means little. 0: the next
  // item alone, as published.
  uint32_t later_items = 0;
  double later_decay = 1.0;
  // true: the targets of a task are filled up with the pad id to the longest one of the step, and the loss counts these
  // tokens too, as in the authors' code. false: there is no padding.
  bool legacy_pad_loss = false;
  // Sequential examples that are the same in every epoch are kept once they are built, up to so many bytes.
  size_t kept_bytes = size_t{1} << 31;
  uint64_t seed = 1;
};

// Throws Error for options that a model which does or does not choose in the tree cannot have.
void require_consistent(const SamplerOptions& options, bool chooses_in_tree);

// Where the sampler stands; saved in checkpoints.
struct SamplerState {
  std::array<uint64_t, kNumTasks> drawn{};   // examples so far
  std::array<uint64_t, kNumTasks> tokens{};  // input tokens so far
  uint64_t steps = 0;
};

class Sampler {
 public:
  // `space`, of the model that is trained, must outlive the sampler. Throws Error when there is nothing to train on.
  Sampler(const SearchSpace& space, const SamplerOptions& options, SamplerState state = {});

  const SamplerState& state() const { return state_; }
  // Examples of a task in one epoch.
  size_t epoch_size(Task task) const { return specs_[static_cast<size_t>(task)].size(); }
  // Of input tokens; 0 of tasks that the data set has no examples of.
  double share(Task task) const { return shares_[static_cast<size_t>(task)]; }
  // Passes over the sequential examples so far (over the first task that has examples, where there are none).
  double epochs() const;

  // The examples of the next step, already built, in a fixed order.
  TrainingExamples next_step();

  TrainingExample build(const ExampleSpec& spec) const;

 private:
  struct Spec {
    uint32_t user, index, count;
    std::shared_ptr<const TrainingExample> kept = nullptr;
  };
  void add_sequential(uint32_t user, uint32_t length);
  struct Drawn {
    Spec* from;
    ExampleSpec spec;
  };
  Drawn draw(Task task);
  std::shared_ptr<const TrainingExample> kept_or_built(const Drawn& drawn) const;
  void keep(const Drawn& drawn, const std::shared_ptr<const TrainingExample>& example);
  // The target of a top-n example among items that the user's training history does not hold, shuffled.
  std::vector<uint32_t> draw_candidates(Random& random, uint32_t target, std::span<const uint32_t> history) const;

  // Adds what `question` asks for, and the item as what it should be answered with. Returns false, and adds nothing,
  // where no more than one item may be answered.
  bool add_question(Question question, std::span<const std::pair<uint32_t, double>> items,
                    TrainingExample& example) const;
  void build_sequential(const ExampleSpec& spec, bool is_unknown, const AskOptions& asking,
                        TrainingExample& example) const;

  const SearchSpace& space_;
  const PeapodModel& model_;
  bool keeps_;  // whether sequential examples are the same in every epoch
  size_t kept_bytes_ = 0;
  SamplerOptions options_;
  SamplerState state_;
  std::array<std::vector<Spec>, kNumTasks> specs_;
  std::array<std::vector<uint32_t>, kNumTasks> order_;  // of the current epoch
  std::array<uint64_t, kNumTasks> order_epoch_{};       // which epoch order_ is for, plus one
  std::array<double, kNumTasks> shares_{};
};

}  // namespace peapod
