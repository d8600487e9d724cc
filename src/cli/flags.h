// Flags as all commands declare them: numbers with their range, files and directories that a command writes. What a
// flag says is checked when the command line is read, before any work. Main thread only.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/number_range.h"

namespace peapod::cli {

// The numbers of common flags.
inline constexpr WholeRange kAnySeed{};
inline constexpr WholeRange kAnyCount{0, 1'000'000'000'000};
inline constexpr RealRange kAboveZero{.above_least = true};
inline constexpr RealRange kZeroOrMore{};

// What --help shows of a range: `N in 2..100`, `N >= 0`, `X > 0`; N is a whole number.
std::string shown_in_help(const WholeRange& range);
std::string shown_in_help(const RealRange& range);

template <class Range>
CLI::Validator number_check(const Range& range) {
  return {[range](std::string& text) {
            if (number_in(range, text)) return std::string();
            return fmt::format("expected {}, got {}", in_words(range), text.empty() ? "nothing" : text);
          },
          ""};
}

// A flag whose value is a number: every numeric flag is declared here. The range of a whole number ends at the latest
// where that of the variable ends.
template <class Value>
CLI::Option* add_number(CLI::App& command, const std::string& name, Value& value, WholeRange range,
                        const std::string& meaning) {
  static_assert(std::is_unsigned_v<Value>);
  range.greatest = std::min<uint64_t>(range.greatest, std::numeric_limits<Value>::max());
  return command.add_option(name, value, meaning)
      ->type_name(shown_in_help(range))
      ->check(number_check(range))
      ->capture_default_str();
}
template <class Value>
CLI::Option* add_number(CLI::App& command, const std::string& name, std::optional<Value>& value, WholeRange range,
                        const std::string& meaning) {
  static_assert(std::is_unsigned_v<Value>);
  range.greatest = std::min<uint64_t>(range.greatest, std::numeric_limits<Value>::max());
  return command.add_option(name, value, meaning)->type_name(shown_in_help(range))->check(number_check(range));
}
template <class Value>
CLI::Option* add_number(CLI::App& command, const std::string& name, Value& value, const RealRange& range,
                        const std::string& meaning) {
  return command.add_option(name, value, meaning)
      ->type_name(shown_in_help(range))
      ->check(number_check(range))
      ->capture_default_str();
}

// Refuses an empty value of a flag that names something: it would mean the same as leaving the flag out.
CLI::Validator name_check(const std::string& what);

// `--include-seen` and `--exclude-seen`, of which at most one can be given.
std::vector<CLI::Option*> add_seen(CLI::App& command, std::optional<bool>& include_seen);

// `--json FILE`: where write_json() of cli/output.h puts `what`; - is standard output.
CLI::Option* add_json(CLI::App& command, std::string& path, const std::string& what);

// A flag that names a file to write.
CLI::Option* add_destination(CLI::App& command, const std::string& name, std::string& path, const std::string& meaning);

// Throws Error where two flags of a command name the same file, which would hold the later result alone. Pairs of a
// flag and its value; an empty value is none.
void require_distinct(const std::vector<std::pair<std::string, std::string>>& destinations);

}  // namespace peapod::cli
