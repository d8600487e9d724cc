#include "model/seq2seq.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "base/error.h"

namespace peapod {

namespace {

// Deviation of the first weights of appraisals: what is recalled counts as it is.
constexpr double kFirstAppraisal = 1e-3;

}  // namespace

template <class T>
Seq2Seq<T>::Seq2Seq(const ModelConfig& config, std::unique_ptr<const Composer> composer)
    : config_(config),
      composer_(std::move(composer)),
      parameters_(std::make_unique<Parameters<T>>()),
      t5_(config.t5, *parameters_) {
  assert((composer_ != nullptr) == config.has_prompts());
  if (!config.has_prompts()) return;
  const size_t d_model = config.t5.d_model;
  if (has_task_prompts()) {
    for (const Task task : config.tasks) {
      const ParameterId id =
          parameters_->add("peapod.task_prompts." + std::string(name_of(task)), {config.task_length, d_model}, 1.0);
      if (task == config.tasks.front()) task_prompts_ = id;
    }
  }
  layer_ = composer_->layer(d_model, *parameters_);
  whole_words_ = parameters_->add("peapod.whole_words.weight", {config.num_whole_words, d_model}, 1.0);
  if (config.items == ItemForm::vectors) {
    item_marks_ = parameters_->add("peapod.item_marks.weight", {kNumItemMarks, d_model}, 1.0);
  }
  if (is_causal()) {
    beside_norm_ = parameters_->add("peapod.beside_norm.weight", {d_model}, 0);
    start_weight_ =
        parameters_->add("peapod.start.weight", {d_model, d_model}, 1.0 / std::sqrt(static_cast<double>(d_model)));
  }
  if (config.appraises) {
    assert(is_causal());
    appraisal_weight_ = parameters_->add("peapod.appraisal.weight", {kNumItemMarks, d_model}, kFirstAppraisal);
    appraisal_bias_ = parameters_->add("peapod.appraisal.tasks", {config.tasks.size(), kNumItemMarks}, kFirstAppraisal);
  }
}

template <class T>
size_t Seq2Seq<T>::place_of(Task task) const {
  const auto found = std::ranges::find(config_.tasks, task);
  if (found == config_.tasks.end()) {
    throw Error("task", "this model has not learned the task " + std::string(name_of(task)), "train one that has");
  }
  return static_cast<size_t>(found - config_.tasks.begin());
}

// Rows of inputs as sums of learned vectors, collected one after the other.
template <class T>
class Seq2Seq<T>::Rows {
 public:
  Rows(const Seq2Seq& network, Pass<T>& pass, std::span<const ModelInput* const> inputs) : network_(network) {
    tokens_ = source(network.t5_.embedding(pass));
    if (!network.config_.has_prompts()) return;
    const auto parameter = [&](ParameterId id, size_t count = 1) {
      return source(network.parameters_->on(pass.tape, pass.gradients, id, count));
    };
    words_ = parameter(network.whole_words_);
    if (network.config_.items == ItemForm::vectors) marks_ = parameter(network.item_marks_);
    if (network.has_task_prompts()) task_ = parameter(network.task_prompts_, network.config_.tasks.size());
    if (network.layer_ == nullptr) return;
    std::vector<const ComposerUser*> users;
    for (const ModelInput* input : inputs) users.push_back(&input->user);
    personal_ = source(network.layer_->prompts(pass.tape, pass.gradients, users, nullptr));
  }

  uint32_t size() const { return static_cast<uint32_t>(starts_.size() - 1); }

  // The task's and the personal prompt of the i-th input.
  void add_prompts(size_t i, Task task) {
    if (!network_.config_.has_prompts()) return;
    const size_t place = network_.place_of(task);  // or throws
    const size_t length = network_.has_task_prompts() ? network_.config_.task_length : 0;
    add_range(task_, place * length, length);
    add_range(personal_, i * network_.personal_length(), network_.personal_length());
  }
  void add_text(const PromptText& text) {
    const auto last = static_cast<int32_t>(network_.config_.num_whole_words) - 1;
    for (size_t t = 0; t < text.tokens.size(); ++t) {
      add(tokens_, text.tokens[t]);
      if (network_.config_.has_prompts()) add(words_, std::min(text.whole_word[t], last));
      end_row();
    }
  }
  void add_items(std::span<const ShownItem> items) {
    assert(items.empty() || network_.config_.items == ItemForm::vectors);
    for (const ShownItem& item : items) {
      for (const int32_t token : item.tokens) add(tokens_, token);
      item.marks.for_each([&](uint16_t row) { add(marks_, row); });
      end_row();
    }
  }

