#include "tensor/packed_matrix.h"

#include <omp.h>

#include <algorithm>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>
#include <vector>

#include "tensor/kernels.h"
#include "tensor/narrow.h"

namespace peapod {
namespace {

using dnnl::memory;

// A primitive is built for one number of rows. So that their number is bounded, products of many rows are cut into
// pieces: as many times 16 as fit in a piece that stays in cache, then the rest.
constexpr size_t kMostRows = 512;
constexpr size_t kRowStep = 16;
constexpr size_t kAnyRows = 64;  // up to which each number has its own

// Calls work(first, count) for each piece.
template <class Work>
void for_each_piece(size_t rows, const Work& work) {
  for (size_t first = 0; first < rows;) {
    const size_t left = rows - first;
    const size_t count = left <= kAnyRows ? left : std::min(left, kMostRows) / kRowStep * kRowStep;
    work(first, count);
    first += count;
  }
}

memory::dim dim(size_t n) { return static_cast<memory::dim>(n); }

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

memory::desc row_major(size_t rows, size_t cols, memory::data_type type) {
  return {{dim(rows), dim(cols)}, type, memory::dims{dim(cols), 1}};
}

// Types of what goes in and comes out of oneDNN's product.
struct Types {
  memory::data_type x, weight, y;
};

Types types_of(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return {memory::data_type::bf16, memory::data_type::bf16, memory::data_type::f32};
    case Precision::int8:
      return {memory::data_type::u8, memory::data_type::s8, memory::data_type::s32};
    case Precision::f32:
      break;
  }
  return {memory::data_type::f32, memory::data_type::f32, memory::data_type::f32};
}

bool is_native(Precision precision) {
  return precision == Precision::bf16 ? cpu_has_bf16() : precision == Precision::int8 ? cpu_has_int8() : true;
}

// What a primitive is built for, the layout of its weight apart.
struct Product {
  size_t rows, out, in;
  Precision precision;
  PackedMatrix::Into into;

  auto operator<=>(const Product&) const = default;
};

dnnl::matmul::primitive_desc descriptor(const Product& product, const memory::desc& weight) {
  const Types types = types_of(product.precision);
  dnnl::primitive_attr attributes;
  if (product.into == PackedMatrix::Into::add) {
    dnnl::post_ops sum;
    sum.append_sum(1.0f);
    attributes.set_post_ops(sum);
  }
  return {dnnl::matmul::desc(row_major(product.rows, product.in, types.x), weight,
                             row_major(product.rows, product.out, types.y)),
          attributes, cpu()};
}

// The built primitive, from what the calling thread keeps. oneDNN builds for the number of threads that may be used,
// and may lay out weights of one size in different ways.
const dnnl::matmul& built(const Product& product, const memory::desc& weight) {
  struct Built {
    memory::desc weight;
    dnnl::matmul matmul;
  };
  thread_local std::map<std::pair<Product, int>, Built> primitives;
  const std::pair key(product, omp_get_max_threads());
  auto found = primitives.find(key);
  if (found == primitives.end() || found->second.weight != weight) {
    found = primitives.insert_or_assign(key, Built{weight, dnnl::matmul(descriptor(product, weight))}).first;
  }
  return found->second.matmul;
}

void run(const Product& product, const void* x, const memory& weight, void* y) {
  thread_local dnnl::stream stream(cpu());
  const Types types = types_of(product.precision);
  built(product, weight.get_desc())
      .execute(stream,
               {{DNNL_ARG_SRC, memory(row_major(product.rows, product.in, types.x), cpu(), const_cast<void*>(x))},
                {DNNL_ARG_WEIGHTS, weight},
                {DNNL_ARG_DST, memory(row_major(product.rows, product.out, types.y), cpu(), y)}});
  stream.wait();
}

// Room for so many values; never shrinks, so that what stands there is not cleared again and again.
template <class Value>
Value* room(std::vector<Value>& buffer, size_t count) {
  if (buffer.size() < count) buffer.resize(count);
  return buffer.data();
}

}  // namespace

