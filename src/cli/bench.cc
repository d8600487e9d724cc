// `peapod bench`: how fast this program is on this machine, and how much memory it takes, beside the targets.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/threads.h"
#include "bench/made_workload.h"
#include "bench/prefix_workload.h"
#include "bench/product_rate.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "model/checkpoint.h"
#include "prefs/neighbours.h"
#include "prefs/pmf.h"
#include "train/adamw.h"
#include "train/step.h"

namespace peapod::cli {
namespace {

using Json = nlohmann::ordered_json;

// Seeds of what is made up to be measured.
constexpr uint64_t kWeightsSeed = 1;
constexpr uint64_t kUserVectorsSeed = 5;
constexpr uint64_t kInteractionsSeed = 6;

struct BenchFlags {
  std::string only;
  bool quick = false;
  std::string json;
};

// A figure to be measured. Targets are for two cores with AMX.
struct Row {
  std::string name;
  std::string unit;
  double target;
  bool at_least;  // the target is a floor; else a ceiling
  std::function<double()> measure;
};

struct Measured {
  const Row* row;
  double value;

  bool met() const { return row->at_least ? value >= row->target : value <= row->target; }
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A folder that vanishes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / fmt::format("peapod-bench-{}", getpid())) {
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// After one round that does not count.
double median_seconds(size_t rounds, const std::function<void()>& work) {
  work();
  std::vector<double> seconds;
  for (size_t i = 0; i < rounds; ++i) seconds.push_back(seconds_of(work));
  std::ranges::nth_element(seconds, seconds.begin() + static_cast<ptrdiff_t>(rounds / 2));
  return seconds[rounds / 2];
}

// The line of a file of the /proc kind that begins with `key`, what follows it.
std::string proc_field(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t start = line.find_first_not_of(": \t", key.size());
    return start == std::string::npos ? "" : line.substr(start);
  }
  throw Error(path, "has no line \"" + key + "\"", "run this on Linux");
}

// The most memory that the process held during `work`, what it held before included.
double peak_gib(const std::function<void()>& work) {
  malloc_trim(0);
  if (!(std::ofstream("/proc/self/clear_refs") << "5" << std::flush)) {  // proc(5): resets the peak
    throw Error("/proc/self/clear_refs", "cannot be written, so peak memory cannot be measured",
                "leave it out with --only");
  }
  work();
  return std::stod(proc_field("/proc/self/status", "VmHWM")) / (1 << 20);  // given in KiB
}

double help_seconds(size_t rounds) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  return median_seconds(rounds, [&] {
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    std::string name = program, flag = "--help";
    char* const arguments[] = {name.data(), flag.data(), nullptr};
    pid_t child = 0;
    const int failed = posix_spawn(&child, program.c_str(), &quiet, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&quiet);
    int status = 0;
    if (failed != 0 || waitpid(child, &status, 0) != child || status != 0) {
      throw Error(program, "could not be run with --help");
    }
  });
}

// The measurements, each on a workload of its own; the quick ones take fewer rounds and a part of the large data.
class Bench {
 public:
  explicit Bench(const BenchFlags& flags) : rounds_(flags.quick ? 1 : 5), share_(flags.quick ? 0.002 : 1.0) {}

  std::vector<Row> rows() const {
    const Precision fast = fastest_precision();
    // Memory first: what a measurement leaves behind counts in the next.
    std::vector<Row> rows = {
        {"recommend.t5-small.peak_memory", "GiB", 0.7, false, [] { return recommending_gib(); }},
        {"train.t5-small.peak_memory", "GiB", 3.5, false, [] { return training_gib(); }},
        {"train.t5-small.sequential.utilisation", "share of the products' rate", 0.5, true,
         [this] { return utilisation(64, 60); }},
        {"train.t5-small.topn.utilisation", "share of the products' rate", 0.5, true,
         [this] { return utilisation(8, 480); }},
        {"train.mini.prefixes", "prefixes/s", 3000, true, [this] { return prefixes_per_second("mini", 64); }},
    };
    for (const Precision precision : {fast, Precision::int8}) {
      const std::string suffix = precision == fast ? "" : "." + std::string(name_of(precision));
      rows.insert(rows.end(), {
                                  {"recommend.t5-small.users" + suffix, "users/s", 150, true,
                                   [this, precision] { return users_per_second("t5-small", 64, 60, precision); }},
                                  {"topn.t5-small.users" + suffix, "users/s", 45, true,
                                   [this, precision] { return users_per_second("t5-small", 32, 480, precision); }},
                                  {"recommend.t5-small.latency" + suffix, "ms", 25, false,
                                   [this, precision] { return latency_ms("t5-small", 60, precision); }},
                                  {"recommend.mini.users" + suffix, "users/s", 1500, true,
                                   [this, precision] { return prefix_users_per_second("mini", 256, precision); }},
                                  {"recommend.mini.latency" + suffix, "ms", 2, false,
                                   [this, precision] { return 1e3 / prefix_users_per_second("mini", 1, precision); }},
                              });
    }
    rows.insert(rows.end(), {
                                {"load.t5-small", "s", 0.3, false, [this] { return load_seconds(); }},
                                {"help", "s", 0.03, false, [this] { return help_seconds(4 * rounds_); }},
                                {"neighbours.1000000_users", "s", 300, false, [this] { return neighbours_seconds(); }},
                                {"pmf.10000000_interactions", "s", 180, false, [this] { return pmf_seconds(); }},
                            });
    return rows;
  }

