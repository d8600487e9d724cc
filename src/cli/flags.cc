#include "cli/flags.h"

#include <filesystem>

#include "base/error.h"
#include "base/files.h"

namespace peapod::cli {
namespace {

// Throws Error where the file could not be written: by trying it.
std::string check_destination(const std::string& path) {
  if (path.empty()) return "expected the name of a file, got nothing";
  require_writable(path);
  return {};
}

}  // namespace

std::string shown_in_help(const WholeRange& range) {
  const bool bounded = range.greatest < std::numeric_limits<uint32_t>::max();
  return bounded ? fmt::format("N in {}..{}", range.least, range.greatest) : fmt::format("N >= {}", range.least);
}

std::string shown_in_help(const RealRange& range) {
  if (range.greatest > 1e15) return fmt::format("X {} {:g}", range.above_least ? ">" : ">=", range.least);
  return fmt::format("X in {:g}..{:g}", range.least, range.greatest);
}

CLI::Validator name_check(const std::string& what) {
  return {[what](std::string& text) { return text.empty() ? "expected " + what + ", got nothing" : std::string(); },
          ""};
}

std::vector<CLI::Option*> add_seen(CLI::App& command, std::optional<bool>& include_seen) {
  CLI::Option* include = command.add_flag_callback(
      "--include-seen", [&] { include_seen = true; }, "Recommend items of the history too [where repeats are kept]");
  CLI::Option* exclude = command.add_flag_callback(
      "--exclude-seen", [&] { include_seen = false; }, "Recommend new items alone [where repeats are merged]");
  return {include->excludes(exclude), exclude};
}

CLI::Option* add_json(CLI::App& command, std::string& path, const std::string& what) {
  return command.add_option("--json", path, "Write " + what + "; - is standard output")
      ->type_name("FILE")
      ->check(
          CLI::Validator([](std::string& text) { return text == "-" ? std::string() : check_destination(text); }, ""));
}

CLI::Option* add_destination(CLI::App& command, const std::string& name, std::string& path,
                             const std::string& meaning) {
  return command.add_option(name, path, meaning)
      ->type_name("FILE")
      ->check(CLI::Validator(
          [](std::string& text) {
            return text == "-" ? "only --json writes to standard output; name a file, or /dev/stdout"
                               : check_destination(text);
          },
          ""));
}

void require_distinct(const std::vector<std::pair<std::string, std::string>>& destinations) {
  namespace fs = std::filesystem;
  const auto place = [](const std::string& path) { return fs::weakly_canonical(fs::absolute(path)); };
  for (size_t i = 0; i < destinations.size(); ++i) {
    const auto& [flag, path] = destinations[i];
    if (path.empty() || path == "-" || fs::is_character_file(path)) continue;
    for (size_t j = 0; j < i; ++j) {
      if (destinations[j].second.empty() || place(destinations[j].second) != place(path)) continue;
      throw Error(flag, "names the file of " + destinations[j].first + ", " + path, "name two files");
    }
  }
}

}  // namespace peapod::cli
