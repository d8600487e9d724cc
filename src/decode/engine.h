// The network as beam search needs it: inputs are encoded once, the decoder's cross-attention keys and values are held
// once an input, its self-attention keys and values once a beam and step. One engine serves one batch after another on
// one thread and keeps its memory between them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/beam_search.h"
#include "decode/packed_network.h"
#include "model/decoder_cache.h"
#include "model/t5.h"
#include "tensor/tape.h"

namespace peapod {

class Engine {
 public:
  // `network` and `head`, one of its heads, must outlive the engine.
  Engine(const PackedNetwork& network, const OutputHead& head);

  // The token of each logit, ascending.
  std::span<const int32_t> alphabet() const { return head_.tokens; }

  // Encodes the inputs of the next search; they may go away after that.
  void start(std::span<const ModelInput* const> inputs);

  // What the network says of an input's appraised items [appraised]; empty where it does not appraise. Valid until the
  // next start().
  std::span<const float> appraisals(size_t input) const {
    return std::span(appraisals_)
        .subspan(appraisal_starts_[input], appraisal_starts_[input + 1] - appraisal_starts_[input]);
  }

  // The logits of a step; see decode/beam_search.h.
  void step(const DecodeStep& step, std::span<float> logits);

 private:
  const Seq2Seq<float>& network_;
  const OutputHead& head_;
  Tape<float> tape_;         // of the part or the step at hand
  Tape<float> inputs_tape_;  // of what is kept of the inputs: start_ and cross_
  // Of the inputs: what the decoder attends to and begins with, laid out as Encoded is.
  std::vector<float> memory_, starts_;
  std::vector<KeyWindow> windows_;
  std::vector<float> appraisals_;           // of all inputs, one after the other
  std::vector<uint32_t> appraisal_starts_;  // [inputs + 1]
  Var<float> start_ = nullptr;
  CrossKeysValues<float> cross_;
  DecoderCache<float> cache_;
};

}  // namespace peapod
