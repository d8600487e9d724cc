// Tables of interactions: what a column is taken for, and a sentence for each thing that may be wrong with a file.
#include <zlib.h>

#include "base/error.h"
#include "sources/source_reader.h"
#include "support/reading.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

ReadOptions with_columns(const ColumnNames& columns) {
  ReadOptions options;
  options.columns = columns;
  return options;
}

const std::vector<std::string> kExpected = {"ann tea 1700000000", "bob milk, fresh 1700000060"};

TEST(TableReader, TellsSeparatorsHeadersAndUnitsOfTime) {
  const ScratchFolder folder;
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"a.csv",
            "customer_id,SKU,date\r\nann,tea,2023-11-14 22:13:20\r\nbob,\"milk, fresh\",2023-11-14T23:14:20+01:00\r\n"},
           {"b.csv",
            "\xef\xbb\xbfuserId;itemId;price;timestamp\nann;tea;1,5;1700000000\nbob;milk, fresh;2,5;1700000060\n"},
           {"c.tsv", "timestamp\tuser\titem\n1700000000000\tann\ttea\n1700000060000\tbob\tmilk, fresh\n"},
           {"d.txt", "user|product|time\nann|tea|1700000000000000\nbob|milk, fresh|1700000060000000\n"},
           {"e.dat", "user::product::time\nann::tea::1700000000\nbob::milk, fresh::1700000060\n"},
           {"f.jsonl", R"({"user_id":"ann","parent_asin":"tea","timestamp":1700000000000})"
                       "\n"
                       R"({"timestamp":1700000060000,"user_id":"bob","parent_asin":"milk, fresh","helpful":[1]})"}}) {
    const RawLog log = read_source(folder.write(name, text), {});
    EXPECT_TRUE(log.has_times) << name;
    EXPECT_EQ(rows_of(log), kExpected) << name;
  }
}

TEST(TableReader, SaysWhatItTookEachColumnForAndCountsRows) {
  const ScratchFolder folder;
  std::string text = "customer,sku,when,stars,shop\n";
  for (int i = 0; i < 200; ++i) text += "u" + std::to_string(i) + ",a," + std::to_string(1700000000 + i) + ",5,x\n";
  ReadOptions options = with_columns({"", "", "when", "", ""});
  options.min_rating = 4;
  const RawLog log = read_source(folder.write("a.csv", text + "v,a,soon,5,x\nw,a,1700000000,3,x\n"), options);
  const std::string found = summary(log);
  EXPECT_NE(
      found.find("columns: user = customer, item = sku, time = when (Unix seconds), rating = stars; not read: shop "
                 "(between ,)\n"),
      std::string::npos)
      << found;
  EXPECT_NE(found.find("rows: 202 read, 1 rejected, 1 left out (rating below 4), 200 kept\n"), std::string::npos)
      << found;
  EXPECT_NE(found.find("order: time\n"), std::string::npos) << found;
  options.min_rating = 9;
  const std::string error = error_of(folder.path() / "a.csv", options);
  EXPECT_NE(error.find("a: has no row with a rating of 9 or more; choose a smaller --min-rating"), std::string::npos)
      << error;
}

TEST(TableReader, TakesPositionsWhereThereIsNoHeaderAndSaysThatTheOrderCounts) {
  const ScratchFolder folder;
  const auto file = folder.write("u.data", "196\t242\t3\n186\t302\t3\n");
  EXPECT_NE(error_of(file).find("name the columns with `user` and `item`"), std::string::npos) << error_of(file);
  const RawLog log = read_source(file, with_columns({"1", "2", "", "", ""}));
  EXPECT_EQ(rows_of(log), (std::vector<std::string>{"196 242 0", "186 302 0"}));
  EXPECT_NE(summary(log).find("order: file (no column of times)"), std::string::npos) << summary(log);
}

TEST(TableReader, DoesNotTakeARowThatHoldsAPositionForAHeader) {
  const ScratchFolder folder;
  const RawLog log =
      read_source(folder.write("a.dat", "1::1193::2\n2::661::4\n"), with_columns({"1", "2", "", "", ""}));
  EXPECT_EQ(rows_of(log), (std::vector<std::string>{"1 1193 0", "2 661 0"}));
}

TEST(TableReader, ReadsAFolderOfFilesAndPackedOnes) {
  const ScratchFolder folder;
  folder.write("1.csv", "user,item,time\nann,tea,1700000000\n");
  gzFile packed = gzopen((folder.path() / "2.csv.gz").c_str(), "wb");
  gzputs(packed, "time;item;user\n1700000060;milk, fresh;bob\n");
  gzclose(packed);
  EXPECT_EQ(rows_of(read_source(folder.path(), {})), kExpected);
}

TEST(TableReader, NamesTheNearestColumnWhereOneIsNotThere) {
  const ScratchFolder folder;
  const auto file = folder.write("a.csv", "customer_id,sku\nann,tea\n");
  const std::string error = error_of(file, with_columns({"custmer_id", "", "", "", ""}));
  EXPECT_EQ(error, file.string() +
                       ":1: has no column \"custmer_id\"; it has customer_id, sku; did you mean "
                       "\"customer_id\"? Name it with `user`");
}

