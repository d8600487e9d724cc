// The `peapod` program: parses the command line, runs one subcommand, turns errors into messages and exit statuses
// (0 done, 1 failed, 2 wrong usage).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/nearest_name.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "sources/database_name.h"

namespace peapod::cli {

// What is wrong with the first words of a command line, where each names a command of the one before it; empty where
// nothing is. CLI11 says of a mistyped command only that one is required.
std::string mistyped_command(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* parent = &app;
  for (const std::string& word : words) {
    const auto commands = parent->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty() || word.starts_with('-')) break;
    std::vector<std::string> names;
    for (const CLI::App* command : commands) names.push_back(command->get_name());
    const auto found = std::ranges::find(names, word);
    if (found == names.end()) {
      const std::string of_parent = parent == &app ? "" : " of " + parent->get_name();
      const std::string nearest = nearest_name(word, names);
      return '"' + word + "\" is no command" + of_parent +
             (nearest.empty() ? "; see --help" : "; did you mean \"" + nearest + "\"?");
    }
    parent = commands[static_cast<size_t>(found - names.begin())];
  }
  return {};
}

// The subcommand that a parsed command line runs.
const CLI::App& command_that_ran(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

// A library's error with its fields as the flags of the command that set them; base/error.h says how it names them.
std::string in_flags(const Error& error, const CLI::App& command) {
  std::string where = error.where();
  std::string remedy = error.remedy();
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::string flag = "--" + name;
      std::string field = name;
      std::ranges::replace(field, '-', '_');
      if (where == field && !std::filesystem::exists(where)) where = flag;  // a file may have that name
      const std::string quoted = '`' + field + '`';
      for (size_t at; (at = remedy.find(quoted)) != std::string::npos;) remedy.replace(at, quoted.size(), flag);
    }
  }
  return Error(where, error.problem(), remedy).what();
}

// What a command cannot do without is not nothing.
void refuse_empty_names(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_required()) option->check(name_check("a name"));
  }
  for (CLI::App* below : command.get_subcommands([](CLI::App*) { return true; })) refuse_empty_names(*below);
}

// Exit status of the command line; throws what commands throw.
int run(CLI::App& app, int argc, char** argv) {
  std::ostringstream help;  // what was asked for, such as --help
  int status = 0;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream problem;
    status = app.exit(error, help, problem) == 0 ? 0 : 2;
    std::cerr << printable(with_shown_urls(problem.str()));
  }
  print(help.str());
  return status;
}

}  // namespace peapod::cli

int main(int argc, char** argv) {
  peapod::cli::reserve_standard_streams();
  CLI::App app(
      "peapod: a generative recommender. It learns from a log of interactions, recommends the next items, "
      "ranks candidates and says why.",
      "peapod");
  app.require_subcommand(1);
  app.set_version_flag("--version", "peapod " PEAPOD_VERSION);
  peapod::cli::add_simulate(app);
  peapod::cli::add_prepare(app);
  peapod::cli::add_train(app);
  peapod::cli::add_evaluate(app);
  peapod::cli::add_baseline(app);
  peapod::cli::add_compare(app);
  peapod::cli::add_audit(app);
  peapod::cli::add_recommend(app);
  peapod::cli::add_explain(app);
  peapod::cli::add_inspect(app);
  peapod::cli::add_generate(app);
  peapod::cli::add_tokenize(app);
  peapod::cli::add_bench(app);
  peapod::cli::refuse_empty_names(app);
  const std::string mistyped =
      peapod::cli::mistyped_command(app, std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (!mistyped.empty()) {
    std::cerr << "peapod: " << peapod::cli::printable(peapod::with_shown_urls(mistyped)) << '\n';
    return 2;
  }
  try {
    return peapod::cli::run(app, argc, argv);
  } catch (const peapod::Error& error) {
    const std::string message = peapod::cli::in_flags(error, peapod::cli::command_that_ran(app));
    std::cerr << "peapod: " << peapod::cli::printable(peapod::with_shown_urls(message)) << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "peapod: " << peapod::cli::printable(peapod::with_shown_urls(error.what())) << '\n';
    return 1;
  }
}
