// Amazon reviews as published in 2014, 2018 and 2023: one JSON object a line.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "sources/line_reader.h"
#include "sources/plain_text.h"
#include "sources/price_text.h"
#include "sources/python_literal.h"
#include "sources/source_reader.h"

namespace peapod {
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

// `Musical_Instruments` of `reviews_Musical_Instruments_5.json.gz`, `Gift_Cards` of `Gift_Cards_5.json`.
std::string category_name(std::string_view file_name) {
  file_name = without_packing(file_name);
  for (const std::string_view suffix : {".jsonl", ".json", "_5"}) {
    if (file_name.ends_with(suffix)) file_name.remove_suffix(suffix.size());
  }
  for (const std::string_view prefix : {"reviews_", "meta_"}) {
    if (file_name.starts_with(prefix)) file_name.remove_prefix(prefix.size());
  }
  return std::string(file_name);
}

std::optional<fs::path> metadata_beside(const fs::path& reviews) {
  const std::string category = category_name(reviews.filename().string());
  const auto fits = [&](std::string_view name) { return name.starts_with("meta_") && category_name(name) == category; };
  const fs::path folder = reviews.has_parent_path() ? reviews.parent_path() : fs::path(".");
  const std::vector<fs::path> files = matching_files(folder, fits);
  if (files.empty()) return std::nullopt;
  return files.front();
}

// What fields are called.
struct Fields {
  const char *user, *item, *time, *rating, *text, *brand;
  double time_units;  // in a second
};
constexpr Fields kOfOld = {"reviewerID", "asin", "unixReviewTime", "overall", "reviewText", "brand", 1};
// Since 2023 variants of a product are one item.
constexpr Fields kOf2023 = {"user_id", "parent_asin", "timestamp", "rating", "text", "store", 1000};

const Fields& fields_of(const Json& line) { return line.contains(kOf2023.item) ? kOf2023 : kOfOld; }

class AmazonReader {
 public:
  AmazonReader(const fs::path& reviews, const ReadOptions& options) : reviews_(reviews) {
    log_.name = category_name(reviews.filename().string());
    log_.format = SourceFormat::amazon;
    log_.has_times = true;
    log_.rejects = Rejects(options.max_bad_lines_percent);
  }

  RawLog read() {
    read_lines(reviews_, [this](const Json& line) { add_review(line); });
    if (const auto metadata = metadata_beside(reviews_)) {
      read_lines(*metadata, [this](const Json& line) { add_metadata(line); });
      log_.reading.titles_note = unmatched_note(unmatched_metadata_, metadata_rows_, *metadata);
    } else {
      log_.reading.titles_note = missing_file_note(reviews_.parent_path() / ("meta_" + log_.name + ".json"),
                                                   [](std::string_view name) { return name.starts_with("meta_"); });
    }
    return std::move(log_);
  }

 private:
  template <class Take>
  void read_lines(const fs::path& path, Take take) {
    LineReader lines(path);
    log_.rejects.begin_file(path.string());
    for (std::string_view line; lines.next(line);) {
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      log_.rejects.begin_line(lines.line_number());
      Json object;
      // As those of 2014 are published.
      const bool is_python = line.starts_with("{'") || line.starts_with("{u'");
      const std::string problem = is_python ? read_json(json_of_python(line), object) : read_json(line, object);
      if (problem.empty() && object.is_object()) {
        take(object);
      } else {
        log_.rejects.add(
            "", std::string("expected one JSON object in a line") + (problem.empty() ? "" : ", but it ") + problem);
      }
    }
    log_.rejects.end_file();
    note_encoding(log_, lines.repair_note());
  }

  // The value of a field that must be a text; rejects the line and gives nullopt where it is not.
  std::optional<std::string> name_in(const Json& line, const char* field) {
    const auto value = line.find(field);
    if (value != line.end() && value->is_string()) {
      std::string name = counted_name(log_, value->get_ref<const std::string&>());
      const std::string problem = name_problem(name);
      if (problem.empty()) return name;
      log_.rejects.add(field, problem);
      return std::nullopt;
    }
    log_.rejects.add(field,
                     "expected a text, got " + (value == line.end() ? std::string("nothing") : shown_json(*value)));
    return std::nullopt;
  }

