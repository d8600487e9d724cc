#include "decode/engine.h"

#include <algorithm>

namespace peapod {

Engine::Engine(const Seq2Seq<float>& network, std::span<const ModelInput* const> inputs, Precision precision)
    : network_(network),
      encoder_tape_({.record = false, .precision = precision}),
      step_tape_({.record = false, .precision = precision}),
      cache_(network.config().t5.num_decoder_layers),
      next_cache_(cache_.size()) {
  Pass<float> pass{encoder_tape_};
  const Encoded<float> encoded = network.encode(pass, inputs);
  encoded_spans_ = encoded.spans;
  cross_ = network.t5().cross_keys_values(pass, encoded.rows);
}

void Engine::step(const DecodeStep& step, std::span<float> logits) {
  step_tape_.reset();
  Pass<float> pass{step_tape_};
  const T5<float>& t5 = network_.t5();
  const size_t rows = step.tokens.size();
  const size_t length = step.index + 1;
  const size_t width = 2 * t5.config().inner();
  // Rows of an input stand together; an input without rows keeps an empty range.
  std::vector<uint32_t> spans(encoded_spans_.size(), 0);
  for (const uint32_t input : step.inputs) ++spans[input + 1];
  for (size_t i = 1; i < spans.size(); ++i) spans[i] += spans[i - 1];

  const auto append = [&](size_t layer, Var<float> new_qkv) {
    std::vector<float>& grown = next_cache_[layer];
    grown.resize(rows * length * width);
    for (size_t r = 0; r < rows; ++r) {
      float* row = grown.data() + r * length * width;
      if (length > 1) {
        std::copy_n(cache_[layer].data() + step.parents[r] * (length - 1) * width, (length - 1) * width, row);
      }
      std::copy_n(new_qkv->value.row(r) + t5.config().inner(), width, row + (length - 1) * width);
    }
    cache_[layer].swap(grown);
    return step_tape_.leaf({cache_[layer].data(), rows * length, width}, nullptr);
  };
  const Var<float> hidden =
      t5.decode_step(pass, t5.embed(pass, step.tokens), spans, cross_, encoded_spans_, length, append);
  const size_t d = hidden->value.cols;
  gemm({.m = rows, .n = vocabulary(), .k = d, .lda = d, .ldb = d, .ldc = vocabulary(), .op_b = Op::transpose},
       static_cast<float>(t5.head_scale()), hidden->value.data, t5.head(pass)->value.data, 0.0f, logits.data(),
       step_tape_.precision());
}

}  // namespace peapod
