// Conformance of the readers: the same interactions, written in every format, are the same prepared data, byte for
// byte.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/files.h"
#include "base/random.h"
#include "data/preparation.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"
#include "support/sqlite_file.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

struct Made {
  uint32_t user, item, time;
};

// 1,000 interactions of 50 users with 20 of 80 items each, no two at the same time, in the order of time.
std::vector<Made> made_interactions() {
  std::vector<Made> made;
  Random random(11);
  for (uint32_t user = 1; user <= 50; ++user) {
    std::vector<uint32_t> items(80);
    std::iota(items.begin(), items.end(), 1u);
    random.shuffle(items);
    for (size_t i = 0; i < 20; ++i) made.push_back({user, items[i], 0});
  }
  random.shuffle(made);
  for (uint32_t i = 0; i < made.size(); ++i) made[i].time = 1'600'000'000 + 3'601 * i;
  return made;
}

// Writes one line for each interaction, in another order where times tell the true one.
template <class Line>
std::string written(std::vector<Made> made, const std::string& header, Line line) {
  Random random(12);
  random.shuffle(made);
  std::string text = header;
  for (const Made& one : made) text += line(one);
  return text;
}

std::string iso(uint32_t time) {
  const time_t seconds = time;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// All formats by file name; MovieLens's is told by what lies beside it.
std::map<std::string, std::string> sources() {
  const std::vector<Made> made = made_interactions();
  std::map<std::string, std::string> texts;
  texts["a.inter"] = written(made, "user_id:token\titem_id:token\ttimestamp:float\n",
                             [](const Made& one) { return fmt::format("{}\t{}\t{}\n", one.user, one.item, one.time); });
  texts["reviews.json"] = written(made, "", [](const Made& one) {
    return fmt::format(R"({{"reviewerID":"{}","asin":"{}","unixReviewTime":{}}})"
                       "\n",
                       one.user, one.item, one.time);
  });
  texts["All.jsonl"] = written(made, "", [](const Made& one) {
    return fmt::format(R"({{"user_id":"{}","asin":"x","parent_asin":"{}","timestamp":{}000,"verified_purchase":true}})"
                       "\n",
                       one.user, one.item, one.time);
  });
  texts["a.csv"] = written(made, "user,note,item,time\r\n", [](const Made& one) {
    return fmt::format("\"{}\",\"two\r\nlines\",{},{}\r\n", one.user, one.item, iso(one.time));
  });
  texts["b.csv"] = written(made, "itemId;userId;timestamp\n", [](const Made& one) {
    return fmt::format("{};{};{}\n", one.item, one.user, uint64_t{one.time} * 1000);
  });
  texts["a.tsv"] = written(made, "customer_id\tsku\tdate\n", [](const Made& one) {
    return fmt::format("{}\t{}\t{}\n", one.user, one.item, uint64_t{one.time} * 1'000'000);
  });
  texts["a.jsonl"] = written(made, "", [](const Made& one) {
    return fmt::format(R"({{"user_id":{},"item_id":"{}","ts":{}}})"
                       "\n",
                       one.user, one.item, one.time);
  });
  texts["u.data"] = written(made, "", [](const Made& one) {
    return fmt::format("{}\t{}\t{}\t{}\n", one.user, one.item, 1 + one.time % 5, one.time);
  });
  texts["ratings.dat"] = written(made, "", [](const Made& one) {
    return fmt::format("{}::{}::{}::{}\n", one.user, one.item, 1 + one.time % 5, one.time);
  });
  texts["ratings.csv"] = written(made, "userId,movieId,rating,timestamp\n", [](const Made& one) {
    return fmt::format("{},{},{}.5,{}\n", one.user, one.item, one.time % 5, one.time);
  });
  std::map<uint32_t, std::string> lines;
  for (const Made& one : made) lines[one.user] += fmt::format(" {}", one.item);
  for (const auto& [user, items] : lines) texts["sequential.txt"] += std::to_string(user) + items + "\n";
  texts["untimed.csv"] = "user_id,item_id\n";
  for (const Made& one : made) texts["untimed.csv"] += fmt::format("{},{}\n", one.user, one.item);
  return texts;
}

// Statements that make a table of an SQLite database, with users as numbers and times as real ones.
std::string sqlite_table() {
  return "BEGIN; CREATE TABLE log (who INTEGER, what TEXT, at REAL);" +
         written(made_interactions(), "",
                 [](const Made& one) {
                   return fmt::format("INSERT INTO log VALUES ({}, '{}', {});", one.user, one.item, one.time);
                 }) +
         "COMMIT;";
}

// The files of a prepared directory; the manifest without what tells the source.
std::map<std::string, std::string> prepared(const fs::path& source, const fs::path& out,
                                            const ReadOptions& options = {}) {
  const PreparedData data = prepare(read_source(source, options), {.min_user = 5, .min_item = 5, .name = "same"});
  ItemIds ids;
  ids.scheme = IdScheme::random;
  ids.numbers.resize(data.items.size());
  std::iota(ids.numbers.begin(), ids.numbers.end(), 1u);
  write_dataset(out, data, ids);
  std::map<std::string, std::string> files;
  for (const std::string& name : Dataset::file_names()) {
    std::string& text = files[name] = read_file(out / name);
    if (name != Dataset::file_names().front()) continue;
    auto manifest = nlohmann::ordered_json::parse(text);
    for (const char* key : {"xxh3", "source_format", "source"}) manifest.erase(key);
    text = manifest.dump();
  }
  return files;
}

TEST(EveryFormat, GivesTheSamePreparedDataByteForByte) {
  const ScratchFolder folder;
  std::map<std::string, std::string> expected;
  for (const auto& [name, text] : sources()) {
    const fs::path inside = folder.path() / ("of-" + name);
    fs::create_directories(inside);
    std::ofstream(inside / name, std::ios::binary) << text;
    if (name == "u.data") std::ofstream(inside / "u.item") << "999|A film|01-Jan-1995||\n";
    if (name == "ratings.dat") std::ofstream(inside / "movies.dat") << "999::A film::Comedy\n";
    if (name == "ratings.csv") std::ofstream(inside / "movies.csv") << "movieId,title,genres\n";
    const auto files = prepared(inside, folder.path() / ("out-" + name));
    if (expected.empty()) expected = files;
    for (const auto& [file, bytes] : files) EXPECT_EQ(bytes, expected.at(file)) << name << " " << file;
  }
  const SqliteFile database(folder.path() / "log.db", sqlite_table());
  const auto files = prepared(database.source(), folder.path() / "out-sqlite",
                              {.query = "SELECT who AS user_id, what AS item_id, at AS time FROM log"});
  for (const auto& [file, bytes] : files) EXPECT_EQ(bytes, expected.at(file)) << "sqlite " << file;
  EXPECT_EQ(Dataset::open(folder.path() / "out-a.csv").num_interactions(), 1000u);
}

}  // namespace
}  // namespace peapod
