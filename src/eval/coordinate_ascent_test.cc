#include "eval/coordinate_ascent.h"

#include <gtest/gtest.h>

#include <cmath>

namespace peapod {
namespace {

struct Made {
  double a = 0, b = 0;
};

TEST(CoordinateAscent, ClimbsUntilNoSettingChanges) {
  const std::vector<Axis<Made>> axes = {{&Made::a, {-1, 0, 1, 2, 3}}, {&Made::b, {-1, 0, 1, 2, 3}}};
  int evaluations = 0;
  // The best a is b, which moves after it: then a follows, and b, tried again, stays.
  const Made found = coordinate_ascent(Made{}, axes, [&](const Made& at) {
    ++evaluations;
    return 10 * at.b - std::abs(at.a - at.b);
  });
  EXPECT_EQ(found.a, 3);
  EXPECT_EQ(found.b, 3);
  EXPECT_EQ(evaluations, 1 + 4 * 4);
  const Made top = coordinate_ascent(Made{}, axes, [](const Made& at) { return at.a + at.b - 0.1 * at.a * at.b; });
  EXPECT_EQ(top.a, 3);
  EXPECT_EQ(top.b, 3);
}

TEST(CoordinateAscent, KeepsTheEarlierAmongEquals) {
  const std::vector<Axis<Made>> axes = {{&Made::a, {5, 0, 7}}};
  EXPECT_EQ(coordinate_ascent(Made{}, axes, [](const Made&) { return 1.0; }).a, 0);
}

}  // namespace
}  // namespace peapod
