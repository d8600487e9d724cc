// T5 (Raffel et al. 2020) exactly as Hugging Face's T5ForConditionalGeneration computes it: RMS norm, pre-norm
// residuals, unscaled attention with bucketed relative bias shared by the layers of a stack. Works on packed rows; the
// same code trains, encodes and decodes step by step. Immutable once built: safe from many threads, one tape each.
//
// Dimensions, one word each in all shape comments on the network:
//   rows     vectors of all examples back to back, one for each token or prompt vector
//   spans    [examples + 1]; example e has the rows from spans[e] to spans[e + 1]
//   vocab    token ids that the model knows
//   d_model  columns of a row between two layers; `d` where an operation takes any width
//   heads    attention heads of a layer
//   d_kv     columns of one head's query, key or value; `head_dim` in an operation
//   inner    columns of all heads, heads * d_kv, which need not be d_model
//   d_ff     columns inside a feed-forward block
//   buckets  of relative positions, each with a bias for each head
//   in, out  columns of a linear layer's operand and result; its weight is [out, in]
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"
#include "model/decoder_cache.h"
#include "model/parameters.h"
#include "tensor/ops.h"

namespace peapod {

// What one pass needs beside its inputs.
template <class T>
struct Pass {
  Tape<T>& tape;
  T* gradients = nullptr;  // block laid out like the parameters; null for inference
  double dropout = 0.0;    // 0 for inference
  uint64_t seed = 0;       // of this pass's dropout masks
  uint32_t uses = 0;       // of dropout so far

  Dropout next_dropout();
};

// What the decoder's layers attend to of the encoded inputs, for each layer [encoder rows, 2 * inner]: keys, then
// values.
template <class T>
using CrossKeysValues = std::vector<Var<T>>;

template <class T>
class T5 {
 public:
  // Registers T5's weights in `parameters`, which must outlive this object.
  T5(const T5Config& config, Parameters<T>& parameters);

  const T5Config& config() const { return config_; }

  // The embeddings [vocab, d_model] of tokens.
  Var<T> embedding(Pass<T>& pass) const;
  // Those [rows, d_model] of token ids [rows], without dropout.
  Var<T> embed(Pass<T>& pass, std::span<const int32_t> ids) const;

  // The weights [out, in] of the linear layers as linear() is given them: those of self-attention's queries, keys and
  // values as one [3 * inner, d_model], cross-attention's keys and values as one [2 * inner, d_model]. The output head
  // is not among them.
  std::vector<Tensor<const T>> linear_weights() const;

  // Encoder stack over embedded inputs [rows, d_model]; the result [rows, d_model] is normalised. `causal`: a row sees
  // those of its span up to itself, as in the decoder; false: all of them (T5's own). A pass that does not record
  // overwrites `input`, as in the decoders below: the layers add to it in place.
  Var<T> encode(Pass<T>& pass, Var<T> input, Spans spans, bool causal = false) const;

  // From the encoder's result [encoder rows, d_model].
  CrossKeysValues<T> cross_keys_values(Pass<T>& pass, Var<T> encoded) const;

  // Decoder stack over whole embedded sequences [rows, d_model] (teacher forcing), those of one encoded input side by
  // side: `spans` has the rows of each sequence, `input_spans` the rows of all sequences of each encoded input,
  // `windows` the rows of `encoded` that each input's attend to. The result [rows, d_model] is normalised.
  Var<T> decode(Pass<T>& pass, Var<T> input, Spans spans, Var<T> encoded, Spans input_spans,
                std::span<const KeyWindow> windows) const;

  // One position for each row of `input` [rows, d_model], without recording. `cache` has begun the step and receives
  // its keys and values; `spans` has the rows of each encoded input, `windows` the rows of `cross` that they attend to.
  // The result [rows, d_model] is normalised.
  Var<T> decode_step(Pass<T>& pass, Var<T> input, Spans spans, const CrossKeysValues<T>& cross,
                     std::span<const KeyWindow> windows, DecoderCache<T>& cache) const;

  // The output head: its weight [vocab, d_model], on a tape or where it is stored, and the factor that the decoder's
  // result is multiplied by first.
  Var<T> head(Pass<T>& pass) const;
  Tensor<const T> head_weight() const;
  double head_scale() const;

 private:
  struct Attention {
    ParameterId norm, q, out;  // q, k, v follow each other
  };
  struct Layer {
    Attention self, cross;
    ParameterId ff_norm, ff_in, ff_out;  // gated: wi_0, wi_1 follow each other
  };
  struct Stack {
    std::vector<Layer> layers;
    ParameterId bias, final_norm;
  };

  Stack add_stack(const std::string& name, size_t num_layers, bool decoder);
  AttentionOptions attention_options(Pass<T>& pass) const;
  Var<T> norm(Pass<T>& pass, Var<T> x, ParameterId weight) const;
  Var<T> weight(Pass<T>& pass, ParameterId id, size_t count = 1) const {
    return parameters_.on(pass.tape, pass.gradients, id, count);
  }
  // The sublayers return the residual stream x with what they compute added by add_residual().
  Var<T> self_attention(Pass<T>& pass, Var<T> x, Spans spans, const Attention& layer, Var<T> bias, bool causal) const;
  Var<T> cross_attention(Pass<T>& pass, Var<T> x, Spans spans, const Attention& layer, Var<T> keys_values,
                         std::span<const KeyWindow> windows) const;
  Var<T> feed_forward(Pass<T>& pass, Var<T> x, const Layer& layer) const;
  // x + dropout(y weightᵀ). In inference that is x itself, overwritten; a pass that records or drops gets a new value.
  Var<T> add_residual(Pass<T>& pass, Var<T> x, Var<T> y, ParameterId weight_id) const;

  T5Config config_;
  Parameters<T>& parameters_;
  ParameterId embedding_, head_;
  Stack encoder_, decoder_;
};

}  // namespace peapod
