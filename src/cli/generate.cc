// `peapod generate`: any Hugging Face T5 directory as plain text to text.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "decode/generation.h"
#include "model/checkpoint.h"
#include "tensor/gemm.h"
#include "text/tokenizer.h"

namespace peapod::cli {
namespace {

struct GenerateFlags {
  std::string directory;
  std::string text;
  TextSearchOptions search;
  std::string precision = "auto";
  std::string json;
};

std::string json_of(const std::string& text, const std::vector<Text>& texts, const Tokenizer& tokenizer) {
  using Json = nlohmann::ordered_json;
  const auto fields = [&](const Text& one) {
    return Json{{"output", tokenizer.decode(one.tokens)}, {"tokens", one.tokens}, {"score", one.score}};
  };
  Json object = {{"text", text}};
  object.update(fields(texts.front()));
  object["alternatives"] = Json::array();
  for (size_t i = 1; i < texts.size(); ++i) object["alternatives"].push_back(fields(texts[i]));
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

void generate(const GenerateFlags& flags) {
  const std::filesystem::path vocabulary = std::filesystem::path(flags.directory) / "spiece.model";
  const Tokenizer tokenizer = Tokenizer::load(vocabulary);
  const Seq2Seq<float> network = load_t5(flags.directory);
  if (static_cast<size_t>(tokenizer.size()) > network.config().t5.vocab_size) {
    throw Error(vocabulary.string(),
                fmt::format("holds {} pieces, but the vocab_size of config.json is {}", tokenizer.size(),
                            network.config().t5.vocab_size),
                "check that both files belong to the same model");
  }
  ModelInput input;
  input.text.tokens = tokenizer.encode_input(flags.text);
  const size_t num_ids = network.config().t5.vocab_size;
  for (const int32_t token : input.text.tokens) {
    if (static_cast<size_t>(token) < num_ids) continue;
    throw Error("text",
                fmt::format("names a sentinel <extra_id_…> with the id {}, but the model knows {} ids", token, num_ids),
                "leave it out: this model was made without sentinels");
  }
  const PackedNetwork packed(network, {.precision = precision_from(flags.precision)});
  const EnginePool engines(packed, packed.text_head());
  const auto results = generate_texts(engines, views_of(std::span(&input, 1)), flags.search);
  const std::vector<Text>& texts = results.front();
  if (texts.empty()) throw Error(flags.directory, "no token has a probability above 0", "check the weights");
  if (flags.json != "-") std::cout << tokenizer.decode(texts.front().tokens) << '\n' << std::flush;
  write_json(flags.json, json_of(flags.text, texts, tokenizer));
}

}  // namespace

void add_generate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("generate", "Run a Hugging Face T5 directory as plain text to text");
  const auto flags = std::make_shared<GenerateFlags>();  // shared: the callback outlives this function
  command->add_option("directory", flags->directory, "Directory with config.json, model.safetensors, spiece.model")
      ->required();
  command->add_option("--text", flags->text, "Input")->required();
  const auto add = [&](const char* name, auto& value, const char* meaning) {
    return command->add_option(name, value, meaning)->capture_default_str();
  };
  TextSearchOptions& search = flags->search;
  add("--num-beams", search.num_beams, "Beams; 1 is greedy")->check(CLI::Range(1, 1000));
  add("--num-beam-groups", search.num_beam_groups, "Groups that --num-beams is divided into")
      ->check(CLI::Range(1, 1000));
  add("--diversity-penalty", search.diversity_penalty, "What repeating a token of an earlier group costs");
  add("--min-new-tokens", search.min_new_tokens, "Least number of tokens before the end")->check(CLI::Range(0, 10000));
  add("--max-new-tokens", search.max_new_tokens, "Most tokens, the end included")->check(CLI::Range(1, 10000));
  add("--length-penalty", search.length_penalty, "Power of the length that a score is divided by");
  add("--precision", flags->precision, "Arithmetic of the matrix products")->check(CLI::IsMember(kPrecisions.names()));
  command->add_option("--json", flags->json, "Write the result as JSON; - is standard output")->type_name("FILE");
  command->callback([flags] { generate(*flags); });
}

}  // namespace peapod::cli
