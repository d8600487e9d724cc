#include "sources/source_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/nearest_name.h"
#include "base/progress.h"
#include "sources/byte_stream.h"
#include "sources/database_name.h"
#include "sources/item_table.h"
#include "sources/line_reader.h"
#include "sources/plain_text.h"

namespace peapod {
namespace fs = std::filesystem;

std::string_view without_packing(std::string_view file_name) {
  for (const std::string_view ending : {".gz", ".zst"}) {
    if (file_name.ends_with(ending)) file_name.remove_suffix(ending.size());
  }
  return file_name;
}

bool is_amazon_review_file(std::string_view file_name) {
  file_name = without_packing(file_name);
  return (file_name.ends_with(".json") || file_name.ends_with(".jsonl")) && !file_name.starts_with("meta_");
}

bool is_recbole_inter_file(std::string_view file_name) { return without_packing(file_name).ends_with(".inter"); }

std::vector<fs::path> matching_files(const fs::path& source, const std::function<bool(std::string_view)>& wanted,
                                     const fs::path& except) {
  std::vector<fs::path> files;
  const auto consider = [&](const fs::path& path) {
    if (!fs::is_regular_file(path) || !wanted(path.filename().string())) return;
    if (except.empty() || !fs::equivalent(path, except)) files.push_back(path);
  };
  if (fs::is_directory(source)) {
    for (const auto& entry : fs::directory_iterator(source)) consider(entry.path());
  } else {
    consider(source);
  }
  std::sort(files.begin(), files.end());
  return files;
}

fs::path only_file(const fs::path& source, const std::vector<fs::path>& files, std::string_view what) {
  if (files.empty()) throw Error(source.string(), "has no " + std::string(what));
  if (files.size() > 1) {
    throw Error(source.string(),
                "has several " + std::string(what) + "s: " + files[0].filename().string() + ", " +
                    files[1].filename().string() + (files.size() > 2 ? ", …" : ""),
                "name one of them instead of the folder");
  }
  return files.front();
}

namespace {

struct SourceReader {
  SourceFormat format;
  const char* sign;  // what recognises() looks for, in words; null for tables and databases
  bool has_ratings;  // so that min_rating means something
  // By names, JSON lines by the first line, databases by how they are named. `items` is a table of items, which is no
  // part of the source.
  bool (*recognises)(const fs::path& source, const fs::path& items);
  RawLog (*read)(const fs::path& source, const ReadOptions& options);
  Core default_core;
};

constexpr Core kOfResearch{5, 5};
constexpr Core kOfOnesOwn{1, 2};

// To add a reader: give SourceFormat a value and its name (sources/raw_log.h), declare the reader's function in
// sources/source_reader.h and write it in a file of its own, and add its row here. The command line, the choice by the
// files and the default k-core follow. The first row that recognises a source reads it.
constexpr SourceReader kReaders[] = {
    {SourceFormat::sqlite, nullptr, true,
     [](const fs::path& source, const fs::path&) { return is_sqlite_name(source.string()); }, read_sqlite, kOfOnesOwn},
    {SourceFormat::postgresql, nullptr, true,
     [](const fs::path& source, const fs::path&) { return is_postgresql_url(source.string()); }, read_postgresql,
     kOfOnesOwn},
    {SourceFormat::pod,
     "sequential.txt",
     false,
     [](const fs::path& source, const fs::path&) { return fs::exists(source / "sequential.txt"); },
     read_pod,
     {0, 0}},  // its data are published filtered
    {SourceFormat::movielens, "u.data with u.item, or ratings and movies (.dat or .csv)", true,
     [](const fs::path& source, const fs::path&) { return is_movielens(source); }, read_movielens, kOfResearch},
    {SourceFormat::recbole, "an .inter file", false,
     [](const fs::path& source, const fs::path&) { return !matching_files(source, is_recbole_inter_file).empty(); },
     read_recbole, kOfResearch},
    {SourceFormat::jsonl, nullptr, true,
     [](const fs::path& source, const fs::path& items) {
       const std::vector<fs::path> files = matching_files(source, is_json_lines_file, items);
       return !files.empty() && std::ranges::all_of(files, is_json_lines_table);
     },
     read_jsonl, kOfOnesOwn},
    {SourceFormat::amazon, "a .json, .jsonl or .gz file of reviews", false,
     [](const fs::path& source, const fs::path& items) {
       return !matching_files(source, is_amazon_review_file, items).empty();
     },
     read_amazon, kOfResearch},
    {SourceFormat::csv, nullptr, true,
     [](const fs::path& source, const fs::path& items) { return !matching_files(source, is_csv_file, items).empty(); },
     read_csv, kOfOnesOwn},
    {SourceFormat::tsv, nullptr, true,
     [](const fs::path& source, const fs::path& items) { return !matching_files(source, is_tsv_file, items).empty(); },
     read_tsv, kOfOnesOwn},
};
static_assert(std::size(kReaders) + 1 == kSourceFormats.values().size(), "each format but \"auto\" has a reader");

const SourceReader& reader_of(SourceFormat format) {
  const auto* reader = std::ranges::find(kReaders, format, &SourceReader::format);
  assert(reader != std::end(kReaders));
  return *reader;
}

// "neither A (a), B (b) nor C (c)", of all rows that have a sign.
std::string no_sign() {
  std::vector<std::string> signs;
  for (const SourceReader& reader : kReaders) {
    if (reader.sign != nullptr) signs.push_back(fmt::format("{} ({})", reader.sign, name_of(reader.format)));
  }
  const std::string last = std::move(signs.back());
  signs.pop_back();
  return fmt::format("neither {} nor {}", fmt::join(signs, ", "), last);
}

// Keeps one of the interactions of the same user, item and time, which is the same thing exported twice: the one whose
// review comes first in byte order, so that the order of the lines does not matter.
void merge_repeats(RawLog& log) {
  std::vector<uint32_t> order(log.interactions.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto key = [&](uint32_t i) {
    const RawInteraction& one = log.interactions[i];
    return std::tie(one.user, one.item, one.time);
  };
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) {
    return key(a) != key(b) ? key(a) < key(b) : log.interactions[a].review < log.interactions[b].review;
  });
  std::vector<bool> repeats(order.size());
  for (size_t i = 1; i < order.size(); ++i) repeats[order[i]] = key(order[i]) == key(order[i - 1]);
  size_t place = 0;
  const auto before = log.interactions.size();
  std::erase_if(log.interactions, [&](const RawInteraction&) { return repeats[place++]; });
  log.reading.merged_repeats += before - log.interactions.size();
}

// `titles 12 of 30 (note)`.
std::string counted(const char* what, uint64_t kept, uint64_t all, const std::string& note) {
  return fmt::format("{} {} of {}{}", what, readable_count(static_cast<double>(kept)),
                     readable_count(static_cast<double>(all)), note.empty() ? "" : " (" + note + ")");
}

// Further files are such as the first one.
void require_files_alike(const SourceReader& reader, const fs::path& source, const ReadOptions& options) {
  if (options.more.empty()) return;
  if (reader.sign != nullptr || !options.query.empty() || !fs::is_regular_file(source)) {
    throw Error(options.more.front().string(),
                "is a second source, but only files of tables (csv, tsv, jsonl) can be several",
                "put them into a folder, or prepare them apart");
  }
  for (const fs::path& file : options.more) {
    if (!fs::exists(file)) throw Error(file.string(), "does not exist");
    if (!fs::is_regular_file(file)) throw Error(file.string(), "is no file", "name files, or one folder");
    const auto is_it = [&](const fs::path& other) { return &other != &file && fs::equivalent(file, other); };
    const bool is_items = !options.items.empty() && is_it(options.items);
    if (is_items || is_it(source) || std::ranges::any_of(options.more, is_it)) {
      throw Error(file.string(), "is named twice", "name it once");
    }
    refuse_other_than_text(file);
    if (options.format == SourceFormat::automatic && !reader.recognises(file, options.items)) {
      throw Error(file.string(),
                  fmt::format("is no {} file as {} is", name_of(reader.format), source.filename().string()),
                  "prepare files of one kind together, or name the `format` of all");
    }
  }
}

// Settings that would have no effect are refused.
void require_options_of(SourceFormat format, const ReadOptions& options) {
  const SourceReader& reader = reader_of(format);
  if (reader.sign != nullptr && std::ranges::any_of(options.columns, [](auto& name) { return !name.empty(); })) {
    throw Error("format", fmt::format("{} has columns of its own; they cannot be named", name_of(format)),
                "leave these flags out, or read the file as a table: csv, tsv or jsonl");
  }
  if (reader.sign != nullptr && !options.event_weights.empty()) {
    throw Error("format", fmt::format("rows of {} have no events", name_of(format)),
                "leave `event_weight` out, or read the file as a table: csv, tsv or jsonl");
  }
  if (!reader.has_ratings && options.min_rating) {
    throw Error("format", fmt::format("rows of {} are not left out by rating", name_of(format)),
                "leave `min_rating` out, or read the file as a table: csv, tsv or jsonl");
  }
}

// A file that is no text, or a folder that holds data in Parquet files alone: no reader would say how to convert them.
void refuse_files_without_text(const fs::path& source) {
  if (!fs::is_directory(source)) return refuse_other_than_text(source);
  const std::vector<fs::path> files = matching_files(source, [](std::string_view name) {
    return !name.starts_with('_') && !name.starts_with('.');  // as _SUCCESS, which says that all parts are there
  });
  const auto is_parquet = [](const fs::path& file) { return file.extension() == ".parquet"; };
  if (!files.empty() && std::ranges::all_of(files, is_parquet)) refuse_other_than_text(files.front());
}

// A database needs a query, and nothing else takes one.
void require_query_of_database(const fs::path& source, const ReadOptions& options) {
  const bool is_database = is_sqlite_name(source.string()) || is_postgresql_url(source.string());
  const bool wants_database = options.format == SourceFormat::sqlite || options.format == SourceFormat::postgresql;
  if (is_database && options.query.empty()) {
    throw Error("query", "is missing: of a database the rows of a SELECT are read",
                "name one: `query` 'SELECT user_id, item_id, time FROM …'");
  }
  if (!is_database && (wants_database || !options.query.empty())) {
    throw Error(source.string(),
                "is not named as a database, which " +
                    (wants_database ? std::string(name_of(options.format)) : "a query") + " is for",
                "write sqlite:FILE or postgresql://user@host/name");
  }
}

}  // namespace

