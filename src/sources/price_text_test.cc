#include "sources/price_text.h"

#include <gtest/gtest.h>

namespace peapod {
namespace {

TEST(PriceText, IsReadInTheNotationsOfShops) {
  const std::pair<const char*, double> prices[] = {{"12", 12},
                                                   {"12.50", 12.5},
                                                   {"12,50", 12.5},
                                                   {"$12.50", 12.5},
                                                   {"12,50 €", 12.5},
                                                   {"EUR 7", 7},
                                                   {"1,299.00", 1299},
                                                   {"1.299,00 EUR", 1299},
                                                   {"1,299", 1299},
                                                   {"1.299.000", 1299000},
                                                   {"1 299,5", 1299.5},
                                                   {"1'299.50", 1299.5},
                                                   {"0", 0},
                                                   {"0.125", 0.125},
                                                   {"0,125", 0.125},
                                                   {"12.5", 12.5},
                                                   {"  $ 3.999,9 ", 3999.9}};
  for (const auto& [text, price] : prices) {
    const auto found = price_in(text);
    ASSERT_TRUE(found) << text;
    EXPECT_DOUBLE_EQ(*found, price) << text;
  }
}

TEST(PriceText, IsNoneWhereItIsNoSinglePrice) {
  for (const char* text : {"", "free", "$", "-3", "3-5", "$3 - $5", "12 for 5", "about 12 dollars or more", "50 %",
                           "<10", "1,2.3,4", "1/2", "1e5", "nan", ".", "12.50.1,2,3"}) {
    EXPECT_FALSE(price_in(text)) << text << " is " << price_in(text).value_or(0);
  }
}

TEST(AvailabilityText, IsYesNoOrANumberLeft) {
  for (const char* text : {"true", "TRUE", "Yes", "1", "in stock", "In_Stock", "available", "17", "0.5"}) {
    EXPECT_EQ(availability_in(text), true) << text;
  }
  for (const char* text : {"false", "no", "0", "out of stock", "OutOfStock", "sold out", "discontinued", "-2"}) {
    EXPECT_EQ(availability_in(text), false) << text;
  }
  for (const char* text : {"", "soon", "ask", "1 or 2", "yesno", "-"}) {
    EXPECT_EQ(availability_in(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace peapod
