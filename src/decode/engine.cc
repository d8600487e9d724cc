#include "decode/engine.h"

#include <algorithm>
#include <cassert>

namespace peapod {
namespace {

// Rows encoded at once: enough for products at full speed, few enough for a layer's values to stay in cache.
constexpr size_t kEncodedRows = 512;

// What an input has to be read of, its prompts apart.
size_t rows_of(const ModelInput& input) {
  return input.text.tokens.size() + input.history.size() + input.beside.size();
}

}  // namespace

Engine::Engine(const PackedNetwork& network, const OutputHead& head)
    : network_(network.network()),
      head_(head),
      tape_({.record = false, .precision = network.precision(), .packed = &network.weights()}),
      inputs_tape_({.record = false, .precision = network.precision(), .packed = &network.weights()}),
      cache_(network_.config().t5.num_decoder_layers, 2 * network_.config().t5.inner()) {}

void Engine::start(std::span<const ModelInput* const> inputs) {
  cache_.clear();
  memory_.clear();
  starts_.clear();
  windows_.clear();
  appraisals_.clear();
  appraisal_starts_ = {0};
  const size_t d_model = network_.config().t5.d_model;
  for (size_t first = 0; first < inputs.size();) {
    size_t last = first;
    size_t rows = 0;
    do {
      rows += rows_of(*inputs[last++]);
    } while (last < inputs.size() && rows + rows_of(*inputs[last]) <= kEncodedRows);
    tape_.reset();
    Pass<float> pass{tape_};
    const Encoded<float> part = network_.encode(pass, inputs.subspan(first, last - first));
    const auto offset = static_cast<uint32_t>(memory_.size() / d_model);
    for (const auto& [own, shared] : part.windows) {
      windows_.push_back({{own.begin + offset, own.end + offset}, {shared.begin + offset, shared.end + offset}});
    }
    const Tensor<float> encoded = part.rows->value;
    memory_.insert(memory_.end(), encoded.data, encoded.data + encoded.size());
    if (part.appraisals != nullptr) {
      const Tensor<float> said = part.appraisals->value;
      appraisals_.insert(appraisals_.end(), said.data, said.data + said.size());
    }
    for (const ModelInput* input : inputs.subspan(first, last - first)) {
      const size_t appraised = part.appraisals == nullptr ? 0 : input->appraised.size();
      appraisal_starts_.push_back(appraisal_starts_.back() + static_cast<uint32_t>(appraised));
    }
    if (network_.config().encoder == EncoderKind::causal) {
      // Where none of the part's inputs has rows for the encoder, nothing is added to their start tokens.
      starts_.resize(last * d_model);
      if (part.start != nullptr)
        std::copy_n(part.start->value.data, part.start->value.size(), &starts_[first * d_model]);
    }
    first = last;
  }
  inputs_tape_.reset();
  Pass<float> pass{inputs_tape_};
  start_ = starts_.empty() ? nullptr : inputs_tape_.leaf({starts_.data(), inputs.size(), d_model}, nullptr);
  cross_ = network_.t5().cross_keys_values(
      pass, inputs_tape_.leaf({memory_.data(), memory_.size() / d_model, d_model}, nullptr));
}

void Engine::step(const DecodeStep& step, std::span<float> logits) {
  tape_.reset();
  Pass<float> pass{tape_};
  const T5<float>& t5 = network_.t5();
  const size_t rows = step.tokens.size();
  // Rows of an input stand together; an input without rows keeps an empty range.
  std::vector<uint32_t> spans(windows_.size() + 1, 0);
  for (const uint32_t input : step.inputs) ++spans[input + 1];
  for (size_t i = 1; i < spans.size(); ++i) spans[i] += spans[i - 1];

  cache_.begin_step(step.parents);
  assert(cache_.length() == step.index + 1);  // else start() was forgotten
  const Var<float> fed = step.index == 0 ? network_.start_rows(pass, step.inputs, start_) : t5.embed(pass, step.tokens);
  const Var<float> hidden = t5.decode_step(pass, fed, spans, cross_, windows_, cache_);
  const auto scale = static_cast<float>(t5.head_scale());
  for (size_t i = 0; i < hidden->value.size(); ++i) hidden->value.data[i] *= scale;
  assert(logits.size() == rows * head_.tokens.size());
  head_.weight.multiply(rows, hidden->value.data, logits.data());
}

}  // namespace peapod
