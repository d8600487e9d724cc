#include "sources/source_reader.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "support/reading.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> pairs_of(const RawLog& log) {
  std::vector<std::string> pairs;
  for (const RawInteraction& interaction : log.interactions) {
    pairs.push_back(log.users[interaction.user].name + " " + log.items[interaction.item].name);
  }
  return pairs;
}

const ReadOptions kTolerant{SourceFormat::automatic, 100.0};

TEST(PodReader, TakesNumbersAsNamesCodesAsAliasesAndTitlesByCode) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "2 10 11\n1 11 10 10\n");
  folder.write("datamaps.json", R"({"id2user":{"1":"UA"},"id2item":{"10":"IA","11":"IB","99":"IZ"}})");
  folder.write("names.txt", "IA steel strings\nIZ absent\n11 a strap\n");
  const RawLog log = read_source(folder.path(), {});
  EXPECT_EQ(log.format, SourceFormat::pod);
  EXPECT_FALSE(log.has_times);
  EXPECT_EQ(pairs_of(log), (std::vector<std::string>{"2 10", "2 11", "1 11", "1 10", "1 10"}));
  EXPECT_EQ(log.users[1].aliases, std::vector<std::string>{"UA"});
  EXPECT_EQ(log.items[0].aliases, std::vector<std::string>{"IA"});
  EXPECT_EQ(log.items[0].title, "steel strings");
  EXPECT_EQ(log.items[1].title, "a strap");
  EXPECT_EQ(log.rejects.count(), 0u);
}

TEST(PodReader, SaysThatAnItemIsTitledTwice) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "1 1 2\n");
  folder.write("names.txt", "1 Tea\n2 Milk\n1 Green tea\n");
  const RawLog log = read_source(folder.path(), {});
  EXPECT_EQ(log.items[0].title, "Green tea");
  EXPECT_EQ(log.reading.notes,
            std::vector<std::string>{"repeated titles 1 (of rows of names.txt about one item the last counts)"});
}

TEST(PodReader, TakesExplanationsByNumberOrCodeAndKeepsTheirSplit) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "1 10 11\n");
  folder.write("datamaps.json", R"({"id2user":{"1":"UA"},"id2item":{"10":"IA"}})");
  folder.write("explanation.json",
               R"({"train":[{"user":"UA","item":10,"explanation":"nice  strings","feature":"strings"}],
                   "val":[{"user":1,"item":"12","explanation":"lost"}],
                   "test":[{"user":1,"item":"11","explanation":"good strap"},{"user":1,"item":11}]})");
  const RawLog log = read_source(folder.path(), kTolerant);
  ASSERT_EQ(log.explanations.size(), 2u);
  EXPECT_EQ(log.explanations[0].sentence, "nice strings");
  EXPECT_EQ(log.explanations[0].feature, "strings");
  EXPECT_EQ(log.explanations[1].split, Split::test);
  EXPECT_EQ(log.explanations[1].item, 1u);
  ASSERT_EQ(log.rejects.count(), 2u);
  EXPECT_EQ(log.rejects.first()[0].field, "val[0].item");
  EXPECT_EQ(log.rejects.first()[1].field, "test[1].explanation");
}

TEST(PodReader, ReadsATextAsACodeBeforeItReadsItAsANumber) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "1 1 2\n");
  folder.write("datamaps.json", R"({"id2item":{"1":"2","2":"1"}})");
  folder.write("names.txt", "2 called two\n");
  folder.write("explanation.json", R"({"train":[{"user":1,"item":"2","explanation":"by code"},
                                                {"user":1,"item":2,"explanation":"by number"}]})");
  const RawLog log = read_source(folder.path(), {});
  EXPECT_EQ(log.items[0].aliases, std::vector<std::string>{"2"});
  EXPECT_EQ(log.items[1].aliases, std::vector<std::string>{"1"});
  EXPECT_EQ(log.items[0].title, "called two");
  ASSERT_EQ(log.explanations.size(), 2u);
  EXPECT_EQ(log.explanations[0].item, 0u);
  EXPECT_EQ(log.explanations[1].item, 1u);
}

