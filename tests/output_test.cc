// What could not be written is never called done: every command with a full or closed standard output, and with files
// that cannot be written, which are refused before any work.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "support/commands_of_help.h"
#include "support/shop.h"

namespace peapod {
namespace {

class Outputs : public TrainedModel {
 protected:
  struct Command {
    std::string arguments;
    bool prints = true;  // without --json -, something on standard output
    bool has_json = true;
  };

  // One of each command; `baseline` has several.
  std::vector<Command> commands() const {
    write("lines.jsonl", "{\"text\": \"user_1\"}\n");
    EXPECT_EQ(peapod("baseline popularity --data " + at("data") + " --json " + at("a.json")), 0) << log();
    return {
        {"prepare " + at("raw") + " --format pod --out " + at("again"), true, false},
        {training() + " --max-steps 4 --resume", false},
        {evaluate() + " --tasks sequential"},
        {"baseline popularity --data " + at("data")},
        {"baseline item-knn --data " + at("data")},
        {"baseline ease --data " + at("data")},
        {"baseline pmf --data " + at("data")},
        {"baseline recall --data " + at("data")},
        {"compare " + at("a.json") + " " + at("a.json")},
        {"audit " + at("data")},
        {recommend() + " --user 3 --n 2"},
        {"explain " + at("model") + " --user 3 --item 5"},
        {"inspect " + at("model")},
        {"inspect " + at("data")},
        {"generate " + at("model") + " --text user_1 --max-new-tokens 2"},
        {"tokenize " + at("model/spiece.model") + " --jsonl " + at("lines.jsonl"), true, false},
        {"bench --quick --only help"},
        {"simulate --users 5 --items 9 --interactions 20 --out -", true, false},
    };
  }

