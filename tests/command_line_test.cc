// Every command of the finished program on a small shop: what it writes, and what it says about broken input.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"

namespace peapod {
namespace {

using nlohmann::json;

class CommandLine : public ProgramTest {
 protected:
  // 30 users who walk around a ring of 25 items, in the `pod` format.
  void SetUp() override {
    std::string lines;
    for (int user = 1; user <= 30; ++user) {
      lines += std::to_string(user);
      for (int step = 0; step < 6; ++step) lines += ' ' + std::to_string((user * 7 + step) % 25 + 1);
      lines += '\n';
    }
    write("raw/sequential.txt", lines);
    write("raw/explanation.json",
          R"({"train":[{"user":"1","item":"9","explanation":"the strings sound great","feature":"strings"}],)"
          R"("test":[{"user":"1","item":"13","explanation":"the strap is great","feature":"strap"}]})");
    ASSERT_EQ(peapod("prepare " + at("raw") + " --format pod --out " + at("data")), 0) << log();
  }

  // Expects the status and a message that holds every one of `parts`.
  void expect_failure(int status, const std::string& arguments, const std::vector<std::string>& parts) const {
    EXPECT_EQ(peapod(arguments), status) << arguments << '\n' << log();
    for (const std::string& part : parts) {
      EXPECT_NE(log().find(part), std::string::npos) << arguments << " should say: " << part << "\nbut says: " << log();
    }
  }
};

// The same shop with a model trained on it for four steps; each test has its own, to do with as it likes.
class TrainedModel : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_EQ(peapod(training() + " --max-steps 4"), 0) << log();
  }

  std::string training() const {
    return "train " + at("data") + " --out " + at("model") +
           " --preset tiny --tokens-per-step 300 --validations 1 --user-dim 8";
  }
  std::string evaluate() const { return "evaluate " + at("model") + " --data " + at("data"); }
  std::string recommend() const { return "recommend " + at("model"); }
};

void expect_ordered(const json& estimate) {
  EXPECT_LE(estimate.at("low"), estimate.at("value"));
  EXPECT_LE(estimate.at("value"), estimate.at("high"));
}

TEST_F(CommandLine, HelpListsEveryCommand) {
  EXPECT_EQ(peapod("--help"), 0);
  for (const char* command : {"prepare", "train", "evaluate", "baseline", "audit", "recommend", "explain", "inspect",
                              "generate", "tokenize", "bench"}) {
    EXPECT_NE(log().find("\n  " + std::string(command) + "  "), std::string::npos) << command;
  }
}

TEST_F(CommandLine, TellsItsVersion) {
  EXPECT_EQ(peapod("--version"), 0);
  EXPECT_TRUE(log().starts_with("peapod ")) << log();
}

TEST_F(CommandLine, RefusesWrongUsage) {
  expect_failure(2, "", {"subcommand"});
  expect_failure(2, "recomend", {"\"recomend\" is no command", "did you mean \"recommend\"?"});
  expect_failure(2, "prepare " + at("raw"), {"--out"});
  expect_failure(2, "train " + at("data") + " --out x --validations 0", {"--validations", "got 0"});
  expect_failure(2, "train " + at("data") + " --out x --task-share 1,0", {"--task-share"});
  expect_failure(2, "prepare " + at("raw") + " --out x --ids clever", {"--ids", "clever", "collaborative"});
  expect_failure(2, "train " + at("data") + " --out x --preset huge", {"--preset", "huge", "mini"});
  expect_failure(2, "train " + at("data") + " --out x --composer clever", {"--composer", "clever", "shared-prompts"});
}

TEST_F(CommandLine, AuditsADataSet) {
  const json audit = answer("audit " + at("data"));
  EXPECT_EQ(audit.at("numbering_leaks"), false);
  EXPECT_EQ(audit.at("touched_negatives"), 0);
  EXPECT_LT(audit.at("max_plus_1.test.hr@1"), 1.0);
}

TEST_F(CommandLine, InspectsADataSet) {
  const json inspected = answer("inspect " + at("data"));
  EXPECT_EQ(inspected.at("num_users"), 30);
  EXPECT_EQ(inspected.at("num_items"), 25);
  EXPECT_EQ(inspected.at("num_interactions"), 180);
  expect_failure(1, "inspect " + at("data") + " --user 3", {"--user", "peapod train"});
}

TEST_F(CommandLine, NamesADirectoryThatIsNoDataSet) {
  expect_failure(1, "audit " + at("raw"), {at("raw"), "is not a prepared data set"});
  expect_failure(1, "baseline popularity --data " + at("nowhere"), {"nowhere", "is not a prepared data set"});
}

