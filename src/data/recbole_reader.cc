// RecBole's atomic files: tab-separated, with a header of `name:type` fields.
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "data/line_reader.h"
#include "data/plain_text.h"
#include "data/source_reader.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

std::optional<double> time_from(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// The names of the columns; the types are not used.
std::vector<std::string> parse_header(std::string_view line, const fs::path& path) {
  std::vector<std::string> columns;
  for (const std::string_view field : split_fields(line, '\t')) {
    const size_t colon = field.find(':');
    if (colon == std::string_view::npos) {
      throw Error(path.string() + ":1", "expected a header of name:type fields between tabs, got \"" +
                                            repaired_utf8(field.substr(0, 40)) + "\"");
    }
    columns.emplace_back(field.substr(0, colon));
  }
  return columns;
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

class RecBoleReader {
 public:
  RecBoleReader(const fs::path& inter, const ReadOptions& options) : inter_(inter) {
    log_.name = inter.stem().string();
    log_.format = SourceFormat::recbole;
    log_.rejects = Rejects(options.max_bad_lines_percent);
  }

  RawLog read() {
    read_interactions();
    const fs::path items = fs::path(inter_).replace_extension(".item");
    if (fs::exists(items)) read_items(items);
    return std::move(log_);
  }

 private:
  // Calls take_header(columns) once, then take_row(fields) for each row that has as many fields as the header.
  template <class TakeHeader, class TakeRow>
  void read_rows(const fs::path& path, TakeHeader take_header, TakeRow take_row) {
    LineReader lines(path);
    std::string_view line;
    if (!lines.next(line)) throw Error(path.string(), "is empty", "expected a header of name:type fields");
    const std::vector<std::string> columns = parse_header(line, path);
    take_header(columns);
    log_.rejects.begin_file(path.string());
    while (lines.next(line)) {
      if (line.empty()) continue;
      log_.rejects.begin_line(lines.line_number());
      const std::vector<std::string_view> fields = split_fields(line, '\t');
      if (fields.size() == columns.size()) {
        take_row(fields);
      } else {
        log_.rejects.add("", "expected " + std::to_string(columns.size()) + " fields between tabs, got " +
                                 std::to_string(fields.size()));
      }
    }
    log_.rejects.end_file();
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
            throw Error(inter_.string() + ":1", "expected the fields user_id:token and item_id:token in the header");
          }
          log_.has_times = time_column != kNone;
        },
        [&](const std::vector<std::string_view>& fields) {
          const std::string_view user_name = fields[user_column];
          const std::string_view item_name = fields[item_column];
          if (!usable(user_name)) return log_.rejects.add("user_id", "expected a name in UTF-8");
          if (!usable(item_name)) return log_.rejects.add("item_id", "expected a name in UTF-8");
          double time = 0;
          if (time_column != kNone) {
            const auto value = time_from(fields[time_column]);
            if (!value) {
              return log_.rejects.add("timestamp",
                                      "expected a number, got \"" + repaired_utf8(fields[time_column]) + "\"");
            }
            time = *value;
          }
          const auto user = users_.add(user_name);
          if (user.added) log_.users.push_back({std::string(user_name), {}});
          const auto item = items_.add(item_name);
          if (item.added) log_.items.push_back({std::string(item_name), {}, {}, {}});
          log_.interactions.push_back({user.index, item.index, time, {}});
        });
  }

  // Which fields hold title and categories is not fixed by the format; these are the names RecBole's own sets use.
  void read_items(const fs::path& path) {
    size_t item_column = kNone, title_column = kNone, category_column = kNone;
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
          if (item_column == kNone) throw Error(path.string() + ":1", "expected the field item_id:token in the header");
        },
        [&](const std::vector<std::string_view>& fields) {
          const uint32_t index = items_.find(fields[item_column]);
          if (index == NameIndex::kAbsent) return;
          ItemInfo& item = log_.items[index];
          if (title_column != kNone) item.title = clean_title(fields[title_column]);
          if (category_column == kNone) return;
          std::vector<std::string> names;
          for (const std::string_view name : split_fields(fields[category_column], ' ')) names.emplace_back(name);
          item.categories = clean_categories(names);
        });
  }

  static bool usable(std::string_view name) { return !name.empty() && is_utf8(name); }

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