  void add_review(const Json& line) {
    const Fields& fields = fields_of(line);
    const auto user_name = name_in(line, fields.user);
    if (!user_name) return;
    const auto item_name = name_in(line, fields.item);
    if (!item_name) return;
    const auto time = line.find(fields.time);
    if (time == line.end() || !time->is_number()) {
      const std::string got = time == line.end() ? "nothing" : shown_json(*time);
      return log_.rejects.add(fields.time, fmt::format("expected {} since 1970, got {}",
                                                       fields.time_units == 1 ? "seconds" : "milliseconds", got));
    }
    const auto rating = line.find(fields.rating);
    if (rating != line.end()) {
      if (!rating->is_number()) return log_.rejects.add(fields.rating, "expected a number, got " + shown_json(*rating));
      const double stars = rating->get<double>();
      if (stars < 1 || stars > 5) {
        return log_.rejects.add(fields.rating, "expected a rating from 1 to 5, got " + shown_json(*rating));
      }
    }
    std::string text;
    if (const auto review = line.find(fields.text); review != line.end() && !review->is_null()) {
      if (!review->is_string()) return log_.rejects.add(fields.text, "expected a text, got " + shown_json(*review));
      text = plain_text(review->get_ref<const std::string&>());
    }
    const auto user = users_.add(*user_name);
    if (user.added) log_.users.push_back({*user_name, {}});
    const auto item = items_.add(*item_name);
    if (item.added) log_.items.push_back({*item_name, {}, {}, {}});
    log_.interactions.push_back({user.index, item.index, time->get<double>() / fields.time_units, std::move(text)});
  }

  void add_metadata(const Json& line) {
    const Fields& fields = fields_of(line);
    const auto name = name_in(line, fields.item);
    if (!name) return;
    ++metadata_rows_;
    const uint32_t index = items_.find(*name);
    if (index == NameIndex::kAbsent) {
      ++unmatched_metadata_;
      return;
    }
    ItemInfo& item = log_.items[index];
    const auto text_of = [&](const char* field) {
      const auto value = line.find(field);
      return value != line.end() && value->is_string() ? clean_title(value->get_ref<const std::string&>())
                                                       : std::string();
    };
    item.title = text_of("title");
    const std::string brand = text_of(fields.brand);
    if (item.title.empty()) item.title = brand;
    item.categories = clean_categories(categories_in(line));
    if (const auto price = line.find("price"); price != line.end()) {
      if (price->is_number() && price->get<double>() >= 0) item.price = price->get<double>();
      if (price->is_string()) item.price = price_in(price->get_ref<const std::string&>());
    }
  }

  // 2018 has one path in `category`, 2023 one in `categories`, 2014 there several, of which the first is taken.
  static std::vector<std::string> categories_in(const Json& line) {
    auto value = line.find("category");
    if (value == line.end()) value = line.find("categories");
    if (value == line.end() || !value->is_array() || value->empty()) return {};
    const Json& path = value->front().is_array() ? value->front() : *value;
    std::vector<std::string> names;
    for (const Json& name : path) {
      if (name.is_string()) names.push_back(name.get<std::string>());
    }
    return names;
  }

  fs::path reviews_;
  RawLog log_;
  uint64_t metadata_rows_ = 0, unmatched_metadata_ = 0;
  NameIndex users_;
  NameIndex items_;
};

}  // namespace

RawLog read_amazon(const fs::path& source, const ReadOptions& options) {
  const fs::path reviews =
      fs::is_directory(source)
          ? only_file(source, matching_files(source, is_amazon_review_file, options.items), "review file")
          : source;
  return AmazonReader(reviews, options).read();
}

}  // namespace peapod
