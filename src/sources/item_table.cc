#include "sources/item_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/progress.h"
#include "sources/plain_text.h"
#include "sources/price_text.h"
#include "sources/source_reader.h"
#include "sources/table_columns.h"
#include "sources/table_rows.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

// Names in lower case without signs, the likeliest first.
constexpr std::string_view kTitles =
    "title itemtitle producttitle movietitle name itemname productname description itemdescription product item";
constexpr std::string_view kCategories = "categories category genres genre class department producttype";
constexpr std::string_view kPrices = "price saleprice currentprice unitprice listprice priceamount";
constexpr std::string_view kAvailabilities =
    "available availability isavailable instock stock inventory active isactive";
constexpr std::string_view kMoreItems = "id";

// The column that is asked for, else the known one that names most items of the log in the rows to look at; among
// equals the likeliest.
std::optional<size_t> column_of_items(const TableRows& rows, const std::string& asked, const ItemDescriber& describer) {
  const auto named = std::ranges::find(rows.first(), asked);
  if (!asked.empty() && named != rows.first().end()) return static_cast<size_t>(named - rows.first().begin());
  std::vector<size_t> columns = known_columns(rows.first(), known_item_columns());
  std::ranges::copy(known_columns(rows.first(), kMoreItems), std::back_inserter(columns));
  const auto matches = [&](size_t column) {
    return std::ranges::count_if(rows.sample(), [&](const std::vector<std::string>& row) {
      return column < row.size() && describer.knows(clean_name(row[column]));
    });
  };
  const auto best = std::ranges::max_element(columns, {}, matches);
  return best == columns.end() ? std::nullopt : std::optional(*best);
}

}  // namespace

ItemDescriber::ItemDescriber(RawLog& log) : log_(log), described_(log.items.size()) {
  for (const ItemInfo& item : log.items) items_.add(item.name);
  for (uint32_t i = 0; i < log.items.size(); ++i) {
    for (const std::string& alias : log.items[i].aliases) items_.add_alias(alias, i);
  }
}

bool ItemDescriber::describe(std::string_view item, std::string_view title,
                             const std::vector<std::string>& categories) {
  ++rows_;
  const uint32_t index = items_.find(item);
  if (index == NameIndex::kAbsent) {
    ++unmatched_;
    return false;
  }
  if (described_[index]) {
    ++repeated_;
    return false;
  }
  described_[index] = true;
  ItemInfo& info = log_.items[index];
  if (std::string cleaned = clean_title(title); !cleaned.empty()) info.title = std::move(cleaned);
  if (std::vector<std::string> cleaned = clean_categories(categories); !cleaned.empty()) {
    info.categories = std::move(cleaned);
  }
  return true;
}

void ItemDescriber::offer(std::string_view item, std::string_view price, std::string_view available) {
  ItemInfo& info = log_.items[items_.find(item)];
  const auto take = [](std::string_view text, const auto& read, auto& value, uint64_t& bad, std::string& first) {
    const std::string cleaned = clean_name(text);
    if (cleaned.empty()) return;
    value = read(cleaned);
    if (!value && bad++ == 0) first = cleaned.substr(0, 40);
  };
  take(price, price_in, info.price, bad_prices_, first_bad_price_);
  take(available, availability_in, info.available, bad_availabilities_, first_bad_availability_);
}

void ItemDescriber::finish(const fs::path& path) {
  std::string& note = log_.reading.titles_note;
  const std::string unmatched = unmatched_note(unmatched_, rows_, path);
  note += (note.empty() || unmatched.empty() ? "" : "; ") + unmatched;
  const auto note_bad = [&](const char* what, uint64_t bad, const std::string& first) {
    if (bad == 0) return;
    log_.reading.notes.push_back(fmt::format("{} {} of {} cannot be read, the first: \"{}\"", what,
                                             readable_count(static_cast<double>(bad)), path.filename().string(),
                                             first));
  };
  note_bad("prices", bad_prices_, first_bad_price_);
  note_bad("availability", bad_availabilities_, first_bad_availability_);
  if (repeated_ > 0) {
    log_.reading.notes.push_back(fmt::format("repeated items {} (of rows of {} about one item the first counts)",
                                             readable_count(static_cast<double>(repeated_)), path.filename().string()));
  }
}

void read_item_table(const fs::path& path, const std::string& item_column, RawLog& log) {
  const std::string file_name = path.filename().string();
  const TableNotation notation = is_json_lines_file(file_name) ? TableNotation::json_lines
                                 : is_tsv_file(file_name)      ? TableNotation::between_tabs
                                                               : TableNotation::delimited;
  const std::unique_ptr<TableRows> rows = TableRows::open(path, notation);
  const std::vector<std::string>& names = rows->first();
  ItemDescriber describer(log);
  const std::optional<size_t> item = column_of_items(*rows, item_column, describer);
  const auto other = [&](std::string_view known) -> std::optional<size_t> {
    for (const size_t column : known_columns(names, known)) {
      if (column != item) return column;
    }
    return std::nullopt;
  };
  const std::optional<size_t> title = other(kTitles), categories = other(kCategories);
  const std::optional<size_t> price = other(kPrices), available = other(kAvailabilities);
  if (!item) {
    throw Error(rows->where_of_first(), "no column is known to name the items; the table has " + listed(names),
                "call it item_id, or as the column of items in the interactions is called");
  }
  if (!title && !categories && !price && !available) {
    throw Error(rows->where_of_first(),
                "no column is known for titles, categories, prices or availability; the table has " + listed(names),
                "call them title, category, price and available");
  }
  std::string taken = "item = " + names[*item];
  for (const auto& [what, column] :
       {std::pair("title", title), {"categories", categories}, {"price", price}, {"available", available}}) {
    if (column) taken += fmt::format(", {} = {}", what, names[*column]);
  }
  log.reading.notes.push_back(fmt::format("items: {} ({} of {})", taken, rows->notation(), file_name));
  rows->skip_header();
  log.rejects.begin_file(rows->where());
  while (rows->next()) {
    log.rejects.begin_line(rows->line());
    if (!rows->problem().empty()) {
      log.rejects.add("", rows->problem());
      continue;
    }
    const std::string name = clean_name(rows->value(*item).value_or(""));
    if (name.empty()) {
      log.rejects.add(names[*item], "expected a name, got nothing");
      continue;
    }
    const auto text_in = [&](const std::optional<size_t>& column) {
      return column ? std::string(rows->value(*column).value_or("")) : std::string();
    };
    const auto all_categories = categories ? rows->values(*categories) : std::vector<std::string>();
    if (describer.describe(name, text_in(title), all_categories)) {
      describer.offer(name, text_in(price), text_in(available));
    }
  }
  log.rejects.end_file();
  note_encoding(log, rows->repair_note());
  if (!describer.found_any()) {
    throw Error(rows->where(),
                fmt::format("no row names an item of the log; its \"{}\" was taken for the name", names[*item]),
                "call the right column as in the interactions, and name it with `item`");
  }
  describer.finish(path);
}

}  // namespace peapod
