#include "eval/html/data_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "base/random.h"
#include "data/leak_audit.h"
#include "data/target_counts.h"
#include "eval/html/charts.h"
#include "eval/html/markup.h"

namespace peapod::html {
namespace {

constexpr uint64_t kSampleSeed = 1;
constexpr size_t kSampleUsers = 6;
constexpr size_t kSampleSentences = 5;
constexpr size_t kHistoryShown = 12;
constexpr size_t kItemsShown = 10;

std::string count_text(uint64_t count) { return readable_count(static_cast<double>(count)); }

std::string percent(double share) {
  return fmt::format("{:.{}f} %", 100 * share, share < 0.001 ? 3 : share < 0.1 ? 1 : 0);
}

std::string shown_name(const Dataset& data, uint32_t item) {
  return data.item_title(item).empty() ? data.item_name(item) : data.item_title(item);
}

// `2014-07-23` for seconds since 1970, the number for what cannot be such.
std::string time_text(double time) {
  constexpr double kFirst = 86400.0 * 365, kLast = 7.3e9;  // 1971 and about 2200
  if (time < kFirst || time > kLast) return fmt::format("{:g}", time);
  const std::chrono::sys_seconds seconds{std::chrono::seconds(static_cast<int64_t>(time))};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(seconds)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::vector<uint32_t> popularity_of(const Dataset& data) {
  std::vector<uint32_t> popularity(data.num_items());
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    for (const uint32_t item : data.history(user)) ++popularity[item];
  }
  return popularity;
}

std::vector<uint32_t> lengths_of(const Dataset& data) {
  std::vector<uint32_t> lengths;
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    lengths.push_back(static_cast<uint32_t>(data.history(user).size()));
  }
  return lengths;
}

uint32_t median_of(std::vector<uint32_t> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::string card(const std::string& value, std::string_view what, const std::string& note) {
  return element("div", "card",
                 element("p", "headline", fmt::format("<b>{}</b> {}", value, what)) + element("p", "facts", note));
}

std::string header_of(const Dataset& data) {
  const bool none = data.split() == SplitRule::none;
  const size_t evaluated = data.evaluated_users().size();
  std::string header = element("p", "eyebrow", "peapod inspect");
  header += element("h1", "", escape(data.name()));
  header += element("p", "facts",
                    none ? "nothing is held out: all interactions are training"
                         : fmt::format("the last two items of {} users are held out", count_text(evaluated)));
  return element("header", "", header);
}

std::string size_section(const Dataset& data, const LeakReport& report, const std::vector<uint32_t>& lengths,
                         const std::vector<uint32_t>& popularity) {
  const auto users = static_cast<double>(data.num_users()), items = static_cast<double>(data.num_items());
  const auto interactions = static_cast<double>(data.num_interactions());
  const double pairs = interactions - static_cast<double>(report.duplicate_interactions);
  uint32_t titled = 0;
  for (uint32_t item = 0; item < data.num_items(); ++item) titled += !data.item_title(item).empty();
  std::string cards;
  cards += card(count_text(data.num_interactions()), "interactions",
                fmt::format("{} of all pairs of a user and an item; {} explanations", percent(pairs / (users * items)),
                            count_text(data.explanations().size())));
  cards += card(count_text(data.num_users()), "users",
                fmt::format("{:.1f} interactions on average, {} in the median, {} at most", interactions / users,
                            count_text(median_of(lengths)), count_text(*std::ranges::max_element(lengths))));
  cards += card(
      count_text(data.num_items()), "items",
      fmt::format("{:.1f} interactions on average, {} in the median, {} at most; {} have a title", interactions / items,
                  count_text(median_of(popularity)), count_text(*std::ranges::max_element(popularity)),
                  titled == data.num_items() ? "all" : count_text(titled)));
  return element("section", "", element("h2", "", "Size") + element("div", "grid three", cards));
}

// How many values lie in 0, 1, 2, 3–4, 5–9, 10–19, 20–49 and so on; nothing beyond the largest.
std::vector<Column> columns_of(std::span<const uint32_t> values, std::string_view what, std::string_view unit) {
  constexpr uint32_t kFrom[] = {0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20000};
  constexpr size_t kMostRanges = 6;  // of more columns, labels say where each begins
  const auto [least, greatest] = std::ranges::minmax(values);
  std::vector<Column> columns, ranges;
  for (size_t b = 0; b < std::size(kFrom) && kFrom[b] <= greatest; ++b) {
    const uint32_t from = kFrom[b];
    const bool open = b + 1 == std::size(kFrom);
    const uint32_t to = open ? UINT32_MAX : kFrom[b + 1] - 1;
    if (to < least) continue;
    const auto count = std::ranges::count_if(values, [&](uint32_t v) { return v >= from && v <= to; });
    const std::string range = to == from ? fmt::format("{}", to)
                              : open     ? fmt::format("{}+", from)
                                         : fmt::format("{}–{}", from, to);
    Column column{.label = range,
                  .what = fmt::format("{} {}: {} {}", range, unit, count_text(static_cast<uint64_t>(count)), what),
                  .height = static_cast<double>(count)};
    ranges.push_back(column);
    if (to != from) column.label = fmt::format("{}+", from);
    columns.push_back(column);
  }
  return columns.size() <= kMostRanges ? ranges : columns;
}

std::string chart_card(std::string_view title, const std::string& chart) {
  return element("div", "card", element("h4", "", title) + chart);
}

// Which share of the interactions the most popular items have, at each share of the items.
std::string popularity_curve(std::vector<uint32_t> popularity) {
  constexpr size_t kPoints = 20;
  std::ranges::sort(popularity, std::ranges::greater());
  const double all = std::accumulate(popularity.begin(), popularity.end(), 0.0);
  LineChart chart{.title = "Share of the interactions that the most popular items have",
                  .x_label = "% of the items, most popular first",
                  .y_label = "% of the interactions"};
  chart.series.push_back({.name = "% of the items"});
  double sum = 0;
  size_t next = 0;
  for (size_t point = 0; point <= kPoints; ++point) {
    const size_t end = popularity.size() * point / kPoints;
    for (; next < end; ++next) sum += popularity[next];
    chart.x.push_back(100.0 * static_cast<double>(point) / kPoints);
    chart.series[0].y.push_back(100 * sum / all);
  }
  return chart_card("Popularity", line_chart(chart));
}

std::string over_time(const SourceTimes& times) {
  ColumnChart chart{.title = "Interactions over time", .x_label = {}, .y_label = "interactions", .columns = {}};
  const double part = (times.last - times.first) / static_cast<double>(times.histogram.size());
  for (size_t i = 0; i < times.histogram.size(); ++i) {
    const double from = times.first + part * static_cast<double>(i);
    chart.columns.push_back(
        {.label = {},
         .what = fmt::format("{} to {}: {}", time_text(from), time_text(from + part), count_text(times.histogram[i])),
         .height = static_cast<double>(times.histogram[i])});
  }
  if (!chart.columns.empty()) {
    chart.columns.front().label = time_text(times.first);
    chart.columns.back().label = time_text(times.last);
  }
  return chart_card("Over time", column_chart(chart));
}

std::string spread_section(const Dataset& data, const std::vector<uint32_t>& lengths,
                           const std::vector<uint32_t>& popularity) {
  std::string cards = chart_card("Histories", column_chart({.title = "Users by the length of their history",
                                                            .x_label = "interactions of a user",
                                                            .y_label = "users",
                                                            .columns = columns_of(lengths, "users", "interactions")}));
  cards += chart_card("Items", column_chart({.title = "Items by their number of interactions",
                                             .x_label = "interactions with an item",
                                             .y_label = "items",
                                             .columns = columns_of(popularity, "items", "interactions")}));
  cards += popularity_curve(popularity);
  if (data.source() && data.source()->times) cards += over_time(*data.source()->times);
  return element("section", "", element("h2", "", "How interactions spread") + element("div", "grid", cards));
}

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string table_of(const Rows& rows) {
  std::string body;
  for (const auto& [what, value] : rows) {
    body += element("tr", "", fmt::format("<th>{}</th><td>{}</td>", escape(what), escape(value)));
  }
  return "<div class=\"scroll facts-table\"><table><tbody>" + body + "</tbody></table></div>\n";
}

// `1,234 read, 1,000 kept`
std::string kept_of(uint64_t read, uint64_t kept) {
  return read == kept ? fmt::format("{}, all kept", count_text(read))
                      : fmt::format("{}, of which {} kept", count_text(read), count_text(kept));
}

std::string source_section(const Dataset& data) {
  const std::string heading = element("h2", "", "What was read");
  if (!data.source()) {
    return element("section", "",
                   heading + element("p", "lead",
                                     "This data set was prepared before that was kept. Prepare it again "
                                     "to see it here."));
  }
  const SourceSummary& source = *data.source();
  Rows rows = {{"interactions", kept_of(source.interactions, data.num_interactions())},
               {"users", kept_of(source.users, data.num_users())},
               {"items", kept_of(source.items, data.num_items())},
               {"rows that said the same again, merged", count_text(source.merged_repeats)},
               {data.repeats() == Repeats::keep ? "with an item that the user had before, kept"
                                                : "with an item that the user had before, left out",
                count_text(source.repeats)},
               {"lines rejected", count_text(source.rejected_lines)}};
  if (source.times) {
    rows.emplace_back("first and last", time_text(source.times->first) + " to " + time_text(source.times->last));
    rows.emplace_back("at the same time as another of their user", count_text(source.times->ties));
  } else {
    rows.emplace_back("times", "none: the order of the source counts");
  }
  std::string said;
  for (const std::string& line : source.reading) said += element("li", "", escape(line));
  std::string section = heading + table_of(rows) + element("div", "notes", element("ul", "", said));
  if (!source.rejects.empty()) {
    Rows reasons;
    for (const RejectedLines& one : source.rejects) reasons.emplace_back(one.reason, count_text(one.lines));
    section += element("h3", "", "Why lines were rejected") + table_of(reasons);
  }
  return element("section", "", section);
}

std::string leak_section(const Dataset& data, const LeakReport& report) {
  const TargetCounts targets = count_targets(data, data.evaluated_users(), Split::test);
  const bool bad = report.numbering_leaks() || report.touched_negatives > 0;
  std::string section = element("h2", "", "Does it give answers away?");
  section +=
      element("p", bad && data.split() != SplitRule::none ? "warning" : "lead", escape(verdict(data, report, targets)));
  if (data.split() == SplitRule::none) {
    section += table_of({{"interactions that repeat a user and item", count_text(report.duplicate_interactions)}});
  } else {
    section += table_of(findings(report, targets));
  }
  return element("section", "", section);
}

std::string history_of(const Dataset& data, uint32_t user) {
  const auto history = data.history(user);
  const size_t train = data.train_items(user).size();
  const size_t from = history.size() - std::min(history.size(), kHistoryShown);
  std::string items;
  if (from > 0) items += fmt::format("<li class=\"more\">{} earlier</li>\n", count_text(from));
  for (size_t i = from; i < history.size(); ++i) {
    const std::string held = i < train ? "" : i == train ? " <small>validation</small>" : " <small>test</small>";
    items += element("li", "", escape(shown_name(data, history[i])) + held);
  }
  return element("div", "card user", element("h3", "", escape(data.user_name(user))) + element("ol", "history", items));
}

// So many of `size`, by a fixed seed, ascending.
std::vector<uint32_t> drawn(size_t size, size_t count) {
  std::vector<uint32_t> all(size);
  std::iota(all.begin(), all.end(), 0u);
  Random random(kSampleSeed);
  random.shuffle(all);
  all.resize(std::min(size, count));
  std::ranges::sort(all);
  return all;
}

std::string items_table(const Dataset& data, const std::vector<uint32_t>& popularity) {
  std::vector<uint32_t> order(data.num_items());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, std::ranges::greater(), [&](uint32_t item) { return popularity[item]; });
  order.resize(std::min(order.size(), kItemsShown));
  std::string body;
  for (const uint32_t item : order) {
    std::string categories;
    for (const std::string& category : data.item_categories(item)) {
      categories += (categories.empty() ? "" : ", ") + category;
    }
    body += element(
        "tr", "",
        fmt::format("<td class=\"name\">{}<small>{}</small></td><td class=\"name\">{}</td><td>{}</td>",
                    escape(shown_name(data, item)), data.item_title(item).empty() ? "" : escape(data.item_name(item)),
                    escape(categories), count_text(popularity[item])));
  }
  return "<div class=\"scroll\"><table class=\"items\"><thead><tr><th class=\"name\">item</th>"
         "<th class=\"name\">categories</th><th>interactions</th></tr></thead><tbody>" +
         body + "</tbody></table></div>\n";
}

std::string samples_section(const Dataset& data, const std::vector<uint32_t>& popularity) {
  std::string section = element("h2", "", "Samples");
  section += element("h3", "", "The most popular items") + items_table(data, popularity);
  const std::vector<uint32_t> users = drawn(data.num_users(), kSampleUsers);
  section +=
      element("h3", "", fmt::format("{} user{}, drawn by a fixed seed", users.size(), users.size() == 1 ? "" : "s"));
  for (const uint32_t user : users) section += history_of(data, user);
  if (!data.explanations().empty()) {
    std::string sentences;
    for (const uint32_t i : drawn(data.explanations().size(), kSampleSentences)) {
      const Explanation& one = data.explanations()[i];
      sentences += element(
          "li", "", fmt::format("{} <small>of {}</small>", escape(one.sentence), escape(shown_name(data, one.item))));
    }
    section += element("h3", "", "Explanations") + element("div", "notes", element("ul", "", sentences));
  }
  return element("section", "", section);
}

}  // namespace

std::string data_card(const Dataset& data) {
  const std::vector<uint32_t> lengths = lengths_of(data), popularity = popularity_of(data);
  const LeakReport report = audit_leaks(data);
  std::string body = header_of(data);
  body += size_section(data, report, lengths, popularity);
  body += spread_section(data, lengths, popularity);
  body += source_section(data);
  body += leak_section(data, report);
  body += samples_section(data, popularity);
  return document(data.name() + ": data card", body);
}

}  // namespace peapod::html