 private:
  // Of whole steps: gradients, clipping, AdamW.
  double prefixes_per_second(const char* preset, size_t histories) const {
    PrefixWorkload workload(preset);
    const auto batch = workload.examples(histories);
    GradientWorkers workers(workload.network(), {.precision = fastest_precision(), .shard_rows = kShardRows});
    AdamW optimizer(workload.network().parameters(), {});
    uint64_t seed = 0;
    return static_cast<double>(histories * PrefixWorkload::kPrefixes) / median_seconds(rounds_, [&] {
             workers.compute(batch, ++seed);
             optimizer.update(workload.network().parameters(), workers.gradients(), 1e-3);
           });
  }
  double prefix_users_per_second(const char* preset, size_t users, Precision precision) const {
    const PrefixWorkload workload(preset);
    const PrefixRequests requests = workload.requests(users);
    const PackedNetwork network(
        workload.network(), {.precision = precision, .text = false, .item_tokens = workload.catalogue().alphabet()});
    const EnginePool engines(network, network.item_head());
    const size_t rounds = users == 1 ? 5 * rounds_ : rounds_;
    return static_cast<double>(users) /
           median_seconds(rounds, [&] { generate_items(engines, views_of(requests.inputs), requests.queries); });
  }

  // Both rates of this run, by turns of one round each.
  double utilisation(size_t examples, size_t tokens) const {
    const MadeWorkload workload("t5-small");
    const auto batch = workload.examples(examples, tokens);
    GradientWorkers workers(workload.network(), {.precision = fastest_precision(), .shard_rows = kShardRows});
    std::vector<double> shares;
    workers.compute(batch, 0);
    product_rate(workload.network(), fastest_precision(), kShardRows);
    for (size_t i = 0; i < rounds_; ++i) {
      const double seconds = seconds_of([&] { workers.compute(batch, i + 1); });
      const double rate = workload.training_flops(tokens) * static_cast<double>(examples) / seconds;
      shares.push_back(rate / product_rate(workload.network(), fastest_precision(), kShardRows));
    }
    std::ranges::sort(shares);
    return shares[rounds_ / 2];
  }

  double generation_seconds(const char* preset, size_t users, size_t tokens, Precision precision, size_t rounds) const {
    const MadeWorkload workload(preset);
    const auto requests = workload.requests(users, tokens);
    const PackedNetwork network(
        workload.network(), {.precision = precision, .text = false, .item_tokens = workload.catalogue().alphabet()});
    const EnginePool engines(network, network.item_head());
    return median_seconds(rounds, [&] { generate_items(engines, views_of(requests.inputs), requests.queries); });
  }
  double users_per_second(const char* preset, size_t users, size_t tokens, Precision precision) const {
    return static_cast<double>(users) / generation_seconds(preset, users, tokens, precision, rounds_);
  }
  double latency_ms(const char* preset, size_t tokens, Precision precision) const {
    return 1e3 * generation_seconds(preset, 1, tokens, precision, 5 * rounds_);
  }

  // From a Hugging Face directory to a network that is ready to answer.
  double load_seconds() const {
    const TemporaryFolder folder;
    ModelConfig config;
    config.t5 = t5_preset("t5-small");
    config.t5.vocab_size = 32128;
    {
      Seq2Seq<float> network(config);
      network.parameters().initialise(kWeightsSeed);
      write_file_atomically(folder.path() / "config.json", t5_config_to_json(config.t5));
      save_parameters(folder.path() / "model.safetensors", network.parameters(), {});
    }
    return median_seconds(rounds_, [&] {
      const Seq2Seq<float> network = load_t5(folder.path());
      const PackedNetwork packed(network, {.precision = fastest_precision()});
    });
  }

  static double training_gib() {
    return peak_gib([] {
      MadeWorkload workload("t5-small");
      const auto batch = workload.examples(64, 60);
      GradientWorkers workers(workload.network(), {.precision = fastest_precision(), .shard_rows = kShardRows});
      AdamW optimizer(workload.network().parameters(), {});
      for (uint64_t step = 0; step < 2; ++step) {
        workers.compute(batch, step);
        optimizer.update(workload.network().parameters(), workers.gradients(), 1e-3);
      }
    });
  }

