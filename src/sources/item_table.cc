#include "sources/item_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/progress.h"
#include "sources/plain_text.h"
#include "sources/source_reader.h"
#include "sources/table_columns.h"
#include "sources/table_rows.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

// Names in lower case without signs, the likeliest first.
constexpr std::string_view kTitles =
    "title itemtitle producttitle movietitle name itemname productname description itemdescription";
constexpr std::string_view kCategories = "categories category genres genre class department producttype";
constexpr std::string_view kMoreItems = "id";

std::optional<size_t> first_of(const std::vector<size_t>& columns) {
  return columns.empty() ? std::nullopt : std::optional(columns.front());
}

}  // namespace

ItemDescriber::ItemDescriber(RawLog& log) : log_(log), described_(log.items.size()) {
  for (const ItemInfo& item : log.items) items_.add(item.name);
  for (uint32_t i = 0; i < log.items.size(); ++i) {
    for (const std::string& alias : log.items[i].aliases) items_.add_alias(alias, i);
  }
}

void ItemDescriber::describe(std::string_view item, std::string_view title,
                             const std::vector<std::string>& categories) {
  ++rows_;
  const uint32_t index = items_.find(item);
  if (index == NameIndex::kAbsent) {
    ++unmatched_;
    return;
  }
  if (described_[index]) {
    ++repeated_;
    return;
  }
  described_[index] = true;
  ItemInfo& info = log_.items[index];
  if (std::string cleaned = clean_title(title); !cleaned.empty()) info.title = std::move(cleaned);
  if (std::vector<std::string> cleaned = clean_categories(categories); !cleaned.empty()) {
    info.categories = std::move(cleaned);
  }
}

void ItemDescriber::finish(const fs::path& path) {
  log_.reading.titles_note = unmatched_note(unmatched_, rows_, path);
  if (repeated_ > 0) {
    log_.reading.notes.push_back(fmt::format("items: {} rows of {} are about an item of an earlier row, which counts",
                                             readable_count(static_cast<double>(repeated_)), path.filename().string()));
  }
  rows_ = unmatched_ = repeated_ = 0;
}

void read_item_table(const fs::path& path, const std::string& item_column, RawLog& log) {
  const std::string file_name = path.filename().string();
  const TableNotation notation = is_json_lines_file(file_name) ? TableNotation::json_lines
                                 : is_tsv_file(file_name)      ? TableNotation::between_tabs
                                                               : TableNotation::delimited;
  const std::unique_ptr<TableRows> rows = TableRows::open(path, notation);
  const std::vector<std::string>& names = rows->first();
  std::optional<size_t> item = first_of(known_columns(names, known_item_columns()));
  if (!item) item = first_of(known_columns(names, kMoreItems));
  if (!item_column.empty() && std::ranges::find(names, item_column) != names.end()) {
    item = named_column(names, true, item_column, "item", rows->where());
  }
  std::optional<size_t> title = first_of(known_columns(names, kTitles));
  if (title == item) title = std::nullopt;
  const std::optional<size_t> categories = first_of(known_columns(names, kCategories));
  std::string listed;
  for (const std::string& name : names) listed += (listed.empty() ? "" : ", ") + name.substr(0, 40);
  if (!item) {
    throw Error(rows->where() + ":1", "no column is known to name the items; the first line has " + listed,
                "call it item_id, or as the column of items in the interactions is called");
  }
  if (!title && !categories) {
    throw Error(rows->where() + ":1", "no column is known for titles or categories; the first line has " + listed,
                "call them title and category");
  }
  rows->skip_header();
  ItemDescriber describer(log);
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
    const std::string text = title ? std::string(rows->value(*title).value_or("")) : std::string();
    describer.describe(name, text, categories ? rows->values(*categories) : std::vector<std::string>());
  }
  log.rejects.end_file();
  note_encoding(log, rows->lines());
  describer.finish(path);
}

}  // namespace peapod