TEST(PodReader, RejectsLinesThatAreNotNumbersHaveNoItemsOrRepeatAUser) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "1 2 3\n\n2 4 five\nx 1 2\n3\n1 9\n4 99999999999\n");
  const RawLog log = read_source(folder.path(), kTolerant);
  EXPECT_EQ(log.interactions.size(), 2u);
  ASSERT_EQ(log.rejects.count(), 5u);
  EXPECT_TRUE(
      describe(log.rejects.first()[0]).ends_with("sequential.txt:3: field \"item\": expected a number, got \"five\""));
  EXPECT_EQ(log.rejects.first()[1].field, "user");
  EXPECT_EQ(log.rejects.first()[2].line, 5u);
}

TEST(SourceReader, StopsAtMoreBadLinesThanAllowedAndSaysHowToGoOn) {
  const ScratchFolder folder;
  std::string text;
  for (int user = 1; user <= 99; ++user) text += std::to_string(user) + " 1 2\n";
  folder.write("sequential.txt", text + "bad\n");
  EXPECT_EQ(error_of(folder.path()), "");  // exactly 1 %
  folder.write("sequential.txt", text + "bad\nbad\n");
  EXPECT_NE(error_of(folder.path()).find("raise `max_bad_lines` to 2"), std::string::npos) << error_of(folder.path());
  EXPECT_NE(error_of(folder.path()).find("sequential.txt:100"), std::string::npos);
  EXPECT_EQ(error_of(folder.path(), {SourceFormat::pod, 2.0}), "");
}

