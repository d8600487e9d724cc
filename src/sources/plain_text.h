// Text of unknown origin made fit for use: markup out, entities decoded, white space single. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peapod {

bool is_utf8(std::string_view text);

// The text with each byte that is not UTF-8 replaced by U+FFFD.
std::string repaired_utf8(std::string_view text);

// The text with each byte that is not UTF-8 replaced by the character that it is in Windows-1252, which Latin-1 is a
// part of: what old exports are written in.
std::string decoded_windows_1252(std::string_view text);

// The name of a user or item without blanks around it and then without a pair of double quotes around it, as exports
// put them (`""` within them is one quote): `"12" ` and `12` are one name.
std::string clean_name(std::string_view raw);

// Without tags, with the character references of HTML decoded (the numeric and the common named ones), each run of
// white space or control characters a single blank, none at the ends. Invalid UTF-8 is repaired.
std::string plain_text(std::string_view html);

// Typographic quotes, dashes and Latin letters with accents by their nearest ASCII; every other character a blank.
std::string ascii_text(std::string_view utf8);

// A product title as shops have it; empty when it is a script or style sheet that a crawler took for one.
std::string clean_title(std::string_view raw);

// Category names, most general first: cleaned, comma-free, without repetitions, empty ones and left-over markup.
std::vector<std::string> clean_categories(const std::vector<std::string>& raw);

// The parts of `text` between occurrences of `separator`, empty ones included.
std::vector<std::string_view> split_fields(std::string_view text, char separator);

}  // namespace peapod