// Either packed for oneDNN, or where the processor lacks the precision the rounded values as f32 [out, in].
struct PackedMatrix::Layout {
  std::vector<memory> panels;  // int8: kMostSums rows of the weight each, the last the rest; else all of it
  std::vector<float> emulated;
  std::vector<float> scales;     // int8: what a one is worth [out]
  std::vector<int32_t> offsets;  // int8: what the zero point of x adds to each sum [out]
};

PackedMatrix::PackedMatrix(size_t out, size_t in, const float* weight, Precision precision, Op stored)
    : out_(out), in_(in), precision_(precision), layout_(std::make_unique<Layout>()) {
  assert(out > 0 && in > 0);
  assert(stored == Op::none || (precision != Precision::int8 && is_native(precision)));
  std::vector<int8_t> integers;
  std::vector<uint16_t> halves;
  const void* values = weight;
  if (precision == Precision::int8) {
    integers.resize(out * in);
    layout_->scales.resize(out);
    layout_->offsets.resize(out);
#pragma omp parallel for schedule(static)
    for (size_t r = 0; r < out; ++r) {
      int8_t* row = integers.data() + r * in;
      auto* bytes = reinterpret_cast<uint8_t*>(row);
      kernels::quantise(1, in, weight + r * in, bytes, layout_->scales.data() + r);
      std::transform(bytes, bytes + in, row,
                     [](uint8_t byte) { return static_cast<int8_t>(byte - kernels::kZeroPoint); });
      layout_->offsets[r] = kernels::kZeroPoint * std::accumulate(row, row + in, int32_t{0});
    }
    values = integers.data();
    if (!is_native(precision)) layout_->emulated.assign(integers.begin(), integers.end());
  } else if (precision == Precision::bf16 && is_native(precision)) {
    halves.resize(out * in);
    kernels::round_to_bf16(out * in, weight, halves.data());
    values = halves.data();
  } else if (precision == Precision::bf16) {
    layout_->emulated.resize(out * in);
    kernels::round_to_bf16(out * in, weight, layout_->emulated.data());
  }
  if (!is_native(precision)) return;

  const memory::data_type type = types_of(precision).weight;
  const size_t panel = precision == Precision::int8 ? kMostSums : out;
  dnnl::stream stream(cpu());
  for (size_t first = 0; first < out; first += panel) {
    const size_t count = std::min(panel, out - first);
    const memory::desc plain({dim(in), dim(count)}, type,
                             stored == Op::none ? memory::dims{1, dim(in)} : memory::dims{dim(out), 1});
    const memory::desc any({dim(in), dim(count)}, type, memory::format_tag::any);
    const auto primitive = descriptor({kAnyRows, count, in, precision, Into::write}, any);
    const size_t offset = first * in * memory::data_type_size(type);
    memory from(plain, cpu(), const_cast<std::byte*>(static_cast<const std::byte*>(values) + offset));
    memory& packed = layout_->panels.emplace_back(primitive.weights_desc(), cpu());
    dnnl::reorder(from, packed).execute(stream, from, packed);
    stream.wait();
  }
}

PackedMatrix::~PackedMatrix() = default;
PackedMatrix::PackedMatrix(PackedMatrix&&) noexcept = default;
PackedMatrix& PackedMatrix::operator=(PackedMatrix&&) noexcept = default;

void PackedMatrix::multiply(size_t rows, const float* x, float* y, Into into) const {
  for_each_piece(rows, [&](size_t first, size_t count) {
    const float* from = x + first * in_;
    float* to = y + first * out_;
    if (!is_native(precision_)) return emulate(count, from, to, into);
    if (precision_ == Precision::int8) return multiply_in_panels(count, from, to, into);
    if (precision_ == Precision::f32) return execute(count, from, to, into);
    thread_local std::vector<uint16_t> halves;
    uint16_t* rounded = room(halves, count * in_);
    kernels::round_to_bf16(count * in_, from, rounded);
    execute(count, rounded, to, into);
  });
}

void PackedMatrix::multiply(size_t rows, const uint16_t* x, float* y, Into into) const {
  assert(precision_ == Precision::bf16 && is_native(precision_));
  for_each_piece(rows, [&](size_t first, size_t count) { execute(count, x + first * in_, y + first * out_, into); });
}

