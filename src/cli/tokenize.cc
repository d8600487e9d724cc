// `peapod tokenize SPIECE.model --jsonl FILE|-`: {"text": …} lines in, {"ids": […]} lines out, closing id included.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "text/tokenizer.h"

namespace peapod::cli {

namespace {

using Json = nlohmann::json;

// The text of one line `{"text": …}`.
std::string text_of(const std::string& line, const std::string& where) {
  constexpr const char* kRemedy = "write each line as {\"text\": \"…\"}";
  const Json json = parse_json_object<Json>(line, where, kRemedy);
  const auto text = json.find("text");
  if (text == json.end()) throw Error(where, "field \"text\" is missing", kRemedy);
  if (!text->is_string()) throw Error(where, "field \"text\": expected a text, got " + shown_json(*text), kRemedy);
  return text->get<std::string>();
}

constexpr size_t kPrintedAtOnce = 1 << 16;  // bytes

void tokenize(const Tokenizer& tokenizer, std::istream& in, const std::string& name) {
  std::string line, out;
  for (size_t number = 1; std::getline(in, line); ++number) {
    const std::vector<int32_t> ids = tokenizer.encode_input(text_of(line, name + ':' + std::to_string(number)));
    out += Json{{"ids", ids}}.dump() + '\n';
    if (out.size() < kPrintedAtOnce) continue;
    print(out);
    out.clear();
  }
  if (in.bad()) throw Error(name, "reading failed");
  print(out);
}

}  // namespace

void add_tokenize(CLI::App& app) {
  struct Options {
    std::string model;
    std::string jsonl;
  };
  const auto options = std::make_shared<Options>();  // lives as long as the callback
  CLI::App* command = app.add_subcommand("tokenize", "Token ids of texts under a SentencePiece vocabulary");
  command->add_option("model", options->model, "SentencePiece model, e.g. spiece.model")->required();
  command->add_option("--jsonl", options->jsonl, "lines of {\"text\": …}; - is standard input")->required();
  command->callback([options] {
    const Tokenizer tokenizer = Tokenizer::load(options->model);
    if (options->jsonl == "-") {
      tokenize(tokenizer, std::cin, "standard input");
      return;
    }
    std::ifstream file(options->jsonl);
    if (!file || std::filesystem::is_directory(options->jsonl))
      throw Error(options->jsonl, "cannot be opened for reading");
    tokenize(tokenizer, file, options->jsonl);
  });
}

}  // namespace peapod::cli
