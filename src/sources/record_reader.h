// Records of a delimited table as RFC 4180 has them: fields in double quotes may hold the separator, line breaks and,
// as
// `""`, quotes. A quote within a field that does not begin with one is an ordinary character. Lines in, records out;
// one reader belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace peapod {

class RecordReader {
 public:
  // Gives the next line without its end; false at the end of the file.
  using NextLine = std::function<bool(std::string_view& line)>;

  // separator: one character or several, such as `::`; not empty.
  RecordReader(NextLine next_line, std::string separator);

  // The next record in `fields`; empty lines are passed over. False at the end of the lines, also where that comes
  // within quotes or the quotes hold more than LineReader::kMaxLineBytes; open_quote_line() tells.
  bool next(std::vector<std::string>& fields);

  uint64_t first_line() const { return first_line_; }  // of the last record, from 1
  uint64_t last_line() const { return line_; }
  uint64_t open_quote_line() const { return open_quote_line_; }  // where a quote opened that is never closed; else 0

 private:
  bool next_line(std::string_view& line);

  NextLine next_line_;
  std::string separator_;
  uint64_t line_ = 0;
  uint64_t first_line_ = 0;
  uint64_t open_quote_line_ = 0;
};

}  // namespace peapod
