#include "train/step.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "base/threads.h"
#include "tensor/flush_denormals.h"
#include "tensor/kernels.h"

namespace peapod {
namespace {

size_t decoded_rows(const TrainingExample& example) {
  size_t rows = 0;
  for (const TrainingTarget& target : example.targets) rows += target.tokens.size();
  return rows;
}

size_t rows_of(const TrainingExample& example) {
  const auto [encoded, beside] = example.input_rows();
  return encoded + beside + decoded_rows(example);
}

// Rough work of an example in encoder rows: attention grows with the square of the length.
double cost_of(const TrainingExample& example) {
  const TrainingExample::InputRows rows = example.input_rows();
  const auto encoded = static_cast<double>(rows.encoded);
  return encoded * (1.0 + encoded / 1500.0) + 0.3 * static_cast<double>(rows.beside) +
         1.5 * static_cast<double>(decoded_rows(example));
}

}  // namespace

GradientWorkers::GradientWorkers(const Seq2Seq<float>& network, const GradientOptions& options)
    : network_(network), packs_(options.precision == Precision::bf16 && cpu_has_bf16()), options_(options) {
  const Tape<float>::Options recording{
      .record = true, .precision = options.precision, .packed = packs_ ? &weights_ : nullptr};
  for (int i = 0; i < num_threads(); ++i) {
    workers_.push_back(std::make_unique<Worker>(recording, network.parameters().size()));
  }
}

void GradientWorkers::pack_weights() {
  weights_.clear();
  auto weights = network_.t5().linear_weights();
  weights.push_back(network_.t5().head_weight());
  std::vector<std::optional<PackedLayer>> layers(weights.size());
  parallel_for(weights.size(), [&](size_t i) {
    const auto& [data, rows, cols] = weights[i];
    layers[i].emplace(packed_for_training(rows, cols, data));
  });
  for (size_t i = 0; i < weights.size(); ++i) weights_.add(weights[i].data, std::move(*layers[i]));
}

void GradientWorkers::run(Worker& worker, double scale, uint64_t seed) const {
  const FlushDenormals flush;
  std::ranges::fill(worker.gradients, 0.0f);
  worker.loss = 0.0;
  std::vector<const ModelInput*> inputs;
  std::vector<Target> targets;
  size_t rows = 0;
  uint64_t shard = 0;
  for (size_t i = 0; i < worker.examples.size(); ++i) {
    const TrainingExample& example = *worker.examples[i];
    const auto first = static_cast<uint32_t>(inputs.size());
    for (const TrainingTarget& target : example.targets) {
      targets.push_back({target.tokens, first + target.input, target.weight, target.path ? &*target.path : nullptr});
    }
    for (const ModelInput& input : example.inputs) inputs.push_back(&input);
    rows += rows_of(example);
    const bool last = i + 1 == worker.examples.size();
    if (!last && rows + rows_of(*worker.examples[i + 1]) <= options_.shard_rows) continue;
    Pass<float> pass{worker.tape, worker.gradients.data(), options_.dropout, mix64(seed, shard++)};
    const Var<float> loss = network_.loss(pass, inputs, targets, scale);
    loss->grad.data[0] = 1.0f;
    worker.loss += loss->value.data[0];
    worker.tape.backward(loss);
    worker.tape.reset();
    inputs.clear();
    targets.clear();
    rows = 0;
  }
}

GradientWorkers::Result GradientWorkers::compute(std::span<const std::shared_ptr<const TrainingExample>> examples,
                                                 uint64_t seed) {
  Result result;
  std::vector<size_t> order(examples.size());
  std::iota(order.begin(), order.end(), size_t{0});
  double weight = 0.0;
  for (const auto& example : examples) {
    for (const TrainingTarget& target : example->targets) {
      weight += target.weight * static_cast<double>(target.num_losses());
    }
  }
  options_.ranks->sum(std::span(&weight, 1));
  // The longest first, each to the worker with the least to do.
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return cost_of(*examples[a]) > cost_of(*examples[b]); });
  std::vector<double> load(workers_.size(), 0.0);
  for (auto& worker : workers_) worker->examples.clear();
  for (const size_t i : order) {
    const auto least = static_cast<size_t>(std::ranges::min_element(load) - load.begin());
    workers_[least]->examples.push_back(examples[i].get());
    load[least] += cost_of(*examples[i]);
  }
  const double scale = weight > 0.0 ? 1.0 / weight : 1.0;
  if (packs_) pack_weights();
  const auto count = workers_.size();
  parallel_for(count, [&](size_t w) { run(*workers_[w], scale, mix64(seed, w)); });
  const size_t size = workers_.front()->gradients.size();
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(count))
  for (size_t part = 0; part < count; ++part) {
    const Range range = part_of(size, count, part);
    for (size_t w = 1; w < count; ++w) {
      kernels::axpy(range.size(), 1.0f, workers_[w]->gradients.data() + range.begin,
                    workers_.front()->gradients.data() + range.begin);
    }
  }
  for (const auto& worker : workers_) result.loss += worker->loss;
  options_.ranks->sum(workers_.front()->gradients);
  options_.ranks->sum(std::span(&result.loss, 1));
  return result;
}

}  // namespace peapod
