// RecBole's atomic files: tab-separated, with a header of `name:type` fields; also with other separators, or no types.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "sources/line_reader.h"
#include "sources/plain_text.h"
#include "sources/record_reader.h"
#include "sources/source_reader.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

std::optional<double> time_from(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// The first line of a file: the names of its columns, without the types, which are not used, and what stands between.
struct Header {
  std::vector<std::string> columns;
  char separator = '\t';
};

Header header_between(std::string_view line, char separator) {
  Header header{.columns = {}, .separator = separator};
  for (const std::string_view raw : split_fields(line, separator)) {
    const std::string field = clean_name(raw);
    header.columns.push_back(field.substr(0, field.find(':')));
  }
  return header;
}

// Throws Error where a field is named twice: which one counts nobody can tell.
void require_distinct(const std::vector<std::string>& columns, const fs::path& path) {
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    if (std::find(columns.begin(), column, *column) == column) continue;
    throw Error(path.string() + ":1", "names the field " + repaired_utf8(*column).substr(0, 40) + " twice",
                "rename the one that is not meant");
  }
}

// RecBole writes tabs and name:type, others write its files with other separators or without types.
Header parse_header(std::string_view line, const fs::path& path) {
  for (const char separator : {'\t', ',', ';', '|', ' '}) {
    Header header = header_between(line, separator);
    if (header.columns.size() < 2 || std::ranges::count(header.columns, "item_id") == 0) continue;
    require_distinct(header.columns, path);
    return header;
  }
  for (const std::string_view raw : split_fields(line, '\t')) {
    if (raw.find(':') != std::string_view::npos) continue;
    throw Error(path.string() + ":1", "expected a header of name:type fields between tabs, got \"" +
                                          repaired_utf8(clean_name(raw)).substr(0, 40) + "\"");
  }
  return header_between(line, '\t');
}

constexpr size_t kNone = static_cast<size_t>(-1);

// The first column for which `wanted` holds; kNone when there is none.
template <class Predicate>
size_t find_column(const std::vector<std::string>& columns, Predicate wanted) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (wanted(columns[i])) return i;
  }
  return kNone;
}

size_t column_named(const std::vector<std::string>& columns, std::string_view name) {
  return find_column(columns, [&](const std::string& column) { return column == name; });
}

std::string listed(const std::vector<std::string>& columns) {
  std::string text;
  for (const std::string& column : columns) text += (text.empty() ? "" : ", ") + column;
  return text;
}

// `; "time" may be one: rename it to timestamp:float`, of the columns that sound like it.
std::string near_time(const std::vector<std::string>& columns) {
  std::string near;
  for (const std::string& column : columns) {
    std::string lower = column;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool sounds = lower == "ts" || lower == "when" || lower.find("time") != std::string::npos ||
                        lower.find("date") != std::string::npos || lower.ends_with("_at");
    if (sounds) near += (near.empty() ? "\"" : ", \"") + column + '"';
  }
  return near.empty() ? "" : "; " + near + " may be one: call it timestamp:float";
}

class RecBoleReader {
 public:
  RecBoleReader(const fs::path& inter, const ReadOptions& options) : inter_(inter) {
    log_.name = fs::path(without_packing(inter.filename().string())).stem().string();
    log_.format = SourceFormat::recbole;
    log_.rejects = Rejects(options.max_bad_lines_percent);
  }

  RawLog read() {
    read_interactions();
    const fs::path items = inter_.parent_path() / (log_.name + ".item");
    const std::vector<fs::path> beside =
        matching_files(inter_.has_parent_path() ? inter_.parent_path() : ".",
                       [&](std::string_view name) { return without_packing(name) == items.filename().string(); });
    if (!beside.empty()) {
      read_items(beside.front());
    } else {
      log_.reading.titles_note =
          missing_file_note(items, [](std::string_view name) { return without_packing(name).ends_with(".item"); });
    }
    return std::move(log_);
  }

 private:
  // Calls take_header(columns) once, then take_row(fields) for each row that has as many fields as the header.
  template <class TakeHeader, class TakeRow>
  void read_rows(const fs::path& path, TakeHeader take_header, TakeRow take_row) {
    LineReader lines(path);
    std::string_view line;
    if (!lines.next(line)) throw Error(path.string(), "is empty", "expected a header of name:type fields");
    const Header header = parse_header(line, path);
    const std::vector<std::string>& columns = header.columns;
    const char separator = header.separator;
    take_header(columns);
    log_.rejects.begin_file(path.string());
    const auto take = [&](const std::vector<std::string_view>& fields) {
      if (fields.size() == columns.size()) return take_row(fields);
      const std::string between = separator == '\t' ? "tabs" : separator == ' ' ? "blanks" : std::string(1, separator);
      log_.rejects.add("", "expected " + std::to_string(columns.size()) + " fields between " + between + ", got " +
                               std::to_string(fields.size()));
    };
    if (separator == '\t') {  // whose files do not quote
      while (lines.next(line)) {
        if (line.empty()) continue;
        log_.rejects.begin_line(lines.line_number());
        take(split_fields(line, separator));
      }
    } else {
      RecordReader records([&](std::string_view& next) { return lines.next(next); }, std::string(1, separator));
      for (std::vector<std::string> fields; records.next(fields);) {
        log_.rejects.begin_line(records.first_line() + 1);  // after the header
        take({fields.begin(), fields.end()});
      }
      if (records.open_quote_line() > 0) {
        throw Error(path.string() + ":" + std::to_string(records.open_quote_line() + 1),
                    "a field opens with a double quote here that is never closed", "close it");
      }
    }
    log_.rejects.end_file();
    note_encoding(log_, lines.repair_note());
  }

