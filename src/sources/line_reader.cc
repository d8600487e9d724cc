#include "sources/line_reader.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <fstream>
#include <span>

#include "base/error.h"
#include "base/progress.h"
#include "sources/plain_text.h"

namespace peapod {

namespace {

// Files that people have and that are no text, by their first bytes.
struct OtherFile {
  std::string_view magic;
  const char* problem;
  const char* remedy;
};
constexpr OtherFile kOtherFiles[] = {
    {"PAR1", "is a Parquet file, expected text",
     "write it as CSV first: duckdb -c \"COPY (FROM 'FILE') TO 'FILE.csv'\", or in Python "
     "pandas.read_parquet('FILE').to_csv('FILE.csv', index=False)"},
    {"PK\x03\x04", "is a zip archive or a spreadsheet, expected text", "unpack it, or save the sheet as CSV"},
    {"SQLite format 3", "is an SQLite database, expected text",
     "read it with `query`: sqlite:FILE `query` 'SELECT user_id, item_id, time FROM …'"},
    {"BZh", "is packed with bzip2, expected plain text, gzip or Zstandard", "unpack it: bunzip2 FILE"},
    {"\xfd"
     "7zXZ",
     "is packed with xz, expected plain text, gzip or Zstandard", "unpack it: unxz FILE"},
};

constexpr const OtherFile& kParquet = kOtherFiles[0];

void refuse_by_magic(const std::string& file, std::string_view first) {
  for (const OtherFile& other : kOtherFiles) {
    if (first.starts_with(other.magic)) throw Error(file, other.problem, other.remedy);
  }
}

}  // namespace

void refuse_other_than_text(const std::filesystem::path& file) {
  if (file.extension() == ".parquet") throw Error(file.string(), kParquet.problem, kParquet.remedy);
  std::array<char, 16> first{};
  std::ifstream in(file, std::ios::binary);
  in.read(first.data(), first.size());
  refuse_by_magic(file.string(), {first.data(), static_cast<size_t>(in.gcount())});
}

LineReader::LineReader(const std::filesystem::path& path)
    : path_(path == kStandardInput ? "standard input" : path.string()), bytes_(path), buffer_(1 << 18) {}

// Appends more of the file to the buffer; false at the end of the file.
bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  const size_t count = bytes_.read(std::span(buffer_).subspan(end_));
  end_ += count;
  return count > 0;
}

// Throws Error where the first line shows that this is not a text of lines in an encoding that grew out of ASCII.
void LineReader::refuse_other_texts(std::string_view first, bool has_newline) const {
  refuse_by_magic(path_, first);
  if (first.starts_with("\xff\xfe") || first.starts_with("\xfe\xff") || first.find('\0') != std::string_view::npos) {
    throw Error(path_, "is UTF-16 or no text, expected UTF-8",
                "convert it: iconv -f UTF-16 -t UTF-8 " + path_ + " > NEW");
  }
  if (!has_newline && first.find('\r') != std::string_view::npos) {
    throw Error(path_, "ends its lines in CR alone, expected LF or CR LF",
                "convert it: tr '\\r' '\\n' < " + path_ + " > NEW");
  }
}

std::string LineReader::repair_note() const {
  if (repaired_lines_ == 0) return {};
  return fmt::format("encoding: {} lines of {} are not UTF-8, read as Windows-1252 (the first: {})",
                     readable_count(static_cast<double>(repaired_lines_)),
                     std::filesystem::path(path_).filename().string(), first_repaired_);
}

bool LineReader::next(std::string_view& line) {
  size_t searched = begin_;
  const char* newline = nullptr;
  for (;;) {
    newline = static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (newline != nullptr) break;
    const size_t pending = end_ - begin_;
    if (pending > kMaxLineBytes) {
      throw Error(path_ + ":" + std::to_string(line_number_ + 1), "the line is longer than 64 MiB",
                  "check that the file is a table with a line for each interaction");
    }
    if (!fill()) break;
    searched = begin_ + pending;
  }
  if (newline == nullptr && begin_ == end_) return false;
  const char* first = buffer_.data() + begin_;
  const char* last = newline != nullptr ? newline : buffer_.data() + end_;
  begin_ = static_cast<size_t>(last - buffer_.data()) + (newline != nullptr ? 1 : 0);
  line = {first, static_cast<size_t>(last - first)};
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (++line_number_ == 1) {
    if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    refuse_other_texts(line, newline != nullptr);
  }
  if (is_utf8(line)) return true;
  if (repaired_lines_++ == 0) first_repaired_ = line_number_;
  repaired_ = decoded_windows_1252(line);
  line = repaired_;
  return true;
}

}  // namespace peapod
