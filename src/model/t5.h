// T5 (Raffel et al. 2020) exactly as Hugging Face's T5ForConditionalGeneration computes it: RMS norm, pre-norm
// residuals, unscaled attention with bucketed relative bias shared by the layers of a stack. Works on packed rows; the
// same code trains, encodes and decodes step by step. Immutable once built: safe from many threads, one tape each.
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

// What the decoder's layers attend to of the encoded inputs, one a layer [encoder rows, 2 * inner]: keys, then values.
template <class T>
using CrossKeysValues = std::vector<Var<T>>;

template <class T>
class T5 {
 public:
  // Registers T5's weights in `parameters`, which must outlive this object.
  T5(const T5Config& config, Parameters<T>& parameters);

  const T5Config& config() const { return config_; }

  // Embeddings of token ids [ids, d_model], without dropout.
  Var<T> embed(Pass<T>& pass, std::span<const int32_t> ids) const;

  // The matrices of the linear layers, as linear() is given them; the output head is not among them.
  std::vector<Tensor<const T>> linear_weights() const;

  // Encoder stack over embedded inputs [rows, d_model]; the result is normalised. A pass that does not record
  // overwrites `input`, as in the decoders below: the layers add to it in place.
  Var<T> encode(Pass<T>& pass, Var<T> input, Spans spans) const;

  CrossKeysValues<T> cross_keys_values(Pass<T>& pass, Var<T> encoded) const;

  // Decoder stack over whole sequences (teacher forcing), those of one encoded input side by side: `spans` are the
  // sequences, `input_spans` groups their rows by input. The result is normalised.
  Var<T> decode(Pass<T>& pass, Var<T> input, Spans spans, Var<T> encoded, Spans input_spans, Spans encoded_spans) const;

  // One position a row, without recording: `cache` has begun the step and receives its keys and values; `spans` groups
  // the rows by input, as encoded_spans does the rows of `cross`.
  Var<T> decode_step(Pass<T>& pass, Var<T> input, Spans spans, const CrossKeysValues<T>& cross, Spans encoded_spans,
                     DecoderCache<T>& cache) const;

  // The matrix of the output head [vocab_size, d_model], on a tape or where it is, and the factor its input is scaled
  // by.
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
                         Spans encoded_spans) const;
  Var<T> feed_forward(Pass<T>& pass, Var<T> x, const Layer& layer) const;
  // x + dropout(y weightᵀ). In inference that is x itself, overwritten; a pass that records or drops gets a new value.
  Var<T> add_residual(Pass<T>& pass, Var<T> x, Var<T> y, ParameterId weight_id) const;

  T5Config config_;
  Parameters<T>& parameters_;
  ParameterId embedding_, head_;
  Stack encoder_, decoder_;
};

}  // namespace peapod
