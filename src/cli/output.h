// Where a command's results go. Everything on standard output passes print(), so that what could not be written is an
// error and never a success. Main thread only.
#pragma once

#include <string>
#include <string_view>

namespace peapod::cli {

// Makes sure that no file which is opened later takes the number of a standard stream that the caller closed. First
// thing in `main`.
void reserve_standard_streams();

// Writes the printable() text to standard output and sees it written. Throws Error where it cannot be.
void print(std::string_view text);

// What people read beside a JSON object: on standard output, unless `json` says that the object goes there; then on
// standard error.
void print_beside(const std::string& json, std::string_view text);

// Writes one JSON object's text and a newline to `path`, or to standard output for `-`; nothing for an empty path.
// Files appear whole or not at all.
void write_json(const std::string& path, const std::string& text);

// The text without what a terminal would obey: control characters but line breaks, and those that turn the direction of
// writing, become U+FFFD, as do bytes that are no UTF-8; tabs become blanks. Names and titles hold what their source
// held. All that people read passes here; JSON keeps names as they are.
std::string printable(std::string_view text);

}  // namespace peapod::cli