  // REQUIRES: at least one row.
  Var<T> sum(Tape<T>& tape) const {
    return sum_rows(tape, sources_, std::span<const uint32_t>(starts_), std::span<const RowOf>(terms_));
  }

  void clear() {
    starts_ = {0};
    terms_.clear();
  }

 private:
  uint32_t source(Var<T> rows) {
    sources_.push_back(rows);
    return static_cast<uint32_t>(sources_.size() - 1);
  }
  void add(uint32_t from, auto row) { terms_.push_back({from, static_cast<uint32_t>(row)}); }
  void end_row() { starts_.push_back(static_cast<uint32_t>(terms_.size())); }
  void add_range(uint32_t from, size_t first, size_t count) {
    for (size_t row = first; row < first + count; ++row) {
      add(from, row);
      end_row();
    }
  }

  const Seq2Seq& network_;
  std::vector<Var<T>> sources_;
  uint32_t tokens_ = 0, words_ = 0, marks_ = 0, task_ = 0, personal_ = 0;
  std::vector<uint32_t> starts_{0};
  std::vector<RowOf> terms_;
};

template <class T>
Encoded<T> Seq2Seq<T>::encode(Pass<T>& pass, std::span<const ModelInput* const> inputs) const {
  return is_causal() ? encode_causally(pass, inputs) : encode_whole(pass, inputs);
}

template <class T>
Encoded<T> Seq2Seq<T>::encode_whole(Pass<T>& pass, std::span<const ModelInput* const> inputs) const {
  Rows rows(*this, pass, inputs);
  std::vector<uint32_t> spans{0};
  for (size_t i = 0; i < inputs.size(); ++i) {
    rows.add_prompts(i, inputs[i]->task);
    rows.add_text(inputs[i]->text);
    rows.add_items(inputs[i]->history);
    rows.add_items(inputs[i]->beside);
    spans.push_back(rows.size());
  }
  return {.rows = t5_.encode(pass, rows.sum(pass.tape), spans), .windows = windows_of(spans)};
}

namespace {

// Whether what a causal encoder reads of `later` begins with all that it reads of `input`.
bool continues(const ModelInput& input, const ModelInput& later) {
  return input.text.tokens.empty() && later.text.tokens.empty() && input.history.size() <= later.history.size() &&
         std::ranges::equal(input.history, std::span(later.history).first(input.history.size()));
}

}  // namespace

template <class T>
Encoded<T> Seq2Seq<T>::encode_causally(Pass<T>& pass, std::span<const ModelInput* const> inputs) const {
  Tape<T>& tape = pass.tape;
  Encoded<T> result{.rows = nullptr, .windows = std::vector<KeyWindow>(inputs.size())};
  Rows rows(*this, pass, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    RowRange& beside = result.windows[i].first;
    beside.begin = rows.size();
    rows.add_prompts(i, inputs[i]->task);
    rows.add_items(inputs[i]->beside);
    beside.end = rows.size();
  }
  const uint32_t num_beside = rows.size();
  std::vector<Var<T>> parts;
  if (num_beside > 0) {
    const Var<T> weight = parameters_->on(tape, pass.gradients, beside_norm_);
    const Var<T> normal = rms_norm(tape, rows.sum(tape), weight, config_.t5.layer_norm_epsilon);
    parts.push_back(dropout(tape, normal, pass.next_dropout()));
  }

  // Inputs whose histories continue each other share the rows of the longest, the last.
  rows.clear();
  std::vector<uint32_t> spans{0};
  for (size_t first = 0, last = 0; first < inputs.size(); first = last) {
    do {
      const ModelInput& input = *inputs[last];
      const auto length = static_cast<uint32_t>(input.text.tokens.size() + input.history.size());
      result.windows[last].second = {num_beside + rows.size(), num_beside + rows.size() + length};
    } while (++last < inputs.size() && continues(*inputs[last - 1], *inputs[last]));
    rows.add_text(inputs[last - 1]->text);
    rows.add_items(inputs[last - 1]->history);
    if (rows.size() > spans.back()) spans.push_back(rows.size());
  }
  if (rows.size() > 0) parts.push_back(t5_.encode(pass, rows.sum(tape), spans, true));

  // All rows as one matrix: those beside, then the encoder's.
  std::vector<uint32_t> starts{0};
  std::vector<RowOf> all;
  for (uint32_t part = 0; part < parts.size(); ++part) {
    for (uint32_t row = 0; row < parts[part]->value.rows; ++row) all.push_back({part, row});
  }
  for (uint32_t row = 0; row < all.size(); ++row) starts.push_back(row + 1);
  result.rows = sum_rows(tape, parts, std::span<const uint32_t>(starts), std::span<const RowOf>(all));

  // The state of the last row that an input reads says what it says of the whole.
  const Tensor<T> nothing = tape.scratch(1, config_.t5.d_model);
  std::fill_n(nothing.data, nothing.size(), T(0));
  std::vector<RowOf> latest;
  for (const KeyWindow& window : result.windows) {
    latest.push_back(window.second.size() > 0 ? RowOf{0, window.second.end - 1} : RowOf{1, 0});
  }
  starts.resize(latest.size() + 1);
  for (uint32_t row = 0; row <= latest.size(); ++row) starts[row] = row;
  const Var<T> states = sum_rows(tape, std::vector<Var<T>>{result.rows, tape.leaf(nothing, nullptr)},
                                 std::span<const uint32_t>(starts), std::span<const RowOf>(latest));
  result.start = linear(tape, states, parameters_->on(tape, pass.gradients, start_weight_));
  if (config_.appraises) result.appraisals = appraise(pass, inputs, states);
  return result;
}

// What the inputs' states [inputs, d_model] say of each mark, added up for the marks of each appraised item.
template <class T>
Var<T> Seq2Seq<T>::appraise(Pass<T>& pass, std::span<const ModelInput* const> inputs, Var<T> states) const {
  std::vector<uint32_t> starts{0}, places, spans{0};
  std::vector<RowOf> terms;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    for (const ItemMarks& marks : inputs[i]->appraised) {
      marks.for_each([&](uint16_t row) { places.push_back(i * static_cast<uint32_t>(kNumItemMarks) + row); });
      starts.push_back(static_cast<uint32_t>(places.size()));
    }
    terms.push_back({0, i});
    terms.push_back({1, static_cast<uint32_t>(place_of(inputs[i]->task))});
    spans.push_back(static_cast<uint32_t>(terms.size()));
  }
  if (starts.size() == 1) return nullptr;
  const Var<T> said = linear(pass.tape, states, parameters_->on(pass.tape, pass.gradients, appraisal_weight_));
  const Var<T> bias = parameters_->on(pass.tape, pass.gradients, appraisal_bias_);
  const Var<T> of_marks = sum_rows(pass.tape, std::vector<Var<T>>{said, bias}, std::span<const uint32_t>(spans),
                                   std::span<const RowOf>(terms));
  return picked_sums(pass.tape, of_marks, std::span<const uint32_t>(starts), std::span<const uint32_t>(places));
}

