// Our side of bench/peers/compare.py: the same work as the peers do, timed inside the process, one JSON line out.
//
//     peapod_side train PRESET EXAMPLES TOKENS PRECISION ROUNDS
//     peapod_side generate HF_DIRECTORY INPUTS.json NEW_TOKENS PRECISION ROUNDS
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "bench/made_workload.h"
#include "decode/generation.h"
#include "model/checkpoint.h"
#include "train/adamw.h"
#include "train/step.h"

namespace peapod {
namespace {

using Json = nlohmann::ordered_json;

// Seconds of each round, after one that does not count.
template <class Work>
std::vector<double> seconds_of_rounds(size_t rounds, const Work& work) {
  work();
  std::vector<double> seconds;
  for (size_t i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return seconds;
}

// A whole step: gradients, clipping, AdamW.
Json train(std::span<const std::string> arguments) {
  MadeWorkload workload(arguments[0]);
  const auto batch = workload.examples(std::stoul(arguments[1]), std::stoul(arguments[2]));
  GradientWorkers workers(workload.network(), {.precision = precision_from(arguments[3])});
  AdamW optimizer(workload.network().parameters(), {});
  uint64_t step = 0;
  const auto seconds = seconds_of_rounds(std::stoul(arguments[4]), [&] {
    workers.compute(batch, ++step);
    optimizer.update(workload.network().parameters(), workers.gradients(), 1e-3);
  });
  return {{"seconds", seconds}, {"examples", batch.size()}};
}

// The best of 20 beams of so many tokens each, unconstrained, for every list of token ids in the file.
Json generate(std::span<const std::string> arguments) {
  const Seq2Seq<float> network = load_t5(arguments[0]);
  std::vector<ModelInput> inputs;
  for (const auto& ids : parse_json<Json>(read_file(arguments[1]), arguments[1], "", kLargeJson)) {
    ModelInput& input = inputs.emplace_back();
    ids.get_to(input.text.tokens);
    input.text.whole_word.assign(input.text.tokens.size(), 0);
  }
  const auto tokens = static_cast<uint32_t>(std::stoul(arguments[2]));
  const PackedNetwork packed(network, {.precision = precision_from(arguments[3])});
  const EnginePool engines(packed, packed.text_head());
  const TextSearchOptions options{.num_beams = 20, .min_new_tokens = tokens, .max_new_tokens = tokens};
  std::vector<std::vector<Text>> texts;
  const auto seconds =
      seconds_of_rounds(std::stoul(arguments[4]), [&] { texts = generate_texts(engines, views_of(inputs), options); });
  Json best = Json::array();
  for (const auto& found : texts) best.push_back(found.front().tokens);
  return {{"seconds", seconds}, {"examples", inputs.size()}, {"best", best}};
}

}  // namespace
}  // namespace peapod

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 6 && arguments[0] == "train") {
      std::cout << peapod::train(std::span(arguments).subspan(1)) << '\n';
    } else if (arguments.size() == 6 && arguments[0] == "generate") {
      std::cout << peapod::generate(std::span(arguments).subspan(1)) << '\n';
    } else {
      std::cerr << "peapod_side: see the head of bench/peers/peapod_side.cc for its arguments\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "peapod_side: " << error.what() << '\n';
    return 1;
  }
}
