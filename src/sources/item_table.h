// What tables say of the items of a log: titles, categories, prices and whether they can be had. Next to the readers of
// interactions, which make the log.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sources/raw_log.h"

namespace peapod {

// Gives items of a log their titles and categories, and counts what is of no item and what comes twice. Belongs to one
// thread; the log must outlive it.
class ItemDescriber {
 public:
  // Items are found by name, then by alias.
  explicit ItemDescriber(RawLog& log);

  bool knows(std::string_view item) const { return items_.find(item) != NameIndex::kAbsent; }
  // What one row says; empty texts say nothing. Of rows about one item the first counts. Returns whether this one does.
  bool describe(std::string_view item, std::string_view title, const std::vector<std::string>& categories);
  // What the row of describe(), which counted, says of price and availability; empty texts say nothing.
  void offer(std::string_view item, std::string_view price, std::string_view available);
  // Notes what was counted for summary_of_reading(). To be called after the rows of a file.
  void finish(const std::filesystem::path& path);
  bool found_any() const { return std::ranges::count(described_, true) > 0; }

 private:
  RawLog& log_;
  NameIndex items_;
  std::vector<bool> described_;
  uint64_t rows_ = 0, unmatched_ = 0, repeated_ = 0;
  uint64_t bad_prices_ = 0, bad_availabilities_ = 0;  // texts that are none
  std::string first_bad_price_, first_bad_availability_;
};

// Reads a table of items (as sources/table_rows.h has them; the notation is told by the file's name): a column that
// names items, `item_column` where the table has that, else of those with usual names the one that names most items of
// the log in the first rows; and columns of titles, categories, prices and availability, at least one of them, by the
// usual names. Rows that cannot be used go to the log's rejects. Throws Error when the file cannot be read, too many
// rows cannot be used, a column is missing, or no row names an item of the log.
void read_item_table(const std::filesystem::path& path, const std::string& item_column, RawLog& log);

}  // namespace peapod
