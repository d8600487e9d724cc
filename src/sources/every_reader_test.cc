// Every reader meets the same list of defects: what changes nothing of what is said must change nothing of what is
// read, what cannot be read is an error that names the file, and no defect passes without a word.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

constexpr int kRows = 30;

// A format's main file: a head, a row for a user, an item and a time, and what lies beside it.
struct Form {
  std::string name;
  std::string file;
  std::string head;
  std::function<std::string(const std::string& user, const std::string& item, const std::string& time)> row;
  bool has_times = true;
  std::vector<std::pair<std::string, std::string>> beside = {};
};

void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }

std::vector<Form> forms() {
  const auto between = [](const std::string& separator) {
    return [separator](const auto& user, const auto& item, const auto& time) {
      return user + separator + item + separator + time;
    };
  };
  const auto rated = [](const std::string& separator) {
    return [separator](const auto& user, const auto& item, const auto& time) {
      return user + separator + item + separator + "4" + separator + time;
    };
  };
  const auto object = [](const std::string& user_key, const std::string& item_key, const std::string& time_key) {
    return [=](const auto& user, const auto& item, const auto& time) {
      return fmt::format(R"({{"{}": "{}", "{}": "{}", "{}": {}}})", user_key, user, item_key, item, time_key, time);
    };
  };
  return {
      {"csv", "a.csv", "user,item,time\n", between(",")},
      {"tsv", "a.tsv", "user\titem\ttime\n", between("\t")},
      {"jsonl", "a.jsonl", "", object("user", "item", "time")},
      {"amazon", "a.json", "", object("reviewerID", "asin", "unixReviewTime")},
      {"recbole", "a.inter", "user_id:token\titem_id:token\ttimestamp:float\n", between("\t")},
      {"movielens-100k", "u.data", "", rated("\t"), true, {{"u.item", "999|A film|01-Jan-1995||\n"}}},
      {"movielens-1m", "ratings.dat", "", rated("::"), true, {{"movies.dat", "999::A film::Comedy\n"}}},
      {"movielens-25m",
       "ratings.csv",
       "userId,movieId,rating,timestamp\n",
       rated(","),
       true,
       {{"movies.csv", "movieId,title,genres\n999,A film,Comedy\n"}}},
      {"pod", "sequential.txt", "", [](const auto& user, const auto& item, const auto&) { return user + " " + item; },
       false},
  };
}

