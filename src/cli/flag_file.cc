#include "cli/flag_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/nearest_name.h"

namespace peapod::cli {
constexpr void toml_holds(bool condition) {
  if (!condition) throw std::logic_error("toml++");
}
}  // namespace peapod::cli

// toml++ 3.3 asserts what some texts break, and without assertions goes on with undefined consequences. Here a broken
// assertion is an exception, in every build.
#undef NDEBUG
#define TOML_ASSERT(condition) peapod::cli::toml_holds(static_cast<bool>(condition))
#include <toml++/toml.h>

namespace peapod::cli {
namespace {

// toml++ 3.3 knows only some of the characters beyond ASCII, and what it does at others is undefined. It is given none:
// each byte of these stands as `%E9` in what is parsed, and in texts that come out of it again as itself.
std::string without_others_than_ascii(std::string_view text) {
  std::string ascii;
  for (const char c : text) {
    if (c == '%' || static_cast<unsigned char>(c) >= 0x80) {
      ascii += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      ascii += c;
    }
  }
  return ascii;
}

std::string as_it_was(std::string_view ascii) {
  std::string text;
  for (size_t i = 0; i < ascii.size(); ++i) {
    unsigned byte = 0;
    if (ascii[i] == '%' &&
        std::from_chars(ascii.data() + i + 1, ascii.data() + std::min(i + 3, ascii.size()), byte, 16).ec ==
            std::errc()) {
      text += static_cast<char>(byte);
      i += 2;
    } else {
      text += ascii[i];
    }
  }
  return text;
}

// What a TOML value is on a command line.
void add_results(CLI::Option& option, const toml::node& node, const std::string& where) {
  const auto add = [&](const toml::node& value) {
    value.visit([&](const auto& leaf) {
      using Leaf = std::decay_t<decltype(leaf)>;
      if constexpr (toml::is_string<Leaf>) {
        option.add_result(as_it_was(*leaf));
      } else if constexpr (toml::is_boolean<Leaf>) {
        option.add_result(*leaf ? "true" : "false");
      } else if constexpr (toml::is_integer<Leaf> || toml::is_floating_point<Leaf>) {
        option.add_result(fmt::format("{}", *leaf));
      } else {
        throw Error(where, "expected a text, a number, true or false, or a list of them");
      }
    });
  };
  if (const toml::array* values = node.as_array()) {
    for (const toml::node& value : *values) add(value);
  } else {
    add(node);
  }
}

// The parser bounds how deep lists are nested, but not the dots of a key, and a table is destroyed by recursion: a file
// of this size nests at most half as many tables as it has bytes, which the stack holds.
constexpr size_t kMaxConfigBytes = size_t{8} << 10;

toml::table read_toml(const std::string& path) {
  const std::string text = read_file(path);
  if (text.size() > kMaxConfigBytes) {
    throw Error(
        path, fmt::format("has {} bytes, more than the {} that a file of flags may have", text.size(), kMaxConfigBytes),
        "give one key a line, named as a flag");
  }
  const std::string_view content = std::string_view(text).substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  try {
    return toml::parse(without_others_than_ascii(content), path);
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}:{}", path, error.source().begin.line), as_it_was(error.description()));
  } catch (const std::logic_error&) {
    throw Error(path, "is no TOML", "give one key a line, named as a flag: KEY = VALUE");
  }
}

}  // namespace

void apply_flag_file(CLI::App& command, const std::string& path) {
  if (path.empty()) return;
  const toml::table table = read_toml(path);
  std::vector<std::string> known;
  std::set<const CLI::Option*> given;  // on the command line
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back(name);
    if (option->count() > 0) given.insert(option);
  }
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string where = path + ": key \"" + name + "\"";
    CLI::Option* option = command.get_option_no_throw("--" + name);
    if (option == nullptr || name == "config" || name == "help") {
      const std::string nearest = option == nullptr ? nearest_name(name, known) : "";
      throw Error(where, "is not a flag of `peapod " + command.get_name() + "`",
                  nearest.empty() ? "" : "did you mean \"" + nearest + "\"?");
    }
    bool gives_way = given.contains(option);
    for (const CLI::Option* other : option->get_excludes()) {
      if (given.contains(other))
        gives_way = true;
      else if (other->count() > 0)
        throw Error(where, "cannot stand beside \"" + other->get_lnames()[0] + "\"", "leave one out");
    }
    if (gives_way) continue;
    add_results(*option, node, where);
    try {
      option->run_callback();
    } catch (const CLI::Error& error) {
      std::string problem = error.what();
      if (problem.starts_with("--" + name + ": ")) problem.erase(0, name.size() + 4);
      throw Error(where, problem);
    }
  }
}

}  // namespace peapod::cli
