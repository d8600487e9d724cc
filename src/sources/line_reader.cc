#include "sources/line_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "sources/plain_text.h"

namespace peapod {

struct LineReader::File {
  gzFile handle = nullptr;
  ~File() {
    if (handle != nullptr) gzclose(handle);
  }
};

LineReader::LineReader(const std::filesystem::path& path)
    : file_(std::make_unique<File>()), path_(path.string()), buffer_(1 << 18) {
  if (std::filesystem::is_regular_file(path)) file_->handle = gzopen(path.c_str(), "rb");
  if (file_->handle == nullptr) throw Error(path_, "cannot be opened for reading");
  gzbuffer(file_->handle, 1 << 17);
}

LineReader::~LineReader() = default;

// Appends more of the file to the buffer; false at the end of the file.
bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  const auto room = static_cast<unsigned>(std::min<size_t>(buffer_.size() - end_, 1 << 30));
  const int count = gzread(file_->handle, buffer_.data() + end_, room);
  int status = Z_OK;
  const char* message = gzerror(file_->handle, &status);
  if (count < 0 || status == Z_BUF_ERROR) {
    throw Error(path_, std::string("is damaged or cut short (") + message + ")", "fetch the file again");
  }
  end_ += static_cast<size_t>(count);
  return count > 0;
}

// Throws Error where the first line shows that this is not a text of lines in an encoding that grew out of ASCII.
void LineReader::refuse_other_texts(std::string_view first, bool has_newline) const {
  if (first.starts_with("\xff\xfe") || first.starts_with("\xfe\xff") || first.find('\0') != std::string_view::npos) {
    throw Error(path_, "is UTF-16 or no text, expected UTF-8",
                "convert it: iconv -f UTF-16 -t UTF-8 " + path_ + " > NEW");
  }
  if (!has_newline && first.find('\r') != std::string_view::npos) {
    throw Error(path_, "ends its lines in CR alone, expected LF or CR LF",
                "convert it: tr '\\r' '\\n' < " + path_ + " > NEW");
  }
}

bool LineReader::next(std::string_view& line) {
  size_t searched = begin_;
  const char* newline = nullptr;
  for (;;) {
    newline = static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (newline != nullptr) break;
    const size_t pending = end_ - begin_;
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
