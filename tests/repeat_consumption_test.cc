// Data whose measures might not mean what they say: people who come back to the same items, exports that wrote every
// row twice, catalogues that are too small for 99 negatives. Every command says what it made of them, with counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "support/program.h"

namespace peapod {
namespace {

using nlohmann::json;

class RepeatConsumption : public ProgramTest {
 protected:
  // Listeners with three favourites among 120 items, to which they return four times out of five; `times` rows of each.
  void write_plays(const std::string& folder, bool favourites, int times) const {
    Random random(3);
    std::string text = "user_id:token\titem_id:token\ttimestamp:float\n";
    for (int user = 0; user < 60; ++user) {
      std::vector<uint64_t> items(14);
      for (uint64_t& item : items) item = random.below(120);
      if (!favourites) {
        for (size_t k = 0; k < items.size(); ++k) items[k] = (items[0] + k * 7) % 120;
      }
      for (size_t k = 3; favourites && k < items.size(); ++k) {
        if (random.uniform() < 0.8) items[k] = items[random.below(3)];
      }
      for (size_t k = 0; k < items.size(); ++k) {
        for (int row = 0; row < times; ++row) {
          text +=
              "u" + std::to_string(user) + "\ti" + std::to_string(items[k]) + "\t" + std::to_string(1000 + k) + "\n";
        }
      }
    }
    write(folder + "/shop.inter", text);
  }

  void prepare(const std::string& folder, const std::string& flags = "") const {
    ASSERT_EQ(peapod("prepare " + at(folder) + " --out " + at("data") + " --min-user 3 --min-item 1 " + flags), 0)
        << log();
  }

