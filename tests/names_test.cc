// Names of users and items as shops have them: with commas, blanks, quotes, signs and characters that a terminal obeys.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/shop.h"

namespace peapod {
namespace {

using nlohmann::json;

// The ring of shop.h in RecBole's format, with names of every kind; a model trained on it for two steps.
class Names : public CommandLine {
 protected:
  static std::string item(int i) {
    switch (i) {
      case 1:
        return "cup, blue";
      case 2:
        return "[set]";
      case 3:
        return "@home";
      case 4:
        return "red\x1b[31m";
      case 5:
        return "-5";
      case 6:
        return "\xe2\x80\xae"
               "evil";
      default:
        return "item " + std::to_string(i);
    }
  }

  void SetUp() override {
    std::string text = "user_id:token\titem_id:token\ttimestamp:float\n";
    std::string titles = "item_id:token\ttitle:token_seq\n";
    for (int user = 0; user < 30; ++user) {
      for (int step = 0; step < 6; ++step) {
        text += "u" + std::to_string(user) + "\t" + item((user * 7 + step) % 25) + "\t" + std::to_string(step) + "\n";
      }
    }
    for (int i = 0; i < 25; ++i) titles += item(i) + "\ttitle of " + item(i) + "\n";
    write("named/shop.inter", text);
    write("named/shop.item", titles);
    ASSERT_EQ(peapod("prepare " + at("named") + " --out " + at("data")), 0) << log();
    ASSERT_EQ(peapod("train " + at("data") + " --out " + at("model") +
                     " --preset tiny --tokens-per-step 300 --validations 1 --user-dim 8 --max-steps 2"),
              0)
        << log();
  }

  json items_of(const std::string& arguments) const {
    return answer("recommend " + at("model") + " " + arguments).at("items");
  }
};

TEST_F(Names, WithCommasAreTakenAsJsonOrFromAFile) {
  const json from_json = items_of(R"(--history '["cup, blue", "item 7"]' --n 3)");
  ASSERT_EQ(from_json.size(), 3u);
  write("history.json", R"(["cup, blue", "item 7"])");
  EXPECT_EQ(items_of("--history @" + at("history.json") + " --n 3"), from_json);
  EXPECT_EQ(items_of(R"(--history '["cup, blue"]' --history 'item 7' --n 3)"), from_json);
  EXPECT_EQ(items_of("--history 'item 7, item 8 ,\"item 9\"'"),
            items_of(R"(--history '["item 7","item 8","item 9"]')"));
  const json ranked = items_of(R"(--user u3 --candidates '["cup, blue", "[set]", "@home", "-5"]')");
  EXPECT_EQ(ranked.size(), 4u);
  EXPECT_EQ(items_of(R"(--history '["[set]","@home"]' --n 1)").size(), 1u);
}

TEST_F(Names, ThatAreNoneAreRefused) {
  const std::string recommend = "recommend " + at("model") + " ";
  write("deep.json", std::string(100000, '[') + std::string(100000, ']'));
  write("object.json", "{}");
  for (const std::string flag : {"--history", "--user u1 --candidates", "--user u1 --then"}) {
    expect_failure(1, recommend + flag + " '[1, 2'", {"is not JSON", "write a list of names"});
    expect_failure(1, recommend + flag + " '[]'", {"the list is empty"});
    expect_failure(1, recommend + flag + " '[\"item 7\", null]'", {"expected texts in the list, got null"});
    expect_failure(1, recommend + flag + " 'item 7,,item 8'", {"names an item with an empty name"});
    expect_failure(1, recommend + flag + " ,", {"names an item with an empty name"});
    expect_failure(1, recommend + flag + " @" + at("nowhere.json"), {at("nowhere.json")});
    expect_failure(1, recommend + flag + " @" + at("object.json"), {at("object.json") + ": expected a JSON list"});
    expect_failure(1, recommend + flag + " @" + at("deep.json"), {at("deep.json"), "nested more than 64 levels deep"});
    expect_failure(1, recommend + flag + " 'item 77'", {"\"item 77\": is not in the data set", "did you mean"});
  }
  expect_failure(1, recommend + "--history @/dev/zero", {"/dev/zero: has more than 67108864 bytes"});
  expect_failure(1, "explain " + at("model") + " --history '[' --item 'item 7'", {"is not JSON"});
}

TEST_F(Names, OfNewerItemsStandAfterAKnownUsersHistory) {
  const auto firsts = [&](const std::string& arguments) { return items_of(arguments + " --n 2"); };
  EXPECT_NE(firsts("--user u0 --then 'item 15'"), firsts("--user u0"));
  // Not recommended again, as what they had.
  for (const json& one : items_of("--user u0 --then 'item 15,item 16' --n 30")) {
    EXPECT_NE(one.at("item"), "item 15");
    EXPECT_NE(one.at("item"), "item 16");
  }
  expect_failure(2, "recommend " + at("model") + " --history 'item 7' --then 'item 8'", {"--then"});
  expect_failure(2, "recommend " + at("model") + " --then 'item 8'", {"--then", "--user"});
}

TEST_F(Names, DoNotCommandATerminal) {
  const auto expect_clean = [&](const std::string& arguments) {
    peapod(arguments);
    EXPECT_EQ(log().find('\x1b'), std::string::npos) << arguments;
    EXPECT_EQ(log().find("\xe2\x80\xae"), std::string::npos) << arguments;
    EXPECT_NE(log().find("\xef\xbf\xbd"), std::string::npos) << arguments << " shows no such name\n" << log();
  };
  expect_clean("recommend " + at("model") + " --user u3 --n 25");
  expect_clean("inspect " + at("model") + " --user u0");
  expect_clean("recommend " + at("model") + " --user '\x1b[2Ju'");
  expect_clean("recommend " + at("model") + " --history 'red\x1b[31n'");
  expect_clean("audit '\x1b[31m'");
  expect_clean("'\x1b[31m'");
  expect_clean("audit d --'\x1b[31m'");
  write("bad/sequential.txt", "1 2 3\n1 \x1b[31m\n");
  expect_clean("prepare " + at("bad") + " --out " + at("x"));
  expect_clean("prepare " + at("bad") + " --max-bad-lines 50 --out " + at("x"));
  // Programs get them as they are.
  bool found = false;
  for (const json& one : items_of("--history 'item 7' --n 25")) found |= one.at("item") == "red\x1b[31m";
  EXPECT_TRUE(found);
}

TEST_F(Names, ThatReadAsFlagsAreNotSuggested) {
  expect_failure(1, "recommend " + at("model") + " --history 5", {"\"5\""});
  EXPECT_EQ(log().find("\"-5\""), std::string::npos) << log();
}

}  // namespace
}  // namespace peapod
