// Tables of interactions: delimited text with or without a header, or JSON objects, one a line; a file, a folder of
// them, or standard input.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "sources/line_reader.h"
#include "sources/plain_text.h"
#include "sources/record_reader.h"
#include "sources/source_reader.h"
#include "sources/table_columns.h"

namespace peapod {
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr size_t kSampledLines = 200;
constexpr std::array<const char*, 5> kSeparators = {"\t", "::", ",", ";", "|"};

// Lines of which the first can be looked at before they are read.
class PeekedLines {
 public:
  explicit PeekedLines(const fs::path& path) : lines_(path) {
    for (std::string_view line; first_.size() < kSampledLines && lines_.next(line);) first_.emplace_back(line);
  }
  const std::vector<std::string>& first() const { return first_; }
  bool next(std::string_view& line) {
    if (given_ == first_.size()) return lines_.next(line);
    line = first_[given_++];
    return true;
  }
  const LineReader& lines() const { return lines_; }

 private:
  LineReader lines_;
  std::vector<std::string> first_;
  size_t given_ = 0;
};

using Rows = std::vector<std::vector<std::string>>;

Rows sampled_records(const std::vector<std::string>& lines, const std::string& separator) {
  size_t place = 0;
  RecordReader records(
      [&](std::string_view& line) {
        if (place == lines.size()) return false;
        line = lines[place++];
        return true;
      },
      separator);
  Rows rows;
  for (std::vector<std::string> fields; records.next(fields);) rows.push_back(fields);
  return rows;
}

// The separator that cuts most rows into as many fields as the first one; among equals the one that makes most fields.
std::string separator_of(const std::vector<std::string>& lines) {
  std::string best;
  std::pair<double, size_t> best_score{0, 1};
  for (const char* separator : kSeparators) {
    const Rows rows = sampled_records(lines, separator);
    if (rows.empty() || rows[0].size() < 2) continue;
    const auto alike = std::ranges::count_if(rows, [&](const auto& row) { return row.size() == rows[0].size(); });
    // In steps, so that a few bad rows do not outweigh the number of fields.
    const double share = std::round(10.0 * static_cast<double>(alike) / static_cast<double>(rows.size()));
    const std::pair score{share, rows[0].size()};
    if (score > best_score) {
      best_score = score;
      best = separator;
    }
  }
  return best;
}

// A value as the text that it would be in a table; nullopt for lists and objects.
std::optional<std::string> text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return std::string();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

std::string shown_separator(const std::string& separator) { return separator == "\t" ? "tab" : separator; }

std::optional<double> number_from(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

class TableReader {
 public:
  TableReader(const fs::path& source, SourceFormat format, const ReadOptions& options)
      : format_(format), options_(options) {
    const fs::path whole = source == kStandardInput ? "stdin" : fs::absolute(source).lexically_normal();
    std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
    for (const char* ending : {".gz", ".zst", ".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json"}) {
      if (name.ends_with(ending) && name.size() > std::string_view(ending).size()) {
        name.resize(name.size() - std::string_view(ending).size());
      }
    }
    log_.name = name;
    log_.format = format;
    log_.rejects = Rejects(options.max_bad_lines_percent);
  }

  void read(const fs::path& path) {
    where_ = path == kStandardInput ? "standard input" : path.string();
    PeekedLines lines(path);
    const auto text = std::ranges::find_if(
        lines.first(), [](const std::string& line) { return line.find_first_not_of(" \t") != std::string::npos; });
    if (text == lines.first().end()) throw Error(where_, "is empty", "check that it is the file that is meant");
    if (format_ == SourceFormat::jsonl) {
      read_json_lines(lines);
    } else {
      read_records(lines);
    }
    log_.rejects.end_file();
    note_encoding(log_, lines.lines());
    ++files_;
  }

  RawLog finish() {
    if (!log_.has_times) log_.reading.order_note = "no column of times";
    log_.reading.titles_note = "tables of interactions have none";
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
    return std::move(log_);
  }

 private:
  // Settles what the columns of this file mean, and says so.
  void begin(const std::vector<std::string>& first, const Rows& rows, const std::string& how) {
    columns_ = find_columns(first, rows, options_.columns, where_);
    const auto time = columns_.at(ColumnRole::time);
    if (files_ > 0 && time.has_value() != log_.has_times) {
      throw Error(where_, time ? "has a column of times, other files have none" : "has no column of times, others have",
                  "name it with `time`, or prepare the files apart");
    }
    log_.has_times = time.has_value();
    if (options_.min_rating && !columns_.at(ColumnRole::rating)) {
      throw Error(where_ + ":1", "has no column that is known for ratings, which min_rating needs",
                  "name it with `rating`");
    }
    const bool dates = time && std::ranges::any_of(rows, [&](const auto& row) {
                         return *time < row.size() && iso_time(row[*time]).has_value();
                       });
    std::string words = "columns: " + columns_.in_words(dates) + " (" + how + ")";
    if (words != described_) log_.reading.notes.push_back(words);
    described_ = std::move(words);
    log_.rejects.begin_file(where_);
  }

  void read_records(PeekedLines& lines) {
    std::string separator = format_ == SourceFormat::tsv ? "\t" : separator_of(lines.first());
    if (separator.empty()) {
      throw Error(where_ + ":1",
                  "expected columns between commas, tabs, semicolons, | or ::, got \"" +
                      lines.first().front().substr(0, 40) + "\"",
                  "check that it is a table with a column of users and one of items");
    }
    RecordReader records([&](std::string_view& line) { return lines.next(line); }, separator);
    Rows sample = sampled_records(lines.first(), separator);
    std::vector<std::string> first;
    if (!sample.empty()) {
      first = sample.front();
      for (std::string& name : first) name = clean_name(name);
      sample.erase(sample.begin());
      begin(first, sample, "between " + shown_separator(separator) + (separator == "\t" ? "s" : ""));
    }
    std::vector<std::string> fields;
    bool header = columns_.has_header;
    while (records.next(fields)) {
      if (std::exchange(header, false)) continue;
      begin_row(records.first_line());
      if (fields.size() != columns_.names.size()) {
        const std::string span = records.last_line() > records.first_line()
                                     ? fmt::format(" up to line {}, a quote spans them", records.last_line())
                                     : std::string();
        log_.rejects.add("", fmt::format("expected {} fields, got {}{}", columns_.names.size(), fields.size(), span));
        continue;
      }
      add_row([&](size_t column) -> std::optional<std::string_view> { return fields[column]; });
    }
    if (records.open_quote_line() > 0) {
      throw Error(fmt::format("{}:{}", where_, records.open_quote_line()),
                  "a field opens with a double quote here that is never closed",
                  "close it, or write a quote that belongs to the text twice and the field between quotes");
    }
  }

  void read_json_lines(PeekedLines& lines) {
    std::vector<std::string> names;
    Rows sample;
    std::vector<Json> objects;
    for (const std::string& line : lines.first()) {
      Json object;
      if (!read_json(line, object).empty() || !object.is_object()) continue;
      for (const auto& [name, value] : object.items()) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
      }
      objects.push_back(std::move(object));
    }
    if (objects.empty()) {
      const bool list = lines.first().front().starts_with('[');
      throw Error(where_ + ":1",
                  "expected one JSON object in a line, got \"" + lines.first().front().substr(0, 40) + "\"",
                  list ? "write a line for each object: jq -c '.[]' FILE > NEW" : "name the `format` that it has");
    }
    for (const Json& object : objects) {
      auto& row = sample.emplace_back();
      for (const std::string& name : names) {
        const auto value = object.find(name);
        row.push_back(value == object.end() ? std::string() : text_of(*value).value_or(""));
      }
    }
    begin(names, sample, "JSON lines");
    uint64_t number = 0;
    Json object;
    for (std::string_view line; lines.next(line);) {
      ++number;
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      begin_row(number);
      const std::string problem = read_json(line, object);
      if (!problem.empty() || !object.is_object()) {
        log_.rejects.add("", "expected one JSON object in a line" + (problem.empty() ? "" : ", but it " + problem));
        continue;
      }
      std::string held;
      add_row([&](size_t column) -> std::optional<std::string_view> {
        const auto value = object.find(columns_.names[column]);
        if (value == object.end()) return "";
        auto text = text_of(*value);
        if (!text) return std::nullopt;
        held = std::move(*text);
        return held;
      });
    }
  }

  void begin_row(uint64_t line) {
    ++rows_;
    log_.rejects.begin_line(line);
  }

  // value_of(column) gives the text of a column, valid until its next call; nullopt where it holds no text.
  template <class ValueOf>
  void add_row(ValueOf value_of) {
    const auto reject = [&](ColumnRole role, const std::string& reason) {
      log_.rejects.add(columns_.names[*columns_.at(role)], reason);
    };
    const auto name_in = [&](ColumnRole role) {
      const auto value = value_of(*columns_.at(role));
      std::string name = value && value->find('\0') == std::string_view::npos ? counted_name(log_, *value) : "";
      if (name.empty()) reject(role, "expected a name, got " + std::string(value ? "nothing" : "a list or an object"));
      if (name.size() > kMaxNameBytes) {
        reject(role, fmt::format("expected a name of at most {} bytes, got {}", kMaxNameBytes, name.size()));
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
      const auto value = parse_time(clean_name(value_of(*column).value_or("")), columns_.time_unit, problem);
      if (!value) return reject(ColumnRole::time, problem);
      time = *value;
    }
    if (options_.min_rating) {
      const std::string text = clean_name(value_of(*columns_.at(ColumnRole::rating)).value_or(""));
      const auto rating = number_from(text);
      if (!rating) return reject(ColumnRole::rating, "expected a number, got \"" + text.substr(0, 40) + "\"");
      if (*rating < *options_.min_rating) {
        ++low_ratings_;
        return;
      }
    }
    std::string review;
    if (const auto column = columns_.at(ColumnRole::text)) review = plain_text(value_of(*column).value_or(""));
    const auto user = users_.add(user_name);
    if (user.added) log_.users.push_back({user_name, {}});
    const auto item = items_.add(item_name);
    if (item.added) log_.items.push_back({item_name, {}, {}, {}});
    log_.interactions.push_back({user.index, item.index, time, std::move(review)});
  }

  static constexpr size_t kMaxNameBytes = 1000;

  SourceFormat format_;
  const ReadOptions& options_;
  std::string where_;
  TableColumns columns_;
  std::string described_;
  size_t files_ = 0;
  uint64_t rows_ = 0, low_ratings_ = 0;
  RawLog log_;
  NameIndex users_, items_;
};

std::string_view without_packing(std::string_view file_name) {
  for (const std::string_view ending : {".gz", ".zst"}) {
    if (file_name.ends_with(ending)) file_name.remove_suffix(ending.size());
  }
  return file_name;
}

RawLog read_table(const fs::path& source, SourceFormat format, const ReadOptions& options,
                  bool (*wanted)(std::string_view)) {
  const bool folder = source != kStandardInput && fs::is_directory(source);
  const std::vector<fs::path> files = folder ? matching_files(source, wanted) : std::vector<fs::path>{source};
  if (files.empty()) throw Error(source.string(), fmt::format("holds no {} file", name_of(format)));
  TableReader reader(source, format, options);
  for (const fs::path& file : files) reader.read(file);
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
  if (object.contains("reviewerID")) return false;  // of Amazon
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names_tell_users_and_items(names);
}

RawLog read_csv(const fs::path& source, const ReadOptions& options) {
  return read_table(source, SourceFormat::csv, options, is_csv_file);
}

RawLog read_tsv(const fs::path& source, const ReadOptions& options) {
  return read_table(source, SourceFormat::tsv, options, is_tsv_file);
}

RawLog read_jsonl(const fs::path& source, const ReadOptions& options) {
  return read_table(source, SourceFormat::jsonl, options, is_json_lines_file);
}

}  // namespace peapod
