// The subcommands of `peapod`, one source file each. Each function registers its command and flags on `app`; the
// callback does the work and throws Error, which `main` prints. Main thread only.
#pragma once

#include <CLI/CLI.hpp>

namespace peapod::cli {

void add_simulate(CLI::App& app);
void add_prepare(CLI::App& app);
void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_baseline(CLI::App& app);
void add_compare(CLI::App& app);
void add_audit(CLI::App& app);
void add_recommend(CLI::App& app);
void add_explain(CLI::App& app);
void add_inspect(CLI::App& app);
void add_generate(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_bench(CLI::App& app);
}  // namespace peapod::cli
