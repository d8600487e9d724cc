// Where the ranks of a training meet: one process each, every one with its own examples and a copy of the weights. The
// gradients of a step are summed here, between computing and using them, and so is the weight that the loss is divided
// by; then all ranks make the same update. Today there is one rank; more come by another implementation.
#pragma once

#include <span>

namespace peapod {

class Communicator {
 public:
  virtual ~Communicator() = default;

  // Replaces the values by their sums over all ranks, added in the order of the ranks, so that each has the same bits.
  // Every rank calls the same methods in the same order with as many values; a call returns when all have called.
  virtual void sum(std::span<float> values) const = 0;
  virtual void sum(std::span<double> values) const = 0;
};

// A process alone.
class OneRank final : public Communicator {
 public:
  void sum(std::span<float>) const override {}
  void sum(std::span<double>) const override {}
};

inline const OneRank kOneRank;

}  // namespace peapod
