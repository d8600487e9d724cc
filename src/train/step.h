// One training step's gradients: examples spread over threads, each working through shards that stay in its cache.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/seq2seq.h"
#include "tensor/packed_matrix.h"
#include "train/sampler.h"

namespace peapod {

class GradientWorkers {
 public:
  // One worker per OpenMP thread; `network` must outlive them.
  GradientWorkers(const Seq2Seq<float>& network, Precision precision, double dropout, size_t shard_rows);

  struct Result {
    double loss = 0;  // weighted mean over target tokens
  };
  // Gradient of the weighted mean loss over all target tokens, into gradients(). `seed` is that of the step's dropout.
  Result compute(std::span<const TrainingExample> examples, uint64_t seed);

  const std::vector<float>& gradients() const { return workers_.front()->gradients; }

 private:
  struct Worker {
    Worker(const Tape<float>::Options& options, size_t size) : tape(options), gradients(size) {}
    Tape<float> tape;
    std::vector<float> gradients;
    std::vector<const TrainingExample*> examples;
    double loss = 0;
  };
  void pack_weights();
  void run(Worker& worker, double scale, uint64_t seed) const;

  const Seq2Seq<float>& network_;
  bool packs_;             // in bf16 weights are rounded and packed once a step, in f32 that would gain nothing
  PackedWeights weights_;  // of the step at hand
  double dropout_;
  size_t shard_rows_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace peapod
