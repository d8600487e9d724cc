// `peapod simulate`: a made log of any size, as CSV.
#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "sources/simulation.h"

namespace peapod::cli {
namespace {

constexpr size_t kWrittenAtOnce = 1 << 20;  // bytes

struct SimulateFlags {
  SimulationOptions options;
  std::string out;
};

void write_simulation(const SimulateFlags& flags) {
  std::optional<AtomicFile> file;
  if (flags.out != "-") file.emplace(flags.out);
  Progress progress(progress_output(), "simulating", static_cast<double>(flags.options.interactions), "interactions");
  std::string text = "user_id,item_id,timestamp\n";
  uint64_t done = 0;
  const auto flush = [&] {
    if (file) {
      file->write(text);
    } else {
      print(text);
    }
    text.clear();
    progress.update(static_cast<double>(done));
  };
  simulate(flags.options, [&](const SimulatedInteraction& one) {
    fmt::format_to(std::back_inserter(text), "u{},i{},{}\n", one.user + 1, one.item + 1, one.time);
    ++done;
    if (text.size() >= kWrittenAtOnce) flush();
  });
  flush();
  if (file) file->commit();
  progress.finish();
}

}  // namespace

void add_simulate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("simulate", "Make a log of interactions, to try peapod at any size");
  const auto flags = std::make_shared<SimulateFlags>();
  add_number(*command, "--users", flags->options.users, WholeRange{1}, "Users");
  add_number(*command, "--items", flags->options.items, WholeRange{1}, "Items");
  add_number(*command, "--interactions", flags->options.interactions, WholeRange{1}, "Rows, at least one a user");
  add_number(*command, "--seed", flags->options.seed, kAnySeed, "Seed of everything");
  command->add_option("--out", flags->out, "CSV file to write; - is standard output")->required();
  command->callback([flags] { write_simulation(*flags); });
}

}  // namespace peapod::cli
