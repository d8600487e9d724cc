// A TOML file of flags.
#include "cli/flag_file.h"
#include "cli/flags.h"
#include "inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  const auto file = fuzz::folder().write("flags.toml", fuzz::text_of(data, size));
  CLI::App command;
  uint64_t seed = 0;
  double rate = 0;
  bool resumes = false;
  std::vector<std::string> names;
  cli::add_number(command, "--seed", seed, cli::kAnySeed, "");
  cli::add_number(command, "--rate", rate, cli::kAboveZero, "");
  command.add_flag("--resume", resumes);
  command.add_option("--names", names);
  fuzz::expect_an_error_at_most([&] { cli::apply_flag_file(command, file.string()); });
  return 0;
}