  static double recommending_gib() {
    return peak_gib([] {
      const MadeWorkload workload("t5-small");
      const PackedNetwork network(
          workload.network(),
          {.precision = fastest_precision(), .text = false, .item_tokens = workload.catalogue().alphabet()});
      const MadeRequests requests = workload.requests(64, 60);
      const EnginePool engines(network, network.item_head());
      generate_items(engines, views_of(requests.inputs), requests.queries);
    });
  }

  // Every user's 20 nearest among all: the time of a share of the users counts for all of them.
  double neighbours_seconds() const {
    Matrix users(1'000'000, 64);
    Random random(kUserVectorsSeed);
    for (float& value : users.values) value = static_cast<float>(random.normal());
    Matrix queries(static_cast<size_t>(share_ * static_cast<double>(users.rows)), users.cols);
    std::copy_n(users.values.begin(), queries.values.size(), queries.values.begin());
    std::optional<NeighbourIndex> index;
    const double index_seconds = seconds_of([&] { index.emplace(users); });
    return index_seconds + seconds_of([&] { index->nearest(queries, 20, {.exclude_same_index = true}); }) / share_;
  }

  // 20 interactions of each user with items of which some are far more popular; scaled as above.
  double pmf_seconds() const {
    constexpr double kUsers = 500'000, kItems = 50'000;
    constexpr size_t kEach = 20;
    const auto users = static_cast<size_t>(share_ * kUsers);
    const auto num_items = static_cast<uint32_t>(share_ * kItems);
    Random random(kInteractionsSeed);
    std::vector<uint32_t> items(users * kEach);
    for (uint32_t& item : items) {
      const double u = random.uniform();
      item = static_cast<uint32_t>(u * u * num_items);
    }
    Histories histories;
    for (size_t user = 0; user < users; ++user) histories.emplace_back(items.data() + user * kEach, kEach);
    return seconds_of([&] { Pmf::fit(histories, num_items, {.dim = 64, .sweeps = 10}); }) / share_;
  }

  static constexpr size_t kShardRows = 1024;  // as in training

  size_t rounds_;
  double share_;
};

std::string machine() {
  std::string flags = proc_field("/proc/cpuinfo", "flags");
  std::string features;
  for (const char* name : {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"}) {
    if ((" " + flags + " ").find(std::string(" ") + name + " ") != std::string::npos)
      features += std::string(" ") + name;
  }
  return fmt::format("{}, {} threads,{}; products in {}", proc_field("/proc/cpuinfo", "model name"), num_threads(),
                     features.empty() ? " no vector extension" : features, name_of(fastest_precision()));
}

std::string readable(const Measured& measured) {
  const Row& row = *measured.row;
  return fmt::format("{:<40}{:>10.4g} {:<28} {} {:<6g} {}", row.name, measured.value, row.unit,
                     row.at_least ? ">=" : "<=", row.target, measured.met() ? "met" : "not met");
}

void bench(const BenchFlags& flags) {
  const Bench bench(flags);
  std::vector<Row> rows = bench.rows();
  std::erase_if(rows, [&](const Row& row) { return row.name.find(flags.only) == std::string::npos; });
  if (rows.empty()) {
    std::string names;
    for (const Row& row : bench.rows()) names += (names.empty() ? "" : ", ") + row.name;
    throw Error("--only", "no figure has \"" + flags.only + "\" in its name", "there are " + names);
  }
  Json object = {{"machine", machine()}, {"quick", flags.quick}, {"rows", Json::array()}};
  // A file is written after each figure, for there are minutes between them.
  const auto write_file = [&] {
    if (flags.json != "-") write_json(flags.json, object.dump(2));
  };
  print_beside(flags.json, object["machine"].get<std::string>() + "\nTargets are for two cores with AMX.\n");
  for (const Row& row : rows) {
    const Measured measured{&row, row.measure()};
    print_beside(flags.json, readable(measured) + '\n');
    object["rows"].push_back({{"name", row.name},
                              {"value", measured.value},
                              {"unit", row.unit},
                              {"target", row.target},
                              {"met", measured.met()}});
    write_file();
  }
  if (flags.json == "-") write_json(flags.json, object.dump(2));
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Measure speed and memory on this machine beside the targets");
  const auto flags = std::make_shared<BenchFlags>();  // shared: the callback outlives this function
  command->add_option("--only", flags->only, "Measure the figures with this in their name")->type_name("TEXT");
  command->add_flag("--quick", flags->quick,
                    "One round of each, and a 500th of the large data, from which the whole is reckoned");
  add_json(*command, flags->json, "the figures as JSON");
  command->callback([flags] { bench(*flags); });
}

}  // namespace peapod::cli
