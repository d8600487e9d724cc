#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

using Json = nlohmann::json;

// What read_json() finds wrong with a text; empty for nothing.
std::string fault_in(const std::string& text, const JsonBounds& bounds = {}) {
  Json value;
  return read_json(text, value, bounds);
}

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, ReadsWhatIsWithinItsBounds) {
  Json value;
  EXPECT_EQ(read_json(R"({"a": [1, "[[[", "\"[[["], "b": {}})", value), "");
  EXPECT_EQ(value.at("a").size(), 3u);
  EXPECT_EQ(fault_in(nested(64)), "");
  EXPECT_EQ(fault_in(nested(3), {.max_depth = 3}), "");
}

TEST(Json, RefusesWhatIsNestedTooDeeplyWhereverThatIs) {
  EXPECT_EQ(fault_in(nested(65)), "is JSON nested more than 64 levels deep at byte 64");
  for (const size_t depth : {size_t{300'000}, size_t{3'000'000}}) {
    EXPECT_NE(fault_in(nested(depth)).find("64 levels"), std::string::npos);
    EXPECT_NE(fault_in(std::string(depth, '[')).find("64 levels"), std::string::npos) << "never closed";
    std::string objects;
    for (size_t i = 0; i < depth; ++i) objects += "{\"a\":";
    EXPECT_NE(fault_in(objects).find("64 levels"), std::string::npos);
    EXPECT_NE(fault_in("{\"text\": \"a\", \"more\": [1, {\"x\": " + nested(depth) + "}]}").find("64 levels"),
              std::string::npos);
  }
}

// The scan for depth and the parser must agree on where a text ends and a bracket begins.
TEST(Json, LetsNoDepthPastWhateverStandsBeforeIt) {
  const char* pieces[] = {"[", "{", "]", "}", "\"", "\\", "\\\"", ",", ":", "1", " ", "\"a\"", "\"a\":", "\n", "\xff"};
  for (uint64_t seed = 0; seed < 20'000; ++seed) {
    Random random(seed);
    std::string text;
    for (size_t i = 0; i < 12; ++i) text += pieces[random.bits() % std::size(pieces)];
    int deepest = 0;
    const auto watch = [&](int depth, Json::parse_event_t event, Json&) {
      const bool start = event == Json::parse_event_t::array_start || event == Json::parse_event_t::object_start;
      if (start) deepest = std::max(deepest, depth + 1);
      return true;
    };
    const Json parsed = Json::parse(text, watch, /*allow_exceptions=*/false);
    const std::string fault = fault_in(text, {.max_depth = 3});
    if (deepest > 3) {
      EXPECT_NE(fault.find("nested more than 3"), std::string::npos) << text << " of seed " << seed << ": " << fault;
    } else if (!parsed.is_discarded()) {
      EXPECT_EQ(fault, "") << text << " of seed " << seed;
    }
  }
}

TEST(Json, RefusesWhatIsTooLargeOrNoJson) {
  EXPECT_EQ(fault_in("[1, 2]", {.max_bytes = 5}), "has 6 bytes of JSON, more than the 5 that are read");
  for (const char* text : {"", "{", "[1,]", "nul", "{\"a\" 1}", "\"\xff\"", "1e999", "[1] 2", "{'a': 1}"}) {
    EXPECT_EQ(fault_in(text).find("is not JSON: "), 0u) << text << ": " << fault_in(text);
    EXPECT_EQ(fault_in(text).find("json.exception"), std::string::npos) << fault_in(text);
  }
}

TEST(Json, FindsANameThatOccursTwiceWhereThatIsAsked) {
  EXPECT_EQ(fault_in(R"({"a": {"b": 1}, "c": {"b": 2}})", {.unique_names = true}), "");
  EXPECT_EQ(fault_in(R"({"a": {"b": 1, "b": 2}})", {.unique_names = true}), "is JSON in which \"b\" occurs twice");
  EXPECT_EQ(fault_in(R"({"a": {"b": 1, "b": 2}})"), "");
}

TEST(Json, ThrowsErrorsThatNameThePlace) {
  EXPECT_EQ(parse_json<Json>("[1]", "file", "").size(), 1u);
  try {
    parse_json_object<Json>("[1]", "file", "mend it");
    FAIL() << "took a list for an object";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "file: is not a JSON object but a list; mend it");
  }
  EXPECT_THROW(parse_json<nlohmann::ordered_json>("[1", "file", ""), Error);
}

TEST(Json, ShowsValuesShortly) {
  EXPECT_EQ(shown_json(Json("five")), "\"five\"");
  EXPECT_EQ(shown_json(Json::parse(nested(50))), "a list");
  EXPECT_EQ(shown_json(Json::object()), "an object");
  EXPECT_EQ(shown_json(Json(std::string(100, 'x'))), "\"" + std::string(39, 'x') + "…");
  std::string umlauts = "\"";
  for (int i = 0; i < 19; ++i) umlauts += "ü";
  EXPECT_EQ(shown_json(Json(std::string("ü") + umlauts.substr(1) + "ü")), umlauts + "…") << "not within a character";
}

}  // namespace
}  // namespace peapod
