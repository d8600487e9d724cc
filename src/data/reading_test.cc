// Every reader against the same list of defects: what is lost or changed while reading is said.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "data/preparation.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

const ReadOptions kStrict{SourceFormat::automatic, 0.0};

struct Read {
  RawLog log;
  std::string summary;  // its lines, each with a line break
};

Read read(const std::filesystem::path& source, const ReadOptions& options = kStrict) {
  Read result{.log = read_source(source, options), .summary = {}};
  for (const std::string& line : summary_of_reading(result.log)) result.summary += line + "\n";
  return result;
}

bool says(const Read& read, const std::string& part) { return read.summary.find(part) != std::string::npos; }

std::string refusal(const std::filesystem::path& source, const ReadOptions& options = kStrict) {
  try {
    read_source(source, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::set<std::string> names_of(const std::vector<UserInfo>& users) {
  std::set<std::string> names;
  for (const UserInfo& user : users) names.insert(user.name);
  return names;
}

// A source whose users, items and titles are given as they stand in its files.
struct Row {
  std::string user, item;
  int time;
};

class Recbole {
 public:
  static constexpr const char* kFile = "shop.inter";
  static constexpr const char* kTitles = "shop.item";
  static std::string interactions(const std::vector<Row>& rows) {
    std::string text = "user_id:token\titem_id:token\ttimestamp:float\n";
    for (const Row& row : rows) text += row.user + '\t' + row.item + '\t' + std::to_string(row.time) + '\n';
    return text;
  }
  static std::string titles(const std::vector<std::pair<std::string, std::string>>& titles) {
    std::string text = "item_id:token\ttitle:token_seq\n";
    for (const auto& [item, title] : titles) text += item + '\t' + title + '\n';
    return text;
  }
};

class Amazon {
 public:
  static constexpr const char* kFile = "Shop_5.json";
  static constexpr const char* kTitles = "meta_Shop.json";
  static std::string interactions(const std::vector<Row>& rows) {
    std::string text;
    for (const Row& row : rows) {
      text += R"({"reviewerID":")" + escaped(row.user) + R"(","asin":")" + escaped(row.item) +
              R"(","unixReviewTime":)" + std::to_string(row.time) + "}\n";
    }
    return text;
  }
  static std::string titles(const std::vector<std::pair<std::string, std::string>>& titles) {
    std::string text;
    for (const auto& [item, title] : titles) {
      text += R"({"asin":")" + escaped(item) + R"(","title":")" + escaped(title) + "\"}\n";
    }
    return text;
  }

 private:
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '"' ? std::string("\\\"") : std::string(1, c);
    return out;
  }
};

// Codes stand in the place of names, whose numbers are the places of the items' first rows.
class Pod {
 public:
  static constexpr const char* kFile = "sequential.txt";
  static constexpr const char* kTitles = "names.txt";
};

template <class Format>
class EveryReaderWithNames : public testing::Test {};
using WithNames = testing::Types<Recbole, Amazon>;
TYPED_TEST_SUITE(EveryReaderWithNames, WithNames);

TYPED_TEST(EveryReaderWithNames, TakesNamesWithBlanksOrQuotesAroundThemForTheSame) {
  const ScratchFolder folder;
  folder.write(TypeParam::kFile, TypeParam::interactions({{"12", "a", 1},
                                                          {"12 ", "b", 2},
                                                          {" 12", " c", 3},
                                                          {"\"12\"", "\"d\"", 4},
                                                          {"12\xc2\xa0", "e", 5},
                                                          {"1 2", "a", 6}}));
  folder.write(TypeParam::kTitles, TypeParam::titles({{"a ", "of a"}, {"\"b\"", "of b"}}));
  const Read found = read(folder.path());
  EXPECT_EQ(names_of(found.log.users), (std::set<std::string>{"12", "1 2"}));
  EXPECT_EQ(found.log.items.size(), 5u);
  EXPECT_EQ(found.log.items[0].title, "of a");
  EXPECT_EQ(found.log.items[1].title, "of b");
  EXPECT_TRUE(says(found, "names cleaned 8 times")) << found.summary;
}

TYPED_TEST(EveryReaderWithNames, ReadsLatin1TheSameInNamesAndTitlesAndCountsIt) {
  const ScratchFolder folder;
  folder.write(TypeParam::kFile,
               TypeParam::interactions({{"Jos\xe9", "caf\xe9", 1}, {"Jos\xe9", "b", 2}, {"ann", "b", 2}}));
  folder.write(TypeParam::kTitles, TypeParam::titles({{"caf\xe9",
                                                       "Caf\xe9 \x80"
                                                       "5"},
                                                      {"b", "caf\xc3\xa9"}}));
  const Read found = read(folder.path());
  EXPECT_EQ(names_of(found.log.users), (std::set<std::string>{"José", "ann"}));
  EXPECT_EQ(found.log.items[0].name, "café");
  EXPECT_EQ(found.log.items[0].title, "Café €5");
  EXPECT_EQ(found.log.items[1].title, "café") << "UTF-8 stays what it is";
  EXPECT_TRUE(says(found, "encoding: 2 lines of " + std::string(TypeParam::kFile) + " are not UTF-8")) << found.summary;
  EXPECT_TRUE(says(found, "encoding: 1 lines of " + std::string(TypeParam::kTitles) + " are not UTF-8"))
      << found.summary;
}

