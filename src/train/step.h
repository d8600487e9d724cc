// One training step's gradients: examples spread over threads, each working through shards that stay in its cache.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/seq2seq.h"
#include "tensor/packed_matrix.h"
#include "train/communicator.h"
#include "train/sampler.h"

namespace peapod {

struct GradientOptions {
  Precision precision = Precision::f32;
  double dropout = 0.1;
  size_t shard_rows = 1024;               // rows that a thread works on at once: what stays in its cache
  const Communicator* ranks = &kOneRank;  // who else computes gradients of the step; must outlive the workers
};

class GradientWorkers {
 public:
  // One worker per OpenMP thread; `network` must outlive them.
  GradientWorkers(const Seq2Seq<float>& network, const GradientOptions& options);

  struct Result {
    double loss = 0;  // weighted mean over what the targets of all ranks choose
  };
  // Gradient of the weighted mean loss over the target tokens of all ranks' examples, into gradients(). `examples` are
  // this rank's; `seed` is that of its dropout in this step.
  Result compute(std::span<const std::shared_ptr<const TrainingExample>> examples, uint64_t seed);

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
  GradientOptions options_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace peapod