TEST(SourceReader, RefusesBrokenCompanionsAndSourcesItCannotTell) {
  const ScratchFolder folder;
  EXPECT_NE(error_of(folder.path()).find("no known format"), std::string::npos);
  EXPECT_NE(error_of(folder.path() / "absent").find("does not exist"), std::string::npos);
  EXPECT_NE(error_of(folder.path(), {SourceFormat::recbole, 1}).find("no .inter file"), std::string::npos);
  folder.write("a.json", "{}");
  folder.write("b.json", "{}");
  EXPECT_NE(error_of(folder.path()).find("several"), std::string::npos);
  folder.write("sequential.txt", "1 2\n");
  folder.write("datamaps.json", "{\"id2user\": {\"1\": 5}}");
  EXPECT_NE(error_of(folder.path()).find("id2user.1"), std::string::npos);
  folder.write("datamaps.json", "{");
  EXPECT_NE(error_of(folder.path()).find("is not JSON"), std::string::npos);
  const std::string deep = std::string(300'000, '[') + std::string(300'000, ']');
  for (const char* name : {"datamaps.json", "explanation.json"}) {
    folder.write("datamaps.json", "{}");
    folder.write(name, "{\"train\": " + deep + "}");
    const std::string error = error_of(folder.path());
    EXPECT_NE(error.find(std::string(name) + ": is JSON nested more than 64 levels"), std::string::npos) << error;
  }
}

TEST(SourceReader, EachFormatHasAReaderWithADefaultCore) {
  const ScratchFolder folder;
  for (const SourceFormat format : kSourceFormats.values()) {
    if (format == SourceFormat::automatic) continue;
    EXPECT_NE(error_of(folder.path(), {format, 1}), "") << name_of(format) << " should want a file";
    const bool ones_own = format == SourceFormat::csv || format == SourceFormat::tsv || format == SourceFormat::jsonl ||
                          format == SourceFormat::sqlite || format == SourceFormat::postgresql;
    const auto [min_user, min_item] = default_core(format);
    EXPECT_EQ(min_user, format == SourceFormat::pod ? 0u : ones_own ? 1u : 5u) << name_of(format);
    EXPECT_EQ(min_item, format == SourceFormat::pod ? 0u : ones_own ? 2u : 5u) << name_of(format);
  }
}

TEST(SourceReader, SaysHowToConvertParquetWhereverItIsGiven) {
  const ScratchFolder folder;
  fs::create_directory(folder.path() / "parts");
  const auto refuses = [&](const fs::path& source, const ReadOptions& options, const std::string& name) {
    const std::string error = error_of(source, options);
    EXPECT_NE(error.find(name), std::string::npos) << error;
    EXPECT_NE(error.find("is a Parquet file, expected text; write it as CSV first: duckdb -c \"COPY (FROM 'FILE') TO "
                         "'FILE.csv'\", or in Python pandas.read_parquet('FILE').to_csv('FILE.csv', index=False)"),
              std::string::npos)
        << error;
  };
  const std::string parquet("PAR1\x15\x04\0\0", 8);
  for (const char* name : {"shop.parquet", "shop.csv", "shop.jsonl", "shop", "shop.inter", "u.data"}) {
    const fs::path file = folder.write(name, parquet);
    refuses(file, {}, name);
    refuses(file, {.format = SourceFormat::csv}, name);
    refuses(file, {.format = SourceFormat::recbole}, name);
  }
  refuses(folder.write("encrypted.parquet", "PARE"), {}, "encrypted.parquet");
  const fs::path log = folder.write("log.csv", "user,item\nann,tea\nann,milk\n");
  refuses(log, {.items = folder.path() / "shop.parquet"}, "shop.parquet");
  refuses(log, {.items = folder.path() / "shop"}, "shop");
  refuses(log, {.items = folder.path() / "encrypted.parquet"}, "encrypted.parquet");
  folder.write("parts/_SUCCESS", "");
  folder.write("parts/b.parquet", parquet);
  folder.write("parts/a.parquet", parquet);
  refuses(folder.path() / "parts", {}, "parts/a.parquet");
  refuses(folder.path() / "parts", {.format = SourceFormat::tsv}, "parts/a.parquet");
  folder.write("parts/c.csv", "user,item\nann,tea\n");
  EXPECT_EQ(error_of(folder.path() / "parts"), "");
}

TEST(SourceReader, SaysWhatEachFormatWouldHaveShownItselfBy) {
  const ScratchFolder folder;
  EXPECT_NE(error_of(folder.path())
                .find("neither sequential.txt (pod), u.data with u.item, or ratings and movies (.dat or .csv) "
                      "(movielens), an .inter file (recbole) nor a .json, .jsonl or .gz file of reviews (amazon)"),
            std::string::npos)
      << error_of(folder.path());
}

TEST(Rejects, AreCountedByReason) {
  Rejects rejects(100);
  rejects.begin_file("a.csv");
  for (const auto& [field, reason] :
       std::vector<std::pair<std::string, std::string>>{{"time", "expected a date, got \"x\""},
                                                        {"", "expected 3 fields, got 4"},
                                                        {"time", "expected a date, got \"y\""},
                                                        {"rating", "expected a date, got \"x\""},
                                                        {"", "expected 3 fields, got 2"},
                                                        {"time", "expected a date, got \"z\""}}) {
    rejects.begin_line(rejects.count() + 1);
    rejects.add(field, reason);
  }
  std::vector<std::string> shown;
  for (const RejectReason& reason : rejects.reasons()) {
    shown.push_back(std::to_string(reason.count) + " " + describe(reason.first));
  }
  EXPECT_EQ(shown, (std::vector<std::string>{"3 a.csv:1: field \"time\": expected a date, got \"x\"",
                                             "2 a.csv:2: expected 3 fields, got 4",
                                             "1 a.csv:4: field \"rating\": expected a date, got \"x\""}));
}

TEST(Rejects, AreOneReasonWhereJsonIsBrokenInDifferentPlaces) {
  const ScratchFolder folder;
  std::string lines = R"({"user_id":"u","item_id":"i"})"
                      "\n";
  for (int i = 1; i < 30; ++i)
    lines += R"({"user_id":"u","item_id":"i)" + std::string(static_cast<size_t>(i), 'x') + "\n";
  const RawLog log = read_source(folder.write("a.jsonl", lines), {.max_bad_lines_percent = 99});
  ASSERT_EQ(log.rejects.reasons().size(), 1u);
  EXPECT_EQ(log.rejects.reasons().front().count, 29u);
  EXPECT_EQ(expectation_in(log.rejects.reasons().front().first.reason), "expected one JSON object in a line");
}

