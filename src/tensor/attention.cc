// Attention over packed spans, a block of query rows at a time. The forward pass keeps one number a row and head (the
// log of the softmax's sum); the backward pass computes the probabilities again from it, so no score matrix outlives
// its block (as FlashAttention does, Dao et al. 2022, §3).
#include <algorithm>
#include <cassert>
#include <cmath>

#include "tensor/dropout_mask.h"
#include "tensor/kernels.h"
#include "tensor/ops.h"

namespace peapod {

int32_t relative_position_bucket(int64_t relative_position, bool bidirectional, int32_t num_buckets,
                                 int32_t max_distance) {
  int32_t bucket = 0;
  int64_t distance;
  if (bidirectional) {
    num_buckets /= 2;
    if (relative_position > 0) bucket = num_buckets;
    distance = relative_position < 0 ? -relative_position : relative_position;
  } else {
    distance = relative_position < 0 ? -relative_position : 0;
  }
  const int32_t exact = num_buckets / 2;
  if (distance < exact) return bucket + static_cast<int32_t>(distance);
  // f32 throughout, as the reference computes it: the rounding decides on which side a boundary falls.
  const float ratio = std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
                      static_cast<float>(std::log(static_cast<double>(max_distance) / exact));
  const auto beyond = static_cast<int32_t>(ratio * static_cast<float>(num_buckets - exact));
  return bucket + std::min(exact + beyond, num_buckets - 1);
}

namespace {

constexpr size_t kBlockRows = 128;

// The relative bias by distance, one row a head: entry [h][reach + key - query].
template <class T>
struct DistanceBias {
  size_t reach = 0;     // largest distance that occurs
  T* values = nullptr;  // [heads, 2 * reach + 1]; null without a bias

