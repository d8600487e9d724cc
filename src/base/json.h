// The one way into JSON for the whole program: every text is bounded in size and depth before it is parsed, because
// what walks over a parsed value (copying it, printing it in a message) recurses as deep as it is nested.
// tests/json_entry_test.cc fails where anything else parses JSON. Safe from any thread.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace peapod {

struct JsonBounds {
  size_t max_bytes = size_t{64} << 20;
  size_t max_depth = 64;      // of lists and objects within each other
  bool unique_names = false;  // refuses an object with a name twice; otherwise the last one counts
};

// For documents that hold a data set's worth of values.
inline constexpr JsonBounds kLargeJson{.max_bytes = size_t{4} << 30};

// The following take nlohmann::json or nlohmann::ordered_json as Json.

// Reads `text` into `value`; returns what is wrong with it, empty where nothing is.
template <class Json>
std::string read_json(std::string_view text, Json& value, const JsonBounds& bounds = {});

// Throws Error about `where` for a text that read_json() finds fault with; the second one also where it is no object.
template <class Json>
Json parse_json(std::string_view text, const std::string& where, const std::string& remedy,
                const JsonBounds& bounds = {});
template <class Json>
Json parse_json_object(std::string_view text, const std::string& where, const std::string& remedy,
                       const JsonBounds& bounds = {});

// A short picture of a value for a message.
template <class Json>
std::string shown_json(const Json& value);

}  // namespace peapod