TEST(Rejects, CountReasonsBeyondTheMostWithTheLast) {
  Rejects rejects(100);
  rejects.begin_file("a.csv");
  for (size_t i = 0; i < 2 * Rejects::kReasons; ++i) {
    rejects.begin_line(i + 1);
    rejects.add(std::to_string(i), "is wrong");
  }
  ASSERT_EQ(rejects.reasons().size(), Rejects::kReasons);
  EXPECT_EQ(rejects.reasons().front().count, Rejects::kReasons + 1);
}

TEST(AmazonReader, ReadsReviewsAndMetadataBesideThem) {
  const ScratchFolder folder;
  folder.write(
      "reviews_Toys_5.json",
      R"({"reviewerID":"U","asin":"A","unixReviewTime":20,"overall":5.0,"reviewText":"later"})"
      "\n"
      R"({"reviewerID":"U","asin":"B","unixReviewTime":15,"overall":1})"
      "\n\n"
      R"({"reviewerID":"U","asin":"A","unixReviewTime":10,"overall":4.0,"reviewText":"it&#39;s <b>fine</b>"})");
  folder.write("meta_Toys.json", R"({"asin":"A","title":"Ball &amp; Bat","category":["Toys","Toys","Games, Outdoor"]})"
                                 "\n"
                                 R"({"asin":"B","brand":"Acme","categories":[["Toys","Dolls"],["Other"]]})"
                                 "\n"
                                 R"({"asin":"C","title":"not bought"})");
  folder.write("meta_Other.json", "junk");
  const RawLog log = read_source(folder.path(), {});
  EXPECT_EQ(log.name, "Toys");
  EXPECT_TRUE(log.has_times);
  EXPECT_EQ(pairs_of(log), (std::vector<std::string>{"U A", "U B", "U A"}));
  EXPECT_EQ(log.interactions[2].time, 10);
  EXPECT_EQ(log.interactions[2].review, "it's fine");
  EXPECT_EQ(log.items[0].title, "Ball & Bat");
  EXPECT_EQ(log.items[0].categories, (std::vector<std::string>{"Toys", "Games Outdoor"}));
  EXPECT_EQ(log.items[1].title, "Acme");
  EXPECT_EQ(log.items[1].categories, (std::vector<std::string>{"Toys", "Dolls"}));
}

// Shops publish a review twice when a product is listed twice.
TEST(SourceReader, MergesRowsOfOneUserItemAndTimeWhateverTheirOrder) {
  const ScratchFolder folder;
  const std::string rows[] = {"U,A,20,well\n", "U,A,20,fine\n", "U,A,30,fine\n", "V,A,20,fine\n"};
  for (const auto& order : {std::array{0, 1, 2, 3}, std::array{3, 1, 0, 2}}) {
    std::string text = "user,item,time,text\n";
    for (const int row : order) text += rows[row];
    folder.write("a.csv", text);
    const RawLog log = read_source(folder.path() / "a.csv", {});
    EXPECT_EQ(log.reading.merged_repeats, 1u);
    ASSERT_EQ(log.interactions.size(), 3u);
    EXPECT_TRUE(std::ranges::all_of(log.interactions, [](const auto& one) { return one.review == "fine"; }));
  }
}

TEST(AmazonReader, ReadsReviewsAndMetadataOf2023) {
  const ScratchFolder folder;
  folder.write(
      "Toys.jsonl",
      R"({"rating":4.0,"title":"good","text":"it&#39;s fine","asin":"A7","parent_asin":"A","user_id":"U",)"
      R"("timestamp":1700000000500,"verified_purchase":true})"
      "\n"
      R"({"rating":9.0,"text":"","asin":"B","parent_asin":"B","user_id":"U","timestamp":1,)"
      R"("verified_purchase":false})"
      "\n"
      R"({"rating":1.0,"asin":"B","parent_asin":"B","user_id":"U","timestamp":"now","verified_purchase":false})");
  folder.write("meta_Toys.jsonl", R"({"parent_asin":"A","title":"Ball","store":"Acme","categories":["Toys","Games"]})");
  const RawLog log = read_source(folder.path(), {.max_bad_lines_percent = 70});
  EXPECT_EQ(log.format, SourceFormat::amazon);
  EXPECT_EQ(pairs_of(log), (std::vector<std::string>{"U A"}));
  EXPECT_EQ(log.interactions[0].time, 1700000000.5);
  EXPECT_EQ(log.interactions[0].review, "it's fine");
  EXPECT_EQ(log.items[0].title, "Ball");
  EXPECT_EQ(log.items[0].categories, (std::vector<std::string>{"Toys", "Games"}));
  ASSERT_EQ(log.rejects.count(), 2u);
  EXPECT_NE(describe(log.rejects.first()[0]).find("field \"rating\": expected a rating from 1 to 5, got 9"),
            std::string::npos);
  EXPECT_NE(describe(log.rejects.first()[1]).find("field \"timestamp\": expected milliseconds since 1970, got \"now\""),
            std::string::npos);
}

TEST(AmazonReader, LeavesAShopsOwnLogOfVerifiedPurchasesToTables) {
  const ScratchFolder folder;
  const RawLog log = read_source(
      folder.write("a.jsonl", R"({"user_id":"a","product_id":"b","timestamp":1700000000,"verified_purchase":true})"),
      {});
  EXPECT_EQ(log.format, SourceFormat::jsonl);
  EXPECT_EQ(pairs_of(log), (std::vector<std::string>{"a b"}));
}

TEST(AmazonReader, RejectsNestedValuesOfAnyDepth) {
  const ScratchFolder folder;
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  folder.write("Toys_5.json", R"({"reviewerID":"U","asin":"A","unixReviewTime":1})"
                              "\n{\"reviewerID\":" +
                                  deep + ",\"asin\":\"A\",\"unixReviewTime\":1}\n");
  const RawLog log = read_source(folder.path() / "Toys_5.json", kTolerant);
  EXPECT_EQ(log.interactions.size(), 1u);
  ASSERT_EQ(log.rejects.count(), 1u);
  EXPECT_NE(log.rejects.first()[0].reason.find("nested more than 64 levels"), std::string::npos);
}

TEST(AmazonReader, NamesTheFieldOfEachRejectedLine) {
  const ScratchFolder folder;
  const auto file = folder.write("r.json",
                                 "not json\n"
                                 "[1]\n"
                                 R"({"asin":"A","unixReviewTime":1})"
                                 "\n"
                                 R"({"reviewerID":"U","asin":7,"unixReviewTime":1})"
                                 "\n"
                                 R"({"reviewerID":"U","asin":"A","unixReviewTime":"soon"})"
                                 "\n"
                                 R"({"reviewerID":"U","asin":"A","unixReviewTime":1,"overall":"five"})"
                                 "\n"
                                 R"({"reviewerID":"U","asin":"A","unixReviewTime":1,"overall":6})"
                                 "\n"
                                 R"({"reviewerID":"U","asin":"A","unixReviewTime":1,"reviewText":[]})"
                                 "\n");
  const RawLog log = read_source(file, kTolerant);
  EXPECT_TRUE(log.interactions.empty());
  EXPECT_TRUE(log.users.empty());
  std::vector<std::string> fields;
  for (const Reject& reject : log.rejects.first()) fields.push_back(reject.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"", "", "reviewerID", "asin", "unixReviewTime", "overall", "overall",
                                              "reviewText"}));
  EXPECT_EQ(describe(log.rejects.first()[5]), file.string() + ":6: field \"overall\": expected a number, got \"five\"");
}

