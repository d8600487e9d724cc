// Reads the sources and fails where anything but src/base/json.cc parses JSON: only there is a text bounded first.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace peapod {
namespace {

namespace fs = std::filesystem;

// What of a source parses JSON without bounds; empty where nothing does.
std::string other_way_into_json(const std::string& source) {
  static constexpr std::array kWays = {"json::parse(", "Json::parse(",  "json::accept(", "Json::accept(", "sax_parse(",
                                       "from_cbor(",   "from_msgpack(", "from_ubjson(",  "from_bson("};
  for (const std::string way : kWays) {
    if (source.find(way) != std::string::npos) return way;
  }
  return "";
}

TEST(JsonEntry, IsTheOnlyWayIntoJson) {
  const fs::path root = PEAPOD_SOURCE_DIR;
  size_t read = 0;
  for (const char* folder : {"src", "bench"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".cc") && !name.ends_with(".h")) continue;
      if (name.ends_with("_test.cc") || entry.path() == root / "src/base/json.cc") continue;
      std::ifstream file(entry.path());
      const std::string source{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      EXPECT_EQ(other_way_into_json(source), "") << entry.path() << ": use base/json.h";
      ++read;
    }
  }
  EXPECT_GT(read, 100u);
}

TEST(JsonEntry, IsMissedByNoneOfTheOthers) {
  EXPECT_NE(other_way_into_json("auto x = nlohmann::json::parse(text);"), "");
  EXPECT_NE(other_way_into_json("Json x = Json::parse(text, nullptr, false);"), "");
  EXPECT_EQ(other_way_into_json("parse_json<Json>(text, where, \"\")"), "");
}

}  // namespace
}  // namespace peapod
