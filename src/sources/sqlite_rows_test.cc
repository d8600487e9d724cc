// A query of an SQLite database as a table of interactions, and a sentence for each thing that may be wrong with it.
#include <cstring>

#include "base/error.h"
#include "sources/source_reader.h"
#include "support/reading.h"
#include "support/scratch_folder.h"
#include "support/sqlite_file.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

ReadOptions with_query(const std::string& query) { return {.max_bad_lines_percent = 100, .query = query}; }

// A shop with everything that a row may hold.
class SqliteRows : public testing::Test {
 protected:
  std::string error_of_query(const std::string& query) const { return error_of(shop_.source(), with_query(query)); }

  void refuses(const std::string& query, const std::string& part) const {
    const std::string error = error_of_query(query);
    EXPECT_NE(error.find(part), std::string::npos) << query << "\n" << error;
  }

  ScratchFolder folder_;
  SqliteFile shop_{folder_.path() / "shop.db",
                   "CREATE TABLE purchases (customer, product, day, stars REAL, note);"
                   "INSERT INTO purchases VALUES ('ann', 'tea', '2023-11-14 22:13:20', 4.5, 'good <b>tea</b>'),"
                   "('bob', 'milk, fresh', '2023-11-14 22:14:20', NULL, NULL);"};
};

TEST_F(SqliteRows, AreATableWhoseColumnsAreFoundByName) {
  ReadOptions options = with_query("SELECT customer, product, day, stars, note FROM purchases ORDER BY day");
  options.columns[static_cast<size_t>(ColumnRole::time)] = "day";
  options.columns[static_cast<size_t>(ColumnRole::text)] = "note";
  const RawLog log = read_source(shop_.source(), options);
  EXPECT_EQ(log.name, "shop");
  EXPECT_EQ(log.format, SourceFormat::sqlite);
  EXPECT_EQ(rows_of(log), (std::vector<std::string>{"ann tea 1700000000", "bob milk, fresh 1700000060"}));
  EXPECT_EQ(log.interactions[0].review, "good tea");
  EXPECT_EQ(log.interactions[1].review, "");
  EXPECT_EQ(log.reading.notes.front(),
            "columns: user = customer, item = product, time = day (dates), rating = stars, text = note (SQLite)");
  options.min_rating = 4;
  const RawLog rated = read_source(shop_.source(), options);
  EXPECT_EQ(rows_of(rated), std::vector<std::string>{"ann tea 1700000000"});
  EXPECT_EQ(describe(rated.rejects.first().at(0)),
            shop_.path().string() + ": row 2: field \"stars\": expected a number, got \"\"");
}

TEST_F(SqliteRows, SayThatTheirOrderCountsWhereTheyHaveNoTimes) {
  const RawLog log =
      read_source(shop_.source(), with_query("SELECT customer, product FROM purchases ORDER BY customer DESC"));
  EXPECT_FALSE(log.has_times);
  EXPECT_EQ(rows_of(log), (std::vector<std::string>{"bob milk, fresh 0", "ann tea 0"}));
  EXPECT_EQ(summary_of_reading(log).front(), "order: query (no column of times)");
}

TEST_F(SqliteRows, CountByTheirEventAsThoseOfATableDo) {
  ReadOptions options = with_query(
      "SELECT customer, product, 5 AS time, 'view' AS event FROM purchases UNION ALL "
      "SELECT 'ann', 'tea', 6, 'view' UNION ALL SELECT 'ann', 'milk', 7, x'00'");
  options.event_weights = {{"view", 0.5}};
  const RawLog log = read_source(shop_.source(), options);
  EXPECT_EQ(rows_of(log), std::vector<std::string>{"ann tea 6"});
  EXPECT_EQ(log.rejects.first().at(0).reason, "expected a text, got bytes (a blob)");
}

TEST_F(SqliteRows, WriteNumbersAsTheyAreAndNullAsNothing) {
  const RawLog log =
      read_source(shop_.source(),
                  with_query("SELECT 9223372036854775807 AS user, 12.0 AS item UNION ALL SELECT -5, 0.1 + 0.2 UNION "
                             "ALL SELECT NULL, 1 UNION ALL SELECT 1, 123456789012345.0 UNION ALL SELECT 1, ''"));
  EXPECT_EQ(rows_of(log),
            (std::vector<std::string>{"9223372036854775807 12 0", "-5 0.30000000000000004 0", "1 123456789012345 0"}));
  ASSERT_EQ(log.rejects.count(), 2u);
  EXPECT_EQ(describe(log.rejects.first()[0]),
            shop_.path().string() + ": row 3: field \"user\": expected a name, got nothing");
  EXPECT_EQ(log.rejects.first()[1].line, 5u);
}