  void read_interactions() {
    size_t user_column = kNone, item_column = kNone, time_column = kNone;
    read_rows(
        inter_,
        [&](const std::vector<std::string>& columns) {
          user_column = column_named(columns, "user_id");
          item_column = column_named(columns, "item_id");
          time_column = column_named(columns, "timestamp");
          if (user_column == kNone || item_column == kNone) {
            throw Error(inter_.string() + ":1",
                        "expected the fields user_id:token and item_id:token in the header, got " + listed(columns),
                        "rename the fields that name users and items");
          }
          log_.has_times = time_column != kNone;
          if (!log_.has_times) log_.reading.order_note = "no timestamp column" + near_time(columns);
        },
        [&](const std::vector<std::string_view>& fields) {
          const std::string user_name = counted_name(log_, fields[user_column]);
          const std::string item_name = counted_name(log_, fields[item_column]);
          for (const auto& [field, name] : {std::pair("user_id", user_name), {"item_id", item_name}}) {
            const std::string problem = name_problem(name);
            if (!problem.empty()) return log_.rejects.add(field, problem);
          }
          double time = 0;
          if (time_column != kNone) {
            const auto value = time_from(clean_name(fields[time_column]));
            if (!value) {
              return log_.rejects.add("timestamp",
                                      "expected a number, got \"" + repaired_utf8(fields[time_column]) + "\"");
            }
            time = *value;
          }
          const auto user = users_.add(user_name);
          if (user.added) log_.users.push_back({user_name, {}});
          const auto item = items_.add(item_name);
          if (item.added) log_.items.push_back({item_name, {}, {}, {}});
          log_.interactions.push_back({user.index, item.index, time, {}});
        });
  }

  // Which fields hold title and categories is not fixed by the format; these are the names RecBole's own sets use.
  void read_items(const fs::path& path) {
    size_t item_column = kNone, title_column = kNone, category_column = kNone;
    uint64_t rows = 0, unmatched = 0;
    read_rows(
        path,
        [&](const std::vector<std::string>& columns) {
          item_column = column_named(columns, "item_id");
          title_column = find_column(columns, [](const std::string& column) {
            return column.find("title") != std::string::npos || column == "name" || column == "item_name";
          });
          category_column = find_column(columns, [](const std::string& column) {
            return column == "class" || column.starts_with("genre") || column.starts_with("categor");
          });
          if (item_column == kNone) {
            throw Error(path.string() + ":1", "expected the field item_id:token in the header, got " + listed(columns));
          }
          if (title_column == kNone) {
            log_.reading.titles_note =
                "no column of " + path.filename().string() + " is called title, name or item_name";
          }
        },
        [&](const std::vector<std::string_view>& fields) {
          ++rows;
          const std::string name = counted_name(log_, fields[item_column]);
          const uint32_t index = items_.find(name);
          if (index == NameIndex::kAbsent) {
            ++unmatched;
            return;
          }
          ItemInfo& item = log_.items[index];
          // Who puts the name between quotes does so with all texts; a title may have its own.
          const bool quoted = fields[item_column] != name && fields[item_column].find('"') != std::string_view::npos;
          const auto text = [&](size_t column) {
            return quoted ? clean_name(fields[column]) : std::string(fields[column]);
          };
          if (title_column != kNone) item.title = clean_title(text(title_column));
          if (category_column == kNone) return;
          std::vector<std::string> names;
          const std::string categories = text(category_column);
          for (const std::string_view part : split_fields(categories, ' ')) names.emplace_back(part);
          item.categories = clean_categories(names);
        });
    if (log_.reading.titles_note.empty()) log_.reading.titles_note = unmatched_note(unmatched, rows, path);
  }

  fs::path inter_;
  RawLog log_;
  NameIndex users_;
  NameIndex items_;
};

}  // namespace

RawLog read_recbole(const fs::path& source, const ReadOptions& options) {
  const fs::path inter = fs::is_directory(source)
                             ? only_file(source, matching_files(source, is_recbole_inter_file), ".inter file")
                             : source;
  return RecBoleReader(inter, options).read();
}

}  // namespace peapod
