// Recommending: 20 beams on the tree of a catalogue as large as Beauty's, many users at once and one user alone.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <vector>

#include "base/random.h"
#include "decode/generation.h"

namespace peapod {
namespace {

constexpr int32_t kNumItems = 12101;
constexpr int32_t kCodeBook = 23;
constexpr int32_t kFirstCode = 2001;

// A network with random weights, the codes of a made catalogue and requests with as many tokens as asked.
struct World {
  std::unique_ptr<Seq2Seq<float>> network;
  CatalogueTree catalogue;

  explicit World(const char* preset) {
    ModelConfig config;
    config.t5 = t5_preset(preset);
    config.t5.vocab_size = kFirstCode + 3 * kCodeBook;
    config.num_whole_words = 128;
    network = std::make_unique<Seq2Seq<float>>(config);
    network->parameters().initialise(1);
    std::vector<std::array<int32_t, 3>> codes;
    for (int32_t i = 0; i < kNumItems; ++i) {
      codes.push_back({kFirstCode + i % kCodeBook, kFirstCode + kCodeBook + i / kCodeBook % kCodeBook,
                       kFirstCode + 2 * kCodeBook + i / (kCodeBook * kCodeBook)});
    }
    catalogue = CatalogueTree::build(std::vector<std::span<const int32_t>>(codes.begin(), codes.end()));
  }

  ItemRequest request(Random& random, size_t tokens) const {
    ItemRequest made;
    made.tree = &catalogue;
    const ModelConfig& config = network->config();
    for (size_t i = 0; i < tokens; ++i) {
      made.input.text.tokens.push_back(static_cast<int32_t>(random.below(config.t5.vocab_size)));
      made.input.text.whole_word.push_back(static_cast<int32_t>(i / 4));
    }
    for (size_t i = 0; i < config.composer.user_dim; ++i) {
      made.input.user.vector.push_back(static_cast<float>(random.normal()));
    }
    return made;
  }
};

void recommend(benchmark::State& state, const char* preset, size_t users, size_t tokens) {
  const World world(preset);
  Random random(2);
  std::vector<ItemRequest> requests;
  for (size_t i = 0; i < users; ++i) requests.push_back(world.request(random, tokens));
  for (auto _ : state) benchmark::DoNotOptimize(generate_items(*world.network, requests, {}).size());
  state.counters["users/s"] =
      benchmark::Counter(static_cast<double>(users), benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK_CAPTURE(recommend, mini_many, "mini", 256, 41)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(recommend, mini_one, "mini", 1, 41)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(recommend, t5_small_many, "t5-small", 64, 60)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(recommend, t5_small_candidates, "t5-small", 16, 480)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(recommend, t5_small_one, "t5-small", 1, 60)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace peapod
