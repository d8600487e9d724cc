#include "sources/python_literal.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace peapod {
namespace {

using Json = nlohmann::json;

// Null where the literal is none; no literal here is None.
Json value_of(std::string_view literal) {
  Json value;
  return read_json(json_of_python(literal), value).empty() ? value : Json(nullptr);
}

TEST(PythonLiteral, IsReadAsPythonReadsIt) {
  // What Python's json.dumps(ast.literal_eval(…)) says of the same lines.
  EXPECT_EQ(value_of(R"({'asin': 'B1', 'price': 7.5, 'rank': {'Toys': 12}, 'new': True, 'old': False, 'brand': None})"),
            Json::parse(R"({"asin":"B1","price":7.5,"rank":{"Toys":12},"new":true,"old":false,"brand":null})"));
  EXPECT_EQ(value_of(R"({u'a': [u'x', "y"], 'b': -1e3, 'c': []})"),
            Json::parse(R"({"a":["x","y"],"b":-1000.0,"c":[]})"));
  EXPECT_EQ(value_of(R"({'t': "it's", 'u': 'say "so"', 'v': 'it\'s \"so\"'})"),
            Json::parse(R"({"t":"it's","u":"say \"so\"","v":"it's \"so\""})"));
  EXPECT_EQ(value_of(R"({'t': 'caf\xe9 \u20ac \U0001f600 a\\b\n\tc \d', 'None': 'True'})"),
            Json::parse(R"({"t":"caf\u00e9 \u20ac \ud83d\ude00 a\\b\n\tc \\d","None":"True"})"));
  EXPECT_EQ(value_of("{'t': 'tab\there, caf\xc3\xa9'}"), Json::parse("{\"t\":\"tab\\there, caf\xc3\xa9\"}"));
}

TEST(PythonLiteral, IsNoJsonWhereItIsNoLiteral) {
  for (const char* text : {"{'a': 'never closed", "{'a'", "{'a': 'x\\", "{'a': '\\xzz'}", "{'a': '\\U00110000'}",
                           "{'a': open('file')}", "{'a': x}", "{'a': (1, 2)}", "{'a': '\\ud800'}", "", "'"}) {
    EXPECT_TRUE(value_of(text).is_null()) << text;
  }
}

}  // namespace
}  // namespace peapod