TEST_F(CommandLine, MeasuresBaselines) {
  const json popularity = answer("baseline popularity --data " + at("data"));
  const json neighbours = answer("baseline item-knn --data " + at("data"));
  for (const char* key : {"sequential.full.hr@5", "sequential.full.ndcg@5", "sequential.full.hr@10",
                          "sequential.full.ndcg@10", "topn.sampled99.hr@1", "topn.sampled99.ndcg@10"}) {
    EXPECT_TRUE(popularity.contains(key)) << key;
    EXPECT_TRUE(neighbours.contains(key)) << key;
  }
  EXPECT_TRUE(popularity.contains("explanation.bleu4"));
  EXPECT_GT(neighbours.at("sequential.full.hr@10"), 0.9) << "the ring tells what comes next";
}

TEST_F(CommandLine, MeasuresRecallWithSettingsThatItChooses) {
  const json recall = answer("baseline recall --data " + at("data"));
  for (const char* key : {"sequential.full.ndcg@10", "topn.sampled99.hr@10"}) EXPECT_TRUE(recall.contains(key)) << key;
  EXPECT_GT(recall.at("sequential.full.hr@10"), 0.9) << "the ring tells what comes next";
  for (const char* name : {"distance_decay", "titles", "share", "smoothing"}) {
    EXPECT_TRUE(recall.at("settings").contains(name)) << name;
  }
}

TEST_F(TrainedModel, IsMeasuredOnEveryTask) {
  const json metrics = answer(evaluate());
  for (const char* key : {"sequential.full.hr@10", "topn.sampled99.hr@10", "explanation.bleu4", "explanation.rougeL"}) {
    EXPECT_TRUE(metrics.contains(key)) << key;
  }
}

TEST_F(TrainedModel, IsMeasuredUnderTheKeysOfBaselines) {
  const auto keys = [](const json& metrics) {
    std::vector<std::string> found;
    for (const auto& [key, value] : metrics.items()) {
      if (key.starts_with("sequential.") || key.starts_with("topn.")) found.push_back(key);
    }
    return found;
  };
  const std::vector<std::string> ours = keys(answer(evaluate()));
  EXPECT_EQ(ours.size(), 9u);
  EXPECT_EQ(ours, keys(answer("baseline popularity --data " + at("data"))));
  EXPECT_EQ(ours, keys(answer("baseline item-knn --data " + at("data"))));
}

TEST_F(TrainedModel, IsMeasuredOnTheTasksThatAreNamedAlone) {
  const json metrics = answer(evaluate() + " --tasks sequential");
  EXPECT_TRUE(metrics.contains("sequential.full.hr@10"));
  EXPECT_FALSE(metrics.contains("topn.sampled99.hr@10"));
  EXPECT_FALSE(metrics.contains("explanation.bleu4"));
  expect_failure(2, evaluate() + " --tasks sequentail", {"--tasks", "sequentail"});
}

TEST_F(TrainedModel, IsMeasuredWithPromptsSwappedToo) {
  const json metrics = answer(evaluate() + " --swap-prompts");
  for (const char* key : {"sequential.full.hr@10", "topn.sampled99.ndcg@10"}) {
    SCOPED_TRACE(key);
    expect_ordered(metrics.at("swapped").at("difference").at(key));
  }
}

TEST_F(TrainedModel, IsComparedWithABaselineUserByUser) {
  const json metrics = answer(evaluate() + " --tasks sequential,topn --against popularity --max-users 12");
  for (const char* key : {"sequential.full.hr@10", "topn.sampled99.ndcg@10"}) {
    SCOPED_TRACE(key);
    expect_ordered(metrics.at("against").at("difference").at(key));
    const json interval = metrics.at("intervals").at(key);
    expect_ordered(interval);
    EXPECT_EQ(interval.at("value"), metrics.at(key));
  }
}

TEST_F(TrainedModel, DoesNotDifferFromItself) {
  const json metrics = answer(evaluate() + " --tasks sequential --against " + at("model"));
  EXPECT_TRUE(metrics.contains("sequential.full.hr@10"));
  const json none = {{"value", 0.0}, {"low", 0.0}, {"high", 0.0}};
  EXPECT_EQ(metrics.at("against").at("difference").at("sequential.full.hr@10"), none);
}

TEST_F(TrainedModel, TwiceHasItsOwnFiguresAsMean) {
  const json once = answer(evaluate() + " --tasks sequential");
  const json twice =
      answer("evaluate " + at("model") + " " + at("model") + " --data " + at("data") + " --tasks sequential");
  EXPECT_EQ(twice.at("models").size(), 2u);
  EXPECT_EQ(twice.at("sequential.full.hr@10"), once.at("sequential.full.hr@10"));
}