TYPED_TEST(EveryReaderWithNames, MergesExactRepeatsAndCountsThem) {
  const ScratchFolder folder;
  std::vector<Row> rows;
  for (int i = 0; i < 1177; ++i) {
    for (int twice = 0; twice < 2; ++twice) rows.push_back({"u" + std::to_string(i % 40), "i" + std::to_string(i), i});
  }
  folder.write(TypeParam::kFile, TypeParam::interactions(rows));
  const Read found = read(folder.path());
  EXPECT_EQ(found.log.interactions.size(), 1177u);
  EXPECT_TRUE(says(found, "repeats merged 1,177\n")) << found.summary;
}

TYPED_TEST(EveryReaderWithNames, SaysWhichTitlesFoundNoItem) {
  const ScratchFolder folder;
  folder.write(TypeParam::kFile, TypeParam::interactions({{"u", "a", 1}, {"u", "b", 2}, {"u", "c", 3}}));
  EXPECT_TRUE(says(read(folder.path()), "titles 0 of 3 (no " + std::string(TypeParam::kTitles)))
      << read(folder.path()).summary;
  folder.write(TypeParam::kTitles, TypeParam::titles({{"x", "of x"}, {"a", "of a"}, {"y", "of y"}}));
  EXPECT_TRUE(
      says(read(folder.path()), "titles 1 of 3 (2 of 3 rows of " + std::string(TypeParam::kTitles) + " name no item)"))
      << read(folder.path()).summary;
}

TYPED_TEST(EveryReaderWithNames, SaysThatTheOrderIsOfTime) {
  const ScratchFolder folder;
  folder.write(TypeParam::kFile, TypeParam::interactions({{"u", "a", 2}, {"u", "b", 1}}));
  EXPECT_TRUE(says(read(folder.path()), "order: time\n"));
}

template <class Format>
class EveryReader : public testing::Test {};
using All = testing::Types<Recbole, Amazon, Pod>;
TYPED_TEST_SUITE(EveryReader, All);

TYPED_TEST(EveryReader, RefusesOtherEncodingsAndLineEnds) {
  const ScratchFolder folder;
  const std::string text = "1 2 3\n1 3\n";
  std::string utf16 = "\xff\xfe";
  for (const char c : text) utf16 += std::string{c, '\0'};
  const auto file = folder.write(TypeParam::kFile, utf16);
  EXPECT_NE(refusal(folder.path()).find("UTF-16"), std::string::npos) << refusal(folder.path());
  folder.write(TypeParam::kFile, utf16.substr(2));
  EXPECT_NE(refusal(folder.path()).find("iconv"), std::string::npos) << refusal(folder.path());
  folder.write(TypeParam::kFile, "1 2 3\r1 3\r");
  EXPECT_NE(refusal(folder.path()).find("CR alone"), std::string::npos) << refusal(folder.path());
}

TYPED_TEST(EveryReader, GivesNoRemedyThatCannotHelpWhereAllLinesAreBad) {
  const ScratchFolder folder;
  const std::string header = std::string(TypeParam::kFile).ends_with(".inter") ? "user_id:token\titem_id:token\n" : "";
  folder.write(TypeParam::kFile, header + "bad\nbad\nbad\n");
  const std::string message = refusal(folder.path());
  EXPECT_NE(message.find("3 of 3 lines"), std::string::npos) << message;
  EXPECT_EQ(message.find("max_bad_lines"), std::string::npos) << message;
}

TYPED_TEST(EveryReader, DoesNotBlameTheFilterForAnEmptySource) {
  const ScratchFolder folder;
  folder.write(TypeParam::kFile,
               std::string(TypeParam::kFile).ends_with(".inter") ? "user_id:token\titem_id:token\n" : "\n");
  try {
    prepare(read_source(folder.path(), kStrict), {});
    FAIL() << "nothing was read";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("holds no interaction"), std::string::npos) << error.what();
    EXPECT_EQ(error.remedy().find("min_user"), std::string::npos) << error.what();
  }
}

TEST(RecBoleReader, SaysThatTheOrderIsOfTheFileAndWhichColumnMayBeATime) {
  const ScratchFolder folder;
  folder.write("a.inter", "user_id:token\titem_id:token\nu\ti\n");
  EXPECT_TRUE(says(read(folder.path()), "order: file (no timestamp column)\n")) << read(folder.path()).summary;
  EXPECT_TRUE(says(read(folder.path()), "titles 0 of 1 (no a.item)\n")) << read(folder.path()).summary;
  for (const char* near : {"time", "Timestamp", "event_time", "date", "created_at", "ts"}) {
    folder.write("a.inter", "user_id:token\titem_id:token\t" + std::string(near) + ":float\nu\ti\t3\n");
    EXPECT_TRUE(says(read(folder.path()),
                     "no timestamp column; \"" + std::string(near) + "\" may be one: call it timestamp:float)"))
        << read(folder.path()).summary;
  }
  // What it says helps.
  folder.write("a.inter", "user_id:token\titem_id:token\ttimestamp:float\nu\ti\t3\n");
  EXPECT_TRUE(says(read(folder.path()), "order: time\n"));
}

