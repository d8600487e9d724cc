// The whole network: composer, whole-word embeddings and T5 over a packed batch. Knows nothing of data sets or text.
// Const methods are safe from many threads, one tape each.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/task.h"
#include "model/composer.h"
#include "model/config.h"
#include "model/t5.h"
#include "text/prompt_text.h"

namespace peapod {

// One example's input.
struct ModelInput {
  Task task = Task::sequential;
  PromptText text;
  ComposerUser user;
};

// Pointers to inputs that lie elsewhere, as a batch of them is passed on.
inline std::vector<const ModelInput*> views_of(std::span<const ModelInput> inputs) {
  std::vector<const ModelInput*> views;
  for (const ModelInput& input : inputs) views.push_back(&input);
  return views;
}

// A sequence that the decoder is to write for an input, the end id included; its tokens' losses count `weight` times.
struct Target {
  std::span<const int32_t> tokens;
  uint32_t input = 0;
  double weight = 1.0;
};

template <class T>
struct Encoded {
  Var<T> rows;                  // [rows, d_model]
  std::vector<uint32_t> spans;  // [inputs + 1]
};

template <class T>
class Seq2Seq {
 public:
  // `composer`: null for a plain T5, which is where config.has_prompts() is false. Throws Error for sizes that do not
  // fit.
  explicit Seq2Seq(const ModelConfig& config, std::unique_ptr<const Composer> composer = nullptr);

  const ModelConfig& config() const { return config_; }
  const Composer& composer() const { return *composer_; }  // REQUIRES: config().has_prompts()
  const T5<T>& t5() const { return t5_; }
  Parameters<T>& parameters() { return *parameters_; }
  const Parameters<T>& parameters() const { return *parameters_; }

  // Rows that an input is encoded to: its prompts and its text.
  size_t encoded_length(const ModelInput& input) const { return prompt_length() + input.text.tokens.size(); }

  // Encoder states. Throws Error for an input of a task that the model does not have.
  Encoded<T> encode(Pass<T>& pass, std::span<const ModelInput* const> inputs) const;

  // The personal prompts alone. `mixing_weights`, if not null, is filled as ComposerLayer::prompts says. REQUIRES: a
  // composer with a personal prompt.
  Var<T> personal_prompts(Pass<T>& pass, std::span<const ComposerUser> users, T* mixing_weights = nullptr) const;

  // The decoder's normalised states when it is fed the start id and then all but the last token of each target. Those
  // of an input stand together, inputs ascending; an input may have several, or none.
  Var<T> decode(Pass<T>& pass, std::span<const Target> targets, const Encoded<T>& encoded) const;

  // scale * the weighted sum of the negative log-probabilities of all target tokens, [1, 1]; targets as decode() wants
  // them. `log_probs`, if not null, receives each token's log-probability, targets back to back.
  Var<T> loss(Pass<T>& pass, std::span<const ModelInput* const> inputs, std::span<const Target> targets, double scale,
              T* log_probs = nullptr) const;

 private:
  bool has_task_prompts() const { return composer_ != nullptr && composer_->has_task_prompts(); }
  size_t personal_length() const { return layer_ != nullptr ? composer_->length() : 0; }
  // Vectors in front of each text: the task's and the personal ones.
  size_t prompt_length() const { return (has_task_prompts() ? config_.task_length : 0) + personal_length(); }
  size_t place_of(Task task) const;  // in config_.tasks
  Var<T> behind_prompts(Pass<T>& pass, std::span<const ModelInput* const> inputs, Var<T> text) const;

  ModelConfig config_;
  std::unique_ptr<const Composer> composer_;
  std::unique_ptr<Parameters<T>> parameters_;  // on the heap: the parts keep references to it
  T5<T> t5_;
  ParameterId task_prompts_ = 0;             // of the first task; those of the others follow
  std::unique_ptr<ComposerLayer<T>> layer_;  // null where there is no personal prompt
  ParameterId whole_words_ = 0;
};

}  // namespace peapod
