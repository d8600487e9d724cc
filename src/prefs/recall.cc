#include "prefs/recall.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "base/random.h"
#include "prefs/popularity.h"

namespace peapod {
namespace {

void require_within(double value, double least, double greatest, const char* field) {
  if (!(value >= least && value <= greatest)) {
    throw Error(field, fmt::format("expected a number from {:g} to {:g}, got {:g}", least, greatest, value));
  }
}

void check(const RecallSettings& settings) {
  require_valid(settings.neighbours);
  require_not_negative(settings.titles, "titles");
  require_not_negative(settings.title_popularity, "title_popularity");
  require_within(settings.sharpness, 0.0, kGreatestSharpness, "sharpness");
  require_within(settings.share, 0.0, kGreatestShare, "share");
  require_within(settings.smoothing, kLeastSmoothing, kGreatestSmoothing, "smoothing");
}

// Scores that gather by item, in the order in which items came first: what becomes of a channel. An open hash table of
// the places of items, twice as large as there can be items.
class Scores {
 public:
  explicit Scores(size_t most_items) : table_(std::bit_ceil(2 * most_items + 1), kFree) {}

  // Returns the item's place among items().
  size_t add(uint32_t item, double score) {
    const size_t mask = table_.size() - 1;
    size_t slot = static_cast<size_t>(mix64(item)) & mask;
    while (table_[slot] != kFree && items_[table_[slot]].item != item) slot = (slot + 1) & mask;
    if (table_[slot] == kFree) {
      table_[slot] = static_cast<uint32_t>(items_.size());
      items_.push_back({item, 0.0});
    }
    items_[table_[slot]].score += score;
    return table_[slot];
  }

  struct Scored {
    uint32_t item;
    double score;
  };
  const std::vector<Scored>& items() const { return items_; }

 private:
  static constexpr uint32_t kFree = 0xffffffffu;
  std::vector<uint32_t> table_;  // places in items_
  std::vector<Scored> items_;
};

// The popularity and the pairs of a history, to be taken out of the counts.
class LeftOut {
 public:
  LeftOut(std::span<const uint32_t> history, const Cooccurrence& counts) : history_(history), counts_(counts) {
    for (size_t place = 0; place < history.size(); ++place) places_[history[place]].push_back(place);
  }

  uint32_t popularity(uint32_t item) const {
    const auto found = places_.find(item);
    return found == places_.end() ? 0 : static_cast<uint32_t>(found->second.size());
  }

  // co(i, j) without the history's own part. What rounding leaves of a count that was all its own is 0.
  double count(uint32_t i, const Cooccurrence::Neighbour& neighbour) const {
    const auto of_i = places_.find(i), of_j = places_.find(neighbour.item);
    const double all = static_cast<double>(neighbour.count);
    if (of_i == places_.end() || of_j == places_.end()) return all;
    double own = 0;
    for (const size_t from : of_i->second) {
      for (const size_t to : of_j->second) own += counts_.pair(from, to);
    }
    return all - own > 1e-5 * all ? all - own : 0.0;
  }

