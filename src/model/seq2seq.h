// The whole network: composer, item vectors, whole-word embeddings and T5 over a packed batch. Knows nothing of data
// sets or text. Const methods are safe from many threads, one tape each.
//
// Of an input the encoder reads the text, then the history. A bidirectional encoder (T5's own) reads the prompts before
// and the items beside after these, all in one sequence. A causal one reads text and history alone, so that histories
// that continue each other are read once; the prompts and the items beside, which differ between them, are put beside
// its states for the decoder to attend to.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/task.h"
#include "model/composer.h"
#include "model/config.h"
#include "model/model_input.h"
#include "model/t5.h"

namespace peapod {

// What the decoder is given of a batch of inputs.
template <class T>
struct Encoded {
  Var<T> rows;                     // [rows, d_model] to attend to
  std::vector<KeyWindow> windows;  // [inputs] the rows of each
  Var<T> start = nullptr;          // [inputs, d_model] added to the start token; null: nothing is
  Var<T> appraisals = nullptr;     // [appraised, 1] of all inputs, one after the other; null: there are none
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

  // Of inputs one after another, a causal encoder reads a history that continues that of the input before only from
  // where that one ended. Throws Error for an input of a task that the model does not have.
  Encoded<T> encode(Pass<T>& pass, std::span<const ModelInput* const> inputs) const;

  // The personal prompts alone. `mixing_weights`, if not null, is filled as ComposerLayer::prompts says. REQUIRES: a
  // composer with a personal prompt.
  Var<T> personal_prompts(Pass<T>& pass, std::span<const ComposerUser> users, T* mixing_weights = nullptr) const;

  // The decoder's normalised states when it is fed the start id and then all but the last token of each target. Those
  // of an input stand together, inputs ascending; an input may have several, or none.
  Var<T> decode(Pass<T>& pass, std::span<const Target> targets, const Encoded<T>& encoded) const;

  // What the decoder is fed [rows, d_model] at the first step: the start token of the inputs [rows].
  Var<T> start_rows(Pass<T>& pass, std::span<const uint32_t> inputs, Var<T> start) const;

  // scale * the weighted sum of the negative log-probabilities of all target tokens, [1, 1]; targets as decode() wants
  // them. `log_probs`, if not null, receives each token's log-probability, targets back to back; then no target may
  // have a path.
  Var<T> loss(Pass<T>& pass, std::span<const ModelInput* const> inputs, std::span<const Target> targets, double scale,
              T* log_probs = nullptr) const;

 private:
  class Rows;

  bool is_causal() const { return config_.encoder == EncoderKind::causal; }
  bool has_task_prompts() const { return composer_ != nullptr && composer_->has_task_prompts(); }
  size_t personal_length() const { return layer_ != nullptr ? composer_->length() : 0; }
  size_t place_of(Task task) const;  // in config_.tasks
  Encoded<T> encode_whole(Pass<T>& pass, std::span<const ModelInput* const> inputs) const;
  Encoded<T> encode_causally(Pass<T>& pass, std::span<const ModelInput* const> inputs) const;
  Var<T> appraise(Pass<T>& pass, std::span<const ModelInput* const> inputs, Var<T> states) const;

  ModelConfig config_;
  std::unique_ptr<const Composer> composer_;
  std::unique_ptr<Parameters<T>> parameters_;  // on the heap: the parts keep references to it
  T5<T> t5_;
  ParameterId task_prompts_ = 0;             // of the first task; those of the others follow
  std::unique_ptr<ComposerLayer<T>> layer_;  // null where there is no personal prompt
  ParameterId whole_words_ = 0;
  ParameterId item_marks_ = 0;                             // where items are vectors
  ParameterId beside_norm_ = 0, start_weight_ = 0;         // where the encoder is causal
  ParameterId appraisal_weight_ = 0, appraisal_bias_ = 0;  // where the network appraises
};

}  // namespace peapod
