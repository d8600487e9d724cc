// The commands of the finished program that need no model, and what it says about broken input.
#include <gtest/gtest.h>

#include <string>

#include "support/shop.h"

namespace peapod {
namespace {

using nlohmann::json;

TEST_F(CommandLine, HelpListsEveryCommand) {
  EXPECT_EQ(peapod("--help"), 0);
  for (const char* command : {"simulate", "prepare", "train", "evaluate", "baseline", "compare", "audit", "recommend",
                              "explain", "inspect", "generate", "tokenize", "bench"}) {
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
  expect_failure(2, "baseline", {"subcommand"});
  expect_failure(2, "baseline recal --data " + at("data"), {"\"recal\" is no command of baseline", "mean \"recall\"?"});
  expect_failure(2, "baseline nearest", {"\"nearest\" is no command of baseline; see --help"});
  expect_failure(2, "prepare " + at("raw"), {"--out"});
  expect_failure(2, "train " + at("data") + " --out x --validations 0", {"--validations", "got 0"});
  expect_failure(2, "train " + at("data") + " --out x --task-share 1,0", {"--task-share"});
  expect_failure(2, "prepare " + at("raw") + " --out x --ids clever", {"--ids", "clever", "collaborative"});
  expect_failure(2, "train " + at("data") + " --out x --preset huge", {"--preset", "huge", "mini"});
  expect_failure(2, "train " + at("data") + " --out x --composer clever", {"--composer", "clever", "shared-prompts"});
}

TEST_F(CommandLine, SimulatesALogThatItCanPrepare) {
  const std::string counts = "simulate --users 60 --items 40 --interactions 900";
  ASSERT_EQ(peapod(counts + " --out " + at("made.csv")), 0) << log();
  ASSERT_EQ(peapod("prepare " + at("made.csv") + " --out " + at("made")), 0) << log();
  EXPECT_NE(log().find("rows: 900 read, 0 rejected, 900 kept"), std::string::npos) << log();
  EXPECT_NE(log().find("titles 0 of 40"), std::string::npos) << log();
  expect_failure(2, "simulate --users 0 --out " + at("x.csv"), {"--users", "1 or more", "got 0"});
  expect_failure(1, "simulate --users 6 --interactions 5 --out " + at("x.csv"),
                 {"interactions: 5 are fewer than 6 users"});
  EXPECT_FALSE(std::filesystem::exists(at("x.csv")));
}

TEST_F(CommandLine, NeedsNamesThatAreNotEmpty) {
  for (const char* arguments : {"recommend \"\" --user x", "evaluate \"\" --data x", "evaluate x --data \"\"",
                                "audit \"\"", "prepare \"\" --out x", "prepare x --out \"\"", "train \"\" --out x",
                                "inspect \"\"", "baseline popularity --data \"\"", "simulate --out \"\""}) {
    expect_failure(2, arguments, {"expected a name, got nothing"});
  }
}

TEST_F(CommandLine, KeepsEverybodyOfATableAndSaysWhatAFilterCosts) {
  std::ofstream(at("log.csv")) << "user,item\nann,tea\nbob,tea\nbob,milk\nbob,rum\ncid,rum\ndan,wine\n";
  ASSERT_EQ(peapod("prepare " + at("log.csv") + " --out " + at("all")), 0) << log();
  EXPECT_NE(log().find("users         3\n"), std::string::npos) << log();
  EXPECT_NE(log().find("items         2 (each has 2 interactions or more)\n"), std::string::npos) << log();
  const std::string cost = "left out      2 of 6 interactions, 1 of 4 users and 2 of 4 items, which have fewer\n";
  EXPECT_NE(log().find(cost), std::string::npos) << log();
  ASSERT_EQ(peapod("prepare " + at("log.csv") + " --min-item 1 --out " + at("all")), 0) << log();
  EXPECT_EQ(log().find("left out"), std::string::npos) << log();
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

TEST_F(CommandLine, MeasuresLinearAndFactorModelsWithSettingsThatItChooses) {
  for (const char* method : {"ease", "pmf"}) {
    const json measured = answer("baseline " + std::string(method) + " --data " + at("data"));
    EXPECT_EQ(measured.at("baseline"), method);
    for (const char* key : {"sequential.full.hr@5", "sequential.full.ndcg@10", "topn.sampled99.hr@1"}) {
      EXPECT_TRUE(measured.contains(key)) << method << ' ' << key;
    }
    EXPECT_TRUE(measured.at("settings").contains("regularisation")) << method;
    EXPECT_GT(measured.at("sequential.full.hr@10"), 0.7) << "items near those of the history are likely";
  }
}

TEST_F(CommandLine, RefusesALinearModelOfACatalogueThatIsTooLarge) {
  std::string line = "1";
  for (int item = 1; item <= 30001; ++item) line += ' ' + std::to_string(item);
  write("wide/sequential.txt", line + '\n');
  ASSERT_EQ(peapod("prepare " + at("wide") + " --ids random --out " + at("wide-data")), 0) << log();
  expect_failure(1, "baseline ease --data " + at("wide-data"),
                 {"30001 items", "more than 30000", "3.6 GB", "item-knn"});
}

TEST_F(CommandLine, MeasuresRecallWithSettingsThatItChooses) {
  const json recall = answer("baseline recall --data " + at("data"));
  for (const char* key : {"sequential.full.ndcg@10", "topn.sampled99.hr@10"}) EXPECT_TRUE(recall.contains(key)) << key;
  EXPECT_GT(recall.at("sequential.full.hr@10"), 0.9) << "the ring tells what comes next";
  for (const char* name : {"distance_decay", "titles", "share", "smoothing"}) {
    EXPECT_TRUE(recall.at("settings").contains(name)) << name;
  }
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

// What a fuzzer found: on these the TOML library ends the program, or does what nobody can say.
TEST_F(CommandLine, RefusesWhatIsNoTomlInAFileOfFlags) {
  for (const std::string line : {"[= nan", "[", "[[ ]]", "[[[a]]]", "[+]", "[.a]", "  [\t{", "\r\v[", "x = [}"}) {
    write("flags.toml", "seed = 3\n" + line + "\nx = 2\n");
    expect_failure(1, "train " + at("data") + " --out " + at("m") + " --config " + at("flags.toml"), {"flags.toml"});
  }
}

TEST_F(CommandLine, TakesAnyCharacterInTheTextsOfAFileOfFlagsAndNowhereElse) {
  const std::string train =
      "train " + at("data") + " --out " + at("m") + " --config " + at("flags.toml") + " --max-steps 1";
  const std::string name = "caf\xc3\xa9 100 %41 \xe2\x82\xac";
  write("flags.toml", "\xef\xbb\xbfjson = \"" + at(name + ".json") + "\"  # caf\xc3\xa9\npreset = 'tiny'\n");
  EXPECT_EQ(peapod(train), 0) << log();
  EXPECT_TRUE(std::filesystem::exists(at(name + ".json")));
  for (const std::string line : {"\xce\x8c", "seed = 1 \xc3\xa9", "\xc3\xa9 = 1", "seed = \xe2\x80\x8b 1"}) {
    write("flags.toml", "patience = 3\n" + line + "\n");
    expect_failure(1, train, {"flags.toml:2: "});
  }
}

TEST_F(CommandLine, SurvivesTextsNestedWithoutEnd) {
  constexpr size_t kDepth = 300'000;
  const std::string deep = std::string(kDepth, '[') + std::string(kDepth, ']');
  std::string dotted = "a";
  for (size_t i = 1; i < kDepth; ++i) dotted += ".a";
  const std::string train = "train " + at("data") + " --out " + at("model") + " --config " + at("flags.toml");
  for (const std::string& text : {"seed = " + deep, dotted + " = 1", '[' + dotted + ']'}) {
    write("flags.toml", text + '\n');
    expect_failure(1, train, {"flags.toml"});
  }
  // What a file of flags may hold at most.
  write("flags.toml", dotted.substr(0, 7'999) + " = 1\n");
  expect_failure(1, train, {"flags.toml: key \"a\""});

  write("ranks.json", "{\"ranks\": " + deep + "}");
  expect_failure(1, "compare " + at("ranks.json") + " " + at("ranks.json"),
                 {"ranks.json", "nested more than 64 levels"});
  write("t5/config.json", "{\"vocab_size\": " + deep + "}");
  expect_failure(1, "train " + at("data") + " --out " + at("model") + " --init " + at("t5"), {"t5"});
  write("raw/explanation.json", "{\"train\": " + deep + "}");
  expect_failure(1, "prepare " + at("raw") + " --format pod --out " + at("again"), {"explanation.json", "64 levels"});
  write("data/dataset.json", "{\"ids\": " + deep + "}");
  expect_failure(1, "inspect " + at("data"), {"dataset.json", "nested more than 64 levels"});
}

TEST_F(CommandLine, RefusesFlagsThatNameNothing) {
  expect_failure(2, "recommend m --user 3 --filter ''", {"--filter: expected a category, got nothing"});
  expect_failure(2, "inspect m --user ''", {"--user: expected a user, got nothing"});
  expect_failure(1, "generate m --text $(printf '\\377')", {"--text: is not UTF-8"});
  write("flags.toml", "config = \"other.toml\"\n");
  expect_failure(1, "train " + at("data") + " --out x --config " + at("flags.toml"), {"key \"config\": is not a flag"});
  EXPECT_EQ(log().find("did you mean"), std::string::npos) << log();
}

TEST_F(CommandLine, RefusesASourceThatNamesAPartTwice) {
  write("raw/explanation.json", R"({"train": [], "train": []})");
  expect_failure(1, "prepare " + at("raw") + " --format pod --out " + at("x"),
                 {"explanation.json", "\"train\" occurs twice"});
  write("twice/shop.inter", "user_id:token\titem_id:token\tuser_id:token\nu\ti\tv\n");
  expect_failure(1, "prepare " + at("twice") + " --out " + at("x"), {"shop.inter:1: names the field user_id twice"});
}

TEST_F(CommandLine, SaysWhereACodeStandsForSeveral) {
  write("raw/datamaps.json", R"({"id2user": {"1": "A", "2": "A", "3": "B"}, "id2item": {"1": "x", "2": "y"}})");
  ASSERT_EQ(peapod("prepare " + at("raw") + " --format pod --out " + at("x")), 0) << log();
  EXPECT_NE(log().find("codes: 1 of 3 in id2user of datamaps.json stand for several numbers"), std::string::npos)
      << log();
  EXPECT_EQ(log().find("id2item of"), std::string::npos) << log();
  // A code that is somebody else's number finds them, by their name.
  write("raw/datamaps.json", R"({"id2user": {"1": "2", "2": "B", "3": "3"}, "id2item": {"1": "x", "2": "y"}})");
  ASSERT_EQ(peapod("prepare " + at("raw") + " --format pod --out " + at("x")), 0) << log();
  EXPECT_NE(log().find("codes: 1 of 3 in id2user of datamaps.json are numbers of others"), std::string::npos) << log();
}

// JSON beside the lines is read as these are.
TEST_F(CommandLine, ReadsLatin1AndGzipInTheJsonOfASourceTooAndCountsIt) {
  const std::string entry = R"({"user":"1","item":"9","explanation":"a real caf)";
  const std::string end = R"( sound","feature":"sound"}]})";
  write("raw/explanation.json", "{\"train\":[\n" + entry + "\xe9" + end);
  const std::string prepare = "prepare " + at("raw") + " --format pod --out ";
  ASSERT_EQ(peapod(prepare + at("latin")), 0) << log();
  EXPECT_NE(log().find("encoding: 1 lines of explanation.json are not UTF-8, read as Windows-1252 (the first: 2)"),
            std::string::npos)
      << log();
  write("raw/explanation.json", "{\"train\":[\n" + entry + "\xc3\xa9" + end);
  ASSERT_EQ(run("gzip " + at("raw/explanation.json")), 0);
  ASSERT_EQ(run("mv " + at("raw/explanation.json.gz") + " " + at("raw/explanation.json")), 0);
  ASSERT_EQ(peapod(prepare + at("packed")), 0) << log();
  EXPECT_EQ(log().find("encoding"), std::string::npos) << log();
  for (const char* name : {"explanations.jsonl", "interactions.bin"}) {
    if (!std::filesystem::exists(at("latin/" + std::string(name)))) continue;
    EXPECT_EQ(contents(at("latin/" + std::string(name))), contents(at("packed/" + std::string(name)))) << name;
  }
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
  expect_failure(1, one_user + "--composer similar-users --num-prompts 5",
                 {"--num-prompts: is no setting of the composer similar-users", "choose another --composer"});
}

TEST_F(CommandLine, PreparesSeveralTablesWhereverTheyStandAmongTheFlags) {
  write("a.csv", "user,item,event\nann,tea,buy\nann,milk,look\nbob,tea,buy\n");
  write("b.csv", "user,item,event\nbob,milk,buy\ncid,milk,buy\n");
  const std::string tail = " --out " + at("both") + " --ids random --min-item 1";
  ASSERT_EQ(peapod("prepare --event-weight buy=1 " + at("a.csv") + " " + at("b.csv") + tail), 0) << log();
  EXPECT_EQ(answer("inspect " + at("both")).at("num_interactions"), 4);
  ASSERT_EQ(peapod("prepare " + at("b.csv") + " --event-weight buy=1,look=1 " + at("a.csv") + tail), 0) << log();
  EXPECT_EQ(answer("inspect " + at("both")).at("num_interactions"), 5);
  expect_failure(1, "prepare " + at("a.csv") + " " + at("raw") + tail, {at("raw"), "is no file"});
  expect_failure(1, "prepare " + at("raw") + " " + at("a.csv") + tail, {at("a.csv"), "is a second source"});
}

TEST_F(CommandLine, NamesAFileThatIsCalledLikeAFlag) {
  write("split/a.inter", "user_id:token\titem_id:token\nu\ti\n");
  write("split/b.inter", "user_id:token\titem_id:token\nu\ti\n");
  EXPECT_EQ(run("cd " + at("") + " && " + PEAPOD_PROGRAM + " prepare split --out x"), 1);
  EXPECT_NE(log().find("peapod: split: has several .inter files"), std::string::npos) << log();
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
