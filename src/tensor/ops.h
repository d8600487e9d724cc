// The layer-sized operations of the tape: each computes its value and, when the tape records, adds its backward step.
// Values are packed: rows of all examples back to back, no padding; `Spans` says where each example's rows lie. Shapes
// are in the words that open model/t5.h. f32 runs fast; f64 is for gradient checks.
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

// table[ids]: table [vocab, d], ids [rows], result [rows, d].
template <class T>
Var<T> gather(Tape<T>& tape, Var<T> table, std::span<const int32_t> ids);

// Sums of single elements of x, counted through its rows: element i of the result [starts.size() - 1, 1] is the sum of
// the elements places[starts[i]] … places[starts[i + 1] - 1], of none 0.
template <class T>
Var<T> picked_sums(Tape<T>& tape, Var<T> x, std::span<const uint32_t> starts, std::span<const uint32_t> places);

// dropout(x), x [rows, d]; x itself where p is 0.
template <class T>
Var<T> dropout(Tape<T>& tape, Var<T> x, Dropout dropout);

// x + dropout(y), both [rows, d]. Where the tape records and x is a result of the tape, not a leaf, the gradient of the
// sum takes over the memory of x's: an operation on x that is recorded later throws std::logic_error. So does an x that
// is y.
template <class T>
Var<T> add(Tape<T>& tape, Var<T> x, Var<T> y, Dropout dropout = {});

// Rows of several sources added up, each source [any number of rows, d]: row r of the result [starts.size() - 1, d] is
// the sum of the source rows terms[starts[r]] … terms[starts[r + 1] - 1], at least one.
struct RowOf {
  uint32_t source;
  uint32_t row;
};
template <class T>
Var<T> sum_rows(Tape<T>& tape, const std::vector<Var<T>>& sources, std::span<const uint32_t> starts,
                std::span<const RowOf> terms);

// The value of x, in the same memory, as [rows, cols] of other proportions (as many elements). The gradient of the
// result takes over the memory of x's, with the consequence that add() states.
template <class T>
Var<T> reshape(Tape<T>& tape, Var<T> x, size_t rows, size_t cols);

// x weightᵀ (+ bias [1, out]): x [rows, in], weight [out, in] as Hugging Face stores linear layers, result [rows, out].
template <class T>
Var<T> linear(Tape<T>& tape, Var<T> x, Var<T> weight, Var<T> bias = nullptr);

// dropout(relu(x weightᵀ)), shapes as in linear().
template <class T>
Var<T> linear_relu(Tape<T>& tape, Var<T> x, Var<T> weight, Dropout dropout);

// x + dropout(y weightᵀ), a value of its own: x [rows, out], y [rows, in], weight [out, in]. What add() says of x
// holds.
template <class T>
Var<T> add_linear(Tape<T>& tape, Var<T> x, Var<T> y, Var<T> weight, Dropout dropout);

// x += y weightᵀ, shapes as in add_linear(): overwrites x instead of making a value, which saves inference a pass over
// memory. Throws std::logic_error where the tape records, because the backward pass needs the former x, and where y has
// x's memory.
template <class T>
void add_linear_in_place(Tape<T>& tape, Var<T> x, Var<T> y, Var<T> weight);

// T5's layer norm of each row: x / sqrt(mean(x²) + epsilon) * weight, x [rows, d], weight [1, d].
template <class T>
Var<T> rms_norm(Tape<T>& tape, Var<T> x, Var<T> weight, double epsilon);

// dropout(relu(x)), x [rows, d].
template <class T>
Var<T> relu(Tape<T>& tape, Var<T> x, Dropout dropout);

// dropout(gelu(gate) * up), gate and up [rows, d_ff], gelu in the tanh form (Hugging Face's "gelu_new").
template <class T>
Var<T> gated_gelu(Tape<T>& tape, Var<T> gate, Var<T> up, Dropout dropout);

// Multi-head attention within spans: the query rows of example e attend to its key rows.
struct AttentionOptions {
  size_t heads = 1;
  size_t head_dim = 1;
  // First of the inner = heads * head_dim columns that are used of each operand, so that queries, keys and values can
  // be columns of one matrix.
  size_t q_column = 0, k_column = 0, v_column = 0;
  double scale = 1.0;   // of the scores; T5 uses 1
  bool causal = false;  // row i of a span sees keys 0 … i of its span
  // Relative positions at least this far away share the last bucket (T5). Buckets are bidirectional unless causal.
  size_t max_distance = 128;
  Dropout dropout = {};  // of the probabilities
};

