#include "eval/html/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>

#include "eval/html/markup.h"

namespace peapod::html {
namespace {

// In units of the view box, of which one is about a pixel: a column of the page is some 350 wide.
constexpr double kWidth = 360;

// Where data stand, in units of the view box.
struct Plot {
  double left, right, top, bottom;
};

// Values to places along an axis.
class Scale {
 public:
  Scale(const std::vector<double>& ticks, double from, double to)
      : low_(ticks.front()), high_(ticks.back()), from_(from), to_(to) {}
  double operator()(double value) const { return from_ + (value - low_) / (high_ - low_) * (to_ - from_); }

 private:
  double low_, high_, from_, to_;
};

// As many decimals as the step needs; thousands as k.
std::string tick_text(double value, double step) {
  if (std::abs(step) >= 1000) return value == 0 ? "0" : fmt::format("{:g}k", value / 1000);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

std::string text_at(double x, double y, std::string_view css_class, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, css_class,
                     anchor, escape(text));
}

// A name as far as there is room for it left of the bars.
std::string shortened(const std::string& name) {
  constexpr size_t kMost = 17;
  size_t characters = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool begins_one = (static_cast<unsigned char>(name[i]) & 0xc0) != 0x80;
    if (begins_one && ++characters > kMost) return name.substr(0, i) + "…";
  }
  return name;
}

std::string line(double x1, double y1, double x2, double y2, std::string_view css_class) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2, y2,
                     css_class);
}

std::string svg(double height, std::string_view title, const std::string& content) {
  return fmt::format("<svg class=\"chart\" viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
                     kWidth, height, escape(title), content);
}

// Vertical grid lines with their values below.
std::string x_axis(const std::vector<double>& ticks, const Scale& x, const Plot& plot, std::string_view label) {
  std::string out;
  const double step = ticks[1] - ticks[0];
  for (const double tick : ticks) {
    out += line(x(tick), plot.top, x(tick), plot.bottom, tick == ticks.front() ? "axis" : "rule");
    out += text_at(x(tick), plot.bottom + 14, "tick", "middle", tick_text(tick, step));
  }
  return out + text_at(plot.right, plot.bottom + 28, "label", "end", label);
}

std::string points_of(const LineSeries& series, std::span<const double> xs, const Scale& x, const Scale& y) {
  std::string path, dots;
  for (size_t i = 0; i < xs.size(); ++i) {
    if (std::isnan(series.y[i])) continue;
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", x(xs[i]), y(series.y[i]));
    dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.4\"><title>{}, {:g}: {:.4f}</title></circle>\n",
                        x(xs[i]), y(series.y[i]), escape(series.name), xs[i], series.y[i]);
  }
  return fmt::format("<g class=\"series-{}\"><polyline points=\"{}\"/>\n{}</g>\n", series.colour, path, dots);
}

}  // namespace

