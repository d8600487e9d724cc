#include "tensor/ops.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <type_traits>

#include "tensor/kernels.h"
#include "tensor/narrow.h"
#include "tensor/packed_matrix.h"

namespace peapod {

template <class T>
Var<T> gather(Tape<T>& tape, Var<T> table, std::span<const int32_t> ids) {
  const size_t cols = table->value.cols;
  Var<T> out = tape.result(ids.size(), cols);
  for (size_t r = 0; r < ids.size(); ++r) {
    assert(ids[r] >= 0 && static_cast<size_t>(ids[r]) < table->value.rows);
    std::copy_n(table->value.row(static_cast<size_t>(ids[r])), cols, out->value.row(r));
  }
  if (table->grad.data != nullptr) {
    int32_t* kept_ids = tape.template array<int32_t>(ids.size());
    std::copy(ids.begin(), ids.end(), kept_ids);
    tape.on_backward(out, {table}, [=, count = ids.size()] {
      table->clear_unset_grad();
      for (size_t r = 0; r < count; ++r) {
        kernels::axpy(cols, T(1), out->grad.row(r), table->grad.row(static_cast<size_t>(kept_ids[r])));
      }
    });
  }
  return out;
}

namespace {

// The gradient of x in out = … + dropout(x).
template <class T>
void add_dropped(Var<T> out, Var<T> x, Dropout dropout) {
  if (x->grad.data == nullptr) return;
  const size_t n = x->grad.size();
  const T p = static_cast<T>(dropout.p);
  if (x->adds_to_grad()) {
    kernels::add_dropout(n, x->grad.data, out->grad.data, x->grad.data, p, dropout.seed);
  } else {
    kernels::copy_dropout(n, out->grad.data, x->grad.data, p, dropout.seed);
  }
}

}  // namespace

template <class T>
Var<T> dropout(Tape<T>& tape, Var<T> x, Dropout dropout) {
  if (dropout.p == 0.0) return x;
  Var<T> out = tape.result(x->value.rows, x->value.cols);
  kernels::copy_dropout(x->value.size(), x->value.data, out->value.data, static_cast<T>(dropout.p), dropout.seed);
  tape.on_backward(out, {x}, [=] { add_dropped(out, x, dropout); });
  return out;
}

template <class T>
Var<T> add(Tape<T>& tape, Var<T> x, Var<T> y, Dropout dropout) {
  assert(x->value.rows == y->value.rows && x->value.cols == y->value.cols);
  if (x == y) throw std::logic_error("add() of a value to itself: the gradients of both operands would share memory");
  const size_t n = x->value.size();
  // Where x is a result of the tape, its gradient begins as that of the sum: they share the memory.
  const bool shared = tape.recording() && !x->grad_is_set;
  Var<T> out = shared ? tape.leaf(tape.scratch(x->value.rows, x->value.cols), x->grad.data)
                      : tape.result(x->value.rows, x->value.cols);
  out->grad_is_set = false;
  kernels::add_dropout(n, x->value.data, y->value.data, out->value.data, static_cast<T>(dropout.p), dropout.seed);
  tape.on_backward(out, {x, y}, [=] {
    add_dropped(out, y, dropout);
    if (shared) {
      assert(!x->grad_is_set);  // on_backward() refuses operations on x after the sum
      x->grad_is_set = true;
    } else if (x->grad.data != nullptr) {
      kernels::axpy(n, T(1), out->grad.data, x->grad.data);
    }
  });
  x->grad_is_taken = shared;
  return out;
}

template <class T>
Var<T> picked_sums(Tape<T>& tape, Var<T> x, std::span<const uint32_t> starts, std::span<const uint32_t> places) {
  const size_t count = starts.size() - 1;
  Var<T> result = tape.result(count, 1);
  for (size_t i = 0; i < count; ++i) {
    T sum = 0;
    for (size_t k = starts[i]; k < starts[i + 1]; ++k) {
      assert(places[k] < x->value.size());
      sum += x->value.data[places[k]];
    }
    result->value.data[i] = sum;
  }
  if (!tape.recording()) return result;
  uint32_t* kept_starts = tape.template array<uint32_t>(starts.size());
  uint32_t* kept_places = tape.template array<uint32_t>(places.size());
  std::ranges::copy(starts, kept_starts);
  std::ranges::copy(places, kept_places);
  tape.on_backward(result, {x}, [=] {
    x->clear_unset_grad();
    if (x->grad.data == nullptr) return;
    for (size_t i = 0; i < count; ++i) {
      for (size_t k = kept_starts[i]; k < kept_starts[i + 1]; ++k) x->grad.data[kept_places[k]] += result->grad.data[i];
    }
  });
  return result;
}

template <class T>
Var<T> sum_rows(Tape<T>& tape, const std::vector<Var<T>>& sources, std::span<const uint32_t> starts,
                std::span<const RowOf> terms) {
  const size_t rows = starts.size() - 1;
  const size_t cols = sources.front()->value.cols;
  Var<T> out = tape.result(rows, cols);
  for (size_t r = 0; r < rows; ++r) {
    assert(starts[r] < starts[r + 1]);
    for (uint32_t t = starts[r]; t < starts[r + 1]; ++t) {
      const Var<T> source = sources[terms[t].source];
      assert(source->value.cols == cols && terms[t].row < source->value.rows);
      if (t == starts[r]) {
        std::copy_n(source->value.row(terms[t].row), cols, out->value.row(r));
      } else {
        kernels::axpy(cols, T(1), source->value.row(terms[t].row), out->value.row(r));
      }
    }
  }
  if (tape.recording()) {
    tape.on_backward(out, sources,
                     [out, rows, cols, sources, from = std::vector<uint32_t>(starts.begin(), starts.end()),
                      kept = std::vector<RowOf>(terms.begin(), terms.end())] {
                       for (const Var<T> source : sources) source->clear_unset_grad();
                       for (size_t r = 0; r < rows; ++r) {
                         for (uint32_t t = from[r]; t < from[r + 1]; ++t) {
                           const Tensor<T>& grad = sources[kept[t].source]->grad;
                           if (grad.data != nullptr) kernels::axpy(cols, T(1), out->grad.row(r), grad.row(kept[t].row));
                         }
                       }
                     });
  }
  return out;
}

template <class T>
Var<T> reshape(Tape<T>& tape, Var<T> x, size_t rows, size_t cols) {
  assert(rows * cols == x->value.size());
  Var<T> out = tape.leaf({x->value.data, rows, cols}, x->grad.data);
  out->grad_is_set = x->grad_is_set;
  tape.on_backward(out, {x}, [=] { x->grad_is_set = true; });
  x->grad_is_taken = tape.recording() && !x->grad_is_set;
  return out;
}

namespace {

// x weightᵀ into `out`, nothing recorded.
template <class T>
void multiply(Tape<T>& tape, Var<T> x, Var<T> weight, Var<T> out, kernels::Into into) {
  const size_t rows = x->value.rows;
  const size_t in = x->value.cols;
  const size_t width = weight->value.rows;
  assert(weight->value.cols == in && out->value.rows == rows && out->value.cols == width);
  if constexpr (std::is_same_v<T, float>) {
    const PackedLayer* packed = tape.packed(weight);
    if (packed != nullptr) return packed->forward.multiply(rows, x->value.data, out->value.data, into);
  }
  gemm({.m = rows, .n = width, .k = in, .lda = in, .ldb = in, .ldc = width, .op_b = Op::transpose}, T(1), x->value.data,
       weight->value.data, into == kernels::Into::add ? T(1) : T(0), out->value.data, tape.precision());
  if (into == kernels::Into::relu) kernels::relu_dropout(out->value.size(), out->value.data, out->value.data, T(0), 0);
}

// out = x weightᵀ with weights packed for training. What is rounded to bf16 is rounded once: x for both passes, the
// upstream gradient for both products.
void packed_linear(Tape<float>& tape, Var<float> x, Var<float> weight, const PackedLayer& layer, Var<float> out) {
  const size_t rows = x->value.rows;
  const size_t in = x->value.cols;
  const size_t width = out->value.cols;
  uint16_t* x16 = tape.array<uint16_t>(rows * in);
  kernels::round_to_bf16(rows * in, x->value.data, x16);
  layer.forward.multiply(rows, x16, out->value.data, kernels::Into::write);
  tape.on_backward(out, {x, weight}, [=, &layer] {
    std::vector<uint16_t> up16(rows * width);
    kernels::round_to_bf16(up16.size(), out->grad.data, up16.data());
    if (x->grad.data != nullptr) {
      const auto into = x->adds_to_grad() ? kernels::Into::add : kernels::Into::write;
      layer.backward->multiply(rows, up16.data(), x->grad.data, into);
    }
    if (weight->grad.data != nullptr) {
      gemm({.m = width, .n = in, .k = rows, .lda = width, .ldb = in, .ldc = in, .op_a = Op::transpose}, 1.0f,
           up16.data(), x16, weight->grad_beta(), weight->grad.data);
    }
  });
}

}  // namespace

template <class T>
Var<T> linear(Tape<T>& tape, Var<T> x, Var<T> weight, Var<T> bias) {
  const size_t rows = x->value.rows;
  const size_t in = x->value.cols;
  const size_t width = weight->value.rows;
  Var<T> out = tape.result(rows, width);
  if constexpr (std::is_same_v<T, float>) {
    const PackedLayer* packed = tape.recording() ? tape.packed(weight) : nullptr;
    if (packed != nullptr) {
      assert(bias == nullptr);
      packed_linear(tape, x, weight, *packed, out);
      return out;
    }
  }
  if (bias != nullptr) {
    for (size_t r = 0; r < rows; ++r) std::copy_n(bias->value.data, width, out->value.row(r));
  }
  multiply(tape, x, weight, out, bias == nullptr ? kernels::Into::write : kernels::Into::add);
  const Precision precision = tape.precision();
  tape.on_backward(out, {x, weight, bias}, [=] {
    const T* up = out->grad.data;
    if (x->grad.data != nullptr) {
      gemm({.m = rows, .n = in, .k = width, .lda = width, .ldb = in, .ldc = in}, T(1), up, weight->value.data,
           x->grad_beta(), x->grad.data, precision);
    }
    if (weight->grad.data != nullptr) {
      gemm({.m = width, .n = in, .k = rows, .lda = width, .ldb = in, .ldc = in, .op_a = Op::transpose}, T(1), up,
           x->value.data, weight->grad_beta(), weight->grad.data, precision);
    }
    if (bias != nullptr && bias->grad.data != nullptr) {
      bias->clear_unset_grad();
      for (size_t r = 0; r < rows; ++r) kernels::axpy(width, T(1), up + r * width, bias->grad.data);
    }
  });
  return out;
}

template <class T>
Var<T> linear_relu(Tape<T>& tape, Var<T> x, Var<T> weight, Dropout dropout) {
  if (tape.recording() || dropout.p != 0.0) return relu(tape, linear<T>(tape, x, weight), dropout);
  Var<T> out = tape.result(x->value.rows, weight->value.rows);
  multiply(tape, x, weight, out, kernels::Into::relu);
  return out;
}

template <class T>
Var<T> add_linear(Tape<T>& tape, Var<T> x, Var<T> y, Var<T> weight, Dropout dropout) {
  return add(tape, x, linear<T>(tape, y, weight), dropout);
}

template <class T>
void add_linear_in_place(Tape<T>& tape, Var<T> x, Var<T> y, Var<T> weight) {
  if (tape.recording()) {
    throw std::logic_error(
        "add_linear_in_place() on a tape that records: the backward pass needs the values that it would overwrite; "
        "use add_linear()");
  }
  if (x->value.data == y->value.data) {
    throw std::logic_error(
        "add_linear_in_place() of a y that has the memory of x: the product would read what it overwrites");
  }
  multiply(tape, y, weight, x, kernels::Into::add);
}

template <class T>
Var<T> rms_norm(Tape<T>& tape, Var<T> x, Var<T> weight, double epsilon) {
  const size_t rows = x->value.rows;
  const size_t cols = x->value.cols;
  Var<T> out = tape.result(rows, cols);
  T* inverse_rms = tape.template array<T>(rows);
  kernels::rms_norm(rows, cols, x->value.data, weight->value.data, static_cast<T>(epsilon), out->value.data,
                    inverse_rms);
  tape.on_backward(out, {x, weight}, [=] {
    weight->clear_unset_grad();
    const bool add_to_x = x->adds_to_grad();
    kernels::rms_norm_backward({rows, cols, add_to_x}, x->value.data, weight->value.data, inverse_rms, out->grad.data,
                               x->grad.data, weight->grad.data);
  });
  return out;
}

template <class T>
Var<T> relu(Tape<T>& tape, Var<T> x, Dropout dropout) {
  Var<T> out = tape.result(x->value.rows, x->value.cols);
  const size_t n = x->value.size();
  const T p = static_cast<T>(dropout.p);
  kernels::relu_dropout(n, x->value.data, out->value.data, p, dropout.seed);
  tape.on_backward(out, {x}, [=] {
    if (x->grad.data == nullptr) return;
    const bool add_to_x = x->adds_to_grad();
    kernels::relu_dropout_backward({n, add_to_x}, x->value.data, out->grad.data, x->grad.data, p, dropout.seed);
  });
  return out;
}

namespace {

// gelu(x) = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) and its derivative.
template <class T>
struct Gelu {
  T value, slope;
  explicit Gelu(T x) {
    const T root = std::sqrt(T(2) / std::numbers::pi_v<T>);
    const T cubic = T(0.044715);
    const T t = std::tanh(root * (x + cubic * x * x * x));
    value = T(0.5) * x * (T(1) + t);
    slope = T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * root * (T(1) + T(3) * cubic * x * x);
  }
};

}  // namespace

template <class T>
Var<T> gated_gelu(Tape<T>& tape, Var<T> gate, Var<T> up, Dropout dropout) {
  Var<T> out = tape.result(gate->value.rows, gate->value.cols);
  const size_t n = gate->value.size();
  const T p = static_cast<T>(dropout.p);
  for (size_t i = 0; i < n; ++i) out->value.data[i] = Gelu<T>(gate->value.data[i]).value * up->value.data[i];
  kernels::copy_dropout(n, out->value.data, out->value.data, p, dropout.seed);
  tape.on_backward(out, {gate, up}, [=] {
    gate->clear_unset_grad();
    up->clear_unset_grad();
    kernels::copy_dropout(n, out->grad.data, out->grad.data, p, dropout.seed);
    for (size_t i = 0; i < n; ++i) {
      const Gelu<T> gelu(gate->value.data[i]);
      if (gate->grad.data != nullptr) gate->grad.data[i] += out->grad.data[i] * up->value.data[i] * gelu.slope;
      if (up->grad.data != nullptr) up->grad.data[i] += out->grad.data[i] * gelu.value;
    }
  });
  return out;
}

template <class T>
Var<T> mix_prompts(Tape<T>& tape, Var<T> queries, Var<T> keys, Var<T> prompts, size_t heads, size_t length,
                   T* weights) {
  const size_t rows = queries->value.rows;
  const size_t key_dim = keys->value.cols;
  const size_t num_prompts = prompts->value.rows;
  const size_t width = prompts->value.cols;
  const size_t d = width / length;
  const size_t slice = d / heads;
  assert(keys->value.rows == heads * num_prompts && queries->value.cols == heads * key_dim && slice * heads == d);
  Var<T> out = tape.result(rows, width);
  Tensor<T> alpha = tape.scratch(rows, heads * num_prompts);
  const T scale = T(1) / std::sqrt(static_cast<T>(key_dim));
  std::fill_n(out->value.data, out->value.size(), T(0));
  for (size_t r = 0; r < rows; ++r) {
    for (size_t h = 0; h < heads; ++h) {
      T* a = alpha.row(r) + h * num_prompts;
      for (size_t m = 0; m < num_prompts; ++m) {
        a[m] = scale * kernels::dot(key_dim, queries->value.row(r) + h * key_dim, keys->value.row(h * num_prompts + m));
      }
      kernels::exp_shifted(num_prompts, a, kernels::log_sum_exp(num_prompts, a), T(1));
      for (size_t m = 0; m < num_prompts; ++m) {
        for (size_t l = 0; l < length; ++l) {
          const size_t at = l * d + h * slice;
          kernels::axpy(slice, a[m], prompts->value.row(m) + at, out->value.row(r) + at);
        }
      }
    }
  }
  if (weights != nullptr) std::copy_n(alpha.data, alpha.size(), weights);
  tape.on_backward(out, {queries, keys, prompts}, [=] {
    for (const Var<T> input : {queries, keys, prompts}) input->clear_unset_grad();
    std::vector<T> d_alpha(num_prompts);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t h = 0; h < heads; ++h) {
        const T* a = alpha.row(r) + h * num_prompts;
        T expected = 0;
        for (size_t m = 0; m < num_prompts; ++m) {
          d_alpha[m] = 0;
          for (size_t l = 0; l < length; ++l) {
            const size_t at = l * d + h * slice;
            d_alpha[m] += kernels::dot(slice, out->grad.row(r) + at, prompts->value.row(m) + at);
            if (prompts->grad.data != nullptr) {
              kernels::axpy(slice, a[m], out->grad.row(r) + at, prompts->grad.row(m) + at);
            }
          }
          expected += a[m] * d_alpha[m];
        }
        for (size_t m = 0; m < num_prompts; ++m) {
          const T d_score = scale * a[m] * (d_alpha[m] - expected);
          const T* key = keys->value.row(h * num_prompts + m);
          const T* query = queries->value.row(r) + h * key_dim;
          if (queries->grad.data != nullptr) kernels::axpy(key_dim, d_score, key, queries->grad.row(r) + h * key_dim);
          if (keys->grad.data != nullptr) kernels::axpy(key_dim, d_score, query, keys->grad.row(h * num_prompts + m));
        }
      }
    }
  });
  return out;
}

