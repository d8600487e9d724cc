#include "cli/names.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "sources/plain_text.h"

namespace peapod::cli {
namespace {

constexpr const char* kRemedy = "write a list of names, such as [\"a\", \"b, with a comma\"]";

void append_json_names(const std::string& text, const std::string& where, std::vector<std::string>& names) {
  const auto list = parse_json<nlohmann::json>(text, where, kRemedy);
  if (!list.is_array()) throw Error(where, "expected a JSON list, got " + shown_json(list), kRemedy);
  for (const auto& one : list) {
    if (one.is_string()) {
      names.push_back(one.get<std::string>());
    } else if (one.is_number_integer()) {
      names.push_back(one.dump());
    } else {
      throw Error(where, "expected texts in the list, got " + std::string(one.type_name()), kRemedy);
    }
  }
  if (list.empty()) throw Error(where, "the list is empty", "name an item");
}

// The file, of which there may be no end: a device, a pipe.
std::string text_in(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) throw unreadable(file);
  const size_t most = JsonBounds().max_bytes;
  std::string text;
  for (char block[1 << 16]; in.read(block, sizeof block), in.gcount() > 0;) {
    text.append(block, static_cast<size_t>(in.gcount()));
    if (text.size() > most) throw Error(file, fmt::format("has more than {} bytes", most), kRemedy);
  }
  if (in.bad()) throw Error(file, "reading failed");
  return text;
}

}  // namespace

CLI::Option* add_items(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                       const std::string& meaning) {
  return command.add_option(name, values, meaning + R"(; also ["A","B"], or @FILE with that)")
      ->allow_extra_args(false)
      ->type_name("A,B,...");
}

std::vector<std::string> names_in(const std::string& flag, const std::vector<std::string>& values) {
  std::vector<std::string> names;
  for (const std::string& value : values) {
    if (value.starts_with('@')) {
      const std::string file = value.substr(1);
      append_json_names(text_in(file), file, names);
    } else if (value.starts_with('[')) {
      append_json_names(value, flag, names);
    } else {
      for (const std::string_view part : split_fields(value, ',')) names.push_back(clean_name(part));
    }
  }
  for (const std::string& name : names) {
    if (name.empty())
      throw Error(flag, "names an item with an empty name", "leave out commas with nothing between them");
  }
  return names;
}

}  // namespace peapod::cli