std::string counted_name(RawLog& log, std::string_view raw) {
  std::string name = clean_name(raw);
  log.reading.cleaned_names += name != raw;
  return name;
}

std::string name_problem(std::string_view name) {
  constexpr size_t kMaxNameBytes = 1000;
  if (name.empty()) return "expected a name, got nothing";
  if (name.size() > kMaxNameBytes) {
    return fmt::format("expected a name of at most {} bytes, got {}", kMaxNameBytes, name.size());
  }
  return name.find('\0') == std::string_view::npos ? "" : "expected a name, got a text with a zero byte";
}

void note_encoding(RawLog& log, std::string repair_note) {
  if (!repair_note.empty()) log.reading.notes.push_back(std::move(repair_note));
}

std::string unmatched_note(uint64_t unmatched, uint64_t rows, const fs::path& path) {
  if (unmatched == 0) return {};
  return fmt::format("{} of {} rows of {} name no item", readable_count(static_cast<double>(unmatched)),
                     readable_count(static_cast<double>(rows)), path.filename().string());
}

std::string missing_file_note(const fs::path& wanted, const std::function<bool(std::string_view)>& may_be_meant) {
  std::vector<std::string> others;
  for (const fs::path& path : matching_files(wanted.has_parent_path() ? wanted.parent_path() : ".", may_be_meant)) {
    others.push_back(path.filename().string());
  }
  const std::string name = wanted.filename().string();
  const std::string nearest = others.size() == 1 ? others.front() : nearest_name(name, others);
  return "no " + name + (nearest.empty() ? "" : "; rename " + nearest + " if it is meant");
}

