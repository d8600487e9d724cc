#include "sources/query_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "base/progress.h"
#include "sources/plain_text.h"

namespace peapod {
namespace {

constexpr size_t kSampledRows = 200;

// The first word in upper case, behind blanks, comments and opening parentheses.
std::string first_word(std::string_view query) {
  size_t at = 0;
  while (at < query.size()) {
    if (std::isspace(static_cast<unsigned char>(query[at])) || query[at] == '(') {
      ++at;
    } else if (query.substr(at).starts_with("--")) {
      at = std::min(query.find('\n', at), query.size());
    } else if (query.substr(at).starts_with("/*")) {
      const size_t end = query.find("*/", at + 2);
      at = end == std::string_view::npos ? query.size() : end + 2;
    } else {
      break;
    }
  }
  std::string word;
  for (; at < query.size() && std::isalpha(static_cast<unsigned char>(query[at])); ++at) {
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(query[at])));
  }
  return word.empty() ? std::string(query.substr(at, 20)) : word;
}

}  // namespace

void require_reading_query(std::string_view query) {
  constexpr std::array kReading = {"SELECT", "WITH", "VALUES"};
  const std::string word = first_word(query);
  if (std::ranges::find(kReading, word) != kReading.end()) return;
  throw Error("query", word.empty() ? "is empty, expected a SELECT" : "begins with " + word + ", expected SELECT",
              "databases are only read; select a column of users and one of items");
}

QueryRows::QueryRows(std::string where, std::string notation, std::unique_ptr<QueryCursor> cursor)
    : TableRows(std::move(where)), cursor_(std::move(cursor)) {
  notation_ = std::move(notation);
  unit_ = "row";
  no_text_ = "bytes (a blob)";
  for (const std::string& name : cursor_->columns()) {
    first_.push_back(is_utf8(name) ? name : decoded_windows_1252(name));
  }
  if (first_.empty()) throw Error("query", "gives no columns", "select a column of users and one of items");
  for (auto name = first_.begin(); name != first_.end(); ++name) {
    if (std::find(first_.begin(), name, *name) == name) continue;
    throw Error(where_, "the query gives two columns of the name \"" + *name + "\"",
                "give each a name of its own: SELECT a.id AS user_id, b.id AS item_id …");
  }
  for (std::vector<QueryValue> row; sampled_.size() < kSampledRows && fetch(row);) {
    auto& texts = sample_.emplace_back();
    for (const QueryValue& value : row) texts.push_back(value.text);
    sampled_.push_back(std::move(row));
  }
  if (sampled_.empty())
    throw Error(where_, "the query gives no row", "check its conditions, and that the table is filled");
}

// The next row of the database, made UTF-8.
bool QueryRows::fetch(std::vector<QueryValue>& row) {
  if (ended_ || (ended_ = !cursor_->next(row))) return false;
  ++fetched_;
  bool repaired = false;
  for (QueryValue& value : row) {
    if (is_utf8(value.text)) continue;
    value.text = decoded_windows_1252(value.text);
    repaired = true;
  }
  if (repaired && repaired_++ == 0) first_repaired_ = fetched_;
  return true;
}

bool QueryRows::next() {
  if (!sampled_.empty()) {
    row_ = std::move(sampled_.front());
    sampled_.pop_front();
  } else if (!fetch(row_)) {
    return false;
  }
  ++line_;
  return true;
}

std::optional<std::string_view> QueryRows::value(size_t column) {
  if (row_[column].is_blob) return std::nullopt;
  return row_[column].text;
}

std::string QueryRows::repair_note() const {
  if (repaired_ == 0) return {};
  return fmt::format("encoding: {} rows of the query are not UTF-8, read as Windows-1252 (the first: {})",
                     readable_count(static_cast<double>(repaired_)), first_repaired_);
}

}  // namespace peapod
