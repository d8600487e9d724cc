// Prepares from a PostgreSQL server that the test starts: what a query gives is a table like any other, every error
// says what to do, and no password appears anywhere.
#include <sys/resource.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "support/postgresql_server.h"
#include "support/program.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

// The files of a prepared directory by name, but for the manifest, which tells the source.
std::map<std::string, std::string> files_of(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename() != "dataset.json") files[entry.path().filename().string()] = contents(entry.path());
  }
  return files;
}

class PostgresqlSource : public ProgramTest {
 protected:
  void SetUp() override {
    if (PostgresqlServer::programs().empty()) {
      GTEST_SKIP() << "there is no /usr/lib/postgresql/*/bin/initdb; install Debian's `postgresql`";
    }
    for (const char* name : {"PGPASSWORD", "PGPASSFILE", "PGHOST", "PGUSER", "PGDATABASE", "PGSERVICE"})
      ::unsetenv(name);
    server_ = std::make_unique<PostgresqlServer>();
  }

  int prepare(const std::string& url, const std::string& query, const std::string& flags = "") const {
    write("query.sql", query);
    return peapod("prepare '" + url + "' --query \"$(cat " + at("query.sql") + ")\" --out " + at("data") + " " + flags);
  }

  void refuses(const std::string& url, const std::string& query, const std::string& part) const {
    EXPECT_EQ(prepare(url, query), 1) << log();
    EXPECT_NE(log().find(part), std::string::npos) << query << "\n" << log();
    EXPECT_FALSE(fs::exists(at("data"))) << query;
  }

  std::unique_ptr<PostgresqlServer> server_;
};

TEST_F(PostgresqlSource, GivesTheSamePreparedDataAsATable) {
  std::string csv = "user,item,time\n";
  for (int user = 1; user <= 40; ++user) {
    for (int i = 0; i < 12; ++i) {
      const int item = 1 + (user * 7 + i * i) % 30;
      csv += std::to_string(user) + "," + std::to_string(item) + "," +
             std::to_string(1600000000 + user * 1000 + i * 77) + "\n";
    }
  }
  write("log.csv", csv);
  ASSERT_EQ(peapod("prepare " + at("log.csv") + " --name same --out " + at("of-csv")), 0) << log();
  server_->sql("CREATE TABLE raw (who int, what int, at bigint);\nCOPY raw FROM STDIN CSV HEADER;\n" + csv +
               "\\.\nCREATE TABLE log AS SELECT who, what::text, to_timestamp(at) AS at FROM raw;\n");
  ASSERT_EQ(prepare(server_->url(), "SELECT who AS user_id, what AS item_id, at AS created_at FROM log", "--name same"),
            0)
      << log();
  EXPECT_NE(log().find("data set      same (postgresql)"), std::string::npos) << log();
  EXPECT_NE(log().find("columns: user = user_id, item = item_id, time = created_at (dates) (PostgreSQL)"),
            std::string::npos)
      << log();
  EXPECT_EQ(files_of(at("data")), files_of(at("of-csv")));
  ASSERT_EQ(prepare(server_->url(), "SELECT who, what, at FROM log", "--user who --item what --time at"), 0) << log();
  EXPECT_NE(log().find("data set      shop (postgresql)"), std::string::npos) << log();
}

