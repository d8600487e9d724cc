// The commands of the finished program on a model that it has trained.
#include <gtest/gtest.h>

#include <algorithm>
#include <iomanip>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/shop.h"

namespace peapod {
namespace {

using nlohmann::json;

void expect_ordered(const json& estimate) {
  EXPECT_LE(estimate.at("low"), estimate.at("value"));
  EXPECT_LE(estimate.at("value"), estimate.at("high"));
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
  EXPECT_EQ(ours.size(), 13u);
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

TEST_F(TrainedModel, WithoutPersonalPromptsHasNoneToSwap) {
  ASSERT_EQ(peapod("train " + at("data") + " --out " + at("plain") +
                   " --preset tiny --tokens-per-step 300 --validations 1 --max-steps 2 --composer task-only"),
            0)
      << log();
  const std::string plain = "evaluate " + at("plain") + " --data " + at("data") + " --swap-prompts";
  const std::vector<std::string> parts = {"--swap-prompts: " + at("plain") + " has no personal prompts to swap",
                                          "composer is task-only", "leave it out"};
  expect_failure(1, plain, parts);
  EXPECT_EQ(log().find("evaluating"), std::string::npos) << log();
  expect_failure(1, "evaluate " + at("model") + " " + at("plain") + " --data " + at("data") + " --swap-prompts", parts);
  EXPECT_EQ(log().find("evaluating"), std::string::npos) << log();
  EXPECT_EQ(peapod(evaluate() + " --tasks topn --swap-prompts --against " + at("plain")), 0) << log();
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

TEST_F(TrainedModel, IsMeasuredInBucketsOfUsers) {
  const json metrics = answer(evaluate() + " --tasks sequential,topn");
  EXPECT_EQ(metrics.at("num_users"), 30);
  for (const char* property : {"by_history_length", "by_target_popularity"}) {
    for (const char* protocol : {"sequential.full", "topn.sampled99"}) {
      SCOPED_TRACE(std::string(property) + " " + protocol);
      size_t users = 0;
      double hits = 0;
      for (const json& bucket : metrics.at(property).at(protocol)) {
        EXPECT_LE(bucket.at("from"), bucket.at("to"));
        users += bucket.at("users").get<size_t>();
        hits += bucket.at("users").get<double>() * bucket.at("hr@10").get<double>();
      }
      EXPECT_EQ(users, 30u);
      EXPECT_NEAR(hits / 30, metrics.at(std::string(protocol) + ".hr@10").get<double>(), 1e-9);
    }
  }
}

TEST_F(TrainedModel, IsComparedLaterFromWhatWasWritten) {
  ASSERT_EQ(peapod(evaluate() + " --json " + at("ours.json")), 0) << log();
  ASSERT_EQ(peapod("baseline popularity --data " + at("data") + " --json " + at("theirs.json")), 0) << log();
  const json ours = json::parse(contents(at("ours.json")));
  const json theirs = json::parse(contents(at("theirs.json")));
  const json compared = answer("compare " + at("ours.json") + " " + at("theirs.json"));
  EXPECT_EQ(compared.at("num_users"), 30);
  ASSERT_EQ(compared.at("metrics").size(), 11u);
  for (const auto& [key, one] : compared.at("metrics").items()) {
    SCOPED_TRACE(key);
    EXPECT_NEAR(one.at("first").get<double>(), ours.at(key).get<double>(), 1e-12);
    EXPECT_NEAR(one.at("second").get<double>(), theirs.at(key).get<double>(), 1e-12);
    expect_ordered(one.at("difference"));
    EXPECT_GT(one.at("p_value").get<double>(), 0.0);
    EXPECT_LE(one.at("p_value").get<double>(), 1.0);
  }
  ASSERT_EQ(peapod("compare " + at("ours.json") + " " + at("theirs.json")), 0);
  for (const char* part : {"A - B", "interval", "p", "sequential.full.mrr@10", "test split, 30 users"}) {
    EXPECT_NE(log().find(part), std::string::npos) << log();
  }
}

TEST_F(TrainedModel, IsNotComparedOnOtherUsers) {
  ASSERT_EQ(peapod(evaluate() + " --tasks topn --json " + at("all.json")), 0) << log();
  ASSERT_EQ(peapod(evaluate() + " --tasks topn --max-users 12 --json " + at("some.json")), 0) << log();
  expect_failure(1, "compare " + at("all.json") + " " + at("some.json"), {"are of different users: 30 and 12"});
  ASSERT_EQ(peapod(evaluate() + " --tasks topn --split valid --json " + at("valid.json")), 0) << log();
  expect_failure(1, "compare " + at("all.json") + " " + at("valid.json"), {"are of different splits: test and valid"});
  expect_failure(1, "compare " + at("all.json") + " " + at("data/dataset.json"), {"dataset.json", "holds no ranks"});
  ASSERT_EQ(peapod("evaluate " + at("model") + " " + at("model") + " --data " + at("data") + " --tasks topn --json " +
                   at("mean.json")),
            0)
      << log();
  expect_failure(1, "compare " + at("all.json") + " " + at("mean.json"), {"evaluate one model at a time"});
}

TEST_F(TrainedModel, IsWrittenUserByUserAsBaselinesAre) {
  const auto rows = [&](const std::string& command) {
    EXPECT_EQ(peapod(command + " --per-user " + at("users.jsonl")), 0) << log();
    std::vector<json> found;
    std::istringstream lines(contents(at("users.jsonl")));
    for (std::string line; std::getline(lines, line);) found.push_back(json::parse(line));
    return found;
  };
  const std::vector<json> ours = rows(evaluate() + " --tasks sequential,topn");
  const std::vector<json> theirs = rows("baseline item-knn --data " + at("data"));
  ASSERT_EQ(ours.size(), 60u);
  ASSERT_EQ(theirs.size(), ours.size());
  size_t hits = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    for (const char* field : {"user", "protocol", "history_length", "target", "target_popularity"}) {
      EXPECT_EQ(ours[i].at(field), theirs[i].at(field)) << i;
    }
    hits += i < 30 && !ours[i].at("rank").is_null();
  }
  EXPECT_EQ(static_cast<double>(hits) / 30, answer(evaluate() + " --tasks sequential").at("sequential.full.hr@10"));
  expect_failure(1, evaluate() + " --tasks topn --per-user " + at("nowhere/users.jsonl"), {"nowhere/users.jsonl"});
  expect_failure(1, "evaluate " + at("model") + " " + at("model") + " --data " + at("data") + " --per-user " + at("x"),
                 {"--per-user", "one model"});
}

TEST_F(TrainedModel, HasAPageOfItsEvaluation) {
  ASSERT_EQ(peapod(evaluate() + " --report " + at("report.html")), 0) << log();
  const std::string page = contents(at("report.html"));
  const json metrics = answer(evaluate());
  const auto shown = [](double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(4) << value;
    return text.str();
  };
  for (const std::string& part :
       {std::string("item-kNN, tuned"), std::string("recall alone"), std::string("popularity"), std::string("30 users"),
        std::string("10 users, drawn"), std::string("Strongest shared prompts"),
        shown(metrics.at("sequential.full.ndcg@10")), shown(metrics.at("topn.sampled99.mrr@10")),
        shown(metrics.at("explanation.rougeL"))}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_TRUE(page.ends_with("</html>\n"));
  ASSERT_EQ(peapod(evaluate() + " --report " + at("again.html")), 0) << log();
  EXPECT_EQ(page, contents(at("again.html")));
  ASSERT_EQ(peapod(evaluate() + " --tasks topn --max-users 4 --report " + at("small.html")), 0) << log();
  EXPECT_EQ(contents(at("small.html")).find("Next item, among"), std::string::npos);
  expect_failure(1, evaluate() + " --include-seen --report " + at("report.html"), {"--report", "--include-seen"});
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
  const json user = answer("inspect " + at("model") + " --user 3");
  EXPECT_TRUE(user.contains("weights"));
  EXPECT_FALSE(user.at("recalled").empty());
  EXPECT_TRUE(user.at("recalled")[0].contains("neighbours"));
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
                 {"began with recall none, not both"});
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
  expect_failure(1, "generate " + at("raw") + " --text x", {at("raw") + ": has no config.json"});
}

TEST_F(TrainedModel, IsWhereAnotherTrainingStarts) {
  EXPECT_EQ(peapod("train " + at("data") + " --out " + at("second") + " --init " + at("model") +
                   " --user-dim 8 --max-steps 2 --tokens-per-step 300 --validations 1"),
            0)
      << log();
  EXPECT_EQ(contents(at("second/config.json")), contents(at("model/config.json")));
}

// Whatever of it cannot be loaded is said before the choice of recall, which takes minutes on large data.
TEST_F(TrainedModel, IsCheckedWholeBeforeAnotherTrainingStartsThere) {
  for (const char* name : {"config.json", "spiece.model", "model.safetensors"}) {
    write("t5/" + std::string(name), contents(at("model/" + std::string(name))));
  }
  const std::string train = "train " + at("data") + " --out " + at("second") + " --init " + at("t5") +
                            " --user-dim 8 --max-steps 2 --tokens-per-step 300 --validations 1";
  const auto with_size = [&](const char* field, int size) {
    json config = json::parse(contents(at("model/config.json")));
    config[field] = size;
    return config.dump();
  };
  for (const auto& [config, part] : std::vector<std::pair<std::string, std::string>>{
           {with_size("d_ff", 80), "model.safetensors: tensor \"encoder.block.0.layer.1.DenseReluDense.wi.weight\""},
           {with_size("num_layers", 2), "t5/model.safetensors: has no tensor \"encoder.block.1."},
           {with_size("vocab_size", 30), "t5/model.safetensors: tensor \"shared.weight\""}}) {
    write("t5/config.json", config);
    expect_failure(1, train, {part});
    EXPECT_EQ(log().find("30 users"), std::string::npos) << "the data are not opened: " << log();
    EXPECT_FALSE(std::filesystem::exists(at("second")));
  }
}

TEST_F(TrainedModel, HasItemCodesWhereAT5HasItsSentinels) {
  expect_failure(1, "generate " + at("model") + " --text 'a <extra_id_99> b'",
                 {"peapod: --text: names a sentinel", "leave it out"});
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

// As `prepare` reads lines: packed or not, and what is not UTF-8 as Windows-1252, which is said.
TEST_F(TrainedModel, TokenizesTheLinesOfTheFilesThatAreRead) {
  const std::string tokenize = "tokenize " + at("model/spiece.model") + " --jsonl ";
  write("good.jsonl", "{\"text\": \"caf\xc3\xa9 item_2\"}\n{\"text\": \"item_3\"}\n");
  const std::string expected = standard_output(tokenize + at("good.jsonl"));
  EXPECT_EQ(log(), "");
  write("bad.jsonl", "\xef\xbb\xbf{\"text\": \"caf\xe9 item_2\"}\r\n{\"text\": \"item_3\"}\r\n");
  EXPECT_EQ(standard_output(tokenize + at("bad.jsonl")), expected);
  const std::string note = " are not UTF-8, read as Windows-1252 (the first: 1)";
  EXPECT_EQ(log(), "encoding: 1 lines of bad.jsonl" + note + '\n');
  EXPECT_EQ(standard_output(tokenize + "- <" + at("bad.jsonl")), expected);
  EXPECT_EQ(log(), "encoding: 1 lines of standard input" + note + '\n');
  ASSERT_EQ(run("gzip -k " + at("good.jsonl")), 0) << log();
  EXPECT_EQ(standard_output(tokenize + at("good.jsonl.gz")), expected);
  EXPECT_EQ(standard_output(tokenize + "- <" + at("good.jsonl.gz")), expected);
  expect_failure(1, tokenize + at("data"), {at("data"), "is a directory, not a file"});
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

}  // namespace
}  // namespace peapod
