// The sections that are figures: at a glance, all metrics, differences, explanations.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "eval/comparison.h"
#include "eval/html/charts.h"
#include "eval/html/markup.h"
#include "eval/html/sections.h"
#include "eval/metrics.h"

namespace peapod::html {
namespace {

std::string_view title_of(Protocol protocol) {
  return protocol == Protocol::full ? "Next item, among the whole catalogue" : "Target among 99 negatives";
}

// "HR@10" of "hr@10".
std::string shown_metric(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

std::string head_cell(std::string_view text, std::string_view css_class = "") {
  return element("th", css_class, escape(text));
}

// A table that scrolls by itself where the page is narrow.
std::string table(const std::string& head, const std::string& body, std::string_view css_class = "scroll") {
  return element("div", css_class, element("table", "", element("thead", "", head) + element("tbody", "", body)));
}

std::string row_name(const PageContents& contents, size_t method) {
  const MethodRanks& one = contents.methods[method];
  return fmt::format("<th scope=\"row\"><span class=\"dot series-{}\"></span>{}</th>\n", method, escape(one.name));
}

// The value over its interval.
std::string value_cell(double value, const std::string& below, bool best) {
  return fmt::format("<td{}><b>{}</b><small>{}</small></td>\n", best ? " class=\"best\"" : "", number(value), below);
}

std::string protocol_table(const PageContents& contents, Protocol protocol) {
  std::vector<const RankMetric*> rows;
  for (const RankMetric& row : kRankMetrics) {
    if (measured_under(row, protocol)) rows.push_back(&row);
  }
  std::string head = head_cell("");
  for (const RankMetric* row : rows) head += head_cell(shown_metric(metric_name(*row)));
  std::vector<double> best(rows.size());
  for (size_t m = 0; m < rows.size(); ++m) {
    for (const MethodRanks& one : contents.methods) {
      best[m] = std::max(best[m], metric_mean(*rows[m], one.ranks.under(protocol)));
    }
  }
  std::string body;
  for (size_t i = 0; i < contents.methods.size(); ++i) {
    const ProtocolRanks& ranks = contents.methods[i].ranks;
    std::string cells = row_name(contents, i);
    for (size_t m = 0; m < rows.size(); ++m) {
      const Estimate e = bootstrap_mean(metric_values(*rows[m], ranks.under(protocol)));
      cells += value_cell(e.value, interval(e), e.value == best[m]);
    }
    body += element("tr", i == 0 ? "ours" : "", cells);
  }
  return element("h3", "", escape(title_of(protocol))) + table(element("tr", "", head), body);
}

// What is recommended, whether it was right or not.
std::string lists_table(const PageContents& contents) {
  std::string body;
  for (size_t i = 0; i < contents.methods.size(); ++i) {
    const ProtocolRanks& ranks = contents.methods[i].ranks;
    if (ranks.recommended.empty()) continue;
    const MetricMap metrics = metrics_of({.full = ranks.full, .sampled99 = {}, .recommended = ranks.recommended},
                                         contents.population.popularity);
    const std::string cells = fmt::format("<td><b>{:.1f} %</b></td><td><b>{:.1f}</b></td>",
                                          100 * metric(metrics, "sequential.full.coverage@10"),
                                          metric(metrics, "sequential.full.popularity@10"));
    body += element("tr", i == 0 ? "ours" : "", row_name(contents, i) + cells);
  }
  if (body.empty()) return {};
  const std::string head = head_cell("") + head_cell(fmt::format("share of the {} items shown", contents.num_items)) +
                           head_cell("training interactions of an item shown, mean");
  return element("h3", "", "What stands among the first ten, of all users together") +
         table(element("tr", "", head), body);
}

std::string_view verdict(const Difference& difference) {
  if (difference.low > 0) return "better";
  return difference.high < 0 ? "worse" : "level";
}

std::string difference_cell(const Difference& difference) {
  return fmt::format("<td class=\"{}\"><b>{}</b><small>{}</small><small>{}</small></td>\n", verdict(difference),
                     html::difference(difference.value), signed_interval(difference), p_value(difference.p_value));
}

std::string difference_table(const PageContents& contents, Protocol protocol) {
  const std::string prefix = std::string(metric_prefix(protocol)) + ".";
  std::string head = head_cell("");
  std::map<std::string, std::string> cells;  // by metric
  std::vector<std::string> order;
  for (size_t i = 1; i < contents.methods.size(); ++i) {
    head += head_cell("minus " + contents.methods[i].name);
    for (const MetricComparison& one : compare(contents.methods[0].ranks, contents.methods[i].ranks)) {
      if (!one.key.starts_with(prefix)) continue;
      if (i == 1) order.push_back(one.key);
      cells[one.key] += difference_cell(one.difference);
    }
  }
  std::string body;
  for (const std::string& key : order) {
    body += element("tr", "",
                    fmt::format("<th scope=\"row\">{}</th>", shown_metric(key.substr(prefix.size()))) + cells[key]);
  }
  return element("h3", "", escape(title_of(protocol))) + table(element("tr", "", head), body);
}

// Where the model stands beside the best of the others.
std::string standing(const PageContents& contents, const std::vector<Estimate>& ndcg, Protocol protocol) {
  if (contents.methods.size() < 2) return {};
  const auto rival =
      static_cast<size_t>(std::ranges::max_element(ndcg.begin() + 1, ndcg.end(), {}, &Estimate::value) - ndcg.begin());
  const Difference difference =
      bootstrap_difference(metric_values(kChosenBy, contents.methods[0].ranks.under(protocol)),
                           metric_values(kChosenBy, contents.methods[rival].ranks.under(protocol)));
  return element(
      "p", fmt::format("standing {}", verdict(difference)),
      fmt::format("<b>{}</b> {} against {}, the best of the others ({})", html::difference(difference.value),
                  signed_interval(difference), escape(contents.methods[rival].name), p_value(difference.p_value)));
}

std::string glance_card(const PageContents& contents, Protocol protocol) {
  BarChart chart{.title = fmt::format("NDCG@10 of each method, {}", title_of(protocol)),
                 .x_label = "NDCG@10",
                 .bar_name = "NDCG@10",
                 .mark_names = {},
                 .rows = {}};
  std::vector<Estimate> ndcg;
  for (size_t i = 0; i < contents.methods.size(); ++i) {
    ndcg.push_back(bootstrap_mean(metric_values(kChosenBy, contents.methods[i].ranks.under(protocol))));
    chart.rows.push_back({.label = contents.methods[i].name, .note = {}, .colour = i, .bar = ndcg.back(), .marks = {}});
  }
  std::string card = element("h3", "", escape(title_of(protocol)));
  card += element("p", "headline",
                  fmt::format("<b>{}</b> NDCG@10 <small>{}</small>", number(ndcg[0].value), interval(ndcg[0])));
  return element("div", "card", card + bar_chart(chart) + standing(contents, ndcg, protocol));
}

bool was_run(const PageContents& contents, Protocol protocol) {
  return !contents.methods.front().ranks.under(protocol).empty();
}

}  // namespace

std::string legend(const std::vector<std::string>& names) {
  std::string items;
  for (size_t i = 0; i < names.size(); ++i) {
    items += fmt::format("<li><span class=\"dot series-{}\"></span>{}</li>\n", i, escape(names[i]));
  }
  return element("ul", "legend", items);
}

std::string glance_section(const PageContents& contents) {
  std::string cards;
  for (const Protocol protocol : kProtocols.values()) {
    if (was_run(contents, protocol)) cards += glance_card(contents, protocol);
  }
  if (cards.empty()) return {};
  return element("section", "", element("h2", "", "At a glance") + element("div", "grid", cards));
}

std::string metrics_section(const PageContents& contents) {
  std::string tables;
  for (const Protocol protocol : kProtocols.values()) {
    if (was_run(contents, protocol)) tables += protocol_table(contents, protocol);
  }
  if (tables.empty()) return {};
  return element("section", "",
                 element("h2", "", "All metrics") +
                     element("p", "lead",
                             "Means over users, with 95 % intervals from 2,000 bootstrap draws of the users. The best "
                             "value of a column is set in colour.") +
                     tables + lists_table(contents));
}

std::string differences_section(const PageContents& contents) {
  if (contents.methods.size() < 2) return {};
  std::string tables;
  for (const Protocol protocol : kProtocols.values()) {
    if (was_run(contents, protocol)) tables += difference_table(contents, protocol);
  }
  if (tables.empty()) return {};
  return element(
      "section", "",
      element("h2", "", "Differences, user by user") +
          element("p", "lead",
                  fmt::format("{} minus each other method on the same users: paired bootstrap, 95 % interval "
                              "and two-sided p-value. Green and red where the interval leaves out 0. Many "
                              "comparisons stand here: one in twenty would be coloured by chance.",
                              escape(contents.methods[0].name))) +
          tables);
}

std::string explanations_section(const PageContents& contents) {
  if (contents.explanations.empty()) return {};
  std::string body;
  for (const auto& [key, value] : contents.explanations) {
    const std::string shown = key.substr(key.find('.') + 1);
    std::string cells = fmt::format("<th scope=\"row\">{}</th><td>{}</td>", escape(shown), number(value));
    const auto rival = std::ranges::find(contents.sentence, key, &MetricMap::value_type::first);
    cells += element("td", "", rival == contents.sentence.end() ? "" : number(rival->second));
    body += element("tr", "", cells);
  }
  const std::string head = head_cell("") + head_cell(contents.methods[0].name) + head_cell("most frequent sentence");
  return element("section", "",
                 element("h2", "", "Explanations") +
                     element("p", "lead",
                             "Against what the users wrote, beside the most frequent training sentence said of "
                             "everything. <code>distinct</code> is the share of different sentences, "
                             "<code>changed_with_item</code> that of "
                             "those that change when another item is asked about. The legacy rows cut references to 20 "
                             "tokens, as the published code does.") +
                     table(element("tr", "", head), body, "scroll narrow"));
}

}  // namespace peapod::html
