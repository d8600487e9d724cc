#include "tensor/tape.h"

#include <algorithm>
#include <new>

namespace peapod {

template <class T>
Var<T> Tape<T>::leaf(Tensor<T> value, T* grad) {
  T* wanted = options_.record ? grad : nullptr;
  return new (arena_.allocate<Node<T>>(1)) Node<T>{value, {wanted, value.rows, value.cols}};
}

template <class T>
Var<T> Tape<T>::result(size_t rows, size_t cols) {
  T* grad = nullptr;
  if (options_.record) {
    grad = arena_.allocate<T>(rows * cols);
    std::fill_n(grad, rows * cols, T(0));
  }
  return leaf(scratch(rows, cols), grad);
}

template <class T>
void Tape<T>::backward() {
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
}

template <class T>
void Tape<T>::reset() {
  steps_.clear();
  arena_.reset();
}

template class Tape<float>;
template class Tape<double>;

}  // namespace peapod
