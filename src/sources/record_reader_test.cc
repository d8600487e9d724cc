#include "sources/record_reader.h"

#include <gtest/gtest.h>

namespace peapod {
namespace {

struct Parsed {
  std::vector<std::vector<std::string>> records;
  std::vector<uint64_t> first_lines;
  uint64_t open_quote_line = 0;
};

Parsed parse(const std::vector<std::string>& lines, const std::string& separator = ",") {
  size_t place = 0;
  RecordReader reader(
      [&](std::string_view& line) {
        if (place == lines.size()) return false;
        line = lines[place++];
        return true;
      },
      separator);
  Parsed parsed;
  for (std::vector<std::string> fields; reader.next(fields);) {
    parsed.records.push_back(fields);
    parsed.first_lines.push_back(reader.first_line());
  }
  parsed.open_quote_line = reader.open_quote_line();
  return parsed;
}

using Records = std::vector<std::vector<std::string>>;

TEST(RecordReader, SplitsAtSeparatorsOfOneOrSeveralCharacters) {
  EXPECT_EQ(parse({"a,,b", "", "c"}).records, (Records{{"a", "", "b"}, {"c"}}));
  EXPECT_EQ(parse({"1::2::3:4"}, "::").records, (Records{{"1", "2", "3:4"}}));
}

TEST(RecordReader, TakesSeparatorsQuotesAndLineBreaksWithinQuotes) {
  const Parsed parsed = parse({R"("a,b","say ""hi""",x)", R"("one)", "", R"(two",y)", "z"});
  EXPECT_EQ(parsed.records, (Records{{"a,b", "say \"hi\"", "x"}, {"one\n\ntwo", "y"}, {"z"}}));
  EXPECT_EQ(parsed.first_lines, (std::vector<uint64_t>{1, 2, 5}));
}

TEST(RecordReader, LeavesAQuoteWithinAFieldAsItIs) {
  EXPECT_EQ(parse({R"(7" single,b)"}).records, (Records{{"7\" single", "b"}}));
}

TEST(RecordReader, SaysWhereAQuoteOpensThatIsNeverClosed) {
  const Parsed parsed = parse({"a,b", "c,\"d", "e,f"});
  EXPECT_EQ(parsed.records.size(), 1u);
  EXPECT_EQ(parsed.open_quote_line, 2u);
}

}  // namespace
}  // namespace peapod