TEST_F(PostgresqlSource, GivesTimesNumbersAndNullAsTheyAre) {
  // All rows of a query are of one user and have one item each, at the same moment, said in other types.
  const std::string moment = "2022-06-24 21:03:20.5+02";
  for (const auto& [type, seconds] :
       std::vector<std::pair<std::string, std::string>>{{"timestamptz", "1656097400.5"},
                                                        {"timestamp", "1656104600.5"},
                                                        {"timestamptz(0)", "1656097401.0"},
                                                        {"date", "1656028800.0"}}) {
    SCOPED_TRACE(type);
    ASSERT_EQ(prepare(server_->url(),
                      "SELECT 'u' AS user_id, i AS item_id, '" + moment + "'::" + type +
                          " + i * interval '0 s' AS time FROM generate_series(1, 3) AS i",
                      "--min-item 1 --split none"),
              0)
        << log();
    EXPECT_EQ(nlohmann::json::parse(contents(at("data/dataset.json"))).at("source").at("times").at("first").dump(),
              seconds);
  }
  ASSERT_EQ(prepare(server_->url(),
                    "SELECT 12345678901234567::int8 AS user_id, 0.1::float8 + 0.2::float8 AS item_id UNION ALL SELECT "
                    "12345678901234567, 12 UNION ALL SELECT 12345678901234567, 1.50::numeric UNION ALL SELECT NULL, 1",
                    "--min-item 1 --split none --max-bad-lines 30"),
            0)
      << log();
  EXPECT_NE(log().find("rejected      1 row: postgresql://owner@/shop: row 4: field \"user_id\": expected a name, got "
                       "nothing"),
            std::string::npos)
      << log();
  EXPECT_NE(log().find("order: query (no column of times)"), std::string::npos) << log();
  const std::string names = contents(at("data/items.jsonl")) + contents(at("data/users.jsonl"));
  for (const char* name : {"\"12345678901234567\"", "\"0.30000000000000004\"", "\"12\"", "\"1.5\""}) {
    EXPECT_NE(names.find(name), std::string::npos) << name << "\n" << names;
  }
  EXPECT_EQ(prepare(server_->url(), "SELECT 'u' AS user_id, '\\x00ff'::bytea AS item_id"), 1);
  EXPECT_NE(log().find("expected a name, got bytes (a blob)"), std::string::npos) << log();
}

TEST_F(PostgresqlSource, RefusesWhatDoesNotReadAndSaysWhatTheServerSays) {
  server_->sql(
      "CREATE TABLE log (user_id text, item_id text); CREATE TABLE hidden (user_id text, item_id text);"
      "CREATE ROLE visitor LOGIN; INSERT INTO log VALUES ('u', 'i');");
  const std::string url = server_->url();
  refuses(url, "INSERT INTO log VALUES ('u', 'j')", "--query: begins with INSERT, expected SELECT");
  refuses(url, "WITH gone AS (DELETE FROM log RETURNING *) SELECT * FROM gone",
          "postgresql://owner@/shop: the query failed: cannot execute SELECT in a read-only transaction; databases are "
          "only read; leave out what writes");
  refuses(url, "SELECT nextval('s')", "relation \"s\" does not exist");
  refuses(url, "SELECT * FROM log; SELECT 1", "cannot insert multiple commands into a prepared statement");
  refuses(url, "SELECT * INTO copy FROM log", "cannot execute SELECT INTO in a read-only transaction");
  refuses(url, "SELECT * FROM logs", "the query failed: relation \"logs\" does not exist; `psql URL -c '\\d'` lists");
  refuses(url, "SELECT usr_id, item_id FROM log", "Perhaps you meant to reference the column \"log.user_id\"");
  refuses(url, "SELECT * FROM log WHERE false", "postgresql://owner@/shop: the query gives no row");
  refuses(url, "SELECT a.user_id, b.user_id FROM log a, log b", "the query gives two columns of the name \"user_id\"");
  refuses(url, "SELECT user_id, item_id, 1 / (3 - i) AS one FROM log, generate_series(1, 3) AS i", "division by zero");
  refuses(url, "SELECT FROM log", "--query: gives no columns");
  refuses(server_->url("visitor"), "SELECT * FROM log", "permission denied for table log; ask for the right to read");
  refuses(server_->url("nobody_known"), "SELECT * FROM log", "role \"nobody_known\" does not exist");
  refuses(server_->url("owner", "shops"), "SELECT * FROM log", "database \"shops\" does not exist");
  EXPECT_EQ(peapod("prepare '" + url + "' --out " + at("data")), 1);
  EXPECT_NE(log().find("--query: is missing"), std::string::npos) << log();
  server_->stop();
  refuses(url, "SELECT * FROM log", "postgresql://owner@/shop: cannot be reached: connection to server on socket");
}