TEST_F(SqliteRows, RejectBlobsWhereATextIsWanted) {
  const RawLog log =
      read_source(shop_.source(), with_query("SELECT 'u' AS user, 'i' AS item, 5 AS time, x'00ff' AS picture UNION ALL "
                                             "SELECT x'61', 'i', 5, '' UNION ALL SELECT 'u', 'j', x'35', ''"));
  EXPECT_EQ(rows_of(log), std::vector<std::string>{"u i 5"});
  ASSERT_EQ(log.rejects.count(), 2u);
  EXPECT_EQ(log.rejects.first()[0].reason, "expected a name, got bytes (a blob)");
  EXPECT_EQ(log.rejects.first()[1].reason, "expected a time, got bytes (a blob)");
}

TEST_F(SqliteRows, AreReadBeyondTheRowsThatAreLookedAtFirst) {
  const std::string numbers =
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %) SELECT i % 7 AS user, i AS item, "
      "1600000000 + i AS time FROM n";
  for (const int last : {198, 199, 200, 4999}) {
    std::string query = numbers;
    query.replace(query.find("< %") + 2, 1, std::to_string(last));
    const RawLog log = read_source(shop_.source(), with_query(query));
    ASSERT_EQ(log.interactions.size(), static_cast<size_t>(last) + 1);
    EXPECT_EQ(log.items[log.interactions.back().item].name, std::to_string(last));
  }
}

TEST_F(SqliteRows, ThatAreNotUtf8AreReadAsWindows1252) {
  const RawLog log =
      read_source(shop_.source(),
                  with_query("SELECT 'ann' AS user, 'tea' AS item UNION ALL SELECT 'bob', CAST(x'636166e9' AS TEXT)"));
  EXPECT_EQ(log.items[1].name, "café");
  EXPECT_NE(std::ranges::find(log.reading.notes,
                              "encoding: 1 rows of the query are not UTF-8, read as Windows-1252 (the first: 2)"),
            log.reading.notes.end());
}

TEST_F(SqliteRows, NeedAQueryThatOnlyReads) {
  EXPECT_NE(error_of(shop_.source(), {}).find("query: is missing"), std::string::npos);
  refuses("INSERT INTO purchases VALUES (1, 2, 3, 4, 5)", "query: begins with INSERT, expected SELECT");
  refuses("  -- note\n/* and */ drop TABLE purchases", "query: begins with DROP, expected SELECT");
  refuses("PRAGMA table_info(purchases)", "begins with PRAGMA");
  refuses("/* never closed", "query: is empty");
  refuses("WITH one AS (SELECT 1) INSERT INTO purchases SELECT 1, 2, 3, 4, 5 FROM one", "expected a SELECT");
  refuses("WITH one AS (SELECT 1) DELETE FROM purchases RETURNING customer AS user, product AS item",
          "query: would write to the database");
  refuses("SELECT customer, product FROM purchases; DELETE FROM purchases", "query: holds several statements");
  EXPECT_EQ(error_of_query("(SELECT 1)"), shop_.path().string() +
                                              ": the query is not understood: near \"(\": syntax error; correct it; in "
                                              "`sqlite3 FILE` it can be tried");
  for (const char* query :
       {"select customer, product from purchases;", "SELECT customer, product FROM purchases ; -- x\n",
        "/* all */ SELECT customer, product FROM purchases;;", "VALUES (1, 2)"}) {
    ReadOptions options = with_query(query);
    options.columns = {"1", "2", "", "", ""};
    EXPECT_GE(read_source(shop_.source(), options).interactions.size(), 1u) << query;
  }
}

TEST_F(SqliteRows, SayWhatTheDatabaseSays) {
  refuses("SELECT customer, product FROM purchase",
          "shop.db: the query is not understood: no such table: purchase; the database holds purchases; did you mean "
          "purchases?");
  refuses("SELECT custmer FROM purchases", "no such column: custmer");
  refuses("SELECT customer, product FORM purchases", "near \"purchases\": syntax error");
  refuses("SELECT customer, product FROM purchases WHERE 0", "shop.db: the query gives no row; check its conditions");
  refuses("SELECT customer, product, day AS customer FROM purchases",
          "shop.db: the query gives two columns of the name \"customer\"; give each a name of its own");
  refuses("SELECT day, stars FROM purchases",
          "shop.db: no column is known to name the users; the table has day, stars");
  refuses("SELECT customer, product FROM purchases WHERE abs(-9223372036854775807 - 1) > 0",
          "the query failed after 0 rows: integer overflow");
  ReadOptions options = with_query("SELECT customer, product FROM purchases");
  options.columns[0] = "custmer";
  EXPECT_NE(error_of(shop_.source(), options).find("has no column \"custmer\"; it has customer, product"),
            std::string::npos);
}