// What the header declares, for one type of value.
// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses
#define PEAPOD_INSTANTIATE(T)                                                                                        \
  template Var<T> gather(Tape<T>&, Var<T>, std::span<const int32_t>);                                                \
  template Var<T> dropout(Tape<T>&, Var<T>, Dropout);                                                                \
  template Var<T> add(Tape<T>&, Var<T>, Var<T>, Dropout);                                                            \
  template Var<T> picked_sums(Tape<T>&, Var<T>, std::span<const uint32_t>, std::span<const uint32_t>);               \
  template Var<T> sum_rows(Tape<T>&, const std::vector<Var<T>>&, std::span<const uint32_t>, std::span<const RowOf>); \
  template Var<T> reshape(Tape<T>&, Var<T>, size_t, size_t);                                                         \
  template Var<T> linear(Tape<T>&, Var<T>, Var<T>, Var<T>);                                                          \
  template Var<T> linear_relu(Tape<T>&, Var<T>, Var<T>, Dropout);                                                    \
  template Var<T> add_linear(Tape<T>&, Var<T>, Var<T>, Var<T>, Dropout);                                             \
  template void add_linear_in_place(Tape<T>&, Var<T>, Var<T>, Var<T>);                                               \
  template Var<T> rms_norm(Tape<T>&, Var<T>, Var<T>, double);                                                        \
  template Var<T> relu(Tape<T>&, Var<T>, Dropout);                                                                   \
  template Var<T> gated_gelu(Tape<T>&, Var<T>, Var<T>, Dropout);                                                     \
  template Var<T> mix_prompts(Tape<T>&, Var<T>, Var<T>, Var<T>, size_t, size_t, T*)
// NOLINTEND(bugprone-macro-parentheses)

PEAPOD_INSTANTIATE(float);
PEAPOD_INSTANTIATE(double);
#undef PEAPOD_INSTANTIATE

}  // namespace peapod