  void expect_said(const std::string& arguments, const std::string& part) const {
    EXPECT_EQ(peapod(arguments), 0) << log();
    EXPECT_NE(log().find(part), std::string::npos) << arguments << " should say: " << part << "\nbut says: " << log();
  }
  void expect_refused(const std::string& arguments, const std::string& part) const {
    EXPECT_EQ(peapod(arguments), 1) << arguments << '\n' << log();
    EXPECT_NE(log().find(part), std::string::npos) << arguments << " should say: " << part << "\nbut says: " << log();
  }
};

TEST_F(RepeatConsumption, IsLeftOutUnlessAskedForAndSaidWithItsShare) {
  write_plays("plays", true, 1);
  prepare("plays");
  EXPECT_NE(log().find(" of 840 interactions ("), std::string::npos) << log();
  EXPECT_NE(log().find("are with an item that the user had before: left out"), std::string::npos) << log();
  EXPECT_NE(log().find("--repeats keep"), std::string::npos) << log();
  const json audit = answer("audit " + at("data"));
  EXPECT_EQ(audit.at("duplicate_interactions"), 0);
  EXPECT_EQ(audit.at("seen_targets"), 0);
  expect_said("audit " + at("data"), "No leak found");
  const auto merged = answer("inspect " + at("data")).at("num_interactions").get<int>();
  prepare("plays", "--repeats keep");
  EXPECT_NE(log().find("kept, and such items are recommended too"), std::string::npos) << log();
  EXPECT_EQ(log().find("--repeats"), std::string::npos) << log();
  EXPECT_EQ(answer("inspect " + at("data")).at("num_interactions"), 60 * 14);
  EXPECT_LT(merged, 60 * 8);

  write_plays("walks", false, 1);
  prepare("walks", "--repeats keep");
  EXPECT_EQ(log().find("had before"), std::string::npos) << "nobody comes back: " << log();
}

TEST_F(RepeatConsumption, IsLearnedAndRecommendedWhereItIsKept) {
  write_plays("plays", true, 1);
  prepare("plays", "--repeats keep");
  const json audit = answer("audit " + at("data"));
  const auto seen = audit.at("seen_targets").get<int>();
  EXPECT_GT(seen, 30);
  EXPECT_EQ(audit.at("num_evaluated_users"), 60);
  expect_said("audit " + at("data"), "No leak found");
  // Most targets can be hit: any method that knows the history ranks them high.
  for (const char* method : {"popularity", "item-knn", "ease", "pmf", "recall"}) {
    const json measured = answer("baseline " + std::string(method) + " --data " + at("data"));
    EXPECT_EQ(measured.at("seen_targets"), seen) << method;
    EXPECT_EQ(log().find("had before"), std::string::npos) << "they are ranked: " << log();
    if (std::string(method) != "popularity") {
      EXPECT_GT(measured.at("sequential.full.hr@10").get<double>(), 0.3) << method;
    }
  }
  ASSERT_EQ(peapod("train " + at("data") + " --out " + at("model") +
                   " --preset tiny --user-dim 8 --tokens-per-step 300 --validations 1 --max-steps 30"),
            0)
      << log();
  const json inspected = answer("inspect " + at("model"));
  EXPECT_GE(inspected.at("recall").at("repeats").get<double>(), 1.0);
  const std::string evaluate = "evaluate " + at("model") + " --data " + at("data") + " --tasks sequential";
  const double again = answer(evaluate).at("sequential.full.hr@10").get<double>();
  EXPECT_GT(again, 0.6);
  EXPECT_EQ(log().find("had before"), std::string::npos) << log();

  const std::string note = std::to_string(seen) + " of 60 targets are items that the user had before";
  expect_said(evaluate + " --exclude-seen", note);
  EXPECT_LT(answer(evaluate + " --exclude-seen").at("sequential.full.hr@10").get<double>(), 0.3);
  EXPECT_EQ(answer(evaluate + " --exclude-seen").at("seen_targets"), seen);
  // Some listeners are left, of them the count is.
  EXPECT_LT(answer(evaluate + " --exclude-seen --max-users 5").at("seen_targets").get<int>(), 6);
  expect_refused(evaluate + " --exclude-seen --against popularity", "stands beside baselines");
  ASSERT_EQ(peapod(evaluate + " --json " + at("again.json")), 0) << log();
  ASSERT_EQ(peapod(evaluate + " --exclude-seen --json " + at("new.json")), 0) << log();
  ASSERT_EQ(peapod("baseline popularity --data " + at("data") + " --json " + at("popular.json")), 0) << log();
  expect_refused("compare " + at("again.json") + " " + at("new.json"), "rank different items");
  EXPECT_EQ(peapod("compare " + at("again.json") + " " + at("popular.json")), 0) << log();
  EXPECT_EQ(peapod(evaluate + " --exclude-seen --include-seen"), 2) << log();
  ASSERT_EQ(peapod(evaluate + " --report " + at("page.html")), 0) << log();
  EXPECT_NE(contents(at("page.html")).find("these may be recommended too"), std::string::npos);

  // The user's favourites, and with --exclude-seen anything else.
  std::set<std::string> had;
  std::istringstream rows(contents(at("plays/shop.inter")));
  for (std::string line; std::getline(rows, line);) {
    if (line.starts_with("u7\t")) had.insert(line.substr(3, line.find('\t', 3) - 3));
  }
  const auto count_known = [&](const std::string& flags) {
    const json items = answer("recommend " + at("model") + " --user u7 --n 3" + flags).at("items");
    EXPECT_EQ(items.size(), 3u);
    return std::ranges::count_if(items, [&](const json& one) { return had.contains(one.at("item")); });
  };
  EXPECT_GE(count_known(""), 2);
  EXPECT_GE(count_known(" --include-seen"), 2);
  EXPECT_EQ(count_known(" --exclude-seen"), 0);
}

TEST_F(RepeatConsumption, IsNotWhatAnExportThatWroteEachRowTwiceLooksLike) {
  write_plays("twice", false, 2);
  write_plays("once", false, 1);
  prepare("twice");
  EXPECT_NE(log().find("repeats merged 840\n"), std::string::npos) << log();
  EXPECT_EQ(log().find("had before"), std::string::npos) << log();
  const std::string merged = contents(at("data/interactions.bin"));
  prepare("once");
  EXPECT_EQ(contents(at("data/interactions.bin")), merged);
  expect_said("audit " + at("data"), "No leak found");
}

TEST_F(RepeatConsumption, InASmallCatalogueLeavesFewerNegativesWhichIsSaid) {
  // Ten items, of which each user has five or six.
  std::string lines;
  for (int user = 1; user <= 20; ++user) {
    lines += std::to_string(user);
    for (int k = 0; k < 5 + user % 2; ++k) lines += ' ' + std::to_string((user + k) % 10 + 1);
    lines += '\n';
  }
  write("small/sequential.txt", lines);
  prepare("small", "--format pod");
  const std::string note = "sampled99 ranks against 4 negatives at the least, 4.5 on average";
  EXPECT_NE(log().find(note), std::string::npos) << log();
  expect_said("baseline popularity --data " + at("data"), note);
  const json measured = answer("baseline popularity --data " + at("data"));
  EXPECT_EQ(measured.at("num_negatives").at("least"), 4);
  EXPECT_EQ(measured.at("num_negatives").at("mean"), 4.5);
  expect_said("audit " + at("data"), "4, 4.5");
}

TEST_F(RepeatConsumption, OfEverythingBySomeLeavesTheseOutOfWhatIsRankedAgainstNegatives) {
  // Users 1 and 2 have all of six items, of which the others have four each.
  std::string lines = "1 1 2 3 4 5 6\n2 6 5 4 3 2 1\n";
  for (int user = 3; user <= 12; ++user) {
    lines += std::to_string(user);
    for (int k = 0; k < 4; ++k) lines += ' ' + std::to_string((user + k) % 6 + 1);
    lines += '\n';
  }
  write("some/sequential.txt", lines);
  prepare("some", "--format pod");
  const std::string note = "2 of 12 users have no negatives: sampled99 leaves them out";
  EXPECT_NE(log().find(note), std::string::npos) << log();
  ASSERT_EQ(peapod("train " + at("data") + " --out " + at("model") +
                   " --preset tiny --user-dim 8 --tokens-per-step 300 --validations 1 --max-steps 2"),
            0)
      << log();
  const std::string evaluate = "evaluate " + at("model") + " --data " + at("data") + " --tasks sequential,topn";
  for (const std::string& command : {evaluate, "baseline item-knn --data " + at("data")}) {
    expect_said(command, note);
    ASSERT_EQ(peapod(command + " --json " + at("a.json") + " --per-user " + at("users.jsonl")), 0) << log();
    const json measured = json::parse(contents(at("a.json")));
    EXPECT_EQ(measured.at("num_negatives").at("users_without"), 2);
    EXPECT_EQ(measured.at("num_negatives").at("least"), 2);
    const json& ranks = measured.at("ranks").at("topn.sampled99");
    ASSERT_EQ(ranks.size(), 12u);
    double first = 0;
    for (size_t user = 0; user < ranks.size(); ++user) {
      EXPECT_EQ(ranks[user] == 0, user < 2) << user;
      first += ranks[user] == 1;
    }
    EXPECT_DOUBLE_EQ(measured.at("topn.sampled99.hr@1").get<double>(), first / 10);
    size_t in_buckets = 0;
    for (const json& bucket : measured.at("by_history_length").at("topn.sampled99")) {
      in_buckets += bucket.at("users").get<size_t>();
    }
    EXPECT_EQ(in_buckets, 10u);
    const std::string rows = contents(at("users.jsonl"));
    EXPECT_EQ(std::ranges::count(rows, '\n'), 12 + 10);
    EXPECT_EQ(peapod("compare " + at("a.json") + " " + at("a.json")), 0) << log();
  }
  EXPECT_EQ(peapod(evaluate + " --report " + at("page.html")), 0) << log();
}

TEST_F(RepeatConsumption, OfEverythingByEverybodyIsRefused) {
  write("all/sequential.txt", "1 1 2 3 4\n2 2 3 4 1\n3 4 3 2 1\n");
  prepare("all", "--format pod");
  EXPECT_NE(log().find("3 of 3 users have no negatives"), std::string::npos) << log();
  for (const char* method : {"popularity", "item-knn", "ease", "pmf", "recall"}) {
    expect_refused("baseline " + std::string(method) + " --data " + at("data"), "every user has touched every item");
  }
  expect_refused("evaluate m --data " + at("data"), "every user has touched every item");
  expect_refused("evaluate m --tasks sequential --data " + at("data"), "m: ");  // which needs no negatives, but a model
}

TEST_F(RepeatConsumption, OrNotOfUsersWithTooFewInteractionsMeasuresNobody) {
  write("short/sequential.txt", "1 1 2\n2 2 3\n3 4 3\n");
  ASSERT_EQ(peapod("prepare " + at("short") + " --out " + at("data")), 0) << log();
  for (const char* method : {"popularity", "item-knn", "ease", "pmf", "recall"}) {
    expect_refused("baseline " + std::string(method) + " --data " + at("data"),
                   "has no user with three interactions or more");
  }
  expect_refused("evaluate m --data " + at("data"), "has no user with three interactions or more");
  ASSERT_EQ(peapod("audit " + at("data")), 0) << log();
  EXPECT_NE(log().find("NOTHING TO TEST"), std::string::npos) << log();
}

}  // namespace
}  // namespace peapod
