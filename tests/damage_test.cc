// What the finished program says of directories that are damaged, put together of parts, or written by two at once.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "model/safetensors.h"
#include "support/shop.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

class Damage : public TrainedModel {
 protected:
  // Starts `peapod ARGUMENTS` in the background; what it prints goes to the file `log_name`.
  pid_t start(const std::string& arguments, const std::string& log_name) const {
    const std::string command = "exec " + std::string(PEAPOD_PROGRAM) + " " + arguments + " >" + at(log_name) + " 2>&1";
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    return child;
  }
  // Exit status, or minus the signal that ended the process.
  static int end_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void wait_for(const std::string& name) const {
    for (int i = 0; i < 6000 && !fs::exists(at(name)); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(fs::exists(at(name))) << name;
  }
  std::string long_training(const std::string& out) const {
    return "train " + at("data") + " --out " + at(out) +
           " --preset tiny --tokens-per-step 300 --validations 2 --user-dim 8 --max-epochs 1000000 --max-steps 1000000"
           " --checkpoint-steps 5";
  }
  // What may become of a file: its contents then, nullopt where it is gone.
  static std::vector<std::optional<std::string>> damaged(const std::string& good) {
    const std::string deep = "{\"a\": " + std::string(300'000, '[') + std::string(300'000, ']') + "}";
    return {std::nullopt,
            std::string(),
            good.substr(0, good.size() / 2),
            std::string(good.size(), 'x'),
            deep,
            with_flipped_bit(good, 4 * good.size() + 1)};
  }
  void put(const std::string& name, const std::optional<std::string>& bytes) const {
    if (bytes) return write(name, *bytes);
    fs::remove(at(name));
  }
  // Expects that the command names the file, whatever happens to it; `may_flip` where it has no checksum.
  void expect_noticed(const std::string& name, const std::string& command, bool may_flip = false) const {
    const std::string good = contents(at(name));
    std::vector<std::optional<std::string>> all = damaged(good);
    if (may_flip) all.pop_back();
    for (const std::optional<std::string>& bad : all) {
      put(name, bad);
      SCOPED_TRACE(bad ? name + " of " + std::to_string(bad->size()) + " bytes" : name + " is gone");
      expect_failure(1, command, {fs::path(name).filename().string(), "; "});
    }
    write(name, good);
  }
  // Names in the scratch folder that begin with `start`.
  std::vector<std::string> names_that_begin(const std::string& start) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(start)) names.push_back(name);
    }
    return names;
  }
};

// Commands that use a model answer as before, or name the file: whatever happens to whichever file.
TEST_F(Damage, OfAnyFileOfAModelIsNoticedOrDoesNotMatter) {
  const std::string use = "recommend " + at("model") + " --user 3 --n 5 --json -";
  const std::string answer = standard_output(use);
  const std::string resume = training() + " --max-steps 4 --resume";
  ASSERT_EQ(peapod(resume), 0) << log();
  const std::string report = evaluate() + " --max-users 3 --report " + at("page.html");
  ASSERT_EQ(peapod(report), 0) << log();
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(at("model"))) {
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), at("model")).string());
  }
  EXPECT_EQ(names.size(), 14u);
  for (const std::string& name : names) {
    const std::string good = contents(at("model/" + name));
    const bool of_training = name == "training.safetensors";
    const bool of_report = name == "metrics.jsonl";
    for (const std::optional<std::string>& bad : damaged(good)) {
      put("model/" + name, bad);
      const bool gone = !bad;
      // What says where a training stands has no name for those who never saw it.
      const std::string file =
          of_training && gone ? "without the state of its training" : fs::path(name).filename().string();
      const std::string command = of_training ? resume : of_report ? report : use;
      if (of_training || of_report) {
        EXPECT_EQ(standard_output(use), answer);
      }
      if (of_report && (gone || bad->empty())) continue;  // no validation yet: no curve
      ASSERT_NE(bad, good) << name;
      expect_failure(1, command, {file, "; "});
      EXPECT_EQ(log().find("peapod prepare"), std::string::npos) << log();
    }
    write("model/" + name, good);
  }
  EXPECT_EQ(standard_output(use), answer);
}

// Before the first of them is measured, and with the remedy of a model, not of a data set.
TEST_F(Damage, OfTheSecondOfSeveralModelsIsNoticedBeforeTheFirstIsMeasured) {
  fs::copy(at("model"), at("other"), fs::copy_options::recursive);
  const std::string several =
      "evaluate " + at("model") + " " + at("other") + " --data " + at("data") + " --max-users 3";
  for (const char* name : {"model.safetensors", "config.json", "dataset/dataset.json", "dataset/items.jsonl"}) {
    const std::string file = "other/" + std::string(name);
    ASSERT_TRUE(fs::exists(at(file))) << file;
    const std::string good = contents(at(file));
    for (const std::optional<std::string>& bad : damaged(good)) {
      put(file, bad);
      expect_failure(1, several, {at("other"), "; "});
      EXPECT_EQ(log().find("peapod prepare"), std::string::npos) << log();
      EXPECT_EQ(log().find("evaluating"), std::string::npos) << log();
    }
    write(file, good);
  }
  EXPECT_EQ(peapod(several), 0) << log();
}

