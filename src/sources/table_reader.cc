// Tables of interactions: delimited text with or without a header, or JSON objects, one a line; a file, a folder of
// them, or standard input.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "sources/database_name.h"
#include "sources/line_reader.h"
#include "sources/plain_text.h"
#include "sources/postgresql_rows.h"
#include "sources/query_rows.h"
#include "sources/source_reader.h"
#include "sources/sqlite_rows.h"
#include "sources/table_columns.h"
#include "sources/table_rows.h"

namespace peapod {
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

std::optional<double> number_from(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

class TableReader {
 public:
  // name: of the data set.
  TableReader(std::string name, SourceFormat format, const ReadOptions& options, size_t num_files = 1)
      : options_(options), num_files_(num_files), events_(options.event_weights) {
    log_.name = std::move(name);
    log_.format = format;
    log_.rejects = Rejects(options.max_bad_lines_percent);
  }

  void read(const fs::path& path, TableNotation notation) { read(*TableRows::open(path, notation)); }

  void read(TableRows& rows) {
    begin(rows);
    if (columns_.has_header) rows.skip_header();
    while (rows.next()) {
      if (++rows_ % kRowsBetweenReports == 0) report(rows);
      log_.rejects.begin_line(rows.line());
      if (!rows.problem().empty()) {
        log_.rejects.add("", rows.problem());
      } else {
        add_row(rows);
      }
    }
    log_.rejects.end_file();
    note_encoding(log_, rows.repair_note());
    ++files_;
  }

  RawLog finish() {
    if (!log_.has_times) log_.reading.order_note = "no column of times";
    if (options_.items.empty()) {
      log_.reading.titles_note = "a table of interactions has none; name one of items with `items`";
    }
    if (log_.interactions.empty() && low_ratings_ > 0) {
      throw Error(log_.name, fmt::format("has no row with a rating of {:g} or more", *options_.min_rating),
                  "choose a smaller --min-rating");
    }
    std::string filtered;
    const auto count = [](uint64_t rows) { return readable_count(static_cast<double>(rows)); };
    if (low_ratings_ > 0) {
      filtered = fmt::format(", {} left out (rating below {:g})", count(low_ratings_), *options_.min_rating);
    }
    log_.reading.notes.push_back(fmt::format("rows: {} read, {} rejected{}, {} kept", count(rows_),
                                             count(log_.rejects.count()), filtered, count(log_.interactions.size())));
    if (weighs_events()) events_.combine(log_, event_numbers_);
    return std::move(log_);
  }

 private:
  static constexpr uint64_t kRowsBetweenReports = 1 << 13;

  void report(const TableRows& rows) const {
    if (!options_.progress) return;
    options_.progress(rows_, (static_cast<double>(files_) + rows.share_read()) / static_cast<double>(num_files_));
  }

  bool weighs_events() const { return !options_.event_weights.empty(); }

  // Settles what the columns of this file mean, and says so.
  void begin(const TableRows& rows) {
    columns_ = find_columns(rows.first(), rows.sample(), options_.columns, rows.where_of_first());
    const auto time = columns_.at(ColumnRole::time);
    if (files_ > 0 && time.has_value() != log_.has_times) {
      throw Error(rows.where(),
                  time ? "has a column of times, other files have none" : "has no column of times, others have",
                  "name it with `time`, or prepare the files apart");
    }
    log_.has_times = time.has_value();
    if (options_.min_rating && !columns_.at(ColumnRole::rating)) {
      throw Error(rows.where_of_first(), "has no column that is known for ratings, which min_rating needs",
                  "name it with `rating`");
    }
    if (weighs_events() && !columns_.at(ColumnRole::event)) {
      throw Error(rows.where_of_first(), "has no column that is known for events, which event_weight needs",
                  "name it with `event`");
    }
    if (!weighs_events() && columns_.at(ColumnRole::event)) leave_events_alone(rows);
    const bool dates = time && std::ranges::any_of(rows.sample(), [&](const auto& row) {
                         return *time < row.size() && iso_time(row[*time]).has_value();
                       });
    std::string words = "columns: " + columns_.in_words(dates) + " (" + rows.notation() + ")";
    if (words != described_) log_.reading.notes.push_back(words);
    described_ = std::move(words);
    log_.rejects.begin_file(rows.where(), rows.unit());
  }

  // A column of events that nobody weighs is not read, which is said.
  void leave_events_alone(const TableRows& rows) {
    auto& column = columns_.of[static_cast<size_t>(ColumnRole::event)];
    const std::string& name = columns_.names[*column];
    if (!options_.columns[static_cast<size_t>(ColumnRole::event)].empty()) {
      throw Error(rows.where_of_first(), "its events (column \"" + name + "\") have no weights",
                  "say what they count with `event_weight`, for example purchase=1,view=0.2");
    }
    if (std::exchange(events_told_, true)) return column.reset();
    std::set<std::string> events;
    for (const auto& row : rows.sample()) {
      if (*column < row.size() && events.size() < 4) events.insert(clean_name(row[*column]));
    }
    log_.reading.notes.push_back(
        fmt::format("events: all rows count alike, whatever their {} ({}); --event-weight "
                    "purchase=1,view=0.2 tells them apart",
                    name, fmt::join(events, ", ")));
    column.reset();
  }

  void add_row(TableRows& rows) {
    const auto reject = [&](ColumnRole role, const std::string& reason) {
      log_.rejects.add(columns_.names[*columns_.at(role)], reason);
    };
    const auto name_in = [&](ColumnRole role) {
      const auto value = rows.value(*columns_.at(role));
      std::string name = value ? counted_name(log_, *value) : "";
      const std::string problem = value ? name_problem(name) : "expected a name, got " + std::string(rows.no_text());
      if (!problem.empty()) {
        reject(role, problem);
        name.clear();
      }
      return name;
    };
    const std::string user_name = name_in(ColumnRole::user);
    if (user_name.empty()) return;
    const std::string item_name = name_in(ColumnRole::item);
    if (item_name.empty()) return;
    double time = 0;
    if (const auto column = columns_.at(ColumnRole::time)) {
      std::string problem;
      const auto text = rows.value(*column);
      if (!text) return reject(ColumnRole::time, "expected a time, got " + std::string(rows.no_text()));
      const auto value = parse_time(clean_name(*text), columns_.time_unit, problem);
      if (!value) return reject(ColumnRole::time, problem);
      time = *value;
    }
    if (options_.min_rating) {
      const std::string text = clean_name(rows.value(*columns_.at(ColumnRole::rating)).value_or(""));
      const auto rating = number_from(text);
      if (!rating) return reject(ColumnRole::rating, "expected a number, got \"" + text.substr(0, 40) + "\"");
      if (*rating < *options_.min_rating) {
        ++low_ratings_;
        return;
      }
    }
    if (weighs_events()) {
      const auto event = rows.value(*columns_.at(ColumnRole::event));
      if (!event) return reject(ColumnRole::event, "expected a text, got " + std::string(rows.no_text()));
      const auto number = events_.number_of(clean_name(*event));
      if (!number) return;
      event_numbers_.push_back(*number);
    }
    std::string review;
    if (const auto column = columns_.at(ColumnRole::text)) review = plain_text(rows.value(*column).value_or(""));
    const auto user = users_.add(user_name);
    if (user.added) log_.users.push_back({user_name, {}});
    const auto item = items_.add(item_name);
    if (item.added) log_.items.push_back({item_name, {}, {}, {}});
    log_.interactions.push_back({user.index, item.index, time, std::move(review)});
  }

  const ReadOptions& options_;
  TableColumns columns_;
  std::string described_;
  size_t files_ = 0, num_files_ = 1;  // read so far, and all
  uint64_t rows_ = 0, low_ratings_ = 0;
  EventCounter events_;
  bool events_told_ = false;             // that nobody weighs them
  std::vector<uint32_t> event_numbers_;  // of log_.interactions, where events are weighed
  RawLog log_;
  NameIndex users_, items_;
};

// The name of the data set that a file, a folder or standard input is.
std::string name_of_source(const fs::path& source) {
  const fs::path whole = source == kStandardInput ? "stdin" : fs::absolute(source).lexically_normal();
  std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  for (const char* ending : {".gz", ".zst", ".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json"}) {
    if (name.ends_with(ending) && name.size() > std::string_view(ending).size()) {
      name.resize(name.size() - std::string_view(ending).size());
    }
  }
  return name;
}

RawLog read_tables(const fs::path& source, SourceFormat format, TableNotation notation, const ReadOptions& options,
                   bool (*wanted)(std::string_view)) {
  const bool folder = source != kStandardInput && fs::is_directory(source);
  std::vector<fs::path> files = folder ? matching_files(source, wanted, options.items) : std::vector<fs::path>{source};
  files.insert(files.end(), options.more.begin(), options.more.end());
  if (files.empty()) throw Error(source.string(), fmt::format("holds no {} file", name_of(format)));
  TableReader reader(name_of_source(source), format, options, files.size());
  for (const fs::path& file : files) reader.read(file, notation);
  return reader.finish();
}

}  // namespace

bool is_csv_file(std::string_view file_name) {
  file_name = without_packing(file_name);
  return std::ranges::any_of(std::array{".csv", ".txt", ".dat", ".data"},
                             [&](std::string_view ending) { return file_name.ends_with(ending); });
}

bool is_tsv_file(std::string_view file_name) {
  file_name = without_packing(file_name);
  return file_name.ends_with(".tsv") || file_name.ends_with(".tab");
}

bool is_json_lines_file(std::string_view file_name) {
  file_name = without_packing(file_name);
  return file_name.ends_with(".jsonl") || file_name.ends_with(".ndjson") || file_name.ends_with(".json");
}

bool is_json_lines_table(const fs::path& path) {
  LineReader lines(path);
  std::string_view line;
  Json object;
  if (!lines.next(line) || !read_json(line, object).empty() || !object.is_object()) return false;
  const bool of_2023 = object.contains("verified_purchase") && object.contains("parent_asin");
  if (object.contains("reviewerID") || of_2023) return false;  // of Amazon
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names_tell_users_and_items(names);
}

RawLog read_table(const fs::path& file, SourceFormat format, TableNotation notation, const ReadOptions& options) {
  TableReader reader(name_of_source(file), format, options);
  reader.read(file, notation);
  return reader.finish();
}

RawLog read_sqlite(const fs::path& source, const ReadOptions& options) {
  const NamedRows query = open_sqlite(source.string().substr(kSqlitePrefix.size()), options.query);
  TableReader reader(query.name, SourceFormat::sqlite, options);
  reader.read(*query.rows);
  return reader.finish();
}

RawLog read_postgresql(const fs::path& source, const ReadOptions& options) {
  const NamedRows query = open_postgresql(source.string(), options.query);
  TableReader reader(query.name, SourceFormat::postgresql, options);
  reader.read(*query.rows);
  return reader.finish();
}

RawLog read_csv(const fs::path& source, const ReadOptions& options) {
  return read_tables(source, SourceFormat::csv, TableNotation::delimited, options, is_csv_file);
}

RawLog read_tsv(const fs::path& source, const ReadOptions& options) {
  return read_tables(source, SourceFormat::tsv, TableNotation::between_tabs, options, is_tsv_file);
}

RawLog read_jsonl(const fs::path& source, const ReadOptions& options) {
  return read_tables(source, SourceFormat::jsonl, TableNotation::json_lines, options, is_json_lines_file);
}

}  // namespace peapod