 private:
  std::span<const uint32_t> history_;
  const Cooccurrence& counts_;
  std::unordered_map<uint32_t, std::vector<size_t>> places_;
};

}  // namespace

Recall::Recall(const Histories& train, uint32_t num_items, std::shared_ptr<const TitleNeighbours> titles,
               const RecallSettings& settings)
    : counts_(std::make_shared<const Cooccurrence>(
          train, num_items,
          CooccurrenceOptions{.distance_decay = settings.neighbours.distance_decay,
                              .backward_weight = settings.neighbours.backward_weight})),
      titles_(std::move(titles)),
      popularity_(item_popularity(train, num_items)) {
  assert(titles_ == nullptr || titles_->num_items() == num_items);
  apply(settings);
}

Recall Recall::with(const RecallSettings& settings) const {
  assert(settings.neighbours.distance_decay == settings_.neighbours.distance_decay &&
         settings.neighbours.backward_weight == settings_.neighbours.backward_weight);
  Recall other = *this;
  other.apply(settings);
  return other;
}

void Recall::apply(const RecallSettings& settings) {
  check(settings);
  settings_ = settings;
  total_ = 0;
  recency_.clear();
  for (uint32_t k = 0; k < settings_.neighbours.max_history; ++k) {
    recency_.push_back(std::pow(1.0 + k, -settings_.neighbours.recency_decay));
  }
  factors_.clear();
  for (const uint32_t count : popularity_) {
    total_ += count + settings_.smoothing;
    factors_.push_back(factors_for(count));
  }
}

Recall::Factors Recall::factors_for(uint32_t popularity) const {
  const ItemKnnOptions& options = settings_.neighbours;
  if (popularity == 0) return {.source = 0, .target = 0, .title = 1};
  const double damped = popularity + options.popularity_offset;
  return {.source = std::pow(damped, -options.source_damping),
          .target = std::pow(damped, -options.target_damping),
          .title = std::pow(popularity + 1.0, settings_.title_popularity)};
}

std::vector<RecalledItem> Recall::scored(std::span<const uint32_t> history, std::span<const uint32_t> left_out) const {
  const LeftOut own(left_out, *counts_);
  const auto factors = [&](uint32_t item) {
    const uint32_t of_own = own.popularity(item);
    return of_own == 0 ? factors_[item] : factors_for(popularity_[item] - of_own);
  };
  const auto latest = history.last(std::min(history.size(), recency_.size()));
  const bool uses_titles = titles_ != nullptr && settings_.titles > 0.0;
  size_t most_neighbours = 0, most_titles = 0;
  for (const uint32_t i : latest) {
    most_neighbours += counts_->of(i).size();
    if (uses_titles) most_titles += titles_->of(i).size();
  }
  Scores neighbours(std::min<size_t>(most_neighbours, num_items()));
  Scores titles(std::min<size_t>(most_titles, num_items()));
  for (size_t k = 0; k < latest.size(); ++k) {
    const uint32_t i = latest[latest.size() - 1 - k];
    const double source = recency_[k] * factors(i).source;
    for (const Cooccurrence::Neighbour& neighbour : counts_->of(i)) {
      const double count = own.count(i, neighbour);
      if (count > 0.0 && source > 0.0) neighbours.add(neighbour.item, source * count);
    }
    if (!uses_titles) continue;
    for (const auto& [j, cosine] : titles_->of(i)) titles.add(j, recency_[k] * static_cast<double>(cosine));
  }

  // A channel's scores relative to its best, that of a history's own items included: they are as good a measure.
  const auto finished = [&](const Scores& channel, double Factors::*factor) {
    std::vector<Scores::Scored> scores = channel.items();
    double largest = 0.0;
    for (auto& [item, score] : scores) {
      score *= factors(item).*factor;
      largest = std::max(largest, score);
    }
    return std::pair(std::move(scores), largest > 0.0 ? 1.0 / largest : 0.0);
  };
  const auto [of_neighbours, neighbour_unit] = finished(neighbours, &Factors::target);
  const auto [of_titles, title_unit] = finished(titles, &Factors::title);
  Scores sums(of_neighbours.size() + of_titles.size());
  std::vector<RecalledItem> recalled;
  for (const auto& [item, score] : of_neighbours) {
    sums.add(item, score * neighbour_unit);
    recalled.push_back({.item = item, .evidence = static_cast<float>(score)});
  }
  for (const auto& [item, score] : of_titles) {
    const size_t place = sums.add(item, settings_.titles * (score * title_unit));
    if (place == recalled.size()) recalled.push_back({.item = item});
    recalled[place].titles = static_cast<float>(score * title_unit);
  }
  for (size_t place = 0; place < recalled.size(); ++place) {
    recalled[place].score = static_cast<float>(sums.items()[place].score);
  }
  std::erase_if(recalled, [&](const RecalledItem& one) {
    return !(one.score > 0.0f) || std::ranges::find(history, one.item) != history.end();
  });
  return recalled;
}

std::vector<RecalledItem> Recall::recall(std::span<const uint32_t> history, std::span<const uint32_t> left_out) const {
  std::vector<RecalledItem> recalled = scored(history, left_out);
  std::ranges::sort(recalled, [](const RecalledItem& a, const RecalledItem& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  });
  return recalled;
}

std::vector<double> Recall::masses(std::span<const RecalledItem> recalled) const {
  std::vector<double> masses;
  double sum = 0;
  for (const RecalledItem& one : recalled) {
    masses.push_back(std::pow(static_cast<double>(one.score), settings_.sharpness));
    sum += masses.back();
  }
  for (double& mass : masses) mass *= settings_.share / sum;
  return masses;
}

void Recall::distribution(std::span<const uint32_t> history, std::span<float> mass) const {
  assert(mass.size() == num_items());
  const std::vector<RecalledItem> recalled = scored(history, {});
  const auto each = static_cast<float>(spread_share(recalled) / total_);
  const auto smoothing = static_cast<float>(settings_.smoothing);
  for (uint32_t item = 0; item < num_items(); ++item) {
    mass[item] = each * (static_cast<float>(popularity_[item]) + smoothing);
  }
  const std::vector<double> own = masses(recalled);
  for (size_t i = 0; i < recalled.size(); ++i) mass[recalled[i].item] += static_cast<float>(own[i]);
}

}  // namespace peapod
