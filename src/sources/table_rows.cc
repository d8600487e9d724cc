#include "sources/table_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "sources/line_reader.h"
#include "sources/plain_text.h"
#include "sources/record_reader.h"

namespace peapod {
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr size_t kSampledLines = 200;
constexpr std::array<const char*, 5> kSeparators = {"\t", "::", ",", ";", "|"};

// Whether the text ends in `&name;` or `&#number;`.
bool ends_entity(std::string_view text) {
  const size_t ampersand = text.rfind('&');
  if (!text.ends_with(';') || ampersand == std::string_view::npos || text.size() - ampersand < 3) return false;
  const std::string_view name = text.substr(ampersand + 1, text.size() - ampersand - 2);
  return std::ranges::all_of(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '#'; });
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

// Lines of which the first can be looked at before they are read.
class PeekedLines {
 public:
  // Throws Error about `where` when there is nothing in them.
  PeekedLines(const fs::path& path, const std::string& where) : lines_(path) {
    for (std::string_view line; first_.size() < kSampledLines && lines_.next(line);) first_.emplace_back(line);
    if (std::ranges::all_of(first_, is_blank)) {
      throw Error(where, "is empty", "check that it is the file that is meant");
    }
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

std::string separator_of(const std::vector<std::string>& lines, TableNotation notation) {
  switch (notation) {
    case TableNotation::between_tabs:
      return "\t";
    case TableNotation::between_colons:
      return "::";
    case TableNotation::between_bars:
      return "|";
    default:
      return separator_of(lines);
  }
}

// A value as the text that it would be in a table; nullopt for lists and objects.
std::optional<std::string> text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return std::string();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

class DelimitedRows : public TableRows {
 public:
  DelimitedRows(const std::string& where, const fs::path& path, TableNotation notation)
      : TableRows(where), lines_(path, where), records_(next_line(), choose_separator(notation)) {}

  void skip_header() override { skips_ = true; }

  bool next() override {
    while (records_.next(fields_)) {
      if (std::exchange(skips_, false)) continue;
      line_ = records_.first_line();
      problem_.clear();
      if (fields_.size() != first_.size()) {
        const std::string span = records_.last_line() > line_
                                     ? fmt::format(" up to line {}, a quote spans them", records_.last_line())
                                     : std::string();
        problem_ = fmt::format("expected {} fields, got {}{}", first_.size(), fields_.size(), span);
      }
      return true;
    }
    if (records_.open_quote_line() == 0) return false;
    throw Error(fmt::format("{}:{}", where_, records_.open_quote_line()),
                "a field opens with a double quote here that is never closed",
                "close it, or write a quote that belongs to the text twice and the field between quotes");
  }

  std::optional<std::string_view> value(size_t column) override { return fields_[column]; }
  std::string repair_note() const override { return lines_.lines().repair_note(); }
  double share_read() const override { return lines_.lines().share_read(); }

 private:
  RecordReader::NextLine next_line() {
    return [this](std::string_view& line) { return lines_.next(line); };
  }

  std::string choose_separator(TableNotation notation) {
    std::string separator = separator_of(lines_.first(), notation);
    if (separator.empty()) {
      throw Error(where_ + ":1",
                  "expected columns between commas, tabs, semicolons, | or ::, got \"" +
                      lines_.first().front().substr(0, 40) + "\"",
                  "check that it is a table with a column of users and one of items");
    }
    sample_ = sampled_records(lines_.first(), separator);
    if (!sample_.empty()) {
      first_ = std::move(sample_.front());
      for (std::string& name : first_) name = clean_name(name);
      sample_.erase(sample_.begin());
    }
    notation_ = "between " + (separator == "\t" ? "tabs" : separator);
    return separator;
  }

  PeekedLines lines_;
  RecordReader records_;
  std::vector<std::string> fields_;
  bool skips_ = false;
};

class JsonRows : public TableRows {
 public:
  JsonRows(const std::string& where, const fs::path& path) : TableRows(where), lines_(path, where) {
    notation_ = "JSON lines";
    std::vector<Json> objects;
    for (const std::string& line : lines_.first()) {
      Json object;
      if (!read_json(line, object).empty() || !object.is_object()) continue;
      for (const auto& [name, value] : object.items()) {
        if (std::ranges::find(first_, name) == first_.end()) first_.push_back(name);
      }
      objects.push_back(std::move(object));
    }
    if (objects.empty()) {
      const std::string& line = lines_.first().front();
      throw Error(where_ + ":1", "expected one JSON object in a line, got \"" + line.substr(0, 40) + "\"",
                  line.starts_with('[') ? "write a line for each object: jq -c '.[]' FILE > NEW"
                                        : "name the `format` that it has");
    }
    for (const Json& object : objects) {
      auto& row = sample_.emplace_back();
      for (const std::string& name : first_) {
        const auto value = object.find(name);
        row.push_back(value == object.end() ? std::string() : text_of(*value).value_or(""));
      }
    }
  }

  void skip_header() override {}

  bool next() override {
    for (std::string_view line; lines_.next(line);) {
      ++line_;
      if (is_blank(line)) continue;
      problem_ = read_json(line, object_);
      if (!problem_.empty() || !object_.is_object()) {
        problem_ = "expected one JSON object in a line" + (problem_.empty() ? "" : ", but it " + problem_);
      }
      return true;
    }
    return false;
  }

  std::optional<std::string_view> value(size_t column) override {
    const auto value = object_.find(first_[column]);
    if (value == object_.end()) return "";
    auto text = text_of(*value);
    if (!text) return std::nullopt;
    held_ = std::move(*text);
    return held_;
  }

  std::vector<std::string> values(size_t column) override {
    const auto value = object_.find(first_[column]);
    if (value == object_.end() || !value->is_array()) return TableRows::values(column);
    const Json& list = !value->empty() && value->front().is_array() ? value->front() : *value;
    std::vector<std::string> texts;
    for (const Json& element : list) texts.push_back(text_of(element).value_or(""));
    return texts;
  }

  std::string repair_note() const override { return lines_.lines().repair_note(); }
  double share_read() const override { return lines_.lines().share_read(); }

 private:
  PeekedLines lines_;
  Json object_;
  std::string held_;
};

}  // namespace

std::unique_ptr<TableRows> TableRows::open(const fs::path& path, TableNotation notation) {
  const std::string where = path == kStandardInput ? "standard input" : path.string();
  if (notation == TableNotation::json_lines) return std::make_unique<JsonRows>(where, path);
  return std::make_unique<DelimitedRows>(where, path, notation);
}

std::vector<std::string> TableRows::values(size_t column) {
  std::vector<std::string> parts;
  const auto text = value(column);
  if (!text) return parts;
  for (size_t begin = 0, end = 0; begin <= text->size(); begin = end + 1) {
    end = text->find_first_of("|>;", begin);
    while (end < text->size() && ends_entity(text->substr(begin, end + 1 - begin))) {
      end = text->find_first_of("|>;", end + 1);
    }
    end = std::min(end, text->size());
    parts.emplace_back(text->substr(begin, end - begin));
  }
  return parts;
}

}  // namespace peapod
