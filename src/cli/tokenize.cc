// `peapod tokenize SPIECE.model --jsonl FILE|-`: {"text": …} lines in, {"ids": […]} lines out, closing id included.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "sources/line_reader.h"
#include "text/tokenizer.h"

namespace peapod::cli {

namespace {

using Json = nlohmann::json;

// The text of one line `{"text": …}`.
std::string text_of(std::string_view line, const std::string& where) {
  constexpr const char* kRemedy = "write each line as {\"text\": \"…\"}";
  const Json json = parse_json_object<Json>(line, where, kRemedy);
  const auto text = json.find("text");
  if (text == json.end()) throw Error(where, "field \"text\" is missing", kRemedy);
  if (!text->is_string()) throw Error(where, "field \"text\": expected a text, got " + shown_json(*text), kRemedy);
  return text->get<std::string>();
}

constexpr size_t kPrintedAtOnce = 1 << 16;  // bytes

void tokenize(const Tokenizer& tokenizer, LineReader& lines, const std::string& name) {
  std::string out;
  for (std::string_view line; lines.next(line);) {
    const std::string where = name + ':' + std::to_string(lines.line_number());
    out += Json{{"ids", tokenizer.encode_input(text_of(line, where))}}.dump() + '\n';
    if (out.size() < kPrintedAtOnce) continue;
    print(out);
    out.clear();
  }
  print(out);
  if (lines.repaired_lines() > 0) std::cerr << lines.repair_note() + '\n';
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
    LineReader lines(options->jsonl);
    tokenize(tokenizer, lines, options->jsonl == kStandardInput ? "standard input" : options->jsonl);
  });
}

}  // namespace peapod::cli
