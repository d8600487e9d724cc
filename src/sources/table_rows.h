// The rows of a table, whatever its columns mean: delimited text, JSON objects one a line, plain or packed, a file or
// standard input, or what a query of a database gives (sources/query_rows.h). The first row comes apart, since it may
// be a header, and some rows after it to look at. One table belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peapod {

enum class TableNotation {
  delimited,       // the separator is told by the content: comma, tab, semicolon, | or ::
  between_tabs,    // delimited by tabs
  between_colons,  // delimited by ::
  between_bars,    // delimited by |
  json_lines,
};

class TableRows {
 public:
  virtual ~TableRows() = default;

  // Opens a table. Throws Error when the file cannot be opened, is empty or no table in this notation.
  static std::unique_ptr<TableRows> open(const std::filesystem::path& path, TableNotation notation);

  // The file, `standard input`, or the database.
  const std::string& where() const { return where_; }
  // Where first() stands: `FILE:1`, or the database.
  virtual std::string where_of_first() const { return where_ + ":1"; }
  // Delimited: the fields of the first row, cleaned as names are. JSON: the names in the first objects. Of a
  // query: the names of its columns.
  const std::vector<std::string>& first() const { return first_; }
  // Some of the rows after the first one; of JSON and queries all of them have the fields of first(), in its order.
  const std::vector<std::vector<std::string>>& sample() const { return sample_; }
  // `between ,`, `JSON lines`, `SQLite`
  const std::string& notation() const { return notation_; }
  // Leaves out the first row, which is a header. JSON and queries have none. To be called before next().
  virtual void skip_header() = 0;

  // What line() counts, for messages: `line`, or `row` of a query.
  std::string_view unit() const { return unit_; }
  // What a value is that value() has no text for: `a list or an object`.
  std::string_view no_text() const { return no_text_; }

  // Goes to the next row that is not empty; false at the end. Throws Error where a quote is never closed.
  virtual bool next() = 0;
  uint64_t line() const { return line_; }  // that the row begins in, or which row of a query it is, from 1
  // Why the row cannot be used; empty where it can.
  const std::string& problem() const { return problem_; }
  // The text in a column of first(), valid until the next call; empty where the row has none, nullopt where it is
  // what no_text() says. Requires a row without a problem.
  virtual std::optional<std::string_view> value(size_t column) = 0;
  // The texts in a column: the elements of a list, of a list of lists those of its first; else the parts of the text
  // between |, > and ;.
  virtual std::vector<std::string> values(size_t column);

  // Which lines so far were not UTF-8, as a sentence; empty where all were.
  virtual std::string repair_note() const = 0;
  // Of the table, the share that has been read; 0 where its size is not known beforehand.
  virtual double share_read() const { return 0; }

 protected:
  explicit TableRows(std::string where) : where_(std::move(where)) {}

  std::string where_;
  std::vector<std::string> first_;
  std::vector<std::vector<std::string>> sample_;
  std::string notation_;
  std::string_view unit_ = "line";
  std::string_view no_text_ = "a list or an object";
  uint64_t line_ = 0;
  std::string problem_;
};

}  // namespace peapod