template <class T>
Var<T> Seq2Seq<T>::personal_prompts(Pass<T>& pass, std::span<const ComposerUser> users, T* mixing_weights) const {
  assert(layer_ != nullptr);
  std::vector<const ComposerUser*> views;
  for (const ComposerUser& user : users) views.push_back(&user);
  return layer_->prompts(pass.tape, pass.gradients, views, mixing_weights);
}

namespace {

// What the decoder is fed: token embeddings, the start token with what is added to it.
template <class T>
class DecoderRows {
 public:
  explicit DecoderRows(bool has_start) : has_start_(has_start) {}
  void add_start(uint32_t input) {
    terms_.push_back({0, static_cast<uint32_t>(kPadId)});
    if (has_start_) terms_.push_back({1, input});
    end_row();
  }
  void add_token(int32_t token) {
    terms_.push_back({0, static_cast<uint32_t>(token)});
    end_row();
  }
  uint32_t size() const { return static_cast<uint32_t>(starts_.size() - 1); }
  Var<T> sum(Tape<T>& tape, Var<T> embedding, Var<T> start) const {
    std::vector<Var<T>> sources{embedding};
    if (has_start_) sources.push_back(start);
    return sum_rows(tape, sources, std::span<const uint32_t>(starts_), std::span<const RowOf>(terms_));
  }

 private:
  bool has_start_;
  std::vector<uint32_t> starts_{0};
  std::vector<RowOf> terms_;
  void end_row() { starts_.push_back(static_cast<uint32_t>(terms_.size())); }
};

}  // namespace

template <class T>
Var<T> Seq2Seq<T>::start_rows(Pass<T>& pass, std::span<const uint32_t> inputs, Var<T> start) const {
  DecoderRows<T> rows(start != nullptr);
  for (const uint32_t input : inputs) rows.add_start(input);
  return rows.sum(pass.tape, t5_.embedding(pass), start);
}

