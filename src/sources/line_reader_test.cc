#include "sources/line_reader.h"

#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  LineReader reader(path);
  std::vector<std::string> lines;
  for (std::string_view line; reader.next(line);) {
    lines.emplace_back(line);
    EXPECT_EQ(reader.line_number(), lines.size());
  }
  return lines;
}

std::filesystem::path write_gzip(const std::filesystem::path& path, const std::string& text) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

TEST(LineReader, GivesLinesWithoutTheirEndsAndWithoutAByteOrderMark) {
  const ScratchFolder folder;
  EXPECT_EQ(lines_of(folder.write("a", "\xef\xbb\xbfone\r\n\ntwo\nthree")),
            (std::vector<std::string>{"one", "", "two", "three"}));
  EXPECT_TRUE(lines_of(folder.write("b", "")).empty());
  EXPECT_EQ(lines_of(folder.write("c", "\n")), std::vector<std::string>{""});
}

TEST(LineReader, ReadsGzipByContentAndLinesLongerThanItsBuffer) {
  const ScratchFolder folder;
  Random random(3);
  std::vector<std::string> expected;
  std::string text;
  for (const size_t size : {size_t{0}, size_t{5}, size_t{300'000}, size_t{1}, size_t{700'000}, size_t{262'143}}) {
    std::string line(size, ' ');
    for (char& c : line) c = static_cast<char>('a' + random.below(26));
    expected.push_back(line);
    text += line + "\n";
  }
  EXPECT_EQ(lines_of(folder.write("plain", text)), expected);
  EXPECT_EQ(lines_of(write_gzip(folder.path() / "packed.json", text)), expected);
}

TEST(LineReader, SaysWhatItHadToRepair) {
  const ScratchFolder folder;
  LineReader good(folder.write("good.txt", "caf\xc3\xa9\n"));
  LineReader bad(folder.write("bad.txt", "caf\xc3\xa9\ncaf\xe9\n"));
  for (std::string_view line; good.next(line);) EXPECT_EQ(line, "caf\xc3\xa9");
  for (std::string_view line; bad.next(line);) EXPECT_EQ(line, "caf\xc3\xa9");
  EXPECT_EQ(good.repair_note(), "");
  EXPECT_EQ(bad.repair_note(), "encoding: 1 lines of bad.txt are not UTF-8, read as Windows-1252 (the first: 2)");
}

TEST(LineReader, RefusesAFileThatIsAbsentOrAGzipThatIsCutShort) {
  const ScratchFolder folder;
  EXPECT_THROW(LineReader(folder.path() / "absent"), Error);
  EXPECT_THROW(LineReader{folder.path()}, Error);
  std::string noise(50'000, 'x');
  Random random(4);
  for (char& c : noise) c = static_cast<char>(random.below(100));
  const std::string packed = read_file(write_gzip(folder.path() / "whole.gz", noise));
  EXPECT_THROW(lines_of(folder.write("cut.gz", packed.substr(0, packed.size() / 2))), Error);
}

TEST(LineReader, ReadsZstandardByContentAndRefusesOneThatIsCutShort) {
  const ScratchFolder folder;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919) + '\n';
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  const auto lines = lines_of(folder.write("packed", packed));
  ASSERT_EQ(lines.size(), 100'000u);
  EXPECT_EQ(lines.back(), std::to_string(99'999 * 7919));
  EXPECT_THROW(lines_of(folder.write("cut", packed.substr(0, packed.size() / 2))), Error);
}

TEST(LineReader, ReadsTheMembersOfAGzipThatWasAppendedTo) {
  const ScratchFolder folder;
  const std::string first = read_file(write_gzip(folder.path() / "a", "one\n"));
  const std::string second = read_file(write_gzip(folder.path() / "b", "two\n"));
  EXPECT_EQ(lines_of(folder.write("both", first + second)), (std::vector<std::string>{"one", "two"}));
}

TEST(LineReader, SaysWhatAFileThatIsNoTextIsAndHowToConvertIt) {
  const ScratchFolder folder;
  for (const auto& [bytes, word] : {std::pair("PAR1xx", "Parquet"), std::pair("PK\x03\x04xx", "spreadsheet")}) {
    try {
      lines_of(folder.write("a", bytes));
      FAIL() << bytes;
    } catch (const Error& error) {
      EXPECT_NE(error.problem().find(word), std::string::npos) << error.what();
      EXPECT_NE(error.remedy(), "");
    }
  }
}

}  // namespace
}  // namespace peapod
