#include "model/parameters.h"

#include <cassert>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

// Streams of the seed: one for each tensor, by its name, so that a tensor more leaves the others as they are.
uint64_t initial_values_stream(const std::string& name) {
  uint64_t stream = 0;
  for (const char c : name) stream = mix64(stream, static_cast<unsigned char>(c));
  return stream;
}

}  // namespace

template <class T>
ParameterId Parameters<T>::add(std::string name, std::vector<size_t> shape, double init_deviation) {
  ParameterInfo info;
  info.rows = shape.size() == 1 ? 1 : shape[0];
  info.cols = 1;
  for (size_t i = shape.size() == 1 ? 0 : 1; i < shape.size(); ++i) info.cols *= shape[i];
  info.name = std::move(name);
  info.shape = std::move(shape);
  info.offset = values_.size();
  info.init_deviation = init_deviation;
  info.decays = info.rows > 1;
  values_.resize(values_.size() + info.rows * info.cols);
  ids_[info.name] = infos_.size();
  infos_.push_back(std::move(info));
  return infos_.size() - 1;
}

template <class T>
void Parameters<T>::initialise(uint64_t seed) {
  for (const ParameterInfo& info : infos_) {
    Random random(seed, initial_values_stream(info.name));
    T* values = values_.data() + info.offset;
    for (size_t i = 0; i < info.rows * info.cols; ++i) {
      values[i] = info.init_deviation == 0 ? T(1) : static_cast<T>(info.init_deviation * random.normal());
    }
  }
}

template <class T>
ParameterId Parameters<T>::id_of(const std::string& name) const {
  const auto found = ids_.find(name);
  if (found == ids_.end()) throw Error("model", "has no weights named \"" + name + "\"");
  return found->second;
}

template <class T>
Var<T> Parameters<T>::on(Tape<T>& tape, T* gradients, ParameterId id, size_t count) const {
  const ParameterInfo& first = infos_[id];
  size_t rows = 0;
  for (size_t i = id; i < id + count; ++i) {
    assert(infos_[i].cols == first.cols && infos_[i].offset == first.offset + rows * first.cols);
    rows += infos_[i].rows;
  }
  T* grad = gradients == nullptr ? nullptr : gradients + first.offset;
  return tape.leaf({const_cast<T*>(values_.data()) + first.offset, rows, first.cols}, grad);
}

template class Parameters<float>;
template class Parameters<double>;

}  // namespace peapod
