// The `peapod` program: parses the command line, runs one subcommand, turns errors into messages and exit statuses
// (0 done, 1 failed, 2 wrong usage).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"

namespace peapod::cli {

void write_json(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  if (path == "-") {
    std::cout << text << '\n' << std::flush;
  } else {
    write_file_atomically(path, text + "\n");
  }
}

}  // namespace peapod::cli

int main(int argc, char** argv) {
  CLI::App app(
      "peapod: a generative recommender. It learns from a log of interactions, recommends the next items, "
      "ranks candidates and says why.",
      "peapod");
  app.require_subcommand(1);
  app.set_version_flag("--version", "peapod " PEAPOD_VERSION);
  peapod::cli::add_prepare(app);
  peapod::cli::add_train(app);
  peapod::cli::add_evaluate(app);
  peapod::cli::add_baseline(app);
  peapod::cli::add_audit(app);
  peapod::cli::add_recommend(app);
  peapod::cli::add_explain(app);
  peapod::cli::add_inspect(app);
  peapod::cli::add_generate(app);
  peapod::cli::add_tokenize(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "peapod: " << error.what() << '\n';
    return 1;
  }
}