TEST_F(TrainedModel, IsRefusedAMeasurementOfNothing) {
  expect_failure(1, evaluate() + " --tasks sequential --protocol sampled99", {"nothing to measure"});
}

TEST_F(TrainedModel, IsNotComparedOnSeenItemsWithABaselineThatLeavesThemOut) {
  expect_failure(1, evaluate() + " --include-seen --against popularity", {"--include-seen"});
}

TEST_F(TrainedModel, LeavesStandardOutputToJson) {
  EXPECT_TRUE(json::accept(standard_output(evaluate() + " --tasks sequential --json -")));
  EXPECT_TRUE(json::accept(standard_output("inspect " + at("model") + " --json -")));
}

TEST_F(TrainedModel, RecommendsToAUser) {
  const json known = answer(recommend() + " --user 3 --n 4");
  EXPECT_EQ(known.at("user"), "3");
  ASSERT_EQ(known.at("items").size(), 4u);
  for (const char* key : {"item", "title", "score"}) EXPECT_TRUE(known.at("items")[0].contains(key)) << key;
  expect_failure(1, recommend() + " --user 333", {"333", "did you mean"});
}

TEST_F(TrainedModel, RecommendsAfterAHistory) {
  EXPECT_EQ(answer(recommend() + " --history 1,2,3 --n 2").at("items").size(), 2u);
  expect_failure(2, recommend() + " --user 3 --history 1,2", {"--user", "--history"});
}

TEST_F(TrainedModel, RecommendsAmongCandidatesAlone) {
  const json answered = answer(recommend() + " --user 3 --candidates 20,21,22");
  std::set<std::string> items;
  for (const json& one : answered.at("items")) items.insert(one.at("item"));
  EXPECT_EQ(items, (std::set<std::string>{"20", "21", "22"}));
}

TEST_F(TrainedModel, Explains) {
  EXPECT_FALSE(answer("explain " + at("model") + " --user 3 --item 5").at("explanation").get<std::string>().empty());
}

TEST_F(TrainedModel, IsInspectedAsAWholeOrForAUser) {
  EXPECT_TRUE(answer("inspect " + at("model")).contains("prompts"));
  EXPECT_TRUE(answer("inspect " + at("model") + " --user 3").contains("weights"));
}

TEST_F(TrainedModel, IsNotADataSet) {
  expect_failure(1, "recommend " + at("data") + " --user 3", {at("data"), "is not a model directory"});
}

TEST_F(TrainedModel, ResumesOnlyTheTrainingThatBegan) {
  expect_failure(1, training() + " --max-steps 6", {"--resume"});
  const std::string resume = training() + " --resume --max-steps 6";
  EXPECT_EQ(answer(resume).at("steps"), 6);
  expect_failure(1, resume + " --seed 5", {"began with seed 1, not 5"});
  expect_failure(1, resume + " --composer task-only",
                 {"began with composer shared-prompts, not task-only", "resume with what it began with"});
}

TEST_F(TrainedModel, KnowsTheDataItWasTrainedOn) {
  ASSERT_EQ(peapod("prepare " + at("raw") + " --format pod --seed 9 --out " + at("data")), 0) << log();
  expect_failure(1, training() + " --resume --max-steps 6", {"began with data "});
  expect_failure(1, evaluate(), {at("data"), "is not the data set"});
}

TEST_F(TrainedModel, RecallsUnlessItIsToldNotTo) {
  const json recalling = answer("inspect " + at("model")).at("recall");
  EXPECT_TRUE(recalling.at("sequential").contains("trust"));
  ASSERT_EQ(peapod("train " + at("data") + " --out " + at("plain") +
                   " --preset tiny --tokens-per-step 300 --validations 1 --user-dim 8 --max-steps 4 --recall none"),
            0)
      << log();
  EXPECT_FALSE(answer("inspect " + at("plain")).contains("recall"));
  const auto hr10 = [&](const std::string& model) {
    return answer("evaluate " + at(model) + " --data " + at("data") + " --tasks sequential")
        .at("sequential.full.hr@10");
  };
  EXPECT_GT(hr10("model").get<double>(), hr10("plain").get<double>())
      << "four steps teach nothing, the ring is recalled";
  expect_failure(1,
                 "train " + at("data") + " --out " + at("plain") +
                     " --preset tiny --tokens-per-step 300 --validations 1 --user-dim 8 --max-steps 6 --resume",
                 {"began with recall false, not true"});
}

