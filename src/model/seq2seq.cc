#include "model/seq2seq.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "base/error.h"

namespace peapod {

template <class T>
Seq2Seq<T>::Seq2Seq(const ModelConfig& config, std::unique_ptr<const Composer> composer)
    : config_(config),
      composer_(std::move(composer)),
      parameters_(std::make_unique<Parameters<T>>()),
      t5_(config.t5, *parameters_) {
  assert((composer_ != nullptr) == config.has_prompts());
  if (!config.has_prompts()) return;
  if (has_task_prompts()) {
    for (const Task task : config.tasks) {
      const ParameterId id = parameters_->add("peapod.task_prompts." + std::string(name_of(task)),
                                              {config.task_length, config.t5.d_model}, 1.0);
      if (task == config.tasks.front()) task_prompts_ = id;
    }
  }
  layer_ = composer_->layer(config.t5.d_model, *parameters_);
  whole_words_ = parameters_->add("peapod.whole_words.weight", {config.num_whole_words, config.t5.d_model}, 1.0);
}

template <class T>
size_t Seq2Seq<T>::place_of(Task task) const {
  const auto found = std::ranges::find(config_.tasks, task);
  if (found == config_.tasks.end()) {
    throw Error("task", "this model has not learned the task " + std::string(name_of(task)), "train one that has");
  }
  return static_cast<size_t>(found - config_.tasks.begin());
}

// Each input's task prompt, personal prompt and text, one after the other.
template <class T>
Var<T> Seq2Seq<T>::behind_prompts(Pass<T>& pass, std::span<const ModelInput* const> inputs, Var<T> text) const {
  std::vector<Var<T>> sources = {text};
  constexpr uint32_t kText = 0;
  const auto source = [&](Var<T> rows) {
    sources.push_back(rows);
    return static_cast<uint32_t>(sources.size() - 1);
  };
  uint32_t task_source = 0, personal_source = 0;
  if (has_task_prompts()) {  // all tasks' as one matrix
    task_source = source(parameters_->on(pass.tape, pass.gradients, task_prompts_, config_.tasks.size()));
  }
  if (layer_ != nullptr) {
    std::vector<const ComposerUser*> users;
    for (const ModelInput* input : inputs) users.push_back(&input->user);
    personal_source = source(layer_->prompts(pass.tape, pass.gradients, users, nullptr));
  }
  std::vector<RowOf> rows;
  const auto add_rows = [&](uint32_t from, size_t first, size_t count) {
    for (size_t row = first; row < first + count; ++row) rows.push_back({from, static_cast<uint32_t>(row)});
  };
  size_t token = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (has_task_prompts()) {
      add_rows(task_source, place_of(inputs[i]->task) * config_.task_length, config_.task_length);
    }
    add_rows(personal_source, i * personal_length(), personal_length());
    add_rows(kText, token, inputs[i]->text.tokens.size());
    token += inputs[i]->text.tokens.size();
  }
  return collect_rows(pass.tape, sources, std::span<const RowOf>(rows));
}

template <class T>
Encoded<T> Seq2Seq<T>::encode(Pass<T>& pass, std::span<const ModelInput* const> inputs) const {
  std::vector<int32_t> tokens, words;
  Encoded<T> result{nullptr, {0}};
  for (const ModelInput* input : inputs) {
    if (config_.has_prompts()) place_of(input->task);  // or throws
    tokens.insert(tokens.end(), input->text.tokens.begin(), input->text.tokens.end());
    words.insert(words.end(), input->text.whole_word.begin(), input->text.whole_word.end());
    result.spans.push_back(result.spans.back() + static_cast<uint32_t>(encoded_length(*input)));
  }
  Var<T> text = t5_.embed(pass, tokens);
  if (config_.has_prompts()) {
    const auto last = static_cast<int32_t>(config_.num_whole_words) - 1;
    for (int32_t& word : words) word = std::min(word, last);
    const Var<T> table = parameters_->on(pass.tape, pass.gradients, whole_words_);
    text = add(pass.tape, text, gather(pass.tape, table, std::span<const int32_t>(words)));
  }
  if (prompt_length() > 0) text = behind_prompts(pass, inputs, text);
  result.rows = t5_.encode(pass, text, result.spans);
  return result;
}

template <class T>
Var<T> Seq2Seq<T>::personal_prompts(Pass<T>& pass, std::span<const ComposerUser> users, T* mixing_weights) const {
  assert(layer_ != nullptr);
  std::vector<const ComposerUser*> views;
  for (const ComposerUser& user : users) views.push_back(&user);
  return layer_->prompts(pass.tape, pass.gradients, views, mixing_weights);
}

template <class T>
Var<T> Seq2Seq<T>::decode(Pass<T>& pass, std::span<const Target> targets, const Encoded<T>& encoded) const {
  std::vector<int32_t> shifted;
  std::vector<uint32_t> spans{0};
  // Rows of an input's targets: cross-attention need not tell them apart.
  std::vector<uint32_t> input_spans(encoded.spans.size(), 0);
  for (const Target& target : targets) {
    shifted.push_back(kPadId);
    shifted.insert(shifted.end(), target.tokens.begin(), target.tokens.end() - 1);
    spans.push_back(static_cast<uint32_t>(shifted.size()));
    assert(target.input + 1 < input_spans.size() && (&target == targets.data() || (&target)[-1].input <= target.input));
    input_spans[target.input + 1] = spans.back();
  }
  for (size_t i = 1; i < input_spans.size(); ++i) input_spans[i] = std::max(input_spans[i], input_spans[i - 1]);
  return t5_.decode(pass, t5_.embed(pass, shifted), spans, encoded.rows, input_spans, encoded.spans);
}

template <class T>
Var<T> Seq2Seq<T>::loss(Pass<T>& pass, std::span<const ModelInput* const> inputs, std::span<const Target> targets,
                        double scale, T* log_probs) const {
  const Encoded<T> encoded = encode(pass, inputs);
  const Var<T> hidden = decode(pass, targets, encoded);
  std::vector<int32_t> labels;
  std::vector<T> scales;
  for (const Target& target : targets) {
    labels.insert(labels.end(), target.tokens.begin(), target.tokens.end());
    scales.resize(labels.size(), static_cast<T>(scale * target.weight));
  }
  return cross_entropy(pass.tape, hidden, t5_.head(pass), t5_.head_scale(), std::span<const int32_t>(labels),
                       std::span<const T>(scales), log_probs);
}

template class Seq2Seq<float>;
template class Seq2Seq<double>;

}  // namespace peapod
