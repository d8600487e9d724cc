// The layer-sized operations of the tape: each computes its value and, when the tape records, adds its backward step.
// Values are packed: rows of all examples back to back, no padding; `Spans` says where each example's rows lie.
// Shapes are [rows, cols] as tape.h has them. f32 runs fast; f64 is for gradient checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tape.h"

namespace peapod {

// Row ranges of examples: example e has rows [starts[e], starts[e + 1]).
using Spans = std::span<const uint32_t>;

// Dropout with probability `p`; `seed` must differ between the uses within a step.
struct Dropout {
  double p = 0.0;
  uint32_t seed = 0;
};

// table[ids]: [ids, cols].
template <class T>
Var<T> gather(Tape<T>& tape, Var<T> table, std::span<const int32_t> ids);

// dropout(x); x itself where p is 0.
template <class T>
Var<T> dropout(Tape<T>& tape, Var<T> x, Dropout dropout);

// x + dropout(y). Where the tape records and x is a result of the tape, not a leaf, the gradient of the sum takes over
// the memory of x's: an operation on x that is recorded later throws std::logic_error. So does an x that is y.
template <class T>
Var<T> add(Tape<T>& tape, Var<T> x, Var<T> y, Dropout dropout = {});

// Rows picked from several sources of one width: result row r is sources[rows[r].source] row rows[r].row.
struct RowOf {
  uint32_t source;
  uint32_t row;
};
template <class T>
Var<T> collect_rows(Tape<T>& tape, const std::vector<Var<T>>& sources, std::span<const RowOf> rows);

// The value of x, in the same memory, as [rows, cols] of other proportions (as many elements). The gradient of the
// result takes over the memory of x's, with the consequence that add() states.
template <class T>
Var<T> reshape(Tape<T>& tape, Var<T> x, size_t rows, size_t cols);

// x weightᵀ (+ bias [1, out]): x [rows, in], weight [out, in], as Hugging Face stores linear layers.
template <class T>
Var<T> linear(Tape<T>& tape, Var<T> x, Var<T> weight, Var<T> bias = nullptr);

// dropout(relu(x weightᵀ)).
template <class T>
Var<T> linear_relu(Tape<T>& tape, Var<T> x, Var<T> weight, Dropout dropout);

// x + dropout(y weightᵀ), a value of its own: linear(), then add(), whose rule for x holds.
template <class T>
Var<T> add_linear(Tape<T>& tape, Var<T> x, Var<T> y, Var<T> weight, Dropout dropout);

// x += y weightᵀ: overwrites x instead of making a value, which saves inference a pass over memory. Throws
// std::logic_error where the tape records, because the backward pass needs the former x, and where y has x's memory.
template <class T>
void add_linear_in_place(Tape<T>& tape, Var<T> x, Var<T> y, Var<T> weight);

// T5's layer norm: x / sqrt(mean(x²) + epsilon) * weight, weight [1, cols].
template <class T>
Var<T> rms_norm(Tape<T>& tape, Var<T> x, Var<T> weight, double epsilon);

// dropout(relu(x)).
template <class T>
Var<T> relu(Tape<T>& tape, Var<T> x, Dropout dropout);

// dropout(gelu(gate) * up), gelu in the tanh form (Hugging Face's "gelu_new").
template <class T>
Var<T> gated_gelu(Tape<T>& tape, Var<T> gate, Var<T> up, Dropout dropout);

// Multi-head attention within spans: rows q_spans[e] attend to rows k_spans[e].
struct AttentionOptions {
  size_t heads = 1;
  size_t head_dim = 1;
  // First column of each operand, so that a fused projection can be used without copying.
  size_t q_column = 0, k_column = 0, v_column = 0;
  double scale = 1.0;   // of the scores; T5 uses 1
  bool causal = false;  // row i of a span sees keys 0 … i of its span
  // Relative position bias (T5): bucketed table [num_buckets, heads] or none. Bidirectional unless causal.
  size_t max_distance = 128;
  Dropout dropout = {};  // of the probabilities
};

// Result [q rows, heads * head_dim]. A span without keys is not allowed.
template <class T>
Var<T> attention(Tape<T>& tape, Var<T> q, Var<T> k, Var<T> v, Spans q_spans, Spans k_spans, Var<T> bias_table,
                 const AttentionOptions& options);

// The same for decoding, a query a row: q [rows, ≥ heads * head_dim] (the first columns count), causal, unscaled, over
// the keys and values that keys_values [rows * length] points to (kernels::attend), the query standing at the last
// position. Of the options heads, head_dim and max_distance count; the bias is required. Nothing is recorded.
template <class T>
Var<T> cached_attention(Tape<T>& tape, Var<T> q, std::span<const T* const> keys_values, Var<T> bias_table,
                        const AttentionOptions& options);

// T5's bucket of a relative position (key position - query position); Raffel et al. 2020, §2.1 and Hugging Face's
// T5Attention._relative_position_bucket.
int32_t relative_position_bucket(int64_t relative_position, bool bidirectional, int32_t num_buckets,
                                 int32_t max_distance);

// -Σ_r scales[r] * log softmax(logit_scale * hidden_r tableᵀ)[targets[r]], a [1, 1] value to be differentiated with an
// upstream gradient of 1. hidden [rows, cols], table [vocabulary, cols]. Logits exist for a block of rows at a time
// only. `log_probs`, if not null, receives each row's log-probability of its target [rows].
template <class T>
Var<T> cross_entropy(Tape<T>& tape, Var<T> hidden, Var<T> table, double logit_scale, std::span<const int32_t> targets,
                     std::span<const T> scales, T* log_probs = nullptr);

// Composes prompts (PeaPOD §3.2): head h weighs the M prompts by a softmax of its queries' products with its keys and
// mixes its slice of the columns. queries [rows, heads * key_dim], keys [heads * M, key_dim] (head-major),
// prompts [M, length * d]. Result [rows, length * d]. Each head's slice is d / heads columns of every prompt vector.
// `weights`, if not null, receives the mixing weights [rows, heads, M].
template <class T>
Var<T> mix_prompts(Tape<T>& tape, Var<T> queries, Var<T> keys, Var<T> prompts, size_t heads, size_t length,
                   T* weights = nullptr);

}  // namespace peapod
