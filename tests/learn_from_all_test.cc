// Models that learn from all interactions, and data sets that hold nothing out.
#include <gtest/gtest.h>

#include <string>

#include "model/safetensors.h"
#include "support/shop.h"

namespace peapod {
namespace {

using nlohmann::json;

// The shop of 25 items on a ring, with item 26 at the end of the histories that end in item 13, and nowhere else.
class LearningFromAll : public CommandLine {
 protected:
  std::string end_of_walk(int last) const override { return last == 13 ? " 26" : ""; }

  void train_with_held_out() const {
    ASSERT_EQ(peapod("train " + at("data") + " --out " + at("held") +
                     " --preset tiny --tokens-per-step 300 --validations 2 --user-dim 8 --max-steps 6 --seed 3"
                     " --learning-rate 0.004"),
              0)
        << log();
  }
  std::string on_all() const { return "train " + at("data") + " --on all --out " + at("all"); }
  std::string small() const { return " --preset tiny --tokens-per-step 300 --user-dim 8"; }

  // What the history of user 5, which has items 12 and 13 in the middle, brings to mind.
  json recalled(const std::string& model) const { return answer("inspect " + at(model) + " --user 5").at("recalled"); }
  static bool names(const json& recalled, const std::string& item) {
    for (const json& one : recalled) {
      if (one.at("item") == item && one.at("neighbours").get<double>() > 0) return true;
    }
    return false;
  }
};

TEST_F(LearningFromAll, TakesSettingsAndStepsFromAModelWithHeldOutItems) {
  train_with_held_out();
  const json trained = answer(on_all() + " --like " + at("held"));
  json kept;
  std::istringstream lines(contents(at("held/metrics.jsonl")));
  for (std::string line; std::getline(lines, line);) {
    if (json::parse(line).at("best") == true) kept = json::parse(line).at("step");
  }
  EXPECT_EQ(trained.at("steps"), kept);
  EXPECT_FALSE(trained.contains("valid.ndcg@10"));

  json held = answer("inspect " + at("held")), all = answer("inspect " + at("all"));
  for (const char* same : {"recall", "d_model", "composer", "encoder", "items", "user_dim"}) {
    EXPECT_EQ(held.at(same), all.at(same)) << same;
  }
  EXPECT_EQ(held.at("data").at("split"), "leave-one-out");
  EXPECT_EQ(all.at("data").at("split"), "none");
  EXPECT_EQ(all.at("data").at("num_evaluated_users"), 0);
  EXPECT_EQ(peapod("inspect " + at("all")), 0);
  EXPECT_NE(log().find("nothing is held out"), std::string::npos) << log();
  EXPECT_EQ(json::parse(contents(at("all/peapod.json"))).at("split"), "none");
  EXPECT_EQ(json::parse(contents(at("all/peapod.json"))).at("seed"), 3);
}

TEST_F(LearningFromAll, KnowsWhatOnlyHeldOutInteractionsTell) {
  train_with_held_out();
  ASSERT_EQ(peapod(on_all() + " --like " + at("held")), 0) << log();
  EXPECT_FALSE(names(recalled("held"), "26"));
  EXPECT_TRUE(names(recalled("all"), "26"));
  EXPECT_NE(contents(at("held/dataset/item_ids.bin")), contents(at("all/dataset/item_ids.bin")));
  EXPECT_EQ(contents(at("held/dataset/interactions.bin")), contents(at("all/dataset/interactions.bin")));
  EXPECT_NE(contents(at("held/dataset/explanations.jsonl")).find("\"test\""), std::string::npos);
  EXPECT_EQ(contents(at("all/dataset/explanations.jsonl")).find("\"test\""), std::string::npos);
}

TEST_F(LearningFromAll, ServesButIsNotEvaluated) {
  train_with_held_out();
  ASSERT_EQ(peapod(on_all() + " --like " + at("held")), 0) << log();
  EXPECT_EQ(answer("recommend " + at("all") + " --user 3 --n 5").at("items").size(), 5u);
  EXPECT_EQ(answer("recommend " + at("all") + " --history 12,13 --n 5").at("items").size(), 5u);
  EXPECT_EQ(answer("recommend " + at("all") + " --user 3 --candidates 1,26,9 --n 2").at("items").size(), 2u);
  EXPECT_TRUE(answer("explain " + at("all") + " --user 3 --item 9").contains("explanation"));
  expect_failure(1, "evaluate " + at("all") + " --data " + at("data"), {at("all"), "seen the answers", "--on all"});
  expect_failure(1, "evaluate " + at("held") + " --data " + at("data") + " --against " + at("all"),
                 {at("all"), "seen the answers"});
  EXPECT_EQ(peapod("evaluate " + at("held") + " --data " + at("data")), 0) << log();
}

TEST_F(LearningFromAll, ResumesWithWhatItBeganWith) {
  const std::string begun = on_all() + small() + " --max-steps 4";
  ASSERT_EQ(peapod(begun), 0) << log();
  const json longer = answer(on_all() + small() + " --max-steps 6 --resume");
  EXPECT_EQ(longer.at("steps"), 6);
  EXPECT_EQ(answer("inspect " + at("all")).at("data").at("split"), "none");
  expect_failure(1, "train " + at("data") + " --out " + at("all") + small() + " --max-steps 8 --resume",
                 {"began with on all"});
  train_with_held_out();
  expect_failure(1, "train " + at("data") + " --on all --out " + at("held") + " --like " + at("held") + " --resume",
                 {"begun without on all"});
}

TEST_F(LearningFromAll, MustBeToldWhenToEnd) {
  expect_failure(1, on_all() + small(), {"nothing is held out", "--max-steps", "--time-limit", "--like"});
  expect_failure(1, on_all() + small() + " --max-steps 4 --patience 2", {"--patience", "nothing is held out"});
  EXPECT_EQ(peapod("inspect " + at("all")), 1) << "nothing was begun";
}

TEST_F(LearningFromAll, RefusesALikeThatCannotBe) {
  train_with_held_out();
  const std::string like = " --like " + at("held");
  expect_failure(1, "train " + at("data") + " --out " + at("other") + like, {"--like", "add --on all"});
  expect_failure(1, on_all() + like + " --dropout 0.2", {"--dropout", "--like names"});
  expect_failure(1, on_all() + " --like " + at("raw"), {"is not a model directory"});
  ASSERT_EQ(peapod("prepare " + at("raw") + " --seed 2 --out " + at("data-2")), 0) << log();
  expect_failure(1, "train " + at("data-2") + " --on all --out " + at("other") + like,
                 {at("held"), "another data set than " + at("data-2"), "--max-steps"});
  ASSERT_EQ(peapod(on_all() + like + " --max-steps 2"), 0) << log();
  expect_failure(1, "train " + at("data") + " --on all --out " + at("other") + " --like " + at("all"),
                 {at("all"), "nothing held out"});
  const std::filesystem::path state_file = at("held/training.safetensors");
  const SafetensorsFile state = SafetensorsFile::open(state_file);
  auto about = state.metadata();
  json numbers = json::parse(about.at("state"));
  numbers.erase("learning_rate");
  about.at("state") = numbers.dump();
  write_safetensors(state_file, {}, about);
  expect_failure(1, "train " + at("data") + " --on all --out " + at("other") + like,
                 {state_file.string(), "does not tell the learning rate", "--max-steps"});
  std::filesystem::remove(state_file);
  expect_failure(1, "train " + at("data") + " --on all --out " + at("other") + like, {"has no training.safetensors"});
}

TEST_F(LearningFromAll, HoldsNothingOutOfDataThatIsTooSmall) {
  ASSERT_EQ(peapod("prepare " + at("raw") + " --split none --out " + at("small")), 0) << log();
  EXPECT_NE(log().find("held out      nothing"), std::string::npos) << log();
  const json inspected = answer("inspect " + at("small"));
  EXPECT_EQ(inspected.at("split"), "none");
  EXPECT_EQ(inspected.at("num_evaluated_users"), 0);
  EXPECT_EQ(peapod("audit " + at("small")), 0) << log();
  EXPECT_NE(log().find("NOTHING TO TEST: nothing is held out"), std::string::npos) << log();
  EXPECT_EQ(contents(at("small/explanations.jsonl")).find("\"test\""), std::string::npos);
  EXPECT_NE(contents(at("small/explanations.jsonl")).find("strap"), std::string::npos);

  for (const std::string method : {"popularity", "item-knn", "recall"}) {
    expect_failure(1, "baseline " + method + " --data " + at("small"), {at("small"), "holds nothing out"});
  }
  const std::string train = "train " + at("small") + " --out " + at("model") + small();
  expect_failure(1, train, {"nothing is held out", "--max-steps"});
  ASSERT_EQ(peapod(train + " --max-steps 3"), 0) << log();
  EXPECT_EQ(answer("recommend " + at("model") + " --user 3 --n 5").at("items").size(), 5u);
  EXPECT_TRUE(names(recalled("model"), "26"));
  expect_failure(1, "evaluate " + at("model") + " --data " + at("small"), {at("small"), "holds nothing out"});
}

// The two ways lead to the same, but for training sentences about held-out items, which this shop has none of.
TEST_F(LearningFromAll, HasTheItemCodesOfDataPreparedWithNothingHeldOut) {
  ASSERT_EQ(peapod("prepare " + at("raw") + " --split none --out " + at("small")), 0) << log();
  ASSERT_EQ(peapod(on_all() + small() + " --max-steps 1"), 0) << log();
  for (const char* file : {"item_ids.bin", "interactions.bin", "explanations.jsonl", "users.jsonl"}) {
    EXPECT_EQ(contents(at("small/") + file), contents(at("all/dataset/") + file)) << file;
  }
}

}  // namespace
}  // namespace peapod