  // Runs a command whose standard output is the redirection's; what it says goes to log().
  int with_output(const std::string& arguments, const std::string& redirection) const {
    const std::string command = std::string(PEAPOD_PROGRAM) + " " + arguments + " 2>" + at("log") + " " + redirection;
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void expect_loss_is_said(const std::string& arguments, const std::string& redirection) const {
    EXPECT_EQ(with_output(arguments, redirection), 1) << arguments << ' ' << redirection;
    EXPECT_NE(log().find("peapod: standard output: cannot be written"), std::string::npos)
        << arguments << ' ' << redirection << '\n'
        << log();
  }
};

TEST_F(Outputs, OfEveryCommandAreMissedWhereStandardOutputIsFullOrClosed) {
  std::set<std::string> tried;
  for (const Command& command : commands()) {
    tried.insert(command.arguments.substr(0, command.arguments.find(' ')));
    for (const char* redirection : {">/dev/full", ">&-"}) {
      if (command.prints) expect_loss_is_said(command.arguments, redirection);
      if (command.has_json) expect_loss_is_said(command.arguments + " --json -", redirection);
    }
  }
  for (const std::string& name : commands_in(standard_output("--help"))) {
    EXPECT_TRUE(tried.contains(name)) << name << " is not tried by this test";
    expect_loss_is_said(name + " --help", ">/dev/full");
  }
  expect_loss_is_said("--help", ">/dev/full");
  expect_loss_is_said("--version", ">/dev/full");
}

TEST_F(Outputs, ToADeviceThatIsFullAreMissedToo) {
  for (const Command& command : commands()) {
    if (!command.has_json) continue;
    expect_failure(1, command.arguments + " --json /dev/full", {"peapod: /dev/full: cannot be written: No space"});
  }
  for (const char* flag : {" --per-user ", " --report "}) {
    expect_failure(1, evaluate() + " --tasks topn" + flag + "/dev/full", {"peapod: /dev/full: cannot be written"});
  }
  expect_failure(1, "baseline popularity --per-user /dev/full --data " + at("data"), {"/dev/full: cannot be written"});
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(Outputs, ThatAreFilesReachADevice) {
  EXPECT_NE(standard_output(evaluate() + " --tasks topn --per-user /dev/stdout").find("\"protocol\":\"sampled99\""),
            std::string::npos);
}

// Without a model: what they read is not there, so what they say of it would come too late.
TEST_F(CommandLine, RefusesPlacesThatCannotBeWrittenBeforeItReadsAnything) {
  const std::string nowhere = at("no-such-input");
  std::filesystem::create_directories(at("folder"));
  const std::vector<std::pair<std::string, std::vector<std::string>>> commands = {
      {"train " + nowhere + " --out " + at("x"), {"--json"}},
      {"evaluate " + nowhere + " --data " + nowhere, {"--json", "--per-user", "--report"}},
      {"baseline popularity --data " + nowhere, {"--json", "--per-user"}},
      {"baseline item-knn --data " + nowhere, {"--json", "--per-user"}},
      {"baseline ease --data " + nowhere, {"--json", "--per-user"}},
      {"baseline pmf --data " + nowhere, {"--json", "--per-user"}},
      {"baseline recall --data " + nowhere, {"--json", "--per-user"}},
      {"compare " + nowhere + " " + nowhere, {"--json"}},
      {"audit " + nowhere, {"--json"}},
      {"recommend " + nowhere + " --user 1", {"--json"}},
      {"explain " + nowhere + " --user 1 --item 1", {"--json"}},
      {"inspect " + nowhere, {"--json", "--html"}},
      {"generate " + nowhere + " --text x", {"--json"}},
      {"bench --only help", {"--json"}},
  };
  for (const auto& [command, flags] : commands) {
    const std::string help =
        standard_output(command.substr(0, command.find(' ', command.starts_with("base") ? 9 : 0)) + " --help");
    for (const char* flag : {"--json", "--per-user", "--report"}) {
      EXPECT_EQ(help.find(flag) != std::string::npos, std::ranges::find(flags, flag) != flags.end())
          << command << ": " << flag << " is not tried by this test, or is not there";
    }
    for (const std::string& flag : flags) {
      expect_failure(1, command + " " + flag + " " + at("nowhere/x.json"),
                     {"peapod: " + at("nowhere/x.json") + ": cannot be created", "make the folder " + at("nowhere")});
      expect_failure(1, command + " " + flag + " " + at("folder"), {at("folder") + ": is a directory"});
      expect_failure(2, command + " " + flag + " ''", {flag, "expected the name of a file"});
      if (flag != "--json") expect_failure(2, command + " " + flag + " -", {flag, "only --json"});
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(at("folder")));
  for (const std::string& command : {"prepare " + nowhere, "train " + nowhere}) {
    for (const std::string& place : {at("raw"), at("raw/sequential.txt"), at("raw/sequential.txt/x")}) {
      expect_failure(1, command + " --out " + place, {"peapod: " + place + ": "});
    }
  }
}

TEST_F(CommandLine, RefusesOneFileForTwoResults) {
  const std::string evaluate = "evaluate m --data " + at("data");
  expect_failure(1, evaluate + " --json " + at("x") + " --per-user " + at("x"),
                 {"--per-user: names the file of --json"});
  expect_failure(1, evaluate + " --report " + at("x") + " --per-user " + at("data/../x"), {"names the file of"});
  expect_failure(1, "baseline popularity --data " + at("data") + " --json " + at("x") + " --per-user " + at("x"),
                 {"names the file of --json"});
}

TEST_F(CommandLine, RefusesARivalThatIsNotThereBeforeItReadsAnything) {
  expect_failure(1, "evaluate m --data d --against popularty",
                 {"--against", "expected popularity, item-knn or a model directory", "did you mean \"popularity\"?"});
  expect_failure(1, "evaluate m --data d --against " + at("nowhere"), {"--against", at("nowhere")});
}

TEST_F(TrainedModel, IsNotMeasuredForMinutesBesideARivalThatCannotBeRead) {
  expect_failure(1, evaluate() + " --against " + at("raw"), {at("raw"), "is not a model directory"});
  EXPECT_EQ(log().find("evaluating"), std::string::npos) << log();
  expect_failure(1, "evaluate " + at("model") + " " + at("raw") + " --data " + at("data"), {at("raw")});
  EXPECT_EQ(log().find("evaluating"), std::string::npos) << log();
}

// `ulimit -f` stands for a disk that is full after so many blocks of 512 bytes.
TEST_F(CommandLine, NamesTheFileThatWasAskedForWhereTheDiskIsFull) {
  const auto on_full_disk = [&](const std::string& arguments) {
    return run("sh -c \"trap '' XFSZ; ulimit -f 4; exec " PEAPOD_PROGRAM " " + arguments + "\"");
  };
  EXPECT_EQ(on_full_disk("prepare " + at("raw") + " --format pod --out " + at("full")), 1) << log();
  EXPECT_NE(log().find("peapod: " + at("full") + "/"), std::string::npos) << log();
  EXPECT_EQ(on_full_disk("train " + at("data") + " --preset tiny --user-dim 8 --recall none --out " + at("full")), 1);
  EXPECT_NE(log().find("peapod: " + at("full") + "/"), std::string::npos) << log();
  EXPECT_EQ(on_full_disk("baseline popularity --data " + at("data") + " --per-user " + at("users.jsonl")), 1) << log();
  EXPECT_NE(log().find("peapod: " + at("users.jsonl") + ": cannot be written"), std::string::npos) << log();
  EXPECT_EQ(log().find("partial"), std::string::npos) << log();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().string().find("partial"), std::string::npos) << entry.path();
    EXPECT_NE(entry.path().filename(), "full");
  }
}

// A training whose first step cannot be made leaves no directory that --resume would fail in again.
TEST_F(CommandLine, LeavesNothingOfATrainingThatCouldNotBegin) {
  write("one/sequential.txt", "1 1 2 3 4 5\n");
  ASSERT_EQ(peapod("prepare " + at("one") + " --out " + at("one-data")), 0) << log();
  const std::string train = "train " + at("one-data") + " --out " + at("lone") + " --preset tiny --user-dim 8 ";
  expect_failure(1, train + "--task-share 0,0,1", {"--task-share: leaves no task"});
  EXPECT_FALSE(std::filesystem::exists(at("lone")));
}

TEST(Sources, PrintOnStandardOutputInOnePlaceAlone) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(PEAPOD_SOURCE_DIR "/src")) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".cc") || path.ends_with("_test.cc") || path.ends_with("cli/output.cc")) continue;
    ++files;
    const std::string text = contents(path);
    for (const char* printing : {"std::cout", "printf(", "fmt::print(", "puts("}) {
      const size_t at = text.find(printing);
      const bool found = at != std::string::npos && text.substr(at - 1, 1) != "n";  // snprintf prints nowhere
      EXPECT_FALSE(found) << path << ": " << printing << "; print() of cli/output.h sees the text written";
    }
  }
  EXPECT_GT(files, 50u);
}

}  // namespace
}  // namespace peapod