std::vector<std::string> summary_of_reading(const RawLog& log) {
  const Reading& reading = log.reading;
  std::vector<std::string> lines;
  const bool of_query = log.format == SourceFormat::sqlite || log.format == SourceFormat::postgresql;
  lines.push_back(log.has_times ? "order: time"
                                : fmt::format("order: {} ({})", of_query ? "query" : "file", reading.order_note));
  const auto titled = std::ranges::count_if(log.items, [](const ItemInfo& item) { return !item.title.empty(); });
  lines.push_back(counted("titles", static_cast<uint64_t>(titled), log.items.size(), reading.titles_note));
  if (reading.found_explanations > 0 || !reading.explanations_note.empty()) {
    lines.push_back(
        counted("explanations", log.explanations.size(), reading.found_explanations, reading.explanations_note));
  }
  if (reading.merged_repeats > 0) {
    lines.push_back("repeats merged " + readable_count(static_cast<double>(reading.merged_repeats)));
  }
  if (reading.cleaned_names > 0) {
    lines.push_back("names cleaned " + readable_count(static_cast<double>(reading.cleaned_names)) +
                    " times (blanks or quotes around them)");
  }
  lines.insert(lines.end(), reading.notes.begin(), reading.notes.end());
  return lines;
}

RawLog read_source(const fs::path& source, const ReadOptions& options) {
  require_query_of_database(source, options);
  const bool piped = source == kStandardInput;
  if (!piped && options.query.empty()) {
    if (!fs::exists(source)) throw Error(source.string(), "does not exist");
    refuse_files_without_text(source);
  }
  if (!options.items.empty()) refuse_other_than_text(options.items);
  const auto read = [&](const SourceReader& reader) {
    require_options_of(reader.format, options);
    require_files_alike(reader, source, options);
    RawLog log = reader.read(source, options);
    if (!options.items.empty()) {
      read_item_table(options.items, options.columns[static_cast<size_t>(ColumnRole::item)], log);
    }
    if (log.interactions.empty() && log.rejects.count() == 0) {
      throw Error(source.string(), "holds no interaction", "check that it is the file that is meant");
    }
    if (log.has_times) merge_repeats(log);
    return log;
  };
  if (options.format != SourceFormat::automatic) {
    const SourceReader& reader = reader_of(options.format);
    if (!options.query.empty() && !reader.recognises(source, options.items)) {
      throw Error("format",
                  fmt::format("the source is named as another kind of database than {}", name_of(options.format)),
                  "leave `format` out");
    }
    if (piped && reader.sign != nullptr) {
      throw Error("standard input", fmt::format("cannot be read as {}", name_of(options.format)), "name a file");
    }
    return read(reader);
  }
  // A table on standard input is delimited text unless it is said to be another.
  if (piped) return read(reader_of(SourceFormat::csv));
  for (const SourceReader& reader : kReaders) {
    if (reader.recognises(source, options.items)) return read(reader);
  }
  throw Error(source.string(), "holds no table (.csv, .txt, .tsv or .jsonl) and no known format: " + no_sign(),
              "name the `format` if the files go by other names");
}

Core default_core(SourceFormat format) { return reader_of(format).default_core; }

}  // namespace peapod
