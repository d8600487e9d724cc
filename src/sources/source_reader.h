// Raw files -> RawLog, for every format that `peapod prepare` takes. Lines that cannot be used go to the log's rejects.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/event_weights.h"
#include "sources/raw_log.h"
#include "sources/table_columns.h"
#include "sources/table_rows.h"

namespace peapod {

struct ReadOptions {
  SourceFormat format = SourceFormat::automatic;
  double max_bad_lines_percent = 1.0;  // share of a file's lines that may be rejected, 0 to 100
  // Of databases alone, which cannot do without: the SELECT whose rows are read.
  std::string query = {};
  // Of tables (csv, tsv, jsonl) alone: further files of the same format, read after the source in this order.
  std::vector<std::filesystem::path> more = {};
  // Of tables and databases alone. `progress` is called now and then with the rows so far and, of files, the share of
  // all bytes; it may be empty.
  std::function<void(uint64_t rows, double share)> progress = {};
  ColumnNames columns = {};         // by role; an empty name is guessed
  EventWeights event_weights = {};  // what a row counts by its event; empty: all count alike
  // Of tables, databases and MovieLens:
  std::optional<double> min_rating = std::nullopt;  // rows with a lower rating are left out
  // A table of items beside the source (sources/item_table.h), whose titles and categories count before its own; empty:
  // none.
  std::filesystem::path items = {};
};

// `source` is a file or a folder, as the format has it:
//   pod      a folder with sequential.txt (`user item item …`, oldest first) and, where there, datamaps.json (codes,
//            which become aliases), names.txt (titles) and explanation.json
//   amazon   a review file (JSON lines, plain or packed) or a folder with one; titles, brands, categories and prices
//            come from a `meta_*` file beside it whose name fits
//   recbole  an .inter file or a folder with one; titles and categories come from the .item file beside it, packed or
//            not
//   movielens   a folder as it is distributed, or its u.data, ratings.dat or ratings.csv; titles and genres come from
//            the file of films beside it
//   csv, tsv, jsonl   a table with a column of users and one of items, a folder of such files, or `-`: standard input
//   sqlite, postgresql   a database, as sources/database_name.h has it, and options.query
// Throws Error when there is nothing to read, a file is damaged, or more lines are bad than the options allow.
RawLog read_source(const std::filesystem::path& source, const ReadOptions& options);

// What was read and what was not, a line each: `order: file (no timestamp column)`, `titles 0 of 30`,
// `explanations 40 of 120 (unknown part "valid")`, `repeats merged 1,177`.
std::vector<std::string> summary_of_reading(const RawLog& log);

// How many interactions a user and an item need at least to be kept, where nobody says: what is usual for research
// data; of a log of one's own, whatever there is of every user, and items that two users could have in common. Requires
// a format of its own, not `automatic`.
struct Core {
  uint32_t min_user = 0, min_item = 0;
};
Core default_core(SourceFormat format);

// The readers of the single formats, for read_source, and what they share.
RawLog read_amazon(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_pod(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_recbole(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_movielens(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_csv(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_tsv(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_jsonl(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_sqlite(const std::filesystem::path& source, const ReadOptions& options);
RawLog read_postgresql(const std::filesystem::path& source, const ReadOptions& options);

// One table of interactions, as `format`.
RawLog read_table(const std::filesystem::path& file, SourceFormat format, TableNotation notation,
                  const ReadOptions& options);

// clean_name() that counts in log.reading what it changed.
std::string counted_name(RawLog& log, std::string_view raw);
// Why a cleaned name is none: it is empty, longer than any id is, or holds a zero byte. Empty where it is one.
std::string name_problem(std::string_view name);
// Notes the lines that were not UTF-8, `repair_note` of what read them. To be called when the file has been read.
void note_encoding(RawLog& log, std::string repair_note);
// `7 of 32 rows of shop.item name no item`; empty where all do.
std::string unmatched_note(uint64_t unmatched, uint64_t rows, const std::filesystem::path& path);
// `no shop.item`, and of the files beside it for whose name `may_be_meant` holds the nearest, or the only one.
std::string missing_file_note(const std::filesystem::path& wanted,
                              const std::function<bool(std::string_view)>& may_be_meant);

// Files directly in `source`, or itself where it is a file, for which `wanted(file name)` holds, but for `except`;
// sorted.
std::vector<std::filesystem::path> matching_files(const std::filesystem::path& source,
                                                  const std::function<bool(std::string_view)>& wanted,
                                                  const std::filesystem::path& except = {});
// Without the endings .gz and .zst.
std::string_view without_packing(std::string_view file_name);
bool is_amazon_review_file(std::string_view file_name);
bool is_recbole_inter_file(std::string_view file_name);
// Whether it is MovieLens, by the names of its two files and, of CSV, the header.
bool is_movielens(const std::filesystem::path& source);
bool is_csv_file(std::string_view file_name);
bool is_tsv_file(std::string_view file_name);
bool is_json_lines_file(std::string_view file_name);
// Whether the first line is an object whose keys tell a user and an item, and it is no review of Amazon's.
bool is_json_lines_table(const std::filesystem::path& path);
// The only element of `files`; throws Error when there are none or several.
std::filesystem::path only_file(const std::filesystem::path& source, const std::vector<std::filesystem::path>& files,
                                std::string_view what);

}  // namespace peapod