TEST_F(TrainedModel, AnswersTheExampleOfThePublicHeader) {
  ASSERT_EQ(run(std::string(PEAPOD_EXAMPLE) + " " + at("model") + " 5"), 0) << log();
  std::vector<std::string> printed;
  std::istringstream lines(log());
  for (std::string line; std::getline(lines, line);) printed.push_back(line.substr(0, line.find("  ")));
  std::vector<std::string> expected;
  const json answered = answer(recommend() + " --history 5 --n 3");
  for (const json& item : answered.at("items")) expected.push_back(item.at("item"));
  EXPECT_EQ(printed, expected);
}

TEST_F(TrainedModel, ExplainsToSomebodyNew) {
  const json known = answer("explain " + at("model") + " --user 3 --item 5");
  const json fresh = answer("explain " + at("model") + " --history 1,2,3 --item 5");
  EXPECT_EQ(known.at("user"), "3");
  EXPECT_TRUE(fresh.at("user").is_null());
  EXPECT_EQ(fresh.at("item"), "5");
  EXPECT_FALSE(fresh.at("explanation").get<std::string>().empty());
  expect_failure(2, "explain " + at("model") + " --item 5", {"--user or --history"});
  expect_failure(2, "explain " + at("model") + " --user 3 --history 1 --item 5", {"--history"});
}

TEST_F(TrainedModel, GeneratesAsPlainT5) {
  const json generated = answer("generate " + at("model") + " --text 'user_1 item_2' --num-beams 3 --max-new-tokens 5");
  EXPECT_LE(generated.at("tokens").size(), 5u);
  EXPECT_EQ(generated.at("alternatives").size(), 2u) << "three beams";
  expect_failure(1, "generate " + at("raw") + " --text x", {"spiece.model"});
}

TEST_F(TrainedModel, IsWhereAnotherTrainingStarts) {
  EXPECT_EQ(peapod("train " + at("data") + " --out " + at("second") + " --init " + at("model") +
                   " --user-dim 8 --max-steps 2 --tokens-per-step 300 --validations 1"),
            0)
      << log();
  EXPECT_EQ(contents(at("second/config.json")), contents(at("model/config.json")));
}

TEST_F(TrainedModel, TokenizesLinesAndNamesTheBadOne) {
  const std::string tokenize = "tokenize " + at("model/spiece.model") + " --jsonl " + at("lines.jsonl");
  write("lines.jsonl", "{\"text\": \"user_1 item_2\"}\n{\"text\": \"\"}\n");
  ASSERT_EQ(peapod(tokenize), 0) << log();
  const std::string printed = log();
  EXPECT_EQ(std::ranges::count(printed, '\n'), 2);
  EXPECT_NE(printed.find("{\"ids\":[1]}"), std::string::npos) << "an empty text is its closing id: " << printed;
  write("lines.jsonl", "{\"text\": \"a\"}\n{\"txt\": \"b\"}\n");
  expect_failure(1, tokenize, {"lines.jsonl:2", "text"});
}

TEST_F(CommandLine, AnswersInInt8) {
  // Nothing is recalled: the search would not listen to a network that has learned as little as this.
  ASSERT_EQ(peapod("train " + at("data") + " --out " + at("model") +
                   " --preset tiny --tokens-per-step 300 --validations 1 --user-dim 8 --max-steps 4 --recall none"),
            0)
      << log();
  const std::string recommend = "recommend " + at("model") + " --user 3 --n 5 --precision ";
  const json exact = answer(recommend + "f32");
  const json rough = answer(recommend + "int8");
  ASSERT_EQ(rough.at("items").size(), 5u);
  EXPECT_NE(exact.at("items"), rough.at("items")) << "scores in 8 bits are not those in f32";
  EXPECT_NEAR(rough.at("items")[0].at("score").get<double>(), exact.at("items")[0].at("score").get<double>(), 0.3);
}

TEST_F(CommandLine, TrainsNotInInt8) {
  expect_failure(2, "train " + at("data") + " --out x --precision int8", {"--precision", "bf16"});
}

TEST_F(CommandLine, TakesFlagsFromAFileUnlessTheCommandLineSaysOtherwise) {
  write("flags.toml",
        "preset = \"tiny\"\nmax-steps = 5\ntokens-per-step = 300\nvalidations = 1\ntask-share = [1, 0, 0]\n");
  const std::string train = "train " + at("data") + " --config " + at("flags.toml");
  EXPECT_EQ(answer(train + " --out " + at("model")).at("steps"), 5);
  EXPECT_EQ(answer(train + " --out " + at("other") + " --max-steps 3").at("steps"), 3);
}