TEST_F(PostgresqlSource, ReadsARowOnlyWhenItIsWanted) {
  // 800 MB of texts. The server has not ended, so the largest child is the program.
  ASSERT_EQ(prepare(server_->url(),
                    "SELECT i % 50 AS user_id, i % 40 AS item_id, repeat('x', 40000) AS note FROM "
                    "generate_series(1, 20000) AS i"),
            0)
      << log();
  rusage usage{};
  ASSERT_EQ(::getrusage(RUSAGE_CHILDREN, &usage), 0);
  EXPECT_LT(usage.ru_maxrss, 600'000) << "KiB";
}

TEST_F(PostgresqlSource, ShowsNoPassword) {
  server_->sql(
      "CREATE ROLE guest LOGIN PASSWORD 'hush%hush'; CREATE TABLE log (user_id text, item_id text);"
      "GRANT SELECT ON log TO guest; INSERT INTO log SELECT 'u' || i % 9, 'i' || i % 5 FROM generate_series(1, "
      "200) AS i;");
  const std::string query = "SELECT * FROM log";
  const auto shows_none = [&] {
    EXPECT_EQ(log().find("hush"), std::string::npos) << log();
    EXPECT_NE(log().find("guest"), std::string::npos) << log();
  };
  refuses(server_->url("guest"), query, "postgresql://guest@/shop: cannot be reached: ");
  EXPECT_NE(log().find("set PGPASSWORD, or write the password into ~/.pgpass"), std::string::npos) << log();
  refuses(server_->url("guest:hushhush"), query, "password authentication failed for user \"guest\"");
  shows_none();
  refuses(server_->url("guest:hush%hush"), query, "cannot be read: the password is not percent-encoded");
  shows_none();
  refuses(server_->url("guest:hush@hush"), query, "cannot be read: an @ or a / stands within the user or the password");
  shows_none();
  refuses("postgresql://guest@host/shop?password=hush&colour=red", query, "invalid URI query parameter: \"colour\"");
  shows_none();
  refuses("postgresql://guest:hush@host:port/shop", query, "invalid integer value \"port\" for connection option");
  shows_none();
  refuses("postgresql://guest:hush@127.0.0.1:9/shop", query, "postgresql://guest@127.0.0.1:9/shop: cannot be reached");
  EXPECT_NE(log().find("refused"), std::string::npos) << log();
  shows_none();
  write("log.csv", "user,item\nann,tea\n");
  EXPECT_EQ(peapod("prepare " + at("log.csv") + " 'postgresql://guest:hush@host/shop' --out " + at("data")), 1);
  shows_none();
  EXPECT_EQ(peapod("'postgresql://guest:hush@host/shop'"), 2);
  shows_none();

  EXPECT_EQ(prepare(server_->url("guest:hush%25hush"), query + " WHERE item_id > 5"), 1);
  EXPECT_EQ(log().find("hush"), std::string::npos) << log();
  EXPECT_EQ(prepare(server_->url("guest:hush%25hush"), query), 0) << log();
  EXPECT_EQ(log().find("hush"), std::string::npos) << log();
  for (const auto& entry : fs::directory_iterator(at("data"))) {
    EXPECT_EQ(contents(entry.path()).find("hush"), std::string::npos) << entry.path();
  }
  ::setenv("PGPASSWORD", "hush%hush", 1);
  EXPECT_EQ(prepare(server_->url("guest"), query), 0) << log();
  ::unsetenv("PGPASSWORD");
  write("pgpass", "*:*:shop:guest:hush%hush\n");
  fs::permissions(at("pgpass"), fs::perms::owner_read | fs::perms::owner_write);
  ::setenv("PGPASSFILE", at("pgpass").c_str(), 1);
  EXPECT_EQ(prepare(server_->url("guest"), query), 0) << log();
  ::unsetenv("PGPASSFILE");
}

}  // namespace
}  // namespace peapod
