#include "model/t5.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/random.h"

namespace peapod {

template <class T>
Dropout Pass<T>::next_dropout() {
  if (dropout == 0.0) return {};
  return {dropout, static_cast<uint32_t>(mix64(seed, uses++))};
}

// Deviations are those of Hugging Face's T5PreTrainedModel._init_weights at factor 1.
template <class T>
T5<T>::T5(const T5Config& config, Parameters<T>& parameters) : config_(config), parameters_(parameters) {
  parameters.reserve(config.num_weights() +
                     config.num_weights() / 16);  // enough with norms and prompts, or all moves once
  embedding_ = parameters.add("shared.weight", {config.vocab_size, config.d_model}, 1.0);
  head_ = config.tie_word_embeddings ? embedding_
                                     : parameters.add("lm_head.weight", {config.vocab_size, config.d_model}, 1.0);
  encoder_ = add_stack("encoder", config.num_layers, false);
  decoder_ = add_stack("decoder", config.num_decoder_layers, true);
}

template <class T>
typename T5<T>::Stack T5<T>::add_stack(const std::string& name, size_t num_layers, bool decoder) {
  const auto d = static_cast<double>(config_.d_model);
  const size_t inner = config_.inner();
  const auto deviation = [](double n) { return 1.0 / std::sqrt(n); };
  const auto add_attention = [&](const std::string& layer, const std::string& kind) {
    Attention a{};
    a.norm = parameters_.add(layer + ".layer_norm.weight", {config_.d_model}, 0);
    const std::string prefix = layer + "." + kind + ".";
    a.q = parameters_.add(prefix + "q.weight", {inner, config_.d_model},
                          deviation(d * static_cast<double>(config_.d_kv)));
    parameters_.add(prefix + "k.weight", {inner, config_.d_model}, deviation(d));
    parameters_.add(prefix + "v.weight", {inner, config_.d_model}, deviation(d));
    a.out = parameters_.add(prefix + "o.weight", {config_.d_model, inner}, deviation(static_cast<double>(inner)));
    return a;
  };
  Stack stack;
  for (size_t i = 0; i < num_layers; ++i) {
    const std::string block = name + ".block." + std::to_string(i) + ".layer.";
    Layer layer{};
    layer.self = add_attention(block + "0", "SelfAttention");
    if (decoder) layer.cross = add_attention(block + "1", "EncDecAttention");
    const std::string ff = block + (decoder ? "2" : "1");
    layer.ff_norm = parameters_.add(ff + ".layer_norm.weight", {config_.d_model}, 0);
    if (config_.gated_gelu) {
      layer.ff_in = parameters_.add(ff + ".DenseReluDense.wi_0.weight", {config_.d_ff, config_.d_model}, deviation(d));
      parameters_.add(ff + ".DenseReluDense.wi_1.weight", {config_.d_ff, config_.d_model}, deviation(d));
    } else {
      layer.ff_in = parameters_.add(ff + ".DenseReluDense.wi.weight", {config_.d_ff, config_.d_model}, deviation(d));
    }
    layer.ff_out = parameters_.add(ff + ".DenseReluDense.wo.weight", {config_.d_model, config_.d_ff},
                                   deviation(static_cast<double>(config_.d_ff)));
    stack.layers.push_back(layer);
  }
  stack.bias = parameters_.add(name + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                               {config_.relative_attention_num_buckets, config_.num_heads}, deviation(d));
  stack.final_norm = parameters_.add(name + ".final_layer_norm.weight", {config_.d_model}, 0);
  return stack;
}

template <class T>
AttentionOptions T5<T>::attention_options(Pass<T>& pass) const {
  return {.heads = config_.num_heads,
          .head_dim = config_.d_kv,
          .max_distance = config_.relative_attention_max_distance,
          .dropout = pass.next_dropout()};
}

template <class T>
Var<T> T5<T>::norm(Pass<T>& pass, Var<T> x, ParameterId id) const {
  return rms_norm(pass.tape, x, weight(pass, id), config_.layer_norm_epsilon);
}

template <class T>
Var<T> T5<T>::embedding(Pass<T>& pass) const {
  return weight(pass, embedding_);
}

template <class T>
Var<T> T5<T>::embed(Pass<T>& pass, std::span<const int32_t> ids) const {
  return gather(pass.tape, embedding(pass), ids);
}

template <class T>
std::vector<Tensor<const T>> T5<T>::linear_weights() const {
  std::vector<Tensor<const T>> weights;
  const auto add_weight = [&](ParameterId id, size_t count = 1) {
    const ParameterInfo& info = parameters_.info(id);
    weights.push_back({std::as_const(parameters_).data(id), count * info.rows, info.cols});
  };
  for (const Stack* stack : {&encoder_, &decoder_}) {
    for (const Layer& layer : stack->layers) {
      add_weight(layer.self.q, 3);
      add_weight(layer.self.out);
      if (stack == &decoder_) {
        add_weight(layer.cross.q);
        add_weight(layer.cross.q + 1, 2);
        add_weight(layer.cross.out);
      }
      add_weight(layer.ff_in);
      if (config_.gated_gelu) add_weight(layer.ff_in + 1);
      add_weight(layer.ff_out);
    }
  }
  return weights;
}

template <class T>
Var<T> T5<T>::self_attention(Pass<T>& pass, Var<T> x, Spans spans, const Attention& layer, Var<T> bias,
                             bool causal) const {
  const Var<T> qkv = linear(pass.tape, norm(pass, x, layer.norm), weight(pass, layer.q, 3));
  AttentionOptions options = attention_options(pass);
  options.k_column = config_.inner();
  options.v_column = 2 * config_.inner();
  options.causal = causal;
  const Var<T> mixed = attention(pass.tape, qkv, qkv, qkv, spans, spans, bias, options);
  return add_residual(pass, x, mixed, layer.out);
}

template <class T>
Var<T> T5<T>::cross_attention(Pass<T>& pass, Var<T> x, Spans spans, const Attention& layer, Var<T> keys_values,
                              std::span<const KeyWindow> windows) const {
  const Var<T> q = linear(pass.tape, norm(pass, x, layer.norm), weight(pass, layer.q));
  AttentionOptions options = attention_options(pass);
  options.v_column = config_.inner();
  const Var<T> mixed = attention<T>(pass.tape, q, keys_values, keys_values, spans, windows, nullptr, options);
  return add_residual(pass, x, mixed, layer.out);
}

template <class T>
Var<T> T5<T>::feed_forward(Pass<T>& pass, Var<T> x, const Layer& layer) const {
  Tape<T>& tape = pass.tape;
  const Var<T> in = norm(pass, x, layer.ff_norm);
  const Var<T> hidden = config_.gated_gelu
                            ? gated_gelu(tape, linear(tape, in, weight(pass, layer.ff_in)),
                                         linear(tape, in, weight(pass, layer.ff_in + 1)), pass.next_dropout())
                            : linear_relu(tape, in, weight(pass, layer.ff_in), pass.next_dropout());
  return add_residual(pass, x, hidden, layer.ff_out);
}

template <class T>
Var<T> T5<T>::add_residual(Pass<T>& pass, Var<T> x, Var<T> y, ParameterId weight_id) const {
  const Dropout dropout = pass.next_dropout();
  if (pass.tape.recording() || dropout.p != 0.0) {
    return add_linear(pass.tape, x, y, weight(pass, weight_id), dropout);
  }
  add_linear_in_place(pass.tape, x, y, weight(pass, weight_id));
  return x;
}

template <class T>
Var<T> T5<T>::encode(Pass<T>& pass, Var<T> input, Spans spans, bool causal) const {
  Var<T> x = dropout(pass.tape, input, pass.next_dropout());
  const Var<T> bias = weight(pass, encoder_.bias);
  const Arena::Mark start = pass.tape.mark();
  for (const Layer& layer : encoder_.layers) {
    x = self_attention(pass, x, spans, layer.self, bias, causal);
    x = pass.tape.keep_only(feed_forward(pass, x, layer), start);
  }
  return dropout(pass.tape, norm(pass, x, encoder_.final_norm), pass.next_dropout());
}

template <class T>
CrossKeysValues<T> T5<T>::cross_keys_values(Pass<T>& pass, Var<T> encoded) const {
  CrossKeysValues<T> cross;
  for (const Layer& layer : decoder_.layers) {
    cross.push_back(linear(pass.tape, encoded, weight(pass, layer.cross.q + 1, 2)));
  }
  return cross;
}

template <class T>
Var<T> T5<T>::decode(Pass<T>& pass, Var<T> input, Spans spans, Var<T> encoded, Spans input_spans,
                     std::span<const KeyWindow> windows) const {
  const CrossKeysValues<T> cross = cross_keys_values(pass, encoded);
  Var<T> x = dropout(pass.tape, input, pass.next_dropout());
  const Var<T> bias = weight(pass, decoder_.bias);
  for (size_t i = 0; i < decoder_.layers.size(); ++i) {
    const Layer& layer = decoder_.layers[i];
    x = self_attention(pass, x, spans, layer.self, bias, true);
    x = cross_attention(pass, x, input_spans, layer.cross, cross[i], windows);
    x = feed_forward(pass, x, layer);
  }
  return dropout(pass.tape, norm(pass, x, decoder_.final_norm), pass.next_dropout());
}

template <class T>
Var<T> T5<T>::decode_step(Pass<T>& pass, Var<T> input, Spans spans, const CrossKeysValues<T>& cross,
                          std::span<const KeyWindow> windows, DecoderCache<T>& cache) const {
  Var<T> x = input;
  const Var<T> bias = weight(pass, decoder_.bias);
  const Arena::Mark start = pass.tape.mark();
  for (size_t i = 0; i < decoder_.layers.size(); ++i) {
    const Layer& layer = decoder_.layers[i];
    const Var<T> qkv = linear(pass.tape, norm(pass, x, layer.self.norm), weight(pass, layer.self.q, 3));
    const size_t width = 2 * config_.inner();
    for (size_t r = 0; r < input->value.rows; ++r) {
      std::copy_n(qkv->value.row(r) + config_.inner(), width, cache.current(i) + r * width);
    }
    const Var<T> mixed = cached_attention(pass.tape, qkv, cache.positions(i), bias, attention_options(pass));
    x = add_residual(pass, x, mixed, layer.self.out);
    x = cross_attention(pass, x, spans, layer.cross, cross[i], windows);
    x = pass.tape.keep_only(feed_forward(pass, x, layer), start);
  }
  return norm(pass, x, decoder_.final_norm);
}

template <class T>
Var<T> T5<T>::head(Pass<T>& pass) const {
  return weight(pass, head_);
}

template <class T>
Tensor<const T> T5<T>::head_weight() const {
  return {std::as_const(parameters_).data(head_), config_.vocab_size, config_.d_model};
}

template <class T>
double T5<T>::head_scale() const {
  return config_.tie_word_embeddings ? 1.0 / std::sqrt(static_cast<double>(config_.d_model)) : 1.0;
}

template struct Pass<float>;
template struct Pass<double>;
template class T5<float>;
template class T5<double>;

}  // namespace peapod