TEST_F(CommandLine, NamesWhatIsWrongInAFileOfFlags) {
  const std::string train = "train " + at("data") + " --out " + at("model") + " --config " + at("flags.toml");
  write("flags.toml", "max-stepz = 50\n");
  expect_failure(1, train, {"max-stepz", "did you mean \"max-steps\"?"});
  write("flags.toml", "max-steps = = 50\n");
  expect_failure(1, train, {"flags.toml:1"});
}

TEST_F(CommandLine, MeasuresItsSpeedBesideTargets) {
  const json measured = answer("bench --quick --only mini.latency");
  EXPECT_FALSE(measured.at("machine").get<std::string>().empty());
  ASSERT_GE(measured.at("rows").size(), 1u);
  for (const json& row : measured.at("rows")) {
    EXPECT_NE(row.at("name").get<std::string>().find("mini.latency"), std::string::npos);
    EXPECT_EQ(row.at("unit"), "ms");
    EXPECT_GT(row.at("value").get<double>(), 0.0);
    EXPECT_EQ(row.at("met").get<bool>(), row.at("value").get<double>() <= row.at("target").get<double>());
  }
}

TEST_F(CommandLine, MeasuresEachPartOfTheBenchmarkAlone) {
  EXPECT_EQ(answer("bench --quick --only help").at("rows").size(), 1u);
  for (const char* name : {"help", "load", "pmf", "neighbours", "recommend.t5-small.peak_memory", "train.mini"}) {
    const json rows = answer("bench --quick --only " + std::string(name)).at("rows");
    ASSERT_GE(rows.size(), 1u) << name;
    EXPECT_GT(rows[0].at("value").get<double>(), 0.0) << name;
  }
}

TEST_F(CommandLine, RefusesABenchmarkBeforeItTakesMinutes) {
  expect_failure(1, "bench --only warmth", {"warmth", "recommend.mini.latency"});
  expect_failure(1, "bench --json " + at("nowhere/figures.json"), {"nowhere/figures.json"});
}

TEST_F(CommandLine, NamesTheFlagWhereALibraryNamesTheField) {
  write("one/sequential.txt", "1 1 2 3 4 5\n");
  ASSERT_EQ(peapod("prepare " + at("one") + " --out " + at("one-user")), 0) << log();
  const std::string one_user = "train " + at("one-user") + " --out " + at("lone") + " --preset tiny --user-dim 8 ";
  expect_failure(1, one_user + "--task-share 0,0,1", {"peapod: --task-share: leaves no task"});
  expect_failure(1, one_user + "--composer similar-users", {"peapod: --composer: similar-users needs"});
  expect_failure(1, "prepare " + at("raw") + " --min-user 90 --out " + at("other"),
                 {"choose a smaller --min-user and --min-item"});
  expect_failure(1, "prepare " + at("one-user/dataset.json") + " --format pod --out " + at("other"),
                 {"peapod: " + at("one-user/dataset.json")});
  expect_failure(1, "baseline item-knn --data " + at("data") + " --target-damping=-1",
                 {"peapod: --target-damping: expected a finite number"});
}

TEST_F(TrainedModel, NamesTheFlagWhereALibraryNamesTheField) {
  expect_failure(1, "generate " + at("model") + " --text x --num-beams 3 --num-beam-groups 2",
                 {"peapod: --num-beams: found 3 in 2 groups"});
  expect_failure(
      1,
      "train " + at("data") + " --out " + at("diverged") +
          " --preset tiny --user-dim 8 --tokens-per-step 300 --max-steps 20 --validations 1 --warmup-steps 0 "
          "--learning-rate 1e30",
      {"the loss is not finite", "; lower --learning-rate"});
  // A field that is no flag of the command keeps its name; --filter sets this one.
  expect_failure(1, "recommend " + at("model") + " --user 3 --filter strings", {"peapod: category: "});
}

TEST_F(CommandLine, RefusesASourceWithTooManyBadLinesAndLeavesNothingBehind) {
  std::string text = contents(at("raw/sequential.txt"));
  for (int line = 0; line < 3; ++line) text += "31 1 two 3\n";
  write("bad/sequential.txt", text);
  expect_failure(1, "prepare " + at("bad") + " --format pod --out " + at("prepared"),
                 {"sequential.txt:31", "two", "; correct the file, or raise --max-bad-lines to 10"});
  EXPECT_FALSE(std::filesystem::exists(at("prepared")));
  EXPECT_EQ(peapod("prepare " + at("bad") + " --format pod --max-bad-lines 50 --out " + at("prepared")), 0) << log();
}

}  // namespace
}  // namespace peapod