TEST_F(SqliteRows, SayHowManyRowsCannotBeUsed) {
  ReadOptions options = with_query("SELECT customer, product, 'soon' AS time FROM purchases");
  options.max_bad_lines_percent = 1;
  options.columns[static_cast<size_t>(ColumnRole::time)] = "time";
  const std::string error = error_of(shop_.source(), options);
  EXPECT_NE(error.find("2 of 2 rows (100 %) cannot be used, 1 % are allowed; the first: " + shop_.path().string() +
                       ": row 1: field \"time\""),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("correct the query"), std::string::npos) << error;
}

TEST_F(SqliteRows, NeedAFileThatIsAnSqliteDatabase) {
  const ReadOptions options = with_query("SELECT customer, product FROM purchases");
  const std::string absent = (folder_.path() / "absent.db").string();
  EXPECT_EQ(error_of("sqlite:" + absent, options), absent + ": does not exist");
  EXPECT_FALSE(fs::exists(absent));
  EXPECT_NE(error_of("sqlite:///absent.db", options).find("without slashes"), std::string::npos);
  EXPECT_NE(error_of("sqlite:" + folder_.path().string(), options).find("is no file"), std::string::npos);
  EXPECT_NE(error_of("sqlite:", options).find("does not exist"), std::string::npos);
  const fs::path text = folder_.write("a.db", "customer,product\nann,tea\n" + std::string(200, ' '));
  EXPECT_NE(error_of("sqlite:" + text.string(), options).find("a.db: is no SQLite database, or an encrypted one"),
            std::string::npos);
  const fs::path empty = folder_.write("empty.db", "");
  EXPECT_NE(error_of("sqlite:" + empty.string(), options).find("the database holds no table"), std::string::npos);
}

TEST_F(SqliteRows, OfADamagedFileAreAnError) {
  shop_.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO purchases SELECT "
      "i, i, i, i, i FROM n");
  std::ifstream in(shop_.path(), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::memset(bytes.data() + bytes.size() / 2, 0xff, bytes.size() / 2);
  const std::string source = "sqlite:" + folder_.write("broken.db", bytes).string();
  const std::string error = error_of(source, with_query("SELECT customer, product FROM purchases"));
  EXPECT_NE(error.find("broken.db: is damaged (database disk image is malformed)"), std::string::npos) << error;
}

TEST_F(SqliteRows, WaitForALockAndThenSaySo) {
  shop_.run("BEGIN EXCLUSIVE");
  const std::string error = error_of_query("SELECT customer, product FROM purchases");
  EXPECT_NE(error.find("shop.db: another program writes to the database and has locked it (database is locked); try "
                       "again"),
            std::string::npos)
      << error;
  shop_.run("COMMIT");
  EXPECT_EQ(error_of_query("SELECT customer, product FROM purchases"), "");
}

TEST_F(SqliteRows, AreNotReadWithoutTheirPrefixOrAsAnotherFormat) {
  ReadOptions options = with_query("SELECT customer, product FROM purchases");
  EXPECT_NE(error_of(shop_.path(), options).find("is not named as a database, which a query is for"),
            std::string::npos);
  EXPECT_NE(error_of(folder_.write("a.csv", "user,item\n1,2\n"), options).find("write sqlite:FILE"), std::string::npos);
  options.format = SourceFormat::postgresql;
  EXPECT_NE(error_of(shop_.source(), options).find("another kind of database than postgresql"), std::string::npos);
  options.format = SourceFormat::csv;
  EXPECT_NE(error_of(shop_.source(), options).find("another kind of database than csv"), std::string::npos);
  options.format = SourceFormat::sqlite;
  EXPECT_EQ(error_of(shop_.source(), options), "");
  EXPECT_NE(error_of(shop_.path(), {.format = SourceFormat::sqlite}).find("write sqlite:FILE"), std::string::npos);
  EXPECT_NE(error_of(shop_.path(), {}).find("read it with `query`: sqlite:FILE"), std::string::npos);
}

}  // namespace
}  // namespace peapod
