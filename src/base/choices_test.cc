#include "base/choices.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace peapod {
namespace {

enum class Fruit { apple, pear, quince };
constexpr Choices<Fruit, 3> kFruits{"fruit",
                                    {{Fruit::pear, "pear"}, {Fruit::apple, "red-apple"}, {Fruit::quince, "quince"}}};

using Names = std::vector<std::string>;

template <class Table>
std::string refusal(const Table& table, std::string_view name, std::string_view place = {}) {
  try {
    table.parse(name, place);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Choices, EachNameReadsBackAsItsValue) {
  for (const Fruit fruit : kFruits.values()) EXPECT_EQ(kFruits.parse(kFruits.name_of(fruit)), fruit);
  static_assert(kFruits.name_of(Fruit::apple) == "red-apple");
}

TEST(Choices, ListsNamesInTheOrderOfTheTable) {
  EXPECT_EQ(kFruits.names(), (Names{"pear", "red-apple", "quince"}));
  EXPECT_EQ(kFruits.names_without(Fruit::apple), (Names{"pear", "quince"}));
}

TEST(Choices, AnUnknownNameIsRefusedWithTheFieldTheChoicesAndTheNearest) {
  EXPECT_EQ(refusal(kFruits, "quinze"),
            "fruit: expected pear, red-apple or quince, got \"quinze\"; did you mean \"quince\"?");
  EXPECT_EQ(refusal(kFruits, "watermelon"), "fruit: expected pear, red-apple or quince, got \"watermelon\"");
  EXPECT_EQ(refusal(kFruits, ""), "fruit: expected pear, red-apple or quince, got \"\"");
  EXPECT_EQ(refusal(kFruits, "pear"), "none");
}

TEST(Choices, ANameOfAFileIsRefusedWithItsPlace) {
  EXPECT_EQ(refusal(kFruits, "watermelon", "basket.json:3"),
            "basket.json:3: field \"fruit\": expected pear, red-apple or quince, got \"watermelon\"");
}

TEST(Choices, OneChoiceIsATableToo) {
  constexpr Choices<int, 1> kOnly{"size", {{7, "seven"}}};
  EXPECT_EQ(kOnly.parse("seven"), 7);
  EXPECT_EQ(refusal(kOnly, "eightfold"), "size: expected seven, got \"eightfold\"");
}

TEST(Choices, AValueWithoutARowHasNoName) { EXPECT_EQ(kFruits.name_of(static_cast<Fruit>(7)), ""); }

}  // namespace
}  // namespace peapod
