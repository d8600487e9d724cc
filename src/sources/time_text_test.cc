#include "sources/time_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace peapod {
namespace {

TEST(TimeText, ReadsIsoDatesWithAndWithoutTimeAndZone) {
  for (const char* text : {"2024-01-31T12:30:00Z", "2024-01-31 12:30", "2024/01/31 12:30:00 UTC",
                           "2024-01-31T13:30:00+01:00", "2024-01-31T07:30:00-0500", "2024-01-31 12:30:00.000+00"}) {
    EXPECT_EQ(iso_time(text), 1706704200.0) << text;
  }
  // As PostgreSQL writes them.
  EXPECT_EQ(iso_time("2024-01-31 12:30:00+00"), 1706704200.0);
  EXPECT_EQ(iso_time("2024-01-31 14:30:00.500001+02"), 1706704200.500001);
  EXPECT_EQ(iso_time("2024-01-31 18:15:00+05:45"), 1706704200.0);
  EXPECT_EQ(iso_time("2024-01-31"), 1706659200.0);
  EXPECT_EQ(iso_time("1970-01-01T00:00:00.5"), 0.5);
}

TEST(TimeText, RefusesDaysThatDoNotExistAndOtherOrders) {
  for (const char* text : {"", "2024", "2024-02-30", "2024-13-01", "31/01/2024", "2024-01/31", "2024-01-31T", "soon",
                           "2024-01-31 25:00", "2024-01-31 12:00 +1", "2024-01-31 12:00 CET", "2024-01-31x"}) {
    EXPECT_FALSE(iso_time(text)) << text;
  }
}

TEST(TimeText, TellsTheUnitByTheMedianSoThatOneStrangeValueDoesNotDecide) {
  EXPECT_EQ(unit_of(std::vector<std::string>{"1700000000", "1700000001", "1700000000000"}), TimeUnit::seconds);
  EXPECT_EQ(unit_of(std::vector<std::string>{"1700000000000"}), TimeUnit::milliseconds);
  EXPECT_EQ(unit_of(std::vector<std::string>{"1700000000000000"}), TimeUnit::microseconds);
  EXPECT_EQ(unit_of(std::vector<std::string>{"1", "2", "3"}), TimeUnit::seconds);
  EXPECT_EQ(unit_of({}), TimeUnit::seconds);
}

TEST(TimeText, SaysWhatIsWrongWithATime) {
  std::string problem;
  EXPECT_EQ(parse_time("1700000000000", TimeUnit::milliseconds, problem), 1.7e9);
  EXPECT_FALSE(parse_time("1700000000000", TimeUnit::seconds, problem));
  EXPECT_EQ(problem, "expected Unix seconds from 1970 to 2200, got 1700000000000");
  EXPECT_FALSE(parse_time("-5", TimeUnit::seconds, problem));
  EXPECT_EQ(problem, "expected Unix seconds from 1970 to 2200, got -5");
  EXPECT_FALSE(parse_time("soon", TimeUnit::seconds, problem));
  EXPECT_EQ(problem, "expected a number or a date such as 2024-01-31 12:00:00, got \"soon\"");
  EXPECT_FALSE(parse_time("0001-01-01", TimeUnit::seconds, problem));
  EXPECT_EQ(problem, "expected a date from 1900 to 2200, got 0001-01-01");
}

}  // namespace
}  // namespace peapod