  const T* zero(size_t head) const { return values + head * (2 * reach + 1) + reach; }
};

struct Layout {
  AttentionOptions options;
  const uint32_t* q_starts;
  const KeyWindow* windows;
  size_t num_spans;
  size_t q_stride, k_stride, v_stride, width;
};

// One block of query rows of one span and head.
struct Block {
  size_t q_row, rows, keys;
  KeyWindow window;
  size_t position;  // of the first query row among the keys
  size_t head;
  size_t stride;  // of a row of scores: whole vectors
  uint32_t dropout_seed;
};

// Rows of scores start on a cache line.
size_t padded(size_t keys) { return (keys + 15) / 16 * 16; }

// Calls work(block) for each block; the order and the dropout seeds are the same forward and backward.
template <class Work>
void for_each_block(const Layout& layout, const Work& work) {
  uint32_t counter = 0;
  for (size_t e = 0; e < layout.num_spans; ++e) {
    const size_t q_rows = layout.q_starts[e + 1] - layout.q_starts[e];
    const KeyWindow& window = layout.windows[e];
    const size_t keys = window.size();
    assert(keys > 0 || q_rows == 0);
    for (size_t first = 0; first < q_rows; first += kBlockRows) {
      const size_t rows = std::min(kBlockRows, q_rows - first);
      for (size_t h = 0; h < layout.options.heads; ++h) {
        work(Block{layout.q_starts[e] + first, rows, keys, window, first, h, padded(keys),
                   dropout_word(layout.options.dropout.seed, counter++)});
      }
    }
  }
}

kernels::ScoreBlock score_block(const Layout& layout, const Block& block) {
  return {.rows = block.rows,
          .cols = block.keys,
          .stride = block.stride,
          .causal = layout.options.causal,
          .first_row = block.position,
          .dropout = static_cast<float>(layout.options.dropout.p),
          .seed = block.dropout_seed};
}

// Calls work(range, column) for each of the window's ranges that has rows; its keys have the scores from `column` on.
template <class Work>
void for_each_range(const KeyWindow& window, const Work& work) {
  if (window.first.size() > 0) work(window.first, size_t{0});
  if (window.second.size() > 0) work(window.second, size_t{window.first.size()});
}

// rows of a block × (keys of a range)ᵀ into `scores` [rows, keys], row stride b.stride: raw scores, or with values for
// keys the gradient of probabilities.
template <class T>
void times_keys(const Block& b, size_t head_dim, T scale, const T* rows, size_t rows_stride, const T* keys,
                size_t keys_stride, T* scores) {
  for_each_range(b.window, [&](const RowRange& range, size_t column) {
    gemm({.m = b.rows,
          .n = range.size(),
          .k = head_dim,
          .lda = rows_stride,
          .ldb = keys_stride,
          .ldc = b.stride,
          .op_b = Op::transpose},
         scale, rows, keys + range.begin * keys_stride, T(0), scores + column);
  });
}

// out [rows, head_dim] += scale * scores [rows, keys] keys.
template <class T>
void add_mixed_keys(const Block& b, size_t head_dim, T scale, const T* scores, const T* keys, size_t keys_stride,
                    T* out, size_t out_stride) {
  for_each_range(b.window, [&](const RowRange& range, size_t column) {
    gemm({.m = b.rows, .n = head_dim, .k = range.size(), .lda = b.stride, .ldb = keys_stride, .ldc = out_stride}, scale,
         scores + column, keys + range.begin * keys_stride, T(1), out);
  });
}

// keys [keys, head_dim] += scale * scoresᵀ rows.
template <class T>
void add_to_keys(const Block& b, size_t head_dim, T scale, const T* scores, const T* rows, size_t rows_stride, T* keys,
                 size_t keys_stride) {
  for_each_range(b.window, [&](const RowRange& range, size_t column) {
    gemm({.m = range.size(),
          .n = head_dim,
          .k = b.rows,
          .lda = b.stride,
          .ldb = rows_stride,
          .ldc = keys_stride,
          .op_a = Op::transpose},
         scale, scores + column, rows, T(1), keys + range.begin * keys_stride);
  });
}

template <class T>
const T* block_bias(const DistanceBias<T>& bias, const Block& b) {
  return bias.values == nullptr ? nullptr : bias.zero(b.head) - b.position;
}

}  // namespace

template <class T>
Var<T> attention(Tape<T>& tape, Var<T> q, Var<T> k, Var<T> v, Spans q_spans, Spans k_spans, Var<T> bias_table,
                 const AttentionOptions& options) {
  assert(k_spans.back() == k->value.rows);
  return attention<T>(tape, q, k, v, q_spans, windows_of(k_spans), bias_table, options);
}

std::vector<KeyWindow> windows_of(Spans spans) {
  std::vector<KeyWindow> windows;
  for (size_t e = 0; e + 1 < spans.size(); ++e) windows.push_back({{spans[e], spans[e + 1]}});
  return windows;
}

template <class T>
Var<T> attention(Tape<T>& tape, Var<T> q, Var<T> k, Var<T> v, Spans q_spans, std::span<const KeyWindow> windows,
                 Var<T> bias_table, const AttentionOptions& options) {
  assert(q_spans.size() == windows.size() + 1 && q_spans.back() == q->value.rows);
  const size_t width = options.heads * options.head_dim;
  assert(options.q_column + width <= q->value.cols && options.k_column + width <= k->value.cols &&
         options.v_column + width <= v->value.cols);
  Layout layout{options,
                tape.template array<uint32_t>(q_spans.size()),
                tape.template array<KeyWindow>(windows.size()),
                q_spans.size() - 1,
                q->value.cols,
                k->value.cols,
                v->value.cols,
                width};
  std::copy(q_spans.begin(), q_spans.end(), const_cast<uint32_t*>(layout.q_starts));
  std::copy(windows.begin(), windows.end(), const_cast<KeyWindow*>(layout.windows));

  size_t longest = 0;
  size_t largest_block = 0;
  for (size_t e = 0; e + 1 < q_spans.size(); ++e) {
    const size_t q_rows = q_spans[e + 1] - q_spans[e];
    const size_t keys = windows[e].size();
    assert(windows[e].first.end <= k->value.rows && windows[e].second.end <= k->value.rows);
    longest = std::max({longest, q_rows, keys});
    largest_block = std::max(largest_block, std::min(q_rows, kBlockRows) * padded(keys));
  }
  DistanceBias<T> bias;
  int32_t* buckets = nullptr;
  if (bias_table != nullptr) {
    bias.reach = longest;
    const size_t distances = 2 * longest + 1;
    bias.values = tape.template array<T>(options.heads * distances);
    buckets = tape.template array<int32_t>(distances);
    for (size_t i = 0; i < distances; ++i) {
      buckets[i] = relative_position_bucket(static_cast<int64_t>(i) - static_cast<int64_t>(longest), !options.causal,
                                            static_cast<int32_t>(bias_table->value.rows),
                                            static_cast<int32_t>(options.max_distance));
      for (size_t h = 0; h < options.heads; ++h) {
        bias.values[h * distances + i] = bias_table->value.row(static_cast<size_t>(buckets[i]))[h];
      }
    }
  }

  Var<T> out = tape.result(q->value.rows, width);
  T* log_sums = tape.template array<T>(q->value.rows * options.heads);  // [heads, rows]
  T* scores = tape.template array<T>(largest_block);
  const size_t q_rows_total = q->value.rows;
  for_each_block(layout, [&](const Block& b) {
    const size_t column = b.head * options.head_dim;
    times_keys(b, options.head_dim, static_cast<T>(options.scale), q->value.row(b.q_row) + options.q_column + column,
               layout.q_stride, k->value.data + options.k_column + column, layout.k_stride, scores);
    kernels::softmax(score_block(layout, b), scores, block_bias(bias, b), log_sums + b.head * q_rows_total + b.q_row);
    T* mixed = out->value.row(b.q_row) + column;
    for (size_t r = 0; r < b.rows; ++r) std::fill_n(mixed + r * width, options.head_dim, T(0));
    add_mixed_keys(b, options.head_dim, T(1), scores, v->value.data + options.v_column + column, layout.v_stride, mixed,
                   width);
  });

  tape.on_backward(out, {q, k, v, bias_table}, [=, &tape] {
    for (const Var<T> input : {q, k, v}) input->clear_unset_grad();
    if (bias_table != nullptr) bias_table->clear_unset_grad();
    const AttentionOptions& o = layout.options;
    T* d_scores = tape.template array<T>(largest_block);
    T* row_dots = tape.template array<T>(kBlockRows);
    const size_t distances = 2 * bias.reach + 1;
    const bool want_bias = bias_table != nullptr && bias_table->grad.data != nullptr;
    T* d_bias = want_bias ? tape.template array<T>(o.heads * distances) : nullptr;
    if (want_bias) std::fill_n(d_bias, o.heads * distances, T(0));
    for_each_block(layout, [&](const Block& b) {
      const size_t column = b.head * o.head_dim;
      const T* up = out->grad.row(b.q_row) + column;
      const T scale = static_cast<T>(o.scale);
      times_keys(b, o.head_dim, scale, q->value.row(b.q_row) + o.q_column + column, layout.q_stride,
                 k->value.data + o.k_column + column, layout.k_stride, scores);
      times_keys(b, o.head_dim, T(1), up, width, v->value.data + o.v_column + column, layout.v_stride, d_scores);
      for (size_t r = 0; r < b.rows; ++r) {
        row_dots[r] = kernels::dot(o.head_dim, up + r * width, out->value.row(b.q_row + r) + column);
      }
      kernels::softmax_backward(score_block(layout, b), block_bias(bias, b), log_sums + b.head * q_rows_total + b.q_row,
                                row_dots, scores, d_scores);
      if (v->grad.data != nullptr) {
        add_to_keys(b, o.head_dim, T(1), scores, up, width, v->grad.data + o.v_column + column, layout.v_stride);
      }
      if (want_bias) {
        T* zero = d_bias + b.head * distances + bias.reach - b.position;
        for (size_t r = 0; r < b.rows; ++r) {
          kernels::axpy(b.keys, T(1), d_scores + r * b.stride, zero - r);
        }
      }
      if (q->grad.data != nullptr) {
        add_mixed_keys(b, o.head_dim, scale, d_scores, k->value.data + o.k_column + column, layout.k_stride,
                       q->grad.row(b.q_row) + o.q_column + column, layout.q_stride);
      }
      if (k->grad.data != nullptr) {
        add_to_keys(b, o.head_dim, scale, d_scores, q->value.row(b.q_row) + o.q_column + column, layout.q_stride,
                    k->grad.data + o.k_column + column, layout.k_stride);
      }
    });
    if (!want_bias) return;
    for (size_t h = 0; h < o.heads; ++h) {
      for (size_t i = 0; i < distances; ++i) {
        bias_table->grad.row(static_cast<size_t>(buckets[i]))[h] += d_bias[h * distances + i];
      }
    }
  });
  return out;
}

template <class T>
Var<T> cached_attention(Tape<T>& tape, Var<T> q, std::span<const T* const> keys_values, Var<T> bias_table,
                        const AttentionOptions& options) {
  const size_t rows = q->value.rows;
  assert(!tape.recording() && rows > 0 && keys_values.size() % rows == 0);
  assert(bias_table != nullptr && options.scale == 1.0 && options.dropout.p == 0.0);
  const kernels::CachedAttention shape{options.heads, options.head_dim, keys_values.size() / rows};
  T* bias = tape.template array<T>(shape.heads * shape.length);
  for (size_t p = 0; p < shape.length; ++p) {
    const int32_t bucket = relative_position_bucket(static_cast<int64_t>(p) - static_cast<int64_t>(shape.length - 1),
                                                    false, static_cast<int32_t>(bias_table->value.rows),
                                                    static_cast<int32_t>(options.max_distance));
    for (size_t h = 0; h < shape.heads; ++h) {
      bias[h * shape.length + p] = bias_table->value.row(static_cast<size_t>(bucket))[h];
    }
  }
  T* scores = tape.template array<T>(shape.length);
  Var<T> out = tape.result(rows, shape.heads * shape.head_dim);
  for (size_t r = 0; r < rows; ++r) {
    kernels::attend(shape, q->value.row(r), keys_values.data() + r * shape.length, bias, scores, out->value.row(r));
  }
  return out;
}

template Var<float> cached_attention(Tape<float>&, Var<float>, std::span<const float* const>, Var<float>,
                                     const AttentionOptions&);
template Var<double> cached_attention(Tape<double>&, Var<double>, std::span<const double* const>, Var<double>,
                                      const AttentionOptions&);
template Var<float> attention(Tape<float>&, Var<float>, Var<float>, Var<float>, Spans, Spans, Var<float>,
                              const AttentionOptions&);
template Var<double> attention(Tape<double>&, Var<double>, Var<double>, Var<double>, Spans, Spans, Var<double>,
                               const AttentionOptions&);
template Var<float> attention(Tape<float>&, Var<float>, Var<float>, Var<float>, Spans, std::span<const KeyWindow>,
                              Var<float>, const AttentionOptions&);
template Var<double> attention(Tape<double>&, Var<double>, Var<double>, Var<double>, Spans, std::span<const KeyWindow>,
                               Var<double>, const AttentionOptions&);

}  // namespace peapod
