// Every command of the finished program on a small shop: what it writes, and what it says about broken input.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/program.h"

namespace peapod {
namespace {

using nlohmann::json;

class CommandLine : public ProgramTest {
 protected:
  // 30 users who walk around a ring of 25 items, in the `pod` format.
  void SetUp() override {
    ProgramTest::SetUp();
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

  void train(const std::string& more = "") const {
    ASSERT_EQ(peapod("train " + at("data") + " --out " + at("model") +
                     " --preset tiny --max-steps 4 --tokens-per-step 300 --validations 1 --user-dim 8 " + more),
              0)
        << log();
  }

  // Expects the status and a message that holds every one of `parts`.
  void expect_failure(int status, const std::string& arguments, const std::vector<std::string>& parts) const {
    EXPECT_EQ(peapod(arguments), status) << arguments << '\n' << log();
    for (const std::string& part : parts) {
      EXPECT_NE(log().find(part), std::string::npos) << arguments << " should say: " << part << "\nbut says: " << log();
    }
  }
};

TEST_F(CommandLine, HelpsAndRefusesWrongUsage) {
  EXPECT_EQ(peapod("--help"), 0);
  for (const char* command : {"prepare", "train", "evaluate", "baseline", "audit", "recommend", "explain", "inspect",
                              "generate", "tokenize", "bench"}) {
    EXPECT_NE(contents(at("log")).find(command), std::string::npos) << command;
  }
  EXPECT_EQ(peapod("--version"), 0);
  expect_failure(2, "", {"subcommand"});
  expect_failure(2, "recomend", {"\"recomend\" is no command", "did you mean \"recommend\"?"});
  expect_failure(2, "prepare " + at("raw"), {"--out"});
  expect_failure(2, "train " + at("data") + " --out x --validations 0", {"--validations", "0"});
  expect_failure(2, "train " + at("data") + " --out x --task-share 1,0", {"--task-share"});
  expect_failure(2, "prepare " + at("raw") + " --out x --ids clever", {"collaborative"});
  expect_failure(2, "train " + at("data") + " --out x --preset huge", {"huge", "mini"});
  expect_failure(2, "train " + at("data") + " --out x --composer clever", {"clever", "shared-prompts"});
}

TEST_F(CommandLine, AuditsAndInspectsADataSet) {
  const json audit = answer("audit " + at("data"));
  EXPECT_EQ(audit.at("numbering_leaks"), false);
  EXPECT_EQ(audit.at("touched_negatives"), 0);
  EXPECT_LT(audit.at("max_plus_1.test.hr@1"), 1.0);
  const json inspected = answer("inspect " + at("data"));
  EXPECT_EQ(inspected.at("num_users"), 30);
  EXPECT_EQ(inspected.at("num_items"), 25);
  EXPECT_EQ(inspected.at("num_interactions"), 180);
  expect_failure(1, "audit " + at("raw"), {at("raw")});
  expect_failure(1, "inspect " + at("data") + " --user 3", {"--user", "peapod train"});
}

TEST_F(CommandLine, MeasuresBaselinesWithTheKeysOfEvaluate) {
  const json popularity = answer("baseline popularity --data " + at("data"));
  const json neighbours = answer("baseline item-knn --data " + at("data"));
  for (const char* key : {"sequential.full.hr@5", "sequential.full.ndcg@5", "sequential.full.hr@10",
                          "sequential.full.ndcg@10", "topn.sampled99.hr@1", "topn.sampled99.ndcg@10"}) {
    EXPECT_TRUE(popularity.contains(key)) << key;
    EXPECT_TRUE(neighbours.contains(key)) << key;
  }
  EXPECT_TRUE(popularity.contains("explanation.bleu4"));
  EXPECT_GT(neighbours.at("sequential.full.hr@10"), 0.9) << "the ring tells what comes next";
  expect_failure(1, "baseline popularity --data " + at("nowhere"), {"nowhere"});
}

TEST_F(CommandLine, TrainsAnswersAndExplains) {
  train();
  const json metrics = answer("evaluate " + at("model") + " --data " + at("data") + " --swap-prompts");
  for (const char* key : {"sequential.full.hr@10", "topn.sampled99.hr@10", "explanation.bleu4", "explanation.rougeL"}) {
    EXPECT_TRUE(metrics.contains(key)) << key;
  }
  const json against =
      answer("evaluate " + at("model") + " --data " + at("data") + " --tasks sequential --against " + at("model"));
  EXPECT_TRUE(against.contains("sequential.full.hr@10"));
  EXPECT_FALSE(against.contains("topn.sampled99.hr@10"));

  const json popularity = answer("evaluate " + at("model") + " --data " + at("data") +
                                 " --tasks sequential,topn --against popularity --max-users 12");
  for (const char* key : {"sequential.full.hr@10", "topn.sampled99.ndcg@10"}) {
    const json difference = popularity.at("against").at("difference").at(key);
    EXPECT_LE(difference.at("low"), difference.at("value"));
    EXPECT_LE(difference.at("value"), difference.at("high"));
    EXPECT_LE(popularity.at("intervals").at(key).at("low"), popularity.at(key));
  }

  const json twice =
      answer("evaluate " + at("model") + " " + at("model") + " --data " + at("data") + " --tasks sequential");
  EXPECT_EQ(twice.at("models").size(), 2u);
  EXPECT_EQ(twice.at("sequential.full.hr@10"), metrics.at("sequential.full.hr@10"));
  for (const char* command : {"evaluate ", "inspect "}) {
    const std::string data = command == std::string("evaluate ") ? " --tasks sequential --data " + at("data") : "";
    EXPECT_TRUE(json::accept(standard_output(command + at("model") + data + " --json -"))) << command;
  }

  const json known = answer("recommend " + at("model") + " --user 3 --n 4");
  EXPECT_EQ(known.at("user"), "3");
  ASSERT_EQ(known.at("items").size(), 4u);
  for (const char* key : {"item", "title", "score"}) EXPECT_TRUE(known.at("items")[0].contains(key)) << key;
  EXPECT_EQ(answer("recommend " + at("model") + " --history 1,2,3 --n 2").at("items").size(), 2u);
  EXPECT_EQ(answer("recommend " + at("model") + " --user 3 --candidates 20,21,22").at("items").size(), 3u);
  EXPECT_FALSE(answer("explain " + at("model") + " --user 3 --item 5").at("explanation").get<std::string>().empty());
  EXPECT_TRUE(answer("inspect " + at("model")).contains("prompts"));
  EXPECT_TRUE(answer("inspect " + at("model") + " --user 3").contains("weights"));

  expect_failure(1, "recommend " + at("model") + " --user 333", {"333", "did you mean"});
  expect_failure(2, "recommend " + at("model") + " --user 3 --history 1,2", {"--history"});
  expect_failure(1, "recommend " + at("data") + " --user 3", {"is not a model directory"});
  expect_failure(1, "train " + at("data") + " --out " + at("model"), {"--resume"});
  expect_failure(2, "evaluate " + at("model") + " --data " + at("data") + " --tasks sequentail", {"sequentail"});
}

TEST_F(CommandLine, ResumesOnlyTheTrainingThatBegan) {
  train();
  const std::string resume = "train " + at("data") + " --out " + at("model") +
                             " --resume --preset tiny --max-steps 6 --tokens-per-step 300 --validations 1 --user-dim 8";
  EXPECT_EQ(peapod(resume), 0) << log();
  expect_failure(1, resume + " --seed 5", {"began with seed 1, not 5"});
  expect_failure(1, resume + " --composer task-only", {"composer"});
  ASSERT_EQ(peapod("prepare " + at("raw") + " --format pod --seed 9 --out " + at("data")), 0);
  expect_failure(1, resume, {"DIR"});
  expect_failure(1, "evaluate " + at("model") + " --data " + at("data"), {"is not the data set"});
}

TEST_F(CommandLine, MeasuresNothingSilently) {
  train();
  const std::string evaluate = "evaluate " + at("model") + " --data " + at("data");
  expect_failure(1, evaluate + " --tasks sequential --protocol sampled99", {"nothing to measure"});
  expect_failure(1, evaluate + " --include-seen --against popularity", {"--include-seen"});
}

TEST_F(CommandLine, TakesFlagsFromAFileUnlessTheCommandLineSaysOtherwise) {
  write("flags.toml",
        "preset = \"tiny\"\nmax-steps = 50\ntokens-per-step = 300\nvalidations = 1\ntask-share = [1, 0, 0]\n");
  const json trained =
      answer("train " + at("data") + " --out " + at("model") + " --config " + at("flags.toml") + " --max-steps 3");
  EXPECT_EQ(trained.at("steps"), 3);
  write("flags.toml", "max-stepz = 50\n");
  expect_failure(1, "train " + at("data") + " --out " + at("other") + " --config " + at("flags.toml"),
                 {"max-stepz", "did you mean \"max-steps\"?"});
  write("flags.toml", "max-steps = = 50\n");
  expect_failure(1, "train " + at("data") + " --out " + at("other") + " --config " + at("flags.toml"),
                 {"flags.toml:1"});
}

TEST_F(CommandLine, RunsAModelDirectoryAsPlainT5AndStartsAnotherFromIt) {
  train();
  const json generated = answer("generate " + at("model") + " --text 'user_1 item_2' --num-beams 3 --max-new-tokens 5");
  EXPECT_LE(generated.at("tokens").size(), 5u);
  EXPECT_EQ(peapod("train " + at("data") + " --out " + at("second") + " --init " + at("model") +
                   " --user-dim 8 --max-steps 2 --tokens-per-step 300 --validations 1"),
            0)
      << log();
  expect_failure(1, "generate " + at("raw") + " --text x", {"spiece.model"});
}

TEST_F(CommandLine, TokenizesLinesAndNamesTheBadOne) {
  train();
  write("lines.jsonl", "{\"text\": \"user_1 item_2\"}\n{\"text\": \"\"}\n");
  ASSERT_EQ(peapod("tokenize " + at("model/spiece.model") + " --jsonl " + at("lines.jsonl")), 0) << log();
  const std::string printed = log();
  EXPECT_EQ(std::ranges::count(printed, '\n'), 2);
  EXPECT_NE(printed.find("{\"ids\":[1]}"), std::string::npos) << "an empty text is its closing id: " << printed;
  write("lines.jsonl", "{\"text\": \"a\"}\n{\"txt\": \"b\"}\n");
  expect_failure(1, "tokenize " + at("model/spiece.model") + " --jsonl " + at("lines.jsonl"),
                 {"lines.jsonl:2", "text"});
}

TEST_F(CommandLine, MeasuresItselfBesideTargets) {
  const json measured = answer("bench --quick --only mini.latency");
  EXPECT_FALSE(measured.at("machine").get<std::string>().empty());
  ASSERT_GE(measured.at("rows").size(), 1u);
  for (const json& row : measured.at("rows")) {
    EXPECT_NE(row.at("name").get<std::string>().find("mini.latency"), std::string::npos);
    EXPECT_EQ(row.at("unit"), "ms");
    EXPECT_GT(row.at("value").get<double>(), 0.0);
    EXPECT_EQ(row.at("met").get<bool>(), row.at("value").get<double>() <= row.at("target").get<double>());
  }
  const json help = answer("bench --quick --only help");
  ASSERT_EQ(help.at("rows").size(), 1u);
  EXPECT_GT(help.at("rows")[0].at("value").get<double>(), 0.0);
  for (const char* name : {"load", "pmf", "neighbours", "recommend.t5-small.peak_memory", "train.mini"}) {
    const json rows = answer("bench --quick --only " + std::string(name)).at("rows");
    ASSERT_GE(rows.size(), 1u) << name;
    EXPECT_GT(rows[0].at("value").get<double>(), 0.0) << name;
  }
  expect_failure(1, "bench --only warmth", {"warmth", "recommend.mini.latency"});
  // A path that cannot be written shows before minutes are spent.
  expect_failure(1, "bench --json " + at("nowhere/figures.json"), {"nowhere"});
  ASSERT_EQ(peapod("bench --quick --only help --json " + at("figures.json")), 0) << log();
  EXPECT_EQ(json::parse(contents(at("figures.json"))).at("rows").size(), 1u);
}

TEST_F(CommandLine, TakesInt8ForAnswersAndNotForTraining) {
  train();
  const json exact = answer("recommend " + at("model") + " --user 3 --n 5 --precision f32");
  const json rough = answer("recommend " + at("model") + " --user 3 --n 5 --precision int8");
  ASSERT_EQ(rough.at("items").size(), 5u);
  EXPECT_NE(exact.at("items"), rough.at("items")) << "scores in 8 bits are not those in f32";
  EXPECT_NEAR(rough.at("items")[0].at("score").get<double>(), exact.at("items")[0].at("score").get<double>(), 0.3);
  expect_failure(2, "train " + at("data") + " --out x --precision int8", {"--precision", "bf16"});
}

TEST_F(CommandLine, RefusesASourceWithTooManyBadLinesAndLeavesNothingBehind) {
  std::string text = contents(at("raw/sequential.txt"));
  for (int line = 0; line < 3; ++line) text += "31 1 two 3\n";
  write("bad/sequential.txt", text);
  expect_failure(1, "prepare " + at("bad") + " --format pod --out " + at("prepared"),
                 {"sequential.txt:31", "two", "--max-bad-lines"});
  EXPECT_FALSE(std::filesystem::exists(at("prepared")));
  EXPECT_EQ(peapod("prepare " + at("bad") + " --format pod --max-bad-lines 50 --out " + at("prepared")), 0) << log();
}

}  // namespace
}  // namespace peapod
