#include "sources/sqlite_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/nearest_name.h"
#include "base/progress.h"
#include "sources/table_columns.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

// A program that writes in between gets so long to finish.
constexpr int kLockTimeoutMs = 2000;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// The names of the tables and views; empty where they cannot be read.
std::vector<std::string> tables_of(sqlite3* database) {
  sqlite3_stmt* made = nullptr;
  sqlite3_prepare_v2(database, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name", -1,
                     &made, nullptr);
  const Statement statement(made);
  std::vector<std::string> names;
  while (statement && sqlite3_step(statement.get()) == SQLITE_ROW) {
    const auto* name = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
    if (name != nullptr) names.emplace_back(name);
  }
  return names;
}

// What to do about a query that the database does not understand.
std::string remedy_for(sqlite3* database, std::string_view message) {
  constexpr std::string_view kNoTable = "no such table: ";
  if (!message.starts_with(kNoTable)) return "correct it; in `sqlite3 FILE` it can be tried";
  const std::vector<std::string> tables = tables_of(database);
  if (tables.empty()) return "the database holds no table; check that it is the file that is meant";
  const std::string nearest = nearest_name(message.substr(kNoTable.size()), tables);
  return "the database holds " + listed(tables) + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

// The sentence for what the last call said of the database. what_failed: `the query failed`.
Error failure(const std::string& where, sqlite3* database, const std::string& what_failed) {
  const std::string message = sqlite3_errmsg(database);
  switch (sqlite3_errcode(database)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {where, "another program writes to the database and has locked it (" + message + ")",
              "try again when that has finished, or read a copy of the file"};
    case SQLITE_NOTADB:
      return {where, "is no SQLite database, or an encrypted one (" + message + ")",
              "check the file; a table of text is named without `sqlite:`"};
    case SQLITE_CORRUPT:
      return {where, "is damaged (" + message + ")", "mend it: sqlite3 FILE .recover | sqlite3 NEW"};
    case SQLITE_CANTOPEN:
      return {where, "cannot be opened (" + message + ")",
              "check the rights of the file and, where there is a -wal file beside it, of its folder"};
    default:
      return {where, what_failed + ": " + message, remedy_for(database, message)};
  }
}

// The statement that stands first in `query`, null where there is nothing but comments; moves `query` behind it.
Statement prepared(const std::string& where, sqlite3* database, const char*& query) {
  sqlite3_stmt* made = nullptr;
  const int status = sqlite3_prepare_v2(database, query, -1, &made, &query);
  if (status != SQLITE_OK) throw failure(where, database, "the query is not understood");
  return Statement(made);
}

class SqliteCursor : public QueryCursor {
 public:
  SqliteCursor(std::string where, Database database, const std::string& query)
      : where_(std::move(where)), database_(std::move(database)) {
    const char* rest = query.c_str();
    statement_ = prepared(where_, database_.get(), rest);
    while (*rest != '\0') {
      if (prepared(where_, database_.get(), rest) == nullptr) continue;  // blanks and comments up to a ; or the end
      throw Error("query", "holds several statements, expected one SELECT", "leave out what stands behind the first ;");
    }
    if (sqlite3_stmt_readonly(statement_.get()) == 0) {
      throw Error("query", "would write to the database, expected a SELECT", "databases are only read");
    }
  }

  std::vector<std::string> columns() const override {
    std::vector<std::string> names;
    for (int i = 0; i < sqlite3_column_count(statement_.get()); ++i) {
      const char* name = sqlite3_column_name(statement_.get(), i);
      names.emplace_back(name != nullptr ? name : "");
    }
    return names;
  }

  bool next(std::vector<QueryValue>& row) override {
    const int status = sqlite3_step(statement_.get());
    if (status == SQLITE_DONE) return false;
    if (status != SQLITE_ROW) {
      throw failure(where_, database_.get(), fmt::format("the query failed after {} rows", given_));
    }
    ++given_;
    row.resize(static_cast<size_t>(sqlite3_column_count(statement_.get())));
    for (size_t i = 0; i < row.size(); ++i) read(static_cast<int>(i), row[i]);
    return true;
  }

 private:
  void read(int column, QueryValue& value) const {
    value = {};
    switch (sqlite3_column_type(statement_.get(), column)) {
      case SQLITE_NULL:
        return;
      case SQLITE_INTEGER:
        value.text = std::to_string(sqlite3_column_int64(statement_.get(), column));
        return;
      case SQLITE_FLOAT:
        value.text = fmt::format("{}", sqlite3_column_double(statement_.get(), column));
        return;
      case SQLITE_BLOB:
        value.is_blob = true;
        return;
      default: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
        const int bytes = sqlite3_column_bytes(statement_.get(), column);
        if (text != nullptr) value.text.assign(text, static_cast<size_t>(bytes));
      }
    }
  }

  std::string where_;
  Database database_;
  Statement statement_;  // declared behind the database, so that it goes first
  uint64_t given_ = 0;
};

Database opened(const fs::path& file) {
  if (!fs::exists(file)) {
    const bool slashes = file.string().starts_with("//");
    throw Error(file.string(), "does not exist",
                slashes ? "write the path right behind `sqlite:`, without slashes that do not belong to it" : "");
  }
  if (!fs::is_regular_file(file)) throw Error(file.string(), "is no file", "name an SQLite database: sqlite:FILE");
  sqlite3* made = nullptr;
  const int status = sqlite3_open_v2(file.c_str(), &made, SQLITE_OPEN_READONLY, nullptr);
  Database database(made);
  if (!database) throw Error(file.string(), "cannot be opened: out of memory");
  if (status != SQLITE_OK) throw failure(file.string(), made, "cannot be opened");
  sqlite3_busy_timeout(made, kLockTimeoutMs);
  return database;
}

std::string name_of_file(const fs::path& file) {
  std::string name = file.filename().string();
  for (const std::string_view ending : {".sqlite3", ".sqlite", ".db3", ".db"}) {
    if (name.ends_with(ending) && name.size() > ending.size()) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

}  // namespace

NamedRows open_sqlite(const fs::path& file, const std::string& query) {
  require_reading_query(query);
  auto cursor = std::make_unique<SqliteCursor>(file.string(), opened(file), query);
  return {name_of_file(file), std::make_unique<QueryRows>(file.string(), "SQLite", std::move(cursor))};
}

}  // namespace peapod
