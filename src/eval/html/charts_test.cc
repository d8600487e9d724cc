#include "eval/html/charts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"

namespace peapod::html {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// All values of the attributes with these names, which `|` separates, that are numbers; name after name.
std::vector<double> attributes(const std::string& text, const std::string& names) {
  std::vector<double> values;
  std::istringstream all(names);
  for (std::string name; std::getline(all, name, '|');) {
    const std::string opening = " " + name + "=\"";
    for (size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
      const size_t begin = at + opening.size();
      const std::string value = text.substr(begin, text.find('"', begin) - begin);
      if (!value.empty() && value.find_first_not_of("-.0123456789") == std::string::npos) {
        values.push_back(std::stod(value));
      }
    }
  }
  return values;
}

TEST(AxisTicks, EncloseTheDataWithRoundSteps) {
  EXPECT_EQ(axis_ticks(0, 900, 5), (std::vector<double>{0, 200, 400, 600, 800, 1000}));
  EXPECT_EQ(axis_ticks(0, 1, 4).back(), 1.0);
  Random random(7);
  for (int round = 0; round < 500; ++round) {
    const double low = random.uniform() < 0.5 ? 0 : random.uniform() * 10;
    const double high = low + std::pow(10.0, random.uniform() * 10 - 5);
    const std::vector<double> ticks = axis_ticks(low, high, 4);
    ASSERT_GE(ticks.size(), 2u);
    EXPECT_LE(ticks.size(), 9u) << low << " to " << high;
    EXPECT_LE(ticks.front(), low + 1e-9);
    EXPECT_GE(ticks.back(), high * (1 - 1e-6));
  }
}

TEST(AxisTicks, AreTwoAtLeastWhereAllIsOne) {
  EXPECT_GE(axis_ticks(0, 0, 4).size(), 2u);
  EXPECT_GE(axis_ticks(3, 3, 4).size(), 2u);
}

TEST(LineChart, HasAPointForEachValueWithinTheAxes) {
  const std::string chart = line_chart(
      {.title = "loss & more",
       .x_label = "step",
       .y_label = "loss",
       .x = {100, 200, 300},
       .series = {{.name = "one", .colour = 0, .y = {3, kNaN, 1}}, {.name = "two", .colour = 1, .y = {2, 2, 2}}},
       .marked = 2});
  EXPECT_EQ(count_of(chart, "<circle"), 5u);
  EXPECT_EQ(count_of(chart, "<polyline"), 2u);
  EXPECT_EQ(count_of(chart, "class=\"marked\""), 1u);
  EXPECT_NE(chart.find("loss &amp; more"), std::string::npos);
  EXPECT_NE(chart.find(">step</text>"), std::string::npos);
  EXPECT_EQ(chart.find("nan"), std::string::npos);
  for (const double x : attributes(chart, "cx")) EXPECT_TRUE(x >= 42 && x <= 348) << x;
  for (const double y : attributes(chart, "cy")) EXPECT_TRUE(y >= 26 && y <= 176) << y;
}

TEST(LineChart, IsNothingWithoutPoints) {
  EXPECT_EQ(line_chart({}), "");
  EXPECT_EQ(line_chart({.x = {1}, .series = {{.name = "a", .y = {kNaN}}}}), "");
  EXPECT_NE(line_chart({.x = {1}, .series = {{.name = "a", .y = {0}}}}), "") << "a single point of value 0";
}

TEST(BarChart, ShowsEachRowWithItsIntervalAndMarksInsideTheView) {
  const BarChart chart{.title = "NDCG",
                       .x_label = "NDCG@10",
                       .bar_name = "ours",
                       .mark_names = {"<knn>", "popularity"},
                       .rows = {{.label = "1–4", .note = "12 users", .bar = {0.5, 0.4, 0.6}, .marks = {0.7, 0}},
                                {.label = "a model with a name that is very long", .bar = {0, 0, 0}, .marks = {0, 0}}}};
  const std::string drawn = bar_chart(chart);
  EXPECT_EQ(count_of(drawn, "<rect"), 2u);
  EXPECT_EQ(count_of(drawn, "<circle"), 4u);
  EXPECT_EQ(count_of(drawn, "class=\"whisker\""), 6u);
  EXPECT_NE(drawn.find("12 users"), std::string::npos);
  EXPECT_NE(drawn.find("&lt;knn&gt;"), std::string::npos);
  EXPECT_NE(drawn.find(">a model with a na…<"), std::string::npos) << drawn;
  for (const double x : attributes(drawn, "x|x1|x2|cx")) EXPECT_TRUE(x >= 0 && x <= 360) << x;
  EXPECT_EQ(bar_chart({}), "");
}

TEST(BarChart, CutsLongNamesBetweenCharacters) {
  const std::string name = "éééééééééééééééééééééééé";
  const std::string drawn = bar_chart({.rows = {{.label = name, .bar = {0.5, 0.4, 0.6}}}});
  EXPECT_NE(drawn.find(">" + name.substr(0, 34) + "…<"), std::string::npos);
}

TEST(ColumnChart, DrawsAColumnForEachCountUnderItsLabel) {
  const std::string chart = column_chart(
      {.title = "made",
       .x_label = "x",
       .y_label = "y",
       .columns = {{.label = "a <b>", .what = "two & more", .height = 2}, {.label = "", .what = "none", .height = 0}}});
  EXPECT_NE(chart.find("a &lt;b&gt;"), std::string::npos);
  EXPECT_NE(chart.find("<title>two &amp; more</title>"), std::string::npos);
  size_t columns = 0;
  for (size_t at = chart.find("<rect"); at != std::string::npos; at = chart.find("<rect", at + 1)) ++columns;
  EXPECT_EQ(columns, 2u);
  EXPECT_NE(chart.find("height=\"0.0\""), std::string::npos);
  EXPECT_EQ(column_chart({.title = "nothing"}), "");
}

}  // namespace
}  // namespace peapod::html
