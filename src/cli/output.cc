#include "cli/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "sources/plain_text.h"

namespace peapod::cli {

void reserve_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Reading alone is allowed, so that writing stays the error that it is.
    if (::open("/dev/null", O_RDONLY) != fd) return;
  }
}

namespace {

void put(std::string_view text) {
  errno = 0;
  std::cout << text << std::flush;
  if (!std::cout) {
    const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : std::string();
    throw Error("standard output", "cannot be written" + reason, "check that its disk has room");
  }
}

}  // namespace

void print(std::string_view text) { put(printable(text)); }

void print_beside(const std::string& json, std::string_view text) {
  if (json == "-") {
    std::cerr << printable(text) << std::flush;
  } else {
    print(text);
  }
}

void write_json(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  if (path == "-") {
    put(text + '\n');
  } else {
    write_file_atomically(path, text + "\n");
  }
}

std::string printable(std::string_view text) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
  const std::string valid = repaired_utf8(text);
  const auto byte = [&](size_t i) { return i < valid.size() ? static_cast<unsigned char>(valid[i]) : 0u; };
  std::string clean;
  clean.reserve(valid.size());
  for (size_t i = 0; i < valid.size(); ++i) {
    const bool control = (byte(i) < 0x20 && valid[i] != '\n' && valid[i] != '\t') || byte(i) == 0x7f;
    const bool high_control = byte(i) == 0xc2 && byte(i + 1) >= 0x80 && byte(i + 1) < 0xa0;
    const bool mark = byte(i) == 0xe2 && byte(i + 1) == 0x80 &&  // U+200E, U+200F, U+2028 to U+202E
                      (byte(i + 2) == 0x8e || byte(i + 2) == 0x8f || (byte(i + 2) >= 0xa8 && byte(i + 2) <= 0xae));
    const bool isolate = byte(i) == 0xe2 && byte(i + 1) == 0x81 && byte(i + 2) >= 0xa6 && byte(i + 2) <= 0xa9;
    if (control || high_control || mark || isolate) {
      clean += kReplacement;
      i += high_control ? 1 : mark || isolate ? 2 : 0;
    } else {
      clean += valid[i] == '\t' ? ' ' : valid[i];
    }
  }
  return clean;
}

}  // namespace peapod::cli
