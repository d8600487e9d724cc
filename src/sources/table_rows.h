// The rows of a table, whatever its columns mean: delimited text, JSON objects one a line, plain or packed, a file or
// standard input. The first row comes apart, since it may be a header, and some rows after it to look at. One table
// belongs to one thread.
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

  // The file, or `standard input`.
  const std::string& where() const { return where_; }
  // Where first() stands: `FILE:1`.
  virtual std::string where_of_first() const { return where_ + ":1"; }
  // Delimited: the fields of the first row, cleaned as names are. JSON: the names in the first objects.
  const std::vector<std::string>& first() const { return first_; }
  // Some of the rows after the first one; of JSON all of them have the fields of first(), in its order.
  const std::vector<std::vector<std::string>>& sample() const { return sample_; }
  // `between ,`, `JSON lines`
  const std::string& notation() const { return notation_; }
  // Leaves out the first row, which is a header. JSON has none. To be called before next().
  virtual void skip_header() = 0;

  // Goes to the next row that is not empty; false at the end. Throws Error where a quote is never closed.
  virtual bool next() = 0;
  uint64_t line() const { return line_; }  // that the row begins in, from 1
  // Why the row cannot be used; empty where it can.
  const std::string& problem() const { return problem_; }
  // The text in a column of first(), valid until the next call; empty where the row has none, nullopt where it is no
  // text but a list or an object. Requires a row without a problem.
  virtual std::optional<std::string_view> value(size_t column) = 0;
  // The texts in a column: the elements of a list, of a list of lists those of its first; else the parts of the text
  // between |, > and ;.
  virtual std::vector<std::string> values(size_t column);

  // Which lines so far were not UTF-8, as a sentence; empty where all were.
  virtual std::string repair_note() const = 0;

 protected:
  explicit TableRows(std::string where) : where_(std::move(where)) {}

  std::string where_;
  std::vector<std::string> first_;
  std::vector<std::vector<std::string>> sample_;
  std::string notation_;
  uint64_t line_ = 0;
  std::string problem_;
};

}  // namespace peapod