// q [q rows, ≥ inner], k and v [k rows, ≥ inner], spans [examples + 1], bias_table [buckets, heads] or null, result
// [q rows, inner]. REQUIRES: every example has keys.
template <class T>
Var<T> attention(Tape<T>& tape, Var<T> q, Var<T> k, Var<T> v, Spans q_spans, Spans k_spans, Var<T> bias_table,
                 const AttentionOptions& options);

// Key rows of an example that need not be a span of its own: those of `first`, then those of `second`; either may be
// empty, not both. Examples may have rows in common.
struct RowRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t size() const { return end - begin; }
};
struct KeyWindow {
  RowRange first, second = {};
  uint32_t size() const { return first.size() + second.size(); }
};

// The same with a window [examples] of keys for each example; positions count through its rows.
template <class T>
Var<T> attention(Tape<T>& tape, Var<T> q, Var<T> k, Var<T> v, Spans q_spans, std::span<const KeyWindow> windows,
                 Var<T> bias_table, const AttentionOptions& options);

// The windows of examples that have spans.
std::vector<KeyWindow> windows_of(Spans spans);

// Attention of a decoding step: each row is a query at the last of `length` positions and attends to all of them. q
// [rows, ≥ inner], whose first inner columns count; keys_values [rows * length] points to each position's keys and
// values, as kernels::attend() wants them; bias_table [buckets, heads], not null; result [rows, inner]. Scores are not
// scaled. Of the options heads, head_dim and max_distance count. REQUIRES: a tape that does not record.
template <class T>
Var<T> cached_attention(Tape<T>& tape, Var<T> q, std::span<const T* const> keys_values, Var<T> bias_table,
                        const AttentionOptions& options);

// T5's bucket of a relative position (key position - query position); Raffel et al. 2020, §2.1 and Hugging Face's
// T5Attention._relative_position_bucket.
int32_t relative_position_bucket(int64_t relative_position, bool bidirectional, int32_t num_buckets,
                                 int32_t max_distance);

// -Σ_r scales[r] * log softmax(logit_scale * hidden_r tableᵀ)[targets[r]], a [1, 1] value to be differentiated with an
// upstream gradient of 1. hidden [rows, d], table [vocab, d], targets and scales [rows]. Logits exist for a block of
// rows at a time only. `log_probs`, if not null, receives each row's log-probability of its target [rows].
template <class T>
Var<T> cross_entropy(Tape<T>& tape, Var<T> hidden, Var<T> table, double logit_scale, std::span<const int32_t> targets,
                     std::span<const T> scales, T* log_probs = nullptr);

// What is chosen from in each of some rows: choice set c is about row rows[c] of the states and has the entries from
// starts[c] to starts[c + 1], at least one. An entry has a token and what is added to its logit; one of them, counted
// from the set's first, is to be chosen. What is added may be the logarithm of a mass that is learned in part: the
// exponential of an entry's bias grows by mass * e^appraisal for each of its appraised masses.
template <class T>
struct AppraisedMass {
  uint32_t entry;      // among the entries of all sets
  uint32_t appraisal;  // row of the appraisals
  T mass;              // above 0
};
template <class T>
struct ChoiceSets {
  std::span<const uint32_t> rows;                 // [sets]
  std::span<const uint32_t> starts;               // [sets + 1]
  std::span<const int32_t> tokens;                // [entries]
  std::span<const T> biases;                      // [entries]
  std::span<const uint32_t> chosen;               // [sets]
  std::span<const T> scales;                      // [sets]
  std::span<const AppraisedMass<T>> masses = {};  // entries ascending
};

// -Σ_c scales[c] * log softmax over the entries e of c of (logit_scale * hidden[rows[c]] · table[tokens[e]] +
// biases[e]) at the chosen one, a [1, 1] value to be differentiated with an upstream gradient of 1. hidden [rows, d],
// table [vocab, d], appraisals [any number, 1] or null where there are no appraised masses.
template <class T>
Var<T> choice_cross_entropy(Tape<T>& tape, Var<T> hidden, Var<T> table, double logit_scale, const ChoiceSets<T>& sets,
                            Var<T> appraisals = nullptr);

// Composes a prompt of `length` vectors for each row (PeaPOD §3.2). Head h weighs the M shared prompts by the softmax
// of q · k / √key_dim, where q is its part of the row's query and k its key of a prompt, and mixes its d / heads
// columns of each prompt vector by these weights. queries [rows, heads * key_dim], keys [heads * M, key_dim] with the
// keys of a head back to back, prompts [M, length * d], result [rows, length * d]. `weights`, if not null, receives the
// mixing weights [rows, heads, M].
template <class T>
Var<T> mix_prompts(Tape<T>& tape, Var<T> queries, Var<T> keys, Var<T> prompts, size_t heads, size_t length,
                   T* weights = nullptr);

}  // namespace peapod
