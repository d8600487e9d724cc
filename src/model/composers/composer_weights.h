// The weights that layers of composers are made of: linear layers by name, and rows of user vectors. For the files that
// implement ComposerLayer.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "base/error.h"
#include "model/composer.h"
#include "model/parameters.h"

namespace peapod {

struct ComposerLinear {
  ParameterId weight = 0, bias = 0;

  // Registers `peapod.composer.NAME.weight` [out, in] and `.bias` [1, out].
  template <class T>
  static ComposerLinear add(Parameters<T>& parameters, const std::string& name, size_t out, size_t in) {
    constexpr double kBiasDeviation = 0.02;
    const double deviation = 1.0 / std::sqrt(static_cast<double>(in));
    const ParameterId weight = parameters.add("peapod.composer." + name + ".weight", {out, in}, deviation);
    return {weight, parameters.add("peapod.composer." + name + ".bias", {1, out}, kBiasDeviation)};
  }

  // [rows, in] -> [rows, out].
  template <class T>
  Var<T> operator()(Tape<T>& tape, const Parameters<T>& parameters, T* gradients, Var<T> x) const {
    return linear(tape, x, parameters.on(tape, gradients, weight), parameters.on(tape, gradients, bias));
  }
};

// The users' vectors [users, dim], nothing to be learned.
template <class T>
Var<T> vectors_on(Tape<T>& tape, std::span<const ComposerUser* const> users, size_t dim) {
  const Tensor<T> vectors = tape.scratch(users.size(), dim);
  for (size_t i = 0; i < users.size(); ++i) std::ranges::copy(users[i]->vector, vectors.row(i));
  return tape.leaf(vectors, nullptr);
}

// Throws Error where the heads cannot share the columns of the model.
inline void require_heads(size_t heads, size_t d_model) {
  if (heads == 0 || d_model % heads != 0) {
    throw Error("composer", "the number of heads must divide the model's width " + std::to_string(d_model));
  }
}

}  // namespace peapod
