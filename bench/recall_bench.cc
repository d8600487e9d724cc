// Recall: counting what stood near what, finding alike titles, and one request. As large as Beauty unless the
// environment variable PEAPOD_LARGE is set: then a million items and ten million interactions, which takes minutes and
// some gigabytes.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "prefs/recall.h"

namespace peapod {
namespace {

constexpr uint64_t kHistoriesSeed = 1;
constexpr uint64_t kTitlesSeed = 2;

// Users with a few items each and some with thousands, most of a user's items from one corner of the catalogue and
// some items far more popular than others; titles of six words whose frequencies fall as in texts.
class MadeCatalogue {
 public:
  MadeCatalogue(uint32_t num_items, size_t num_interactions) : num_items_(num_items) {
    items_.reserve(num_interactions);
    std::vector<size_t> starts;
    for (uint64_t user = 0; items_.size() < num_interactions; ++user) {
      starts.push_back(items_.size());
      Random random(kHistoriesSeed, user);
      // Pareto: most have some five items, one in a thousand more than 230.
      const double length = std::min(3.0 / std::pow(1.0 - random.uniform(), 1.0 / 1.6), 5000.0);
      const size_t end = std::min(num_interactions, items_.size() + static_cast<size_t>(length));
      const uint64_t corner = random.below(num_items / kCorner);
      while (items_.size() < end) {
        const double u = random.uniform();
        const double skewed = u * u * u;
        const bool near = random.uniform() < 0.8;
        const double item = near ? static_cast<double>(corner * kCorner) + skewed * kCorner : skewed * num_items;
        items_.push_back(static_cast<uint32_t>(item));
      }
    }
    starts.push_back(items_.size());
    for (size_t user = 0; user + 1 < starts.size(); ++user) {
      histories_.emplace_back(items_.data() + starts[user], starts[user + 1] - starts[user]);
    }
    Random random(kTitlesSeed);
    for (uint32_t item = 0; item < num_items; ++item) {
      std::string& title = titles_.emplace_back();
      for (int word = 0; word < 6; ++word) {
        const double rank = std::pow(static_cast<double>(num_items), random.uniform());  // Zipf
        title += 'w' + std::to_string(static_cast<uint32_t>(rank)) + ' ';
      }
    }
  }

  uint32_t num_items() const { return num_items_; }
  const Histories& histories() const { return histories_; }
  const std::vector<std::string>& titles() const { return titles_; }

 private:
  static constexpr uint64_t kCorner = 200;  // items

  uint32_t num_items_;
  std::vector<uint32_t> items_;
  Histories histories_;
  std::vector<std::string> titles_;
};

const MadeCatalogue& catalogue() {
  static const MadeCatalogue made =
      std::getenv("PEAPOD_LARGE") == nullptr ? MadeCatalogue(12'000, 150'000) : MadeCatalogue(1'000'000, 10'000'000);
  return made;
}

// A figure of this process in GB: `VmRSS`, what it holds now, or `VmHWM`, the most it held since reset_peak().
double gigabytes(const std::string& figure) {
  malloc_trim(0);
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(figure + ":")) return std::stod(line.substr(figure.size() + 1)) * 1024 / 1e9;
  }
  return 0;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5" << std::flush; }

// What `make` returns is measured in time and in memory, both what it holds and what making it takes.
template <class Make>
void building(benchmark::State& state, const Make& make) {
  catalogue();
  double held = 0, most = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const double before = gigabytes("VmRSS");
    reset_peak();
    state.ResumeTiming();
    auto made = make();
    state.PauseTiming();
    most = gigabytes("VmHWM") - before;
    held = gigabytes("VmRSS") - before;
    made.reset();
    state.ResumeTiming();
  }
  state.counters["GB"] = held;
  state.counters["peak_GB"] = most;
}

void counts(benchmark::State& state) {
  building(state, [] {
    return std::make_unique<Recall>(catalogue().histories(), catalogue().num_items(), nullptr, RecallSettings());
  });
}
BENCHMARK(counts)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

void titles(benchmark::State& state) {
  building(state, [] { return std::make_unique<TitleNeighbours>(catalogue().titles()); });
}
BENCHMARK(titles)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

// One thread answers for users of the training part, as in use; or leaves their histories out, as in training.
void request(benchmark::State& state, bool leave_out) {
  const MadeCatalogue& made = catalogue();
  static const Recall recall(made.histories(), made.num_items(), std::make_shared<TitleNeighbours>(made.titles()), {});
  size_t user = 0, recalled = 0;
  for (auto _ : state) {
    user = (user + 7919) % made.histories().size();
    const auto history = made.histories()[user];
    recalled += recall.recall(history, {.left_out = leave_out ? history : std::span<const uint32_t>()}).size();
  }
  state.counters["recalled"] = benchmark::Counter(static_cast<double>(recalled), benchmark::Counter::kAvgIterations);
}
BENCHMARK_CAPTURE(request, in_use, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(request, in_training, true)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace peapod
