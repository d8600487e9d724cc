#include "eval/rank_record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "support/scratch_folder.h"
#include "support/small_model.h"

namespace peapod {
namespace {

using Json = nlohmann::json;

ProtocolRanks made_ranks(size_t num_users) {
  ProtocolRanks ranks;
  for (uint32_t user = 0; user < num_users; ++user) {
    ranks.full.push_back(user % 3 == 0 ? kNotRanked : user % 12);
    ranks.sampled99.push_back(user % 7);
  }
  return ranks;
}

class RankRecords : public testing::Test {
 protected:
  // One model for all tests: they only read it.
  static const Dataset& data() {
    static const SmallModel small;
    return small.data();
  }
  RankRecord made() const {
    return rank_record(data(), Split::test, population_, made_ranks(population_.users.size()));
  }
  std::filesystem::path file() const { return folder_.path() / "metrics.json"; }
  void write(const std::string& text) const { write_file_atomically(file(), text); }

  // What is said of a file with this text.
  std::string refusal(const std::string& text) const {
    write(text);
    try {
      read_rank_record(file());
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  }

  Population population_ = population_of(data(), {});
  ScratchFolder folder_;
};

TEST_F(RankRecords, ReadBackWhatWasWrittenAmongOtherMembers) {
  const RankRecord record = made();
  write(R"({"dataset": "ring", "ranks": )" + json_of(record) + "}");
  const RankRecord read = read_rank_record(file());
  EXPECT_EQ(read.source, file().string());
  EXPECT_EQ(read.dataset, "ring");
  EXPECT_EQ(read.split, "test");
  EXPECT_EQ(read.data_hash, record.data_hash);
  EXPECT_EQ(read.users_hash, record.users_hash);
  EXPECT_EQ(read.num_users, SmallModel::kUsers);
  EXPECT_EQ(read.ranks.full, record.ranks.full);
  EXPECT_EQ(read.ranks.sampled99, record.ranks.sampled99);
}

TEST_F(RankRecords, KeepRanksDownToTheDepthOfTheMetrics) {
  const RankRecord record = made();
  EXPECT_EQ(record.ranks.full[0], kNotRanked);
  EXPECT_EQ(record.ranks.full[1], 1u);
  EXPECT_EQ(record.ranks.full[10], kNotRanked) << "the eleventh place";
  EXPECT_EQ(Json::parse(json_of(record)).at("sequential.full")[1], 2) << "files count from 1";
}

TEST_F(RankRecords, KeepApartTargetsThatMetNothing) {
  ProtocolRanks ranks = made_ranks(SmallModel::kUsers);
  ranks.sampled99[3] = kUnopposed;
  const std::string text = json_of(rank_record(data(), Split::valid, population_, ranks));
  EXPECT_EQ(Json::parse(text).at("topn.sampled99")[3], 0);
  write(R"({"ranks": )" + text + "}");
  EXPECT_EQ(read_rank_record(file()).ranks.sampled99, ranks.sampled99);
  const std::string lines = per_user_lines(data(), population_, ranks);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2 * SmallModel::kUsers - 1);
}

TEST_F(RankRecords, AreOfTheProtocolsThatWereRun) {
  ProtocolRanks ranks = made_ranks(SmallModel::kUsers);
  ranks.full.clear();
  write(R"({"ranks": )" + json_of(rank_record(data(), Split::valid, population_, ranks)) + "}");
  const RankRecord read = read_rank_record(file());
  EXPECT_TRUE(read.ranks.full.empty());
  EXPECT_EQ(read.ranks.sampled99, ranks.sampled99);
  EXPECT_EQ(read.split, "valid");
}

TEST_F(RankRecords, TellOtherUsersApart) {
  const Population some = population_of(data(), {.max_users = 10});
  const Population others = population_of(data(), {.max_users = 10, .seed = 2});
  const RankRecord one = rank_record(data(), Split::test, some, made_ranks(10));
  EXPECT_EQ(one.users_hash, rank_record(data(), Split::test, some, {}).users_hash);
  EXPECT_NE(one.users_hash, rank_record(data(), Split::test, others, made_ranks(10)).users_hash);
  EXPECT_EQ(one.data_hash, made().data_hash);
}

TEST_F(RankRecords, RefuseWhatIsNone) {
  EXPECT_NE(refusal("user,rank\n").find("is not JSON"), std::string::npos);
  EXPECT_NE(refusal("[1, 2]").find("is not a JSON object but a list"), std::string::npos);
  EXPECT_NE(refusal("{\"hr@10\": 0.5}").find("holds no ranks of users"), std::string::npos);
  EXPECT_NE(refusal("{\"ranks\": 7}").find("holds no ranks of users"), std::string::npos);
  EXPECT_NE(refusal("{\"models\": []}").find("evaluate one model at a time"), std::string::npos);
  EXPECT_THROW(read_rank_record(folder_.path() / "nowhere.json"), Error);
  Json more = Json::parse(json_of(made()));
  more["topn.sampled999"] = Json::array({1, 2, 3});
  EXPECT_NE(refusal(Json{{"ranks", more}}.dump()).find("field \"ranks.topn.sampled999\": is not known"),
            std::string::npos);
}

TEST_F(RankRecords, NameTheFieldThatIsDamaged) {
  const Json whole = Json::parse(json_of(made()));
  const auto expect_refusal = [&](const std::string& field, const Json& value) {
    Json damaged = whole;
    if (value.is_discarded()) {
      damaged.erase(field);
    } else {
      damaged[field] = value;
    }
    const std::string said = refusal(Json{{"ranks", damaged}}.dump());
    EXPECT_NE(said.find("field \"ranks." + field + "\""), std::string::npos) << said;
    EXPECT_NE(said.find(file().string()), std::string::npos) << said;
  };
  const Json missing = Json::parse("", nullptr, false);
  for (const char* field : {"dataset", "data_hash", "split", "users_hash", "num_users"}) {
    expect_refusal(field, missing);
    expect_refusal(field, Json::array());
  }
  expect_refusal("num_users", -1);
  expect_refusal("seen_compete", 1);
  expect_refusal("sequential.full", {1, 2, 3});
  expect_refusal("sequential.full", "1");
  const auto with_rank = [&](const char* field, const Json& rank) {
    Json ranks = whole.at(field);
    ranks[3] = rank;
    return ranks;
  };
  for (const Json& rank : {Json(-4), Json(1.5), Json("1"), Json(4294967296)}) {
    expect_refusal("topn.sampled99", with_rank("topn.sampled99", rank));
  }
  // Under full ranking there is always somebody to meet.
  expect_refusal("sequential.full", with_rank("sequential.full", 0));
}

TEST_F(RankRecords, AnyTruncationIsRefused) {
  const std::string text = R"({"ranks": )" + json_of(made()) + "}";
  for (size_t length = 0; length < text.size(); length += 7) {
    EXPECT_NE(refusal(text.substr(0, length)), "nothing") << length;
  }
}

TEST_F(RankRecords, HaveALineForEachUserUnderEachProtocol) {
  const ProtocolRanks ranks = made_ranks(population_.users.size());
  std::istringstream lines(per_user_lines(data(), population_, ranks));
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
  ASSERT_EQ(rows.size(), 2u * SmallModel::kUsers);
  const Json expected = {{"user", data().user_name(population_.users[4])},
                         {"protocol", "full"},
                         {"history_length", 6},
                         {"target", data().item_name(population_.targets[4])},
                         {"rank", 5},
                         {"target_popularity", population_.target_popularities[4]}};
  EXPECT_EQ(rows[4], expected);
  EXPECT_TRUE(rows[0].at("rank").is_null());
  EXPECT_TRUE(rows[10].at("rank").is_null()) << "the eleventh place";
  EXPECT_EQ(rows[SmallModel::kUsers].at("protocol"), "sampled99");
  EXPECT_EQ(rows[SmallModel::kUsers].at("rank"), 1);
}

}  // namespace
}  // namespace peapod
