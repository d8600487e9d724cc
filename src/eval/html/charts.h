// Charts as inline SVG: lines over a number, columns of counts, and bars with intervals beside marks of other methods.
// They take their colours from the page's style (eval/html/style.h), so that they follow its light and dark. Pure
// functions, safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eval/bootstrap.h"

namespace peapod::html {

struct LineSeries {
  std::string name = {};       // in the tooltips of its points
  size_t colour = 0;           // series-COLOUR of the style
  std::vector<double> y = {};  // [x]; NaN: there is no point
};

struct LineChart {
  std::string title = {};    // what somebody who cannot see it is told
  std::string x_label = {};  // with its unit
  std::string y_label = {};
  std::vector<double> x = {};  // ascending
  std::vector<LineSeries> series = {};
  bool from_zero = true;                        // the y axis
  std::optional<size_t> marked = std::nullopt;  // the x that gets a vertical line
};

// Empty where no series has a point.
std::string line_chart(const LineChart& chart);

struct BarRow {
  std::string label = {};
  std::string note = {};           // smaller, below the label; may be empty
  size_t colour = 0;               // of the bar
  Estimate bar{};                  // with a whisker from low to high
  std::vector<double> marks = {};  // of other methods, coloured from 1 on
};

struct BarChart {
  std::string title = {};
  std::string x_label = {};
  std::string bar_name = {};                 // in tooltips
  std::vector<std::string> mark_names = {};  // the same
  std::vector<BarRow> rows = {};
};

// Empty without rows. Values are at least 0.
std::string bar_chart(const BarChart& chart);

struct Column {
  std::string label = {};  // below it; may be empty
  std::string what = {};   // in its tooltip
  double height = 0;       // at least 0
};

struct ColumnChart {
  std::string title = {};
  std::string x_label = {};
  std::string y_label = {};
  std::vector<Column> columns = {};
};

// Counts side by side. Empty without columns.
std::string column_chart(const ColumnChart& chart);

// Ticks of an axis: multiples of 1, 2 or 5 times a power of ten that enclose [low, high], some `about` of them.
std::vector<double> axis_ticks(double low, double high, int about);

}  // namespace peapod::html
