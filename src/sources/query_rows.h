// The rows that a query gives, as a table whose columns have names: what the readers of the databases
// (sources/sqlite_rows.h, sources/postgresql_rows.h) share. One object belongs to one thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/table_rows.h"

namespace peapod {

// The value of one column in one row, of which a database knows more than a text.
struct QueryValue {
  std::string text;      // empty for NULL
  bool is_blob = false;  // bytes without a meaning as text
};

// A query that runs.
class QueryCursor {
 public:
  virtual ~QueryCursor() = default;
  // The names of the columns as the database gives them.
  virtual std::vector<std::string> columns() const = 0;
  // The next row in `row`, a value for each column; false at the end, behind which it is not called. Throws Error when
  // the database fails.
  virtual bool next(std::vector<QueryValue>& row) = 0;
};

// Throws Error about the field `query` unless the query begins as one that reads: SELECT, WITH or VALUES. What it does
// behind WITH is for the database to refuse.
void require_reading_query(std::string_view query);

class QueryRows : public TableRows {
 public:
  // where:    the database, as messages name it; without a password
  // notation: what the query was put to, `SQLite`
  // Throws Error when there is no column or no row, or two columns have the same name.
  QueryRows(std::string where, std::string notation, std::unique_ptr<QueryCursor> cursor);

  std::string where_of_first() const override { return where_; }
  void skip_header() override {}
  bool next() override;
  std::optional<std::string_view> value(size_t column) override;
  std::string repair_note() const override;

 private:
  bool fetch(std::vector<QueryValue>& row);

  bool ended_ = false;  // whether the cursor has given its last row
  std::unique_ptr<QueryCursor> cursor_;
  std::deque<std::vector<QueryValue>> sampled_;  // rows that were fetched to be looked at and are still to be given
  std::vector<QueryValue> row_;
  uint64_t fetched_ = 0, repaired_ = 0, first_repaired_ = 0;
};

// The rows of a query, and the name of the data set that they make unless it is given another.
struct NamedRows {
  std::string name;
  std::unique_ptr<TableRows> rows;
};

}  // namespace peapod