TEST(RecBoleReader, FindsColumnsByHeaderAndReadsTitlesAndCategories) {
  const ScratchFolder folder;
  folder.write("ml.inter",
               "item_id:token\ttimestamp:float\tuser_id:token\n7\t5.5\tann\n8\t4\tann\n7\tNaN\tbob\n8\t1\n\t1\tbob\n");
  folder.write("ml.item",
               "item_id:token\tmovie_title:token_seq\tclass:token_seq\n7\tToy Story\tAnimation Children's\n"
               "9\tnot seen\t\n8\tHeat\t\n");
  const RawLog log = read_source(folder.path() / "ml.inter", kTolerant);
  EXPECT_EQ(log.name, "ml");
  EXPECT_TRUE(log.has_times);
  EXPECT_EQ(pairs_of(log), (std::vector<std::string>{"ann 7", "ann 8"}));
  EXPECT_EQ(log.interactions[0].time, 5.5);
  EXPECT_EQ(log.items[0].title, "Toy Story");
  EXPECT_EQ(log.items[0].categories, (std::vector<std::string>{"Animation", "Children's"}));
  EXPECT_TRUE(log.items[1].categories.empty());
  EXPECT_EQ(log.rejects.count(), 3u);
}

TEST(RecBoleReader, RefusesAHeaderWithoutTypesOrWithoutUserAndItem) {
  const ScratchFolder folder;
  EXPECT_NE(error_of(folder.write("a.inter", "user\titem\n1\t2\n")).find("name:type"), std::string::npos);
  EXPECT_NE(error_of(folder.write("b.inter", "user_id:token\trating:float\n")).find("item_id"), std::string::npos);
  EXPECT_NE(error_of(folder.write("c.inter", "")).find("is empty"), std::string::npos);
}