TEST_F(Damage, OfAModelThatAnotherTrainingStartsFromIsNoticed) {
  const std::string train = "train " + at("data") + " --out " + at("second") + " --init " + at("model") +
                            " --user-dim 8 --max-steps 2 --tokens-per-step 300 --validations 1";
  for (const char* name : {"config.json", "spiece.model", "model.safetensors", "preferences.safetensors"}) {
    expect_noticed("model/" + std::string(name), train);
    expect_noticed("model/" + std::string(name), "generate " + at("model") + " --text x");
  }
  EXPECT_FALSE(fs::exists(at("second")));
  EXPECT_EQ(peapod(train), 0) << log();
}

// A T5 as others publish it: in shards, and without checksums but in these.
TEST_F(Damage, OfWeightsInShardsIsNoticed) {
  const SafetensorsFile whole = SafetensorsFile::open(at("model/model.safetensors"));
  const std::string shards[] = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
  std::vector<NamedTensor> tensors[2];
  nlohmann::json index;
  size_t count = 0;
  for (const std::string& name : whole.names()) {
    if (name.starts_with("peapod.")) continue;
    const auto shape = whole.shape(name);
    const size_t shard = count++ % 2;
    tensors[shard].push_back({name, {shape.begin(), shape.end()}, whole.f32_view(name)});
    index["weight_map"][name] = shards[shard];
  }
  write("t5/model.safetensors.index.json", index.dump());
  for (const size_t shard : {0, 1}) write_safetensors(at("t5/" + shards[shard]), tensors[shard]);
  for (const char* name : {"config.json", "spiece.model"}) {
    write("t5/" + std::string(name), contents(at("model/" + std::string(name))));
  }
  const std::string text = " --text 'user_1 item_2' --max-new-tokens 5 --json -";
  const std::string generate = "generate " + at("t5") + text;
  EXPECT_EQ(standard_output(generate), standard_output("generate " + at("model") + text));
  const std::string train = "train " + at("data") + " --out " + at("second") + " --init " + at("t5") +
                            " --user-dim 8 --max-steps 2 --tokens-per-step 300 --validations 1";
  for (const std::string& command : {generate, train}) {
    for (const std::string& shard : shards) expect_noticed("t5/" + shard, command);
    for (const char* name : {"config.json", "spiece.model"}) expect_noticed("t5/" + std::string(name), command, true);
    expect_noticed("t5/model.safetensors.index.json", command, true);
  }
  EXPECT_FALSE(fs::exists(at("second")));
  EXPECT_EQ(peapod(train), 0) << log();
}

TEST_F(Damage, IsNotDoneByASecondTraining) {
  const pid_t first = start(long_training("busy"), "first.log");
  wait_for("busy/training.safetensors");
  expect_failure(1, long_training("busy"),
                 {"busy: is being written by `peapod train`, process " + std::to_string(first)});
  expect_failure(1, long_training("busy") + " --resume", {"is being written by", "choose another name"});
  ::kill(first, SIGKILL);
  EXPECT_EQ(end_of(first), -SIGKILL);

  // A killed training holds nothing up, whatever it left.
  write("busy/training.safetensors.partial-123-0", "half");
  write("busy.partial-123-0/peapod.json", "half");
  std::ofstream(at("busy/metrics.jsonl"), std::ios::app) << "{\"xxh3\":\"01";
  const std::string more = " --max-steps 8 --resume";
  const std::string steps = "train " + at("data") + " --out " + at("busy") +
                            " --preset tiny --tokens-per-step 300 --validations 2 --user-dim 8 --max-epochs 1000000";
  ASSERT_EQ(peapod(steps + more), 0) << log();
  EXPECT_FALSE(fs::exists(at("busy/training.safetensors.partial-123-0")));
  EXPECT_EQ(names_that_begin("busy"), (std::vector<std::string>{"busy"}));
  EXPECT_EQ(names_that_begin(".busy"), std::vector<std::string>());
  EXPECT_EQ(peapod("evaluate " + at("busy") + " --data " + at("data") + " --max-users 3 --report " + at("page.html")),
            0)
      << log();
}

TEST_F(Damage, IsNotDoneByAHangUp) {
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) {
    const std::string out = "ended" + std::to_string(signal);
    const pid_t training = start(long_training(out), "ended.log");
    wait_for(out + "/training.safetensors");
    ::kill(training, signal);
    EXPECT_EQ(end_of(training), 1);
    EXPECT_NE(contents(at("ended.log")).find("go on with --resume"), std::string::npos) << contents(at("ended.log"));
    EXPECT_EQ(names_that_begin("." + out), std::vector<std::string>()) << "the lock is gone";
  }
}

TEST_F(Damage, IsNotLeftByAKilledPreparation) {
  write("data.partial-77-0/dataset.json", "{}");
  write("data.partial-77-0/users.jsonl", "");
  const std::string prepare = "prepare " + at("raw") + " --format pod --out " + at("data");
  ASSERT_EQ(peapod(prepare), 0) << log();
  EXPECT_EQ(names_that_begin("data"), (std::vector<std::string>{"data"}));
}

}  // namespace
}  // namespace peapod