std::vector<std::string> good_rows(const Form& form) {
  std::vector<std::string> rows;
  for (int i = 0; i < kRows; ++i) {
    // A line of sequential.txt is a user.
    const int user = form.has_times ? 1 + i % 5 : 1 + i;
    rows.push_back(form.row(std::to_string(user), std::to_string(1 + i), std::to_string(1'600'000'000 + 60 * i)));
  }
  return rows;
}

std::string joined(const Form& form, const std::vector<std::string>& rows, const std::string& end = "\n") {
  std::string text = form.head;
  if (end != "\n" && !text.empty()) text.replace(text.size() - 1, 1, end);
  for (const std::string& row : rows) text += row + end;
  return text;
}

// What was read, in the order of the interactions.
std::vector<std::string> said_by(const RawLog& log) {
  std::vector<std::string> said;
  for (const RawInteraction& one : log.interactions) {
    said.push_back(fmt::format("{} {} {}", log.users[one.user].name, log.items[one.item].name, one.time));
  }
  return said;
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string utf16(const std::string& text) {
  std::string wide = "\xff\xfe";
  for (const char c : text) wide += {c, '\0'};
  return wide;
}

class EveryReader : public testing::TestWithParam<Form> {
 protected:
  RawLog read(const std::string& text, double max_bad_lines = 100) const {
    const Form& form = GetParam();
    for (const auto& [name, contents] : form.beside) folder_.write(name, contents);
    folder_.write(form.file, text);
    return read_source(folder_.path(), {.max_bad_lines_percent = max_bad_lines});
  }

  void expect_the_same(const std::string& text, const std::string& what) const {
    const RawLog clean = read(joined(GetParam(), good_rows(GetParam())));
    const RawLog log = read(text);
    EXPECT_EQ(said_by(log), said_by(clean)) << what;
    EXPECT_EQ(log.rejects.count(), 0u) << what;
    EXPECT_EQ(log.interactions.size(), static_cast<size_t>(kRows)) << what;
  }

  void expect_refusal(const std::string& text, const std::string& what, const std::string& part = {}) const {
    try {
      read(text);
      ADD_FAILURE() << what << " was read";
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(folder_.path().string()), std::string::npos) << what << ": " << message;
      EXPECT_NE(message.find(part), std::string::npos) << what << ": " << message;
    }
  }

  // One row among the good ones cannot be used: it alone is left out, and is told by its line.
  void expect_a_reject(const std::string& bad_row, const std::string& what) const {
    const Form& form = GetParam();
    std::vector<std::string> rows = good_rows(form);
    const std::vector<std::string> good = said_by(read(joined(form, rows)));
    rows.insert(rows.begin() + 7, bad_row);
    const RawLog log = read(joined(form, rows));
    EXPECT_EQ(said_by(log), good) << what;
    ASSERT_EQ(log.rejects.count(), 1u) << what;
    const std::string said = describe(log.rejects.reasons().front().first);
    EXPECT_NE(said.find(form.file + fmt::format(":{}", 8 + (form.head.empty() ? 0 : 1))), std::string::npos)
        << what << ": " << said;
    EXPECT_THROW(read(joined(form, rows), 1), Error) << what << ": one of 31 lines is more than 1 %";
  }

  ScratchFolder folder_;
};

TEST_P(EveryReader, ReadsTheSameWhereOnlyTheFormDiffers) {
  const Form& form = GetParam();
  const std::vector<std::string> rows = good_rows(form);
  const std::string text = joined(form, rows);
  expect_the_same(joined(form, rows, "\r\n"), "CR LF");
  expect_the_same("\xef\xbb\xbf" + text, "a byte order mark");
  expect_the_same(text.substr(0, text.size() - 1), "no newline at the end");
  expect_the_same(text + "\n\n", "empty lines at the end");
  expect_the_same(gzipped(text), "gzip");
  const size_t middle = text.find('\n', text.size() / 2) + 1;
  expect_the_same(gzipped(text.substr(0, middle)) + gzipped(text.substr(middle)), "gzip in two members");
}

TEST_P(EveryReader, RefusesWhatIsNoTextOfItsKind) {
  const Form& form = GetParam();
  const std::string text = joined(form, good_rows(form));
  expect_refusal("", "an empty file");
  expect_refusal("\n\n\n", "empty lines");
  expect_refusal(utf16(text), "UTF-16", "UTF-16");
  expect_refusal(std::string("\x7f"
                             "ELF\0\0\1\2\3",
                             9) +
                     std::string(500, '\0'),
                 "a program");
  expect_refusal(joined(form, good_rows(form), "\r"), "CR alone", "CR alone");
  const std::string packed = gzipped(text);
  expect_refusal(packed.substr(0, packed.size() / 2), "gzip cut short");
  expect_refusal(packed.substr(0, packed.size() - 4), "gzip without its end");
  std::string damaged = packed;
  damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x10);
  expect_refusal(damaged, "gzip with a flipped bit");
}

TEST_P(EveryReader, LeavesOutARowThatCannotBeUsedAndSaysWhich) {
  const Form& form = GetParam();
  const std::string long_name(10'000, '7');
  const std::string time = "1600000000";
  if (form.name == "pod") return;  // its lines are whole users: one that cannot be read refuses the file, tested below
  expect_a_reject(form.row("", "5", time), "no user");
  expect_a_reject(form.row("5", "", time), "no item");
  expect_a_reject(form.row(long_name, "5", time), "a user of 10 kB");
  expect_a_reject(form.row("5", long_name, time), "an item of 10 kB");
  expect_a_reject(form.row("5", "5", "\"soon\""), "a time that is none");
  expect_a_reject(form.row("5", "5", "nan"), "no number as a time");
  expect_a_reject(form.row("5", "5", "1e999"), "a time beyond all numbers");
  expect_a_reject("five", "half a row");
}

TEST_P(EveryReader, RepairsOrRefusesLatin1AndSaysSo) {
  const Form& form = GetParam();
  std::vector<std::string> rows = good_rows(form);
  rows[3] = form.row("5", "caf\xe9", "1600000180");
  try {
    const RawLog log = read(joined(form, rows));
    bool repaired = log.rejects.count() == 1;  // where items are numbers
    for (const ItemInfo& item : log.items) repaired = repaired || item.name == "caf\xc3\xa9";
    EXPECT_TRUE(repaired);
    bool said = false;
    for (const std::string& note : log.reading.notes) said = said || note.find("UTF-8") != std::string::npos;
    EXPECT_TRUE(said);
  } catch (const Error& error) {
    EXPECT_EQ(form.name, "pod") << error.what();
    EXPECT_NE(std::string(error.what()).find("sequential.txt:4"), std::string::npos) << error.what();
  }
}

std::string name_of_case(const testing::TestParamInfo<Form>& form) {
  std::string name = form.param.name;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryReader, testing::ValuesIn(forms()), name_of_case);

}  // namespace
}  // namespace peapod