TEST(TableReader, SaysWhatIsWrongWithFilesThatCannotBeRead) {
  const ScratchFolder folder;
  const auto says = [&](const std::string& text, const std::string& part, const char* name = "a.csv") {
    const auto file = folder.write(name, text);
    const std::string error = error_of(file);
    EXPECT_NE(error.find(file.string()), std::string::npos) << error;
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  says("", "is empty");
  says("\n\n", "is empty");
  says(std::string("\x89PNG\r\n\x1a\n\0\0", 10), "a.csv");
  says("PAR1\x15\x04", "Parquet");
  says("just some words\nand more\n", ":1: expected columns between commas");
  says("colour,price\nred,5\n", ":1: no column is known to name the users; the table has colour, price");
  says("user,item\nann,tea\nbob,\"milk\neve,tea\n", ":3: a field opens with a double quote here that is never closed");
  EXPECT_NE(error_of(folder.path() / "absent.csv").find("does not exist"), std::string::npos);
  EXPECT_NE(error_of(folder.write("b.json", "[1,\n2]"), {SourceFormat::jsonl, 1}).find("jq -c"), std::string::npos);
}

TEST(TableReader, NamesFileLineAndColumnWhereTheTypeChangesHalfWay) {
  const ScratchFolder folder;
  std::string text = "user,item,time\n";
  for (int i = 0; i < 500; ++i) text += "u,i" + std::to_string(i) + ",1700000000\n";
  for (int i = 0; i < 500; ++i) text += "u,j" + std::to_string(i) + ",yesterday\n";
  const auto file = folder.write("a.csv", text);
  const std::string error = error_of(file);
  EXPECT_NE(error.find("500 of 1000 lines (50 %) cannot be used"), std::string::npos) << error;
  EXPECT_NE(error.find(file.string() + ":502: field \"time\": expected a number or a date such as 2024-01-31 12:00:00, "
                                       "got \"yesterday\""),
            std::string::npos)
      << error;
}

TEST(TableReader, RejectsRowsWithAbsurdTimesMissingFieldsAndNamesOfManyBytes) {
  const ScratchFolder folder;
  const auto file = folder.write(
      "a.csv", "user,item,time\nu,i,1700000000\nu,i,-1\nu,i,1700000000000\nu,i\nu,,1700000000\nu," +
                   std::string(2000, 'x') + ",1700000000\nu,j,1700000001\nu,k,1700000002\nu,l,1700000003\n");
  ReadOptions options;
  options.max_bad_lines_percent = 100;
  const RawLog log = read_source(file, options);
  EXPECT_EQ(log.interactions.size(), 4u);
  std::vector<std::string> reasons;
  for (const Reject& reject : log.rejects.first()) reasons.push_back(reject.field + ": " + reject.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{"time: expected Unix seconds from 1970 to 2200, got -1",
                                               "time: expected Unix seconds from 1970 to 2200, got 1700000000000",
                                               ": expected 3 fields, got 2", "item: expected a name, got nothing",
                                               "item: expected a name of at most 1000 bytes, got 2000"}));
}

TEST(TableReader, RefusesToNameColumnsOfAFormatThatHasItsOwn) {
  const ScratchFolder folder;
  folder.write("a.inter", "user_id:token\titem_id:token\nu\ti\n");
  ReadOptions options = with_columns({"user_id", "", "", "", ""});
  options.format = SourceFormat::recbole;
  EXPECT_NE(error_of(folder.path(), options).find("recbole has columns of its own"), std::string::npos);
}

TEST(TableReader, ReadsSeveralFilesOneAfterTheOther) {
  const ScratchFolder folder;
  const fs::path first = folder.write("jan.csv", "user,item\nann,tea\n"),
                 second = folder.write("feb.csv", "item;user\nmilk;bob\n");
  const RawLog log = read_source(first, {.more = {second}});
  EXPECT_EQ(rows_of(log), (std::vector<std::string>{"ann tea 0", "bob milk 0"}));
  EXPECT_EQ(log.name, "jan");
  EXPECT_EQ(rows_of(read_source(second, {.more = {first}})), (std::vector<std::string>{"bob milk 0", "ann tea 0"}));
  const auto refusal = [&](const fs::path& source, const fs::path& more,
                           SourceFormat format = SourceFormat::automatic) {
    return error_of(source, {.format = format, .more = {more}});
  };
  const fs::path other = folder.write("c.jsonl", R"({"user":"cid","item":"tea"})");
  EXPECT_NE(refusal(first, other).find("c.jsonl: is no csv file as jan.csv is"), std::string::npos);
  EXPECT_NE(refusal(first, first).find("is named twice"), std::string::npos);
  EXPECT_NE(error_of(first, {.more = {second, second}}).find("feb.csv: is named twice"), std::string::npos);
  EXPECT_NE(refusal(first, folder.path() / "none.csv").find("none.csv: does not exist"), std::string::npos);
  EXPECT_NE(refusal(first, folder.path()).find("is no file"), std::string::npos);
  EXPECT_NE(refusal(folder.path() / "c.jsonl", first).find("is no jsonl file as c.jsonl is"), std::string::npos);
  const fs::path atomic = folder.write("d.inter", "user_id:token\titem_id:token\nann\ttea\n");
  EXPECT_NE(refusal(atomic, first).find("is a second source, but only files of tables"), std::string::npos);
}

TEST(TableReader, TellsHowFarItHasCome) {
  const ScratchFolder folder;
  std::string rows = "user,item\n";
  for (int i = 0; i < 40'000; ++i) rows += "u" + std::to_string(i % 100) + ",i" + std::to_string(i) + "\n";
  const fs::path first = folder.write("a.csv", rows), second = folder.write("b.csv", rows);
  std::vector<std::pair<uint64_t, double>> steps;
  read_source(first,
              {.more = {second}, .progress = [&](uint64_t read, double share) { steps.emplace_back(read, share); }});
  ASSERT_EQ(steps.size(), 9u);  // every 8,192 of 80,000 rows
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].first, (i + 1) * 8192);
    EXPECT_GE(steps[i].second, i > 0 ? steps[i - 1].second : 0.0);
    EXPECT_LE(steps[i].second, 1.0);
  }
  EXPECT_GT(steps.front().second, 0.0);
  EXPECT_GT(steps.back().second, 0.85);
}

}  // namespace
}  // namespace peapod
