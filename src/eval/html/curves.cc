// The sections that are charts: by kind of user, and of training.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

#include "eval/breakdown.h"
#include "eval/html/charts.h"
#include "eval/html/markup.h"
#include "eval/html/sections.h"
#include "eval/metrics.h"

namespace peapod::html {
namespace {

std::string users_text(size_t count) { return fmt::format("{} user{}", count, count == 1 ? "" : "s"); }

std::string bucket_chart(const PageContents& contents, Protocol protocol, std::span<const uint32_t> property,
                         const std::string& title) {
  BarChart chart{
      .title = title, .x_label = "NDCG@10", .bar_name = contents.methods[0].name, .mark_names = {}, .rows = {}};
  for (size_t i = 1; i < contents.methods.size(); ++i) chart.mark_names.push_back(contents.methods[i].name);
  for (const Bucket& bucket : buckets_of(property)) {
    const size_t num_users = in_bucket(bucket, contents.methods[0].ranks.under(protocol)).size();
    if (num_users == 0) continue;
    BarRow& row = chart.rows.emplace_back();
    row.label = bucket.label();
    row.note = users_text(num_users);
    for (size_t i = 0; i < contents.methods.size(); ++i) {
      const std::vector<uint32_t> ranks = in_bucket(bucket, contents.methods[i].ranks.under(protocol));
      if (i == 0) {
        row.bar = bootstrap_mean(metric_values(kChosenBy, ranks));
      } else {
        row.marks.push_back(metric_mean(kChosenBy, ranks));
      }
    }
  }
  return element("div", "card", element("h4", "", escape(title)) + bar_chart(chart));
}

std::string buckets_of_protocols(const PageContents& contents, std::span<const uint32_t> property) {
  std::string cards;
  for (const Protocol protocol : kProtocols.values()) {
    if (contents.methods.front().ranks.under(protocol).empty()) continue;
    cards +=
        bucket_chart(contents, protocol, property, protocol == Protocol::full ? "Next item" : "Among 99 negatives");
  }
  return element("div", "grid", cards);
}

// The metric at each point; NaN where a point has it not.
std::vector<double> series_of(const std::vector<TrainingPoint>& points, std::string_view key) {
  std::vector<double> values;
  for (const TrainingPoint& point : points) {
    const auto found = std::ranges::find(point.metrics, key, &MetricMap::value_type::first);
    values.push_back(found == point.metrics.end() ? std::numeric_limits<double>::quiet_NaN() : found->second);
  }
  return values;
}

}  // namespace

std::string breakdown_section(const PageContents& contents) {
  std::vector<std::string> names;
  for (const MethodRanks& one : contents.methods) names.push_back(one.name);
  std::string section = element("h2", "", "For whom it works");
  section += element("p", "lead",
                     fmt::format("NDCG@10 of users alike: the bar is {}, its whisker the 95 % interval; the dots are "
                                 "the other methods.",
                                 escape(names.front())));
  section += legend(names);
  section += element("h3", "", "By the length of the history, in items before the target");
  section += buckets_of_protocols(contents, contents.population.history_lengths);
  section += element("h3", "", "By the popularity of the target, in training interactions; 0 is a cold item");
  section += buckets_of_protocols(contents, contents.population.target_popularities);
  return element("section", "", section);
}

std::string training_section(const PageContents& contents) {
  const std::vector<TrainingPoint>& points = contents.training;
  if (points.empty()) return {};
  LineChart loss{.title = "Training loss by step",
                 .x_label = "step",
                 .y_label = "training loss (cross-entropy)",
                 .x = {},
                 .series = {{.name = "loss at step", .colour = 0, .y = {}}},
                 .from_zero = false};
  std::optional<size_t> best;
  for (size_t i = 0; i < points.size(); ++i) {
    loss.x.push_back(points[i].step);
    loss.series[0].y.push_back(points[i].loss);
    if (points[i].best) best = i;
  }
  loss.marked = best;
  LineChart quality{
      .title = "Validation NDCG@10 by step",
      .x_label = "step",
      .y_label = "validation NDCG@10",
      .x = loss.x,
      .series = {{.name = "next item at step", .colour = 0, .y = series_of(points, "sequential.full.ndcg@10")},
                 {.name = "among 99 negatives at step", .colour = 1, .y = series_of(points, "topn.sampled99.ndcg@10")}},
      .from_zero = true,
      .marked = best};
  std::string section = element("h2", "", "Training");
  section += element("p", "lead",
                     fmt::format("{:g} steps in {:.1f} minutes. Validations while training weigh network and recall as "
                                 "the loss does. The vertical line is where the kept weights come from.",
                                 points.back().step, points.back().minutes));
  const std::string losses = element("h4", "", "Loss") + line_chart(loss);
  const std::string qualities =
      element("h4", "", "Validation") + line_chart(quality) + legend({"next item", "among 99 negatives"});
  section += element("div", "grid", element("div", "card", losses) + element("div", "card", qualities));
  return element("section", "", section);
}

}  // namespace peapod::html