void PackedMatrix::multiply(size_t rows, const uint8_t* x, int32_t* sums) const {
  assert(precision_ == Precision::int8 && is_native(precision_) && layout_->panels.size() == 1);
  for_each_piece(rows, [&](size_t first, size_t count) {
    run({count, out_, in_, precision_, Into::write}, x + first * in_, layout_->panels.front(), sums + first * out_);
  });
}

std::span<const int32_t> PackedMatrix::offsets() const { return layout_->offsets; }
std::span<const float> PackedMatrix::scales() const { return layout_->scales; }

// A product in f32 or bf16.
void PackedMatrix::execute(size_t rows, const void* x, float* y, Into into) const {
  const Product product{rows, out_, in_, precision_, into == Into::add ? Into::add : Into::write};
  run(product, x, layout_->panels.front(), y);
  if (into == Into::relu) kernels::relu_dropout(rows * out_, y, y, 0.0f, 0);
}

// In int8, a panel at a time: its sums are still in the cache when they become results.
void PackedMatrix::multiply_in_panels(size_t rows, const float* x, float* y, Into into) const {
  thread_local std::vector<uint8_t> bytes;
  thread_local std::vector<float> row_scales;
  thread_local std::vector<int32_t> sums;
  uint8_t* quantised = room(bytes, rows * in_);
  float* scales = room(row_scales, rows);
  int32_t* products = room(sums, rows * std::min(out_, kMostSums));
  kernels::quantise(rows, in_, x, quantised, scales);
  for (size_t first = 0; first < out_; first += kMostSums) {
    const size_t count = std::min(kMostSums, out_ - first);
    run({rows, count, in_, precision_, Into::write}, quantised, layout_->panels[first / kMostSums], products);
    kernels::dequantise({rows, count, out_}, products, scales, layout_->scales.data() + first,
                        layout_->offsets.data() + first, y + first, into);
  }
}

// The same numbers from products in f32, but for the rounding of their sums.
void PackedMatrix::emulate(size_t rows, const float* x, float* y, Into into) const {
  const bool int8 = precision_ == Precision::int8;
  std::vector<float> rounded(rows * in_), scales(rows, 1.0f), results(rows * out_);
  if (int8) {
    std::vector<uint8_t> bytes(rows * in_);
    kernels::quantise(rows, in_, x, bytes.data(), scales.data());
    for (size_t i = 0; i < bytes.size(); ++i) rounded[i] = static_cast<float>(bytes[i] - kernels::kZeroPoint);
  } else {
    kernels::round_to_bf16(rounded.size(), x, rounded.data());
  }
  gemm({.m = rows, .n = out_, .k = in_, .lda = in_, .ldb = in_, .ldc = out_, .op_b = Op::transpose}, 1.0f,
       rounded.data(), layout_->emulated.data(), 0.0f, results.data());
  for (size_t r = 0; int8 && r < rows; ++r) {
    for (size_t j = 0; j < out_; ++j) results[r * out_ + j] *= scales[r] * layout_->scales[j];
  }
  switch (into) {
    case Into::write:
      std::ranges::copy(results, y);
      break;
    case Into::add:
      kernels::axpy(results.size(), 1.0f, results.data(), y);
      break;
    case Into::relu:
      kernels::relu_dropout(results.size(), results.data(), y, 0.0f, 0);
      break;
  }
}

PackedLayer packed_for_training(size_t out, size_t in, const float* weight) {
  return {PackedMatrix(out, in, weight, Precision::bf16),
          PackedMatrix(in, out, weight, Precision::bf16, Op::transpose)};
}

void PackedWeights::add(size_t out, size_t in, const float* weight, Precision precision) {
  add(weight, {PackedMatrix(out, in, weight, precision), std::nullopt});
}

void PackedWeights::add(const float* weight, PackedLayer layer) { layers_.try_emplace(weight, std::move(layer)); }

const PackedLayer* PackedWeights::find(const float* weight) const {
  const auto found = layers_.find(weight);
  return found == layers_.end() ? nullptr : &found->second;
}

}  // namespace peapod
