// The network as beam search needs it: inputs are encoded once, the decoder's cross-attention keys and values are held
// once an input, its self-attention keys and values once a beam. One engine serves one batch on one thread.
#pragma once

#include <span>
#include <vector>

#include "decode/beam_search.h"
#include "model/seq2seq.h"

namespace peapod {

class Engine {
 public:
  // `network` must outlive the engine. Encodes the inputs.
  Engine(const Seq2Seq<float>& network, std::span<const ModelInput* const> inputs, Precision precision);

  size_t vocabulary() const { return network_.config().t5.vocab_size; }

  // The next-token logits of a step; see decode/beam_search.h.
  void step(const DecodeStep& step, std::span<float> logits);

 private:
  const Seq2Seq<float>& network_;
  Tape<float> encoder_tape_;  // keeps keys and values of the inputs
  Tape<float> step_tape_;
  std::vector<uint32_t> encoded_spans_;
  CrossKeysValues<float> cross_;
  // Per decoder layer, keys and values of all positions so far: [rows, length, 2 * inner].
  std::vector<std::vector<float>> cache_, next_cache_;
};

}  // namespace peapod
