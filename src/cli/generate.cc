// `peapod generate`: any Hugging Face T5 directory as plain text to text.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "decode/generation.h"
#include "model/plain_t5.h"
#include "sources/plain_text.h"
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
  if (!is_utf8(flags.text)) throw Error("text", "is not UTF-8", "write it in UTF-8");
  const PlainT5 model = load_plain_t5(flags.directory);
  const Tokenizer& tokenizer = model.tokenizer;
  const Seq2Seq<float>& network = model.network;
  ModelInput input;
  input.text.tokens = tokenizer.encode_input(flags.text);
  for (const int32_t token : input.text.tokens) {
    if (static_cast<size_t>(token) < model.num_text_ids) continue;
    throw Error("text",
                fmt::format("names a sentinel <extra_id_…> with the id {}, but the model knows {} ids of texts", token,
                            model.num_text_ids),
                "leave it out: this model was made without sentinels");
  }
  const PackedNetwork packed(network, {.precision = precision_from(flags.precision)});
  const EnginePool engines(packed, packed.text_head());
  const auto results = generate_texts(engines, views_of(std::span(&input, 1)), flags.search);
  const std::vector<Text>& texts = results.front();
  if (texts.empty()) throw Error(flags.directory, "no token has a probability above 0", "check the weights");
  if (flags.json != "-") print(tokenizer.decode(texts.front().tokens) + '\n');
  write_json(flags.json, json_of(flags.text, texts, tokenizer));
}

}  // namespace

void add_generate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("generate", "Run a Hugging Face T5 directory as plain text to text");
  const auto flags = std::make_shared<GenerateFlags>();  // shared: the callback outlives this function
  command
      ->add_option("directory", flags->directory,
                   "Directory with config.json, spiece.model and weights in model.safetensors or its shards")
      ->required();
  command->add_option("--text", flags->text, "Input")->required();
  const auto add = [&](const char* name, auto& value, const auto& range, const char* meaning) {
    add_number(*command, name, value, range, meaning);
  };
  TextSearchOptions& search = flags->search;
  constexpr WholeRange kBeams{1, 1000};
  add("--num-beams", search.num_beams, kBeams, "Beams; 1 is greedy");
  add("--num-beam-groups", search.num_beam_groups, kBeams, "Groups that --num-beams is divided into");
  add("--diversity-penalty", search.diversity_penalty, RealRange{0, 1000},
      "What repeating a token of an earlier group costs");
  add("--min-new-tokens", search.min_new_tokens, WholeRange{0, 10000}, "Least number of tokens before the end");
  add("--max-new-tokens", search.max_new_tokens, WholeRange{1, 10000}, "Most tokens, the end included");
  add("--length-penalty", search.length_penalty, RealRange{-100, 100},
      "Power of the length that a score is divided by");
  command->add_option("--precision", flags->precision, "Arithmetic of the matrix products")
      ->check(CLI::IsMember(kPrecisions.names()))
      ->capture_default_str();
  add_json(*command, flags->json, "the result as JSON");
  command->callback([flags] { generate(*flags); });
}

}  // namespace peapod::cli
