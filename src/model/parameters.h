// All weights of a model in one block of memory, by name: what the optimizer walks over, what a checkpoint holds.
// Reading is safe from any thread; writing is the optimizer's alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tensor/tape.h"

namespace peapod {

struct ParameterInfo {
  std::string name;           // Hugging Face's for T5, `peapod.…` for ours
  std::vector<size_t> shape;  // as stored in files
  size_t rows = 0, cols = 0;  // as a matrix: the first dimension, and the rest
  size_t offset = 0;          // of the first value in the block
  double init_deviation = 0;  // normal with this standard deviation; 0: all ones
  bool decays = true;         // weight decay applies: to matrices, not to norm weights and biases
};

// Index of a parameter in its set.
using ParameterId = size_t;

template <class T>
class Parameters {
 public:
  // Makes room for so many values, so that adding them does not move those before.
  void reserve(size_t size) { values_.reserve(size); }

  // Adds a parameter, zero until initialised. A deviation of 0 stands for ones (norm weights, which do not decay).
  ParameterId add(std::string name, std::vector<size_t> shape, double init_deviation);

  // Draws all values; each parameter's stream depends on the seed and on its name alone.
  void initialise(uint64_t seed);

  const std::vector<ParameterInfo>& infos() const { return infos_; }
  const ParameterInfo& info(ParameterId id) const { return infos_[id]; }
  ParameterId id_of(const std::string& name) const;  // throws Error for an unknown name
  std::vector<T>& values() { return values_; }
  const std::vector<T>& values() const { return values_; }
  T* data(ParameterId id) { return values_.data() + infos_[id].offset; }
  const T* data(ParameterId id) const { return values_.data() + infos_[id].offset; }
  size_t size() const { return values_.size(); }

  // The parameter on a tape; `gradients` (may be null) is a block laid out like values(). `count` parameters that were
  // added one after another and have the same number of columns can be had as one taller matrix.
  Var<T> on(Tape<T>& tape, T* gradients, ParameterId id, size_t count = 1) const;

 private:
  std::vector<ParameterInfo> infos_;
  std::map<std::string, ParameterId> ids_;
  std::vector<T> values_;
};

}  // namespace peapod
