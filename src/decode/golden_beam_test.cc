// Beam search over the network against transformers 4.49: tests/golden/t5_*, made by tools/make_golden.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "base/files.h"
#include "decode/engine.h"
#include "model/checkpoint.h"
#include "text/tokenizer.h"

namespace peapod {
namespace {

struct Case {
  const char* name;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class GoldenBeams : public testing::TestWithParam<Case> {};

TEST_P(GoldenBeams, AreThoseOfTheReference) {
  const auto directory = std::filesystem::path(PEAPOD_SOURCE_DIR) / "tests" / "golden" / GetParam().name;
  const Seq2Seq<float> network = load_t5(directory);
  const SafetensorsFile golden = SafetensorsFile::open(directory / "golden.safetensors");
  const auto ids = golden.f32_view("input_ids");
  const auto mask = golden.f32_view("attention_mask");
  const size_t length = golden.shape("input_ids")[1];
  std::vector<ModelInput> inputs(golden.shape("input_ids")[0]);
  std::vector<const ModelInput*> batch;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (mask[i] != 0) inputs[i / length].text.tokens.push_back(static_cast<int32_t>(ids[i]));
  }
  for (ModelInput& input : inputs) {
    input.text.whole_word.assign(input.text.tokens.size(), 0);
    batch.push_back(&input);
  }
  const auto cases = nlohmann::json::parse(read_file(directory / "golden.json")).at("beams");
  ASSERT_GE(cases.size(), 6u);
  const PackedNetwork packed(network, {});
  for (const auto& entry : cases) {
    const std::string name = entry.at("name");
    SCOPED_TRACE(name);
    const TextSearchOptions options{.num_beams = entry.at("num_beams"),
                                    .num_beam_groups = entry.at("num_beam_groups"),
                                    .diversity_penalty = entry.at("diversity_penalty"),
                                    .min_new_tokens = entry.at("min_new_tokens"),
                                    .max_new_tokens = entry.at("max_new_tokens"),
                                    .length_penalty = entry.at("length_penalty"),
                                    .early_stopping = entry.at("early_stopping")};
    Engine engine(packed, packed.text_head());
    engine.start(batch);
    const auto texts = search_text([&](const DecodeStep& step, std::span<float> logits) { engine.step(step, logits); },
                                   batch.size(), engine.alphabet().size(), options);
    const auto sequences = golden.f32_view("beam." + name + ".sequences");
    const size_t width = golden.shape("beam." + name + ".sequences")[1];
    const bool scored = golden.contains("beam." + name + ".scores");
    EXPECT_EQ(scored, options.num_beams > 1);
    const std::vector<float> scores =
        scored ? golden.read_f32("beam." + name + ".scores") : std::vector<float>(sequences.size() / width);
    ASSERT_EQ(sequences.size(), inputs.size() * options.num_beams * width);
    ASSERT_EQ(texts.size(), inputs.size());
    for (size_t input = 0; input < inputs.size(); ++input) {
      ASSERT_EQ(texts[input].size(), options.num_beams);
      for (size_t beam = 0; beam < options.num_beams; ++beam) {
        SCOPED_TRACE(testing::Message() << "input " << input << ", beam " << beam);
        const size_t row = input * options.num_beams + beam;
        // After the start token; pads follow the end of a text (the models never choose the pad id themselves).
        std::vector<int32_t> tokens;
        bool ended = false;
        for (size_t i = row * width + 1; i < (row + 1) * width && !ended; ++i) {
          ended = sequences[i] == static_cast<float>(kEndId);
          if (!ended) tokens.push_back(static_cast<int32_t>(sequences[i]));
        }
        const Text& text = texts[input][beam];
        EXPECT_EQ(text.tokens, tokens);
        EXPECT_EQ(text.ended, ended);
        // Sums of up to 32 f32 log-probabilities, each within 1e-5 of the logits' size.
        if (scored) {
          EXPECT_NEAR(text.score, scores[row], 1e-5f * std::max(1.0f, std::abs(scores[row])));
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllModels, GoldenBeams,
                         testing::Values(Case{"t5_relu_tied"}, Case{"t5_relu_untied"}, Case{"t5_gated_tied"},
                                         Case{"t5_gated_untied"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace peapod
