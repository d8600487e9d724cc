// Lists of items as a command line gives them. Main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace peapod::cli {

// A flag for a list of items: `A,B,C`, a JSON list of texts (for names with commas), or `@FILE` with such a list. May
// be given several times; what it was given stands in `values` until names_in() reads it.
CLI::Option* add_items(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                       const std::string& meaning);

// The names that the values of `flag` list, without blanks around them. Throws Error for a file that cannot be read, a
// list that is no JSON list of names, and an empty name.
std::vector<std::string> names_in(const std::string& flag, const std::vector<std::string>& values);

}  // namespace peapod::cli
