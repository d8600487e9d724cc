#include "sources/event_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "base/nearest_name.h"
#include "base/number_range.h"
#include "base/progress.h"
#include "sources/plain_text.h"

namespace peapod {
namespace {

constexpr RealRange kWeights{0, 1};
constexpr double kEnough = 1 - 1e-6;  // five times 0.2 need not be quite 1
constexpr size_t kNamed = 12;         // events that a message names, the most frequent ones

std::string count(uint64_t rows) { return readable_count(static_cast<double>(rows)); }

}  // namespace

EventWeights event_weights_of(const std::vector<std::string>& texts) {
  EventWeights weights;
  for (const std::string& text : texts) {
    const size_t sign = text.rfind('=');
    const std::string event = clean_name(text.substr(0, sign));
    const std::string number = sign == std::string::npos ? "" : text.substr(sign + 1);
    const auto weight = number_in(kWeights, number);
    if (event.empty() || !weight) {
      throw Error("event_weight", fmt::format("expected EVENT=WEIGHT with a weight from 0 to 1, got \"{}\"", text),
                  "for example purchase=1,view=0.2");
    }
    if (!weights.emplace(event, *weight).second) {
      throw Error("event_weight", "names the event \"" + event + "\" twice", "leave one of them out");
    }
  }
  return weights;
}

std::optional<uint32_t> EventCounter::number_of(std::string_view event) {
  auto counted = counts_.find(event);
  if (counted == counts_.end()) {
    const auto known = weights_.find(event);
    const auto weight = known == weights_.end() ? std::nullopt : std::optional(known->second);
    counted = counts_.emplace(event, Count{.weight = weight, .number = static_cast<uint32_t>(weight_of_.size())}).first;
    weight_of_.push_back(weight.value_or(0.0));
  }
  ++counted->second.rows;
  const uint32_t number = counted->second.number;
  return weight_of_[number] > 0 ? std::optional(number) : std::nullopt;
}

void EventCounter::combine(RawLog& log, const std::vector<uint32_t>& events) const {
  std::vector<uint32_t> order(events.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto key = [&](uint32_t row) {
    const RawInteraction& one = log.interactions[row];
    return log.has_times ? std::tuple(one.user, one.item, one.time, events[row])
                         : std::tuple(one.user, one.item, 0.0, 0u);
  };
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) { return std::tuple(key(a), a) < std::tuple(key(b), b); });
  std::vector<bool> counts(events.size());
  double sum = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const RawInteraction& one = log.interactions[order[i]];
    const RawInteraction* before = i > 0 ? &log.interactions[order[i - 1]] : nullptr;
    if (before == nullptr || before->user != one.user || before->item != one.item) sum = 0;
    if (log.has_times && before != nullptr && key(order[i]) == key(order[i - 1])) continue;  // written twice
    sum += weight_of_[events[order[i]]];
    if (sum < kEnough) continue;
    counts[order[i]] = true;
    sum = std::max(0.0, sum - 1);
  }
  std::vector<std::pair<uint64_t, std::string>> shown;
  for (const auto& [event, counted] : counts_) {
    const std::string weight = counted.weight ? fmt::format("weight {:g}", *counted.weight) : "no weight: left out";
    shown.emplace_back(counted.rows,
                       fmt::format("{} {} ({})", event.empty() ? "without one" : event, count(counted.rows), weight));
  }
  std::ranges::stable_sort(shown, std::ranges::greater(), [](const auto& one) { return one.first; });
  std::string note = "events: ";
  for (size_t i = 0; i < std::min(shown.size(), kNamed); ++i) note += (i > 0 ? ", " : "") + shown[i].second;
  if (shown.size() > kNamed) note += ", …";
  const auto kept = static_cast<uint64_t>(std::ranges::count(counts, true));
  note += fmt::format("; {} of these rows make an interaction", count(kept));
  if (kept == 0) {
    throw Error(log.name, "no row makes an interaction: " + note.substr(0, note.find(';')),
                "give the events that count a greater weight with `event_weight`");
  }
  log.reading.notes.push_back(note);
  for (const auto& [event, weight] : weights_) {
    if (counts_.contains(event)) continue;
    std::vector<std::string> names;
    for (const auto& [name, ignored] : counts_) names.push_back(name);
    const std::string nearest = nearest_name(event, names);
    log.reading.notes.push_back("events: no row is a \"" + event + "\"" +
                                (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
  }
  size_t row = 0;
  std::erase_if(log.interactions, [&](const RawInteraction&) { return !counts[row++]; });
}

}  // namespace peapod
