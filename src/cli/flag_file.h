// A file of flags: TOML whose keys are the flags of a command. Main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace peapod::cli {

// Values of a TOML file stand in for flags that the command line leaves out; the keys are the flags' names. They pass
// the checks of the flags. A key that excludes a flag of the command line gives way to it. An empty path: no file.
// Throws Error that names the file and the key.
void apply_flag_file(CLI::App& command, const std::string& path);

}  // namespace peapod::cli