template <class T>
Var<T> Seq2Seq<T>::decode(Pass<T>& pass, std::span<const Target> targets, const Encoded<T>& encoded) const {
  DecoderRows<T> rows(encoded.start != nullptr);
  std::vector<uint32_t> spans{0};
  // Rows of an input's targets: cross-attention need not tell them apart.
  std::vector<uint32_t> input_spans(encoded.windows.size() + 1, 0);
  for (const Target& target : targets) {
    rows.add_start(target.input);
    for (const int32_t token : target.tokens.first(target.tokens.size() - 1)) rows.add_token(token);
    spans.push_back(rows.size());
    assert(target.input + 1 < input_spans.size() && (&target == targets.data() || (&target)[-1].input <= target.input));
    input_spans[target.input + 1] = spans.back();
  }
  for (size_t i = 1; i < input_spans.size(); ++i) input_spans[i] = std::max(input_spans[i], input_spans[i - 1]);
  return t5_.decode(pass, rows.sum(pass.tape, t5_.embedding(pass), encoded.start), spans, encoded.rows, input_spans,
                    encoded.windows);
}

namespace {

// The choice sets of the targets that have paths, their rows those of decode()'s states.
template <class T>
struct AllChoices {
  std::vector<uint32_t> rows, starts{0}, chosen;
  std::vector<int32_t> tokens;
  std::vector<T> biases, scales;
  std::vector<AppraisedMass<T>> masses;

  // `first_appraisal`: that of the target's input.
  void add(const PathChoices& path, uint32_t first_row, uint32_t first_appraisal, T scale) {
    const auto first_entry = static_cast<uint32_t>(tokens.size());
    for (const auto& [entry, index, mass] : path.appraised) {
      masses.push_back({first_entry + entry, first_appraisal + index, static_cast<T>(mass)});
    }
    for (size_t c = 0; c < path.num_sets(); ++c) {
      rows.push_back(first_row + path.steps[c]);
      starts.push_back(starts.back() + path.starts[c + 1] - path.starts[c]);
      chosen.push_back(path.chosen[c]);
      scales.push_back(scale);
    }
    tokens.insert(tokens.end(), path.tokens.begin(), path.tokens.end());
    biases.insert(biases.end(), path.biases.begin(), path.biases.end());
  }
  ChoiceSets<T> sets() const { return {rows, starts, tokens, biases, chosen, scales, masses}; }
};

}  // namespace

template <class T>
Var<T> Seq2Seq<T>::loss(Pass<T>& pass, std::span<const ModelInput* const> inputs, std::span<const Target> targets,
                        double scale, T* log_probs) const {
  const Encoded<T> encoded = encode(pass, inputs);
  const Var<T> hidden = decode(pass, targets, encoded);
  AllChoices<T> choices;
  std::vector<int32_t> labels;  // of the targets without a path, as the following two
  std::vector<T> scales;
  std::vector<RowOf> rows;
  std::vector<uint32_t> first_appraisals{0};  // of each input
  for (const ModelInput* input : inputs) {
    first_appraisals.push_back(first_appraisals.back() + static_cast<uint32_t>(input->appraised.size()));
  }
  uint32_t row = 0;
  for (const Target& target : targets) {
    const T weight = static_cast<T>(scale * target.weight);
    if (target.path != nullptr) {
      assert(log_probs == nullptr);
      choices.add(*target.path, row, first_appraisals[target.input], weight);
    } else {
      labels.insert(labels.end(), target.tokens.begin(), target.tokens.end());
      scales.resize(labels.size(), weight);
      for (uint32_t r = row; r < row + target.tokens.size(); ++r) rows.push_back({0, r});
    }
    row += static_cast<uint32_t>(target.tokens.size());
  }

  Var<T> total = nullptr;
  const auto add_loss = [&](Var<T> part) { total = total == nullptr ? part : add(pass.tape, total, part); };
  if (!choices.rows.empty()) {
    add_loss(
        choice_cross_entropy(pass.tape, hidden, t5_.head(pass), t5_.head_scale(), choices.sets(), encoded.appraisals));
  }
  if (!labels.empty()) {
    Var<T> states = hidden;
    if (labels.size() < row) {
      std::vector<uint32_t> starts(rows.size() + 1);
      for (uint32_t r = 0; r < starts.size(); ++r) starts[r] = r;
      states = sum_rows(pass.tape, std::vector<Var<T>>{hidden}, std::span<const uint32_t>(starts),
                        std::span<const RowOf>(rows));
    }
    add_loss(cross_entropy(pass.tape, states, t5_.head(pass), t5_.head_scale(), std::span<const int32_t>(labels),
                           std::span<const T>(scales), log_probs));
  }
  return total;
}

template class Seq2Seq<float>;
template class Seq2Seq<double>;

}  // namespace peapod
