// For tests: what --help lists, so that tests over all commands and flags notice new ones.
#pragma once

#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace peapod {

// The names of the subcommands in the text of a --help.
inline std::vector<std::string> commands_in(const std::string& help) {
  std::vector<std::string> names;
  std::istringstream lines(help);
  bool listing = false;
  for (std::string line; std::getline(lines, line);) {
    if (listing && line.starts_with("  ") && line[2] != ' ') names.push_back(line.substr(2, line.find(' ', 2) - 2));
    if (line.starts_with("Subcommands:")) listing = true;
  }
  return names;
}

// A flag as --help shows it.
struct ShownFlag {
  std::string name;   // `--seed`
  std::string shown;  // what follows the name on its line
};

inline std::vector<ShownFlag> flags_in(const std::string& help) {
  std::vector<ShownFlag> flags;
  std::istringstream lines(help);
  static const std::regex form("^ *(?:-[a-z],)?(--[a-z0-9-]+)(.*)$");
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, found, form)) flags.push_back({found[1], found[2]});
  }
  return flags;
}

}  // namespace peapod
