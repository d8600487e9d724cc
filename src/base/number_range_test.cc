#include "base/number_range.h"

#include <gtest/gtest.h>

namespace peapod {
namespace {

TEST(NumberRange, TakesNumbersWithinItsEndsAlone) {
  const WholeRange whole{2, 100};
  EXPECT_EQ(number_in(whole, "2"), 2u);
  EXPECT_EQ(number_in(whole, "100"), 100u);
  EXPECT_EQ(number_in(WholeRange{}, "18446744073709551615"), 18446744073709551615u);
  const RealRange real{0, 0.9};
  EXPECT_EQ(number_in(real, "0"), 0.0);
  EXPECT_EQ(number_in(real, "9e-1"), 0.9);
  EXPECT_EQ(number_in(RealRange{.above_least = true}, "1e30"), 1e30);
}

TEST(NumberRange, TakesNothingElseForANumber) {
  for (const char* text : {"",
                           " ",
                           "-3",
                           "+3",
                           "3 ",
                           " 3",
                           "3.0",
                           "1e1",
                           "0x10",
                           "nan",
                           "inf",
                           "three",
                           "1",
                           "101",
                           "010",
                           "08",
                           "18446744073709551616",
                           "99999999999999999999",
                           "3,5",
                           "3\n"}) {
    EXPECT_FALSE(number_in(WholeRange{2, 100}, text)) << '"' << text << '"';
  }
  for (const char* text : {"", " ", "-1", "+0.5", "0.5 ", " 0.5", "nan", "NaN", "-nan", "inf", "-inf", "infinity",
                           "1e999", "-1e999", "0x1p-2", "half", "1.5", "0,5"}) {
    EXPECT_FALSE(number_in(RealRange{0, 1}, text)) << '"' << text << '"';
  }
  EXPECT_FALSE(number_in(RealRange{.above_least = true}, "0"));
  EXPECT_FALSE(RealRange{}.contains(std::numeric_limits<double>::infinity()));
}

TEST(NumberRange, SaysWhatItExpects) {
  EXPECT_EQ(in_words(WholeRange{2, 100}), "a whole number from 2 to 100");
  EXPECT_EQ(in_words(WholeRange{}), "a whole number of 0 or more, at most 18446744073709551615");
  EXPECT_EQ(in_words(RealRange{0, 0.9}), "a number from 0 to 0.9");
  EXPECT_EQ(in_words(RealRange{.above_least = true}), "a number above 0");
  EXPECT_EQ(in_words(RealRange{}), "a number of 0 or more");
}

}  // namespace
}  // namespace peapod
