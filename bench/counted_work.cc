// One fixed piece of work for the check that counts instructions instead of time: `counted_work step` (the gradients of
// a training step and its update) or `counted_work request` (20 beams for one user), with `mini` on one thread.
// bench/check_counted_work.sh runs it under callgrind, which collects inside counted_work() alone.
#include <omp.h>

#include <functional>
#include <iostream>
#include <string>

#include "bench/prefix_workload.h"
#include "decode/generation.h"
#include "decode/packed_network.h"
#include "train/adamw.h"
#include "train/step.h"

// Its name is what callgrind looks for.
extern "C" __attribute__((noinline)) void counted_work(const std::function<void()>& work) { work(); }

namespace peapod {
namespace {

// Twice: what is built once, like oneDNN's kernels, must not count.
void count(const std::function<void()>& work) {
  work();
  counted_work(work);
}

void count_step() {
  PrefixWorkload workload("mini");
  const auto batch = workload.examples(1);
  GradientWorkers workers(workload.network(), {});
  AdamW optimizer(workload.network().parameters(), {});
  count([&] {
    workers.compute(batch, 1);
    optimizer.update(workload.network().parameters(), workers.gradients(), 1e-3);
  });
}

void count_request() {
  const PrefixWorkload workload("mini");
  const PackedNetwork network(workload.network(), {.text = false, .item_tokens = workload.catalogue().alphabet()});
  const EnginePool engines(network, network.item_head());
  const auto requests = workload.requests(1);
  count([&] { generate_items(engines, views_of(requests.inputs), requests.queries); });
}

}  // namespace
}  // namespace peapod

int main(int argc, char** argv) {
  omp_set_num_threads(1);
  const std::string work = argc == 2 ? argv[1] : "";
  if (work == "step") {
    peapod::count_step();
  } else if (work == "request") {
    peapod::count_request();
  } else {
    std::cerr << "usage: counted_work step|request\n";
    return 2;
  }
}
