#include "decode/engine.h"

#include <algorithm>
#include <cassert>

namespace peapod {
namespace {

// Text tokens encoded at once: enough for products at full speed, few enough for a layer's values to stay in cache.
constexpr size_t kEncodedTokens = 512;

}  // namespace

Engine::Engine(const PackedNetwork& network, const OutputHead& head)
    : network_(network.network()),
      head_(head),
      tape_({.record = false, .precision = network.precision(), .packed = &network.weights()}),
      inputs_tape_({.record = false, .precision = network.precision(), .packed = &network.weights()}),
      cache_(network_.config().t5.num_decoder_layers, 2 * network_.config().t5.inner()) {}

void Engine::start(std::span<const ModelInput* const> inputs) {
  cache_.clear();
  encoded_spans_ = {0};
  for (const ModelInput* input : inputs) {
    encoded_spans_.push_back(encoded_spans_.back() + static_cast<uint32_t>(network_.encoded_length(*input)));
  }
  inputs_tape_.reset();
  const Var<float> encoded = inputs_tape_.result(encoded_spans_.back(), network_.config().t5.d_model);
  for (size_t first = 0; first < inputs.size();) {
    size_t last = first;
    size_t tokens = 0;
    do {
      tokens += inputs[last++]->text.tokens.size();
    } while (last < inputs.size() && tokens + inputs[last]->text.tokens.size() <= kEncodedTokens);
    tape_.reset();
    Pass<float> pass{tape_};
    const Tensor<float> part = network_.encode(pass, inputs.subspan(first, last - first)).rows->value;
    std::copy_n(part.data, part.size(), encoded->value.row(encoded_spans_[first]));
    first = last;
  }
  Pass<float> pass{inputs_tape_};
  cross_ = network_.t5().cross_keys_values(pass, encoded);
}

void Engine::step(const DecodeStep& step, std::span<float> logits) {
  tape_.reset();
  Pass<float> pass{tape_};
  const T5<float>& t5 = network_.t5();
  const size_t rows = step.tokens.size();
  // Rows of an input stand together; an input without rows keeps an empty range.
  std::vector<uint32_t> spans(encoded_spans_.size(), 0);
  for (const uint32_t input : step.inputs) ++spans[input + 1];
  for (size_t i = 1; i < spans.size(); ++i) spans[i] += spans[i - 1];

  cache_.begin_step(step.parents);
  assert(cache_.length() == step.index + 1);  // else start() was forgotten
  const Var<float> hidden = t5.decode_step(pass, t5.embed(pass, step.tokens), spans, cross_, encoded_spans_, cache_);
  const auto scale = static_cast<float>(t5.head_scale());
  for (size_t i = 0; i < hidden->value.size(); ++i) hidden->value.data[i] *= scale;
  assert(logits.size() == rows * head_.tokens.size());
  head_.weight.multiply(rows, hidden->value.data, logits.data());
}

}  // namespace peapod
