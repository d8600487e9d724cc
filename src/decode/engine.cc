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
      cross_(network_.config().t5.num_decoder_layers),
      cache_(cross_.size(), 2 * network_.config().t5.inner()) {}

void Engine::start(std::span<const ModelInput* const> inputs) {
  cache_.clear();
  encoded_spans_ = {0};
  for (std::vector<float>& layer : cross_) layer.clear();
  for (size_t first = 0; first < inputs.size();) {
    size_t last = first;
    size_t tokens = 0;
    do {
      tokens += inputs[last++]->text.tokens.size();
    } while (last < inputs.size() && tokens + inputs[last]->text.tokens.size() <= kEncodedTokens);
    tape_.reset();
    Pass<float> pass{tape_};
    const Encoded<float> encoded = network_.encode(pass, inputs.subspan(first, last - first));
    const uint32_t before = encoded_spans_.back();
    for (size_t i = 1; i < encoded.spans.size(); ++i) encoded_spans_.push_back(before + encoded.spans[i]);
    const CrossKeysValues<float> cross = network_.t5().cross_keys_values(pass, encoded.rows);
    for (size_t layer = 0; layer < cross_.size(); ++layer) {
      const Tensor<float>& values = cross[layer]->value;
      cross_[layer].insert(cross_[layer].end(), values.data, values.data + values.size());
    }
    first = last;
  }
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

  CrossKeysValues<float> cross;
  for (std::vector<float>& layer : cross_) {
    cross.push_back(tape_.leaf({layer.data(), encoded_spans_.back(), 2 * t5.config().inner()}, nullptr));
  }
  cache_.begin_step(step.parents);
  assert(cache_.length() == step.index + 1);  // else start() was forgotten
  const Var<float> hidden = t5.decode_step(pass, t5.embed(pass, step.tokens), spans, cross, encoded_spans_, cache_);
  assert(logits.size() == rows * head_.tokens.size());
  head_.weight.multiply(rows, hidden->value.data, logits.data());
}

}  // namespace peapod