TEST(RecBoleReader, ReadsOtherSeparatorsAndHeadersWithoutTypes) {
  const ScratchFolder folder;
  for (const std::string& text : {std::string("user_id:token,item_id:token,timestamp:float\nann,\"7,5\",5\nbob,8,6\n"),
                                  std::string("user_id item_id timestamp\nann 7,5 5\nbob 8 6\n"),
                                  std::string("user_id\titem_id\ttimestamp\nann\t7,5\t5\nbob\t8\t6\n")}) {
    const RawLog log = read_source(folder.write("a.inter", text), {});
    EXPECT_TRUE(log.has_times) << text;
    EXPECT_EQ(pairs_of(log), (std::vector<std::string>{"ann 7,5", "bob 8"})) << text;
  }
}

TEST(AmazonReader, ReadsReviewsBesideMetadataOfPythonLiterals) {
  const ScratchFolder folder;
  folder.write("Toys_5.json", R"({"reviewerID":"U","asin":"A","unixReviewTime":1})");
  folder.write("meta_Toys.json",
               "{'asin': 'A', 'title': \"Ted's Ball\", 'categories': [['Toys', 'Balls']], 'price': 3.5}\n"
               "{u'asin': u'B', 'title': 'Bat'}\n{'asin': 'C', 'title': 'never closed}\n");
  const RawLog log = read_source(folder.path(), kTolerant);
  ASSERT_EQ(log.interactions.size(), 1u);
  EXPECT_EQ(log.items[0].title, "Ted's Ball");
  EXPECT_EQ(log.items[0].categories, (std::vector<std::string>{"Toys", "Balls"}));
  EXPECT_EQ(log.reading.titles_note, "1 of 2 rows of meta_Toys.json name no item");
  ASSERT_EQ(log.rejects.count(), 1u);
  EXPECT_NE(describe(log.rejects.reasons().front().first).find("meta_Toys.json:3"), std::string::npos);
}

}  // namespace
}  // namespace peapod