std::vector<double> axis_ticks(double low, double high, int about) {
  if (!(high > low)) high = low + (low == 0 ? 1 : std::abs(low));
  const double rough = (high - low) / about;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * 0.999) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  const auto first = static_cast<int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<int64_t>(std::ceil(high / step - 1e-9));
  for (int64_t i = first; i <= std::max(last, first + 1); ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::string line_chart(const LineChart& chart) {
  constexpr double kHeight = 210;
  constexpr Plot kPlot{.left = 42, .right = kWidth - 12, .top = 26, .bottom = kHeight - 34};
  double low = chart.from_zero ? 0 : std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  for (const LineSeries& series : chart.series) {
    for (const double value : series.y) {
      if (std::isnan(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (chart.x.empty() || !std::isfinite(high)) return {};
  const std::vector<double> x_ticks = axis_ticks(0, chart.x.back(), 5);
  const std::vector<double> y_ticks = axis_ticks(low, high, 4);
  const Scale x(x_ticks, kPlot.left, kPlot.right);
  const Scale y(y_ticks, kPlot.bottom, kPlot.top);
  std::string out = text_at(0, 12, "label", "start", chart.y_label);
  for (const double tick : y_ticks) {
    out += line(kPlot.left, y(tick), kPlot.right, y(tick), tick == y_ticks.front() ? "axis" : "rule");
    out += text_at(kPlot.left - 6, y(tick) + 3.5, "tick", "end", tick_text(tick, y_ticks[1] - y_ticks[0]));
  }
  for (const double tick : x_ticks) {
    out += text_at(x(tick), kPlot.bottom + 14, "tick", "middle", tick_text(tick, x_ticks[1] - x_ticks[0]));
  }
  out += text_at(kPlot.right, kPlot.bottom + 28, "label", "end", chart.x_label);
  if (chart.marked) {
    const double at = x(chart.x[*chart.marked]);
    out += line(at, kPlot.top, at, kPlot.bottom, "marked");
  }
  for (const LineSeries& series : chart.series) out += points_of(series, chart.x, x, y);
  return svg(kHeight, chart.title, out);
}

std::string column_chart(const ColumnChart& chart) {
  if (chart.columns.empty()) return {};
  constexpr double kHeight = 210;
  constexpr Plot kPlot{.left = 48, .right = kWidth - 4, .top = 26, .bottom = kHeight - 34};
  double high = 0;
  for (const Column& column : chart.columns) high = std::max(high, column.height);
  const std::vector<double> ticks = axis_ticks(0, high, 4);
  const Scale y(ticks, kPlot.bottom, kPlot.top);
  std::string out = text_at(0, 12, "label", "start", chart.y_label);
  for (const double tick : ticks) {
    out += line(kPlot.left, y(tick), kPlot.right, y(tick), tick == ticks.front() ? "axis" : "rule");
    out += text_at(kPlot.left - 6, y(tick) + 3.5, "tick", "end", tick_text(tick, ticks[1] - ticks[0]));
  }
  const double width = (kPlot.right - kPlot.left) / static_cast<double>(chart.columns.size());
  const double gap = width > 12 ? 4 : width > 4 ? 1 : 0;
  for (size_t c = 0; c < chart.columns.size(); ++c) {
    const Column& column = chart.columns[c];
    const double left = kPlot.left + width * static_cast<double>(c);
    out += fmt::format(
        "<g class=\"series-0\"><title>{}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/></g>\n",
        escape(column.what), left + gap / 2, y(column.height), width - gap, kPlot.bottom - y(column.height));
    if (!column.label.empty()) {
      // What stands at an end must not run beyond it.
      const bool narrow = width < 24;
      const bool first = narrow && c == 0, last = narrow && c + 1 == chart.columns.size();
      out += text_at(first  ? left
                     : last ? left + width
                            : left + width / 2,
                     kPlot.bottom + 14, "tick",
                     first  ? "start"
                     : last ? "end"
                            : "middle",
                     column.label);
    }
  }
  return svg(kHeight, chart.title, out + text_at(kPlot.right, kPlot.bottom + 28, "label", "end", chart.x_label));
}

std::string bar_chart(const BarChart& chart) {
  if (chart.rows.empty()) return {};
  constexpr double kRow = 34;
  constexpr double kBar = 12;
  const Plot plot{
      .left = 112, .right = kWidth - 56, .top = 6, .bottom = 6 + kRow * static_cast<double>(chart.rows.size())};
  double high = 0;
  for (const BarRow& row : chart.rows) {
    high = std::max({high, row.bar.value, row.bar.high});
    for (const double mark : row.marks) high = std::max(high, mark);
  }
  const std::vector<double> ticks = axis_ticks(0, high, 4);
  const Scale x(ticks, plot.left, plot.right);
  std::string out = x_axis(ticks, x, plot, chart.x_label);
  for (size_t r = 0; r < chart.rows.size(); ++r) {
    const BarRow& row = chart.rows[r];
    const double middle = plot.top + kRow * (static_cast<double>(r) + 0.5);
    out += text_at(plot.left - 10, middle + (row.note.empty() ? 4 : -1), "row", "end", shortened(row.label));
    if (!row.note.empty()) out += text_at(plot.left - 10, middle + 11, "note", "end", row.note);
    out += fmt::format("<g class=\"series-{}\"><title>{}, {}: {} {}</title>", row.colour, escape(chart.bar_name),
                       escape(row.label), number(row.bar.value), interval(row.bar));
    out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:g}\" rx=\"2\"/></g>\n", plot.left,
                       middle - kBar / 2, x(row.bar.value) - plot.left, kBar);
    out += line(x(row.bar.low), middle, x(row.bar.high), middle, "whisker");
    for (const double end : {row.bar.low, row.bar.high}) out += line(x(end), middle - 3, x(end), middle + 3, "whisker");
    for (size_t m = 0; m < row.marks.size(); ++m) {
      // Beside each other where values are alike.
      const double aside = 7 * (static_cast<double>(m) - (static_cast<double>(row.marks.size()) - 1) / 2);
      out += fmt::format(
          "<g class=\"mark series-{}\"><circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.6\"><title>{}, {}: {}</title></circle>"
          "</g>\n",
          m + 1, x(row.marks[m]), middle + aside, escape(chart.mark_names[m]), escape(row.label), number(row.marks[m]));
    }
    out += text_at(kWidth, middle + 4, "value", "end", number(row.bar.value));
  }
  return svg(plot.bottom + 34, chart.title, out);
}

}  // namespace peapod::html
