// Lines of a text file or of standard input, plain or packed (sources/byte_stream.h). One reader belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sources/byte_stream.h"

namespace peapod {

// Throws Error, with how to convert it, where a file is known for something else than text by its first bytes, or for
// Parquet by its name. Says nothing of files that cannot be read.
void refuse_other_than_text(const std::filesystem::path& file);

class LineReader {
 public:
  // A line may have so many bytes.
  static constexpr size_t kMaxLineBytes = size_t{64} << 20;

  // Throws Error when the file cannot be opened.
  explicit LineReader(const std::filesystem::path& path);

  // The next line without its end (LF or CRLF) and, on the first line, without a byte order mark; false at the end of
  // the file. Always UTF-8: bytes that are none are read as Windows-1252. The view is valid until the next call. Throws
  // Error when the file is damaged or cut short, is UTF-16 or no text, ends its lines in a way that is not known, or
  // has a line that is too long.
  bool next(std::string_view& line);
  double share_read() const { return bytes_.share_read(); }  // of the file; 0 where its size is not known
  uint64_t line_number() const { return line_number_; }      // of the last line given, from 1
  // How many lines so far were not UTF-8; where there are some, the first of them, from 1.
  uint64_t repaired_lines() const { return repaired_lines_; }
  uint64_t first_repaired() const { return first_repaired_; }
  // That as a sentence; empty where there are none.
  std::string repair_note() const;

 private:
  bool fill();
  void refuse_other_texts(std::string_view first, bool has_newline) const;

  std::string path_;
  ByteStream bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is not yet given, in buffer_
  size_t end_ = 0;
  uint64_t line_number_ = 0;
  uint64_t repaired_lines_ = 0;
  uint64_t first_repaired_ = 0;
  std::string repaired_;  // the last line, where it had to be
};

}  // namespace peapod
