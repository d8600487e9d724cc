#include "sources/record_reader.h"

#include <utility>

#include "sources/line_reader.h"

namespace peapod {

RecordReader::RecordReader(NextLine next_line, std::string separator)
    : next_line_(std::move(next_line)), separator_(std::move(separator)) {}

bool RecordReader::next_line(std::string_view& line) {
  if (!next_line_(line)) return false;
  ++line_;
  return true;
}

bool RecordReader::next(std::vector<std::string>& fields) {
  std::string_view rest;
  do {
    if (!next_line(rest)) return false;
  } while (rest.empty());
  first_line_ = line_;
  size_t count = 0;
  for (;;) {
    if (count == fields.size()) fields.emplace_back();
    std::string& field = fields[count++];
    field.clear();
    if (rest.starts_with('"')) {
      const uint64_t opened = line_;
      rest.remove_prefix(1);
      for (;;) {
        const size_t quote = rest.find('"');
        field += rest.substr(0, quote);
        if (quote == std::string_view::npos) {
          field += '\n';
          if (field.size() > LineReader::kMaxLineBytes || !next_line(rest)) {
            open_quote_line_ = opened;
            return false;
          }
          continue;
        }
        rest.remove_prefix(quote + 1);
        if (!rest.starts_with('"')) break;
        field += '"';
        rest.remove_prefix(1);
      }
    }
    const size_t end = rest.find(separator_);
    field += rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + separator_.size());
  }
  fields.resize(count);
  return true;
}

}  // namespace peapod
