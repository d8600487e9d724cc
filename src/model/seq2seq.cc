#include "model/seq2seq.h"

#include <algorithm>
#include <cassert>

namespace peapod {
namespace {

ComposerConfig composer_of(const ModelConfig& config) {
  ComposerConfig composer = config.composer;
  if (!config.has_prompts()) composer.kind = ComposerKind::none;
  return composer;
}

}  // namespace

template <class T>
Seq2Seq<T>::Seq2Seq(const ModelConfig& config, Matrix user_table)
    : config_(config),
      user_table_(std::move(user_table)),
      parameters_(std::make_unique<Parameters<T>>()),
      t5_(config.t5, *parameters_),
      composer_(composer_of(config), config.t5.d_model, *parameters_) {
  if (config.has_prompts()) {
    whole_words_ = parameters_->add("peapod.whole_words.weight", {config.num_whole_words, config.t5.d_model}, 1.0);
  }
}

template <class T>
Encoded<T> Seq2Seq<T>::encode(Pass<T>& pass, std::span<const ModelInput* const> inputs) const {
  Tape<T>& tape = pass.tape;
  std::vector<int32_t> tokens, words;
  for (const ModelInput* input : inputs) {
    tokens.insert(tokens.end(), input->text.tokens.begin(), input->text.tokens.end());
    words.insert(words.end(), input->text.whole_word.begin(), input->text.whole_word.end());
  }
  Var<T> text = t5_.embed(pass, tokens);
  if (config_.has_prompts()) {
    const auto last = static_cast<int32_t>(config_.num_whole_words) - 1;
    for (int32_t& word : words) word = std::min(word, last);
    const Var<T> table = parameters_->on(tape, pass.gradients, whole_words_);
    text = add(tape, text, gather(tape, table, std::span<const int32_t>(words)));
  }
  Encoded<T> result{nullptr, {0}};
  for (const ModelInput* input : inputs) {
    result.spans.push_back(result.spans.back() + static_cast<uint32_t>(encoded_length(*input)));
  }
  if (composer_.length() > 0) {
    const ComposerConfig& composer = composer_.config();
    std::vector<Var<T>> sources = {text, composer_.task_prompts(tape, pass.gradients)};
    if (composer.personal()) {
      std::vector<const ComposerUser*> users;
      for (const ModelInput* input : inputs) users.push_back(&input->user);
      sources.push_back(composer_.personal_prompts(tape, pass.gradients, users, user_table_));
    }
    std::vector<RowOf> rows;
    rows.reserve(result.spans.back());
    uint32_t token = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto task = static_cast<size_t>(inputs[i]->task);
      for (size_t l = 0; l < composer.task_length; ++l) {
        rows.push_back({1, static_cast<uint32_t>(task * composer.task_length + l)});
      }
      for (size_t l = 0; composer.personal() && l < composer.prompt_length; ++l) {
        rows.push_back({2, static_cast<uint32_t>(i * composer.prompt_length + l)});
      }
      for (size_t t = 0; t < inputs[i]->text.tokens.size(); ++t) rows.push_back({0, token++});
    }
    text = collect_rows(tape, sources, std::span<const RowOf>(rows));
  }
  result.rows = t5_.encode(pass, text, result.spans);
  return result;
}

template <class T>
Var<T> Seq2Seq<T>::personal_prompts(Pass<T>& pass, std::span<const ComposerUser> users, T* mixing_weights) const {
  std::vector<const ComposerUser*> views;
  for (const ComposerUser& user : users) views.push_back(&user);
  return composer_.personal_prompts(pass.tape, pass.gradients, views, user_table_, mixing_weights);
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
