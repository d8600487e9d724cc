// Self-attention keys and values of a decoder that writes many beams at once, one token a step. Each position's are
// written once and never move: a row knows the row of every earlier step that it descends from, so beams that are
// dropped, swapped or multiplied cost a few indices. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace peapod {

template <class T>
class DecoderCache {
 public:
  // `width`: keys and values of one position together.
  DecoderCache(size_t num_layers, size_t width) : num_layers_(num_layers), width_(width) {}

  // Forgets all steps but keeps their memory.
  void clear() {
    length_ = 0;
    ancestors_.clear();
  }

  // Begins the next step. Row r continues row parents[r] of the step before; at the first step parents are not read.
  void begin_step(std::span<const uint32_t> parents) {
    const size_t before = length_++;
    std::vector<uint32_t> grown;
    grown.reserve(parents.size() * length_);
    for (uint32_t r = 0; r < parents.size(); ++r) {
      for (size_t p = 0; p < before; ++p) grown.push_back(ancestors_[parents[r] * before + p]);
      grown.push_back(r);
    }
    ancestors_ = std::move(grown);
    if (steps_.size() < length_) steps_.emplace_back(num_layers_);
    for (std::vector<T>& layer : steps_[before]) layer.resize(parents.size() * width_);
  }

  // Positions so far, that of this step included.
  size_t length() const { return length_; }

  // Keys and values of this step's rows in one layer [rows, width], to be filled in.
  T* current(size_t layer) { return steps_[length_ - 1][layer].data(); }

  // Where a layer's keys and values of each position of each row stand [rows * length], a row's oldest first. Valid
  // until the next call of this object's methods.
  std::span<const T* const> positions(size_t layer) {
    pointers_.resize(ancestors_.size());
    for (size_t i = 0; i < ancestors_.size(); ++i) {
      pointers_[i] = steps_[i % length_][layer].data() + ancestors_[i] * width_;
    }
    return pointers_;
  }

 private:
  size_t num_layers_;
  size_t width_;
  size_t length_ = 0;
  std::vector<uint32_t> ancestors_;                 // [rows, length]
  std::vector<std::vector<std::vector<T>>> steps_;  // by step and layer: [rows of the step, width]
  std::vector<const T*> pointers_;
};

}  // namespace peapod
