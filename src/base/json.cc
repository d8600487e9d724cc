#include "base/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/error.h"

namespace peapod {
namespace {

constexpr size_t kShownBytes = 40;

// Byte at which lists and objects are nested deeper than `max_depth`; npos where they are not. The parser is not needed
// for this: up to the first fault of a text, brackets outside of strings are all that opens and closes a level.
size_t place_beyond_depth(std::string_view text, size_t max_depth) {
  size_t depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          if (text[i] == '\\') ++i;
        }
        break;
      case '[':
      case '{':
        if (++depth > max_depth) return i;
        break;
      case ']':
      case '}':
        if (depth > 0) --depth;
        break;
      default:
        break;
    }
  }
  return std::string_view::npos;
}

// The library's words without its own name, and without the text that it read last, which may be long.
std::string words_of(std::string message) {
  const size_t prefix = message.find("] ");
  if (prefix != std::string::npos) message.erase(0, prefix + 2);
  const size_t last_read = message.find("; last read");
  if (last_read != std::string::npos) message.resize(last_read);
  if (message.size() > 200) message.resize(200);
  return message;
}

}  // namespace

template <class Json>
std::string read_json(std::string_view text, Json& value, const JsonBounds& bounds) {
  if (text.size() > bounds.max_bytes) {
    return fmt::format("has {} bytes of JSON, more than the {} that are read", text.size(), bounds.max_bytes);
  }
  const size_t too_deep = place_beyond_depth(text, bounds.max_depth);
  if (too_deep != std::string_view::npos) {
    return fmt::format("is JSON nested more than {} levels deep at byte {}", bounds.max_depth, too_deep);
  }
  std::string twice;
  std::vector<std::set<std::string>> names;  // of the objects that are open
  const auto check = [&](int, typename Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) {
      const std::string& name = parsed.template get_ref<const std::string&>();
      if (!names.back().insert(name).second && twice.empty()) twice = name;
    }
    return true;
  };
  try {
    value = bounds.unique_names ? Json::parse(text, check) : Json::parse(text);
  } catch (const typename Json::exception& failure) {
    return "is not JSON: " + words_of(failure.what());
  }
  return twice.empty() ? std::string() : fmt::format("is JSON in which \"{}\" occurs twice", twice);
}

template <class Json>
Json parse_json(std::string_view text, const std::string& where, const std::string& remedy, const JsonBounds& bounds) {
  Json value;
  const std::string problem = read_json(text, value, bounds);
  if (!problem.empty()) throw Error(where, problem, remedy);
  return value;
}

template <class Json>
Json parse_json_object(std::string_view text, const std::string& where, const std::string& remedy,
                       const JsonBounds& bounds) {
  Json value = parse_json<Json>(text, where, remedy, bounds);
  if (!value.is_object()) throw Error(where, "is not a JSON object but " + shown_json(value), remedy);
  return value;
}

template <class Json>
std::string shown_json(const Json& value) {
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kShownBytes) return text;
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;  // not within a character
  return text.substr(0, end) + "…";
}

template std::string read_json(std::string_view, nlohmann::json&, const JsonBounds&);
template nlohmann::json parse_json(std::string_view, const std::string&, const std::string&, const JsonBounds&);
template nlohmann::json parse_json_object(std::string_view, const std::string&, const std::string&, const JsonBounds&);
template std::string shown_json(const nlohmann::json&);
template std::string read_json(std::string_view, nlohmann::ordered_json&, const JsonBounds&);
template nlohmann::ordered_json parse_json(std::string_view, const std::string&, const std::string&, const JsonBounds&);
template nlohmann::ordered_json parse_json_object(std::string_view, const std::string&, const std::string&,
                                                  const JsonBounds&);
template std::string shown_json(const nlohmann::ordered_json&);

}  // namespace peapod