TEST(RecBoleReader, NamesTheColumnsThatItFoundWhereOneIsMissing) {
  const ScratchFolder folder;
  const auto file = folder.write("a.inter", "user_id:token\tproduct_id:token\nu\ti\n");
  EXPECT_NE(refusal(file).find("got user_id, product_id"), std::string::npos) << refusal(file);
}

TEST(RecBoleReader, TakesQuotesForPartOfATitleUnlessNamesHaveThemToo) {
  const ScratchFolder folder;
  folder.write("a.inter", "user_id:token\titem_id:token\nu\ti\n\"v\"\t\"j\"\n");
  folder.write("a.item", "item_id:token\ttitle:token_seq\ni\t\"Heroes\"\n\"j\"\t\"The 7\"\" single\"\n");
  const Read found = read(folder.path());
  EXPECT_EQ(found.log.items[0].title, "\"Heroes\"");
  EXPECT_EQ(found.log.items[1].title, "The 7\" single");
}

TEST(RecBoleReader, NamesTheItemFileThatMayBeMeant) {
  const ScratchFolder folder;
  folder.write("a.inter", "user_id:token\titem_id:token\nu\ti\n");
  folder.write("items.item", "item_id:token\ttitle:token_seq\ni\tx\n");
  EXPECT_TRUE(says(read(folder.path()), "no a.item; rename items.item if it is meant")) << read(folder.path()).summary;
  folder.write("a.item", "item_id:token\tlabel:token_seq\ni\tx\n");
  EXPECT_TRUE(says(read(folder.path()), "titles 0 of 1 (no column of a.item is called")) << read(folder.path()).summary;
}

TEST(RecBoleReader, KeepsRepeatsAtOtherTimes) {
  const ScratchFolder folder;
  folder.write("a.inter", Recbole::interactions({{"u", "a", 1}, {"u", "a", 2}, {"u", "a", 2}}));
  const Read found = read(folder.path());
  EXPECT_EQ(found.log.interactions.size(), 2u);
  EXPECT_TRUE(says(found, "repeats merged 1\n")) << found.summary;
}

TEST(PodReader, CountsExplanationsUnderKeysThatItDoesNotRead) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "1 10 11\n");
  std::string parts;
  for (const auto& [key, count] : {std::pair("train", 40), std::pair("valid", 80)}) {
    std::string entries;
    for (int i = 0; i < count; ++i) {
      entries += std::string(i > 0 ? "," : "") + R"({"user":1,"item":10,"explanation":"good"})";
    }
    parts += (parts.empty() ? "\"" : ",\"") + std::string(key) + "\":[" + entries + "]";
  }
  folder.write("explanation.json", "{" + parts + "}");
  const Read found = read(folder.path());
  EXPECT_TRUE(says(found, "explanations 40 of 120 (unknown part \"valid\")\n")) << found.summary;
  EXPECT_TRUE(says(found, "called train, val and test")) << found.summary;
}

TEST(PodReader, SaysWhichCodesAndTitlesAreOfNobody) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "1 10 11\n");
  folder.write("datamaps.json", R"({"id2user":{"1":"UA","2":"UB"},"items":{"10":"IA"}})");
  folder.write("names.txt", "10 a strap\nIZ nothing\n");
  const Read found = read(folder.path());
  EXPECT_TRUE(says(found, "codes: 1 of 2 in id2user of datamaps.json are of nobody")) << found.summary;
  EXPECT_TRUE(says(found, "datamaps.json has no \"id2item\", only \"id2user\", \"items\"")) << found.summary;
  EXPECT_TRUE(says(found, "titles 1 of 2 (1 of 2 rows of names.txt name no item)")) << found.summary;
  EXPECT_TRUE(says(found, "order: file (pod has no times)")) << found.summary;
}

TEST(Preparation, NamesASmallerFilterThatLeavesSomething) {
  const ScratchFolder folder;
  folder.write("a.inter",
               Recbole::interactions({{"u", "a", 1}, {"u", "b", 2}, {"v", "a", 1}, {"v", "b", 2}, {"w", "c", 3}}));
  try {
    prepare(read_source(folder.path(), kStrict), {});
    FAIL() << "the default filter leaves nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.remedy(), "choose a smaller `min_user` and `min_item`: 2 and 2 leave 4 interactions");
  }
  EXPECT_EQ(prepare(read_source(folder.path(), kStrict), {.min_user = 2, .min_item = 2}).num_interactions(), 4u);
}

}  // namespace
}  // namespace peapod
