// The lines that a reader could not use. Bad lines are expected in raw data, so they are collected, not thrown; too
// large a share of them is an Error, because then something else is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peapod {

struct Reject {
  std::string file;
  uint64_t line = 0;               // from 1; 0 where the file has no lines to speak of
  std::string field;               // empty when the whole line is meant
  std::string reason;              // what was found and what was expected
  std::string_view unit = "line";  // what `line` counts: `line`, or `row` of a query
};

// A reason without what was found: `expected a number` of `expected a number, got "five"`.
std::string_view expectation_in(std::string_view reason);

// `reviews.json:1482: field "overall": expected a number, got "five"`; of rows `shop.db: row 17: …`
std::string describe(const Reject& reject);

// Lines that were rejected for the same reason, what was found there aside.
struct RejectReason {
  Reject first;
  uint64_t count = 0;
};

class Rejects {
 public:
  static constexpr size_t kKept = 100;  // so many are kept for display; all are counted

  // max_percent: the share of a file's lines that may be bad, 0 to 100.
  explicit Rejects(double max_percent = 1.0) : max_percent_(max_percent) {}

  // unit: what begin_line() counts, `line` or `row`; must outlive this object.
  void begin_file(std::string file, std::string_view unit = "line");
  // Counts a line (or entry) of the current file; those without content are not counted by the readers.
  void begin_line(uint64_t line);
  // Rejects the current line. At most one call a line.
  void add(std::string field, std::string reason);
  // Throws Error when too many lines of the current file were rejected; it says how to go on anyway.
  void end_file() const;

  uint64_t count() const { return count_; }                    // in all files
  const std::vector<Reject>& first() const { return first_; }  // the first kKept, in reading order
  // All rejected lines by reason, the most frequent one first; reasons beyond kReasons are counted with the last one
  // that was new.
  static constexpr size_t kReasons = 50;
  std::vector<RejectReason> reasons() const;

 private:
  double max_percent_;
  std::string file_;
  std::string_view unit_ = "line";
  uint64_t line_ = 0;
  uint64_t file_lines_ = 0;
  uint64_t file_count_ = 0;
  Reject file_first_;
  uint64_t count_ = 0;
  std::vector<Reject> first_;
  std::vector<RejectReason> reasons_;  // in the order in which they occurred
};

}  // namespace peapod
