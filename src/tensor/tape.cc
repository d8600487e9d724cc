#include "tensor/tape.h"

#include <cstring>
#include <new>
#include <stdexcept>
#include <type_traits>

#include "tensor/packed_matrix.h"

namespace peapod {

template <class T>
Var<T> Tape<T>::leaf(Tensor<T> value, T* grad) {
  T* wanted = options_.record ? grad : nullptr;
  return new (arena_.allocate<Node<T>>(1)) Node<T>{value, {wanted, value.rows, value.cols}, true};
}

template <class T>
Var<T> Tape<T>::result(size_t rows, size_t cols) {
  Var<T> node = leaf(scratch(rows, cols), options_.record ? arena_.allocate<T>(rows * cols) : nullptr);
  node->grad_is_set = false;
  return node;
}

template <class T>
const PackedLayer* Tape<T>::packed(Var<T> weight) const {
  if constexpr (std::is_same_v<T, float>) {
    return options_.packed == nullptr ? nullptr : options_.packed->find(weight->value.data);
  } else {
    return nullptr;
  }
}

template <class T>
void Tape<T>::backward(Var<T> result) {
  result->grad_is_set = true;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->result->grad_is_set) step->run();
  }
}

template <class T>
void Tape<T>::reset() {
  steps_.clear();
  arena_.reset();
}

template <class T>
Var<T> Tape<T>::keep_only(Var<T> x, Arena::Mark mark) {
  if (options_.record) return x;
  const Tensor<T> from = x->value;
  arena_.reset_to(mark);
  const Tensor<T> to = scratch(from.rows, from.cols);
  if (to.data != from.data) std::memmove(to.data, from.data, from.size() * sizeof(T));  // the places may overlap
  return leaf(to, nullptr);
}

template <class T>
void Tape<T>::refuse_taken() {
  throw std::logic_error(
      "an operation uses a value after add() or reshape() gave the memory of its gradient to their result; use that "
      "result, or record the operation before them");
}

template class Tape<float>;
template class Tape<double>;

}  // namespace peapod
