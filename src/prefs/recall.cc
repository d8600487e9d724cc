#include "prefs/recall.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <cassert>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "prefs/item_map.h"
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
  require_within(settings.titles, 0.0, kGreatestChannelWeight, "titles");
  require_not_negative(settings.title_popularity, "title_popularity");
  require_within(settings.kin, 0.0, kGreatestChannelWeight, "kin");
  require_within(settings.repeats, 0.0, kGreatestChannelWeight, "repeats");
  require_not_negative(settings.repeat_decay, "repeat_decay");
  require_within(settings.sharpness, 0.0, kGreatestSharpness, "sharpness");
  require_within(settings.share, 0.0, kGreatestShare, "share");
  require_within(settings.smoothing, kLeastSmoothing, kGreatestSmoothing, "smoothing");
  require_within(settings.trend, 0.0, kGreatestTrendPower, "trend");
  require_within(settings.spread_trend, 0.0, kGreatestTrendPower, "spread_trend");
  require_within(settings.trend_decay, kLeastTrendDecay, 1.0, "trend_decay");
}

}  // namespace

// The popularity and the pairs of a history, to be taken out of the counts.
class Recall::LeftOut {
 public:
  LeftOut(std::span<const uint32_t> history, const Cooccurrence& counts)
      : counts_(counts), moment_(moment_of(history)) {
    for (size_t place = 0; place < history.size(); ++place) {
      places_[history[place]].push_back(place);
      may_hold_.set(history[place] % may_hold_.size());
    }
  }

  Moment moment() const { return moment_; }

  uint32_t popularity(uint32_t item) const {
    const std::vector<size_t>* places = places_of(item);
    return places == nullptr ? 0 : static_cast<uint32_t>(places->size());
  }

  // co(i, j) without the history's own part. What rounding leaves of a count that was all its own is 0.
  double count(uint32_t i, const Cooccurrence::Neighbour& neighbour) const {
    const double all = static_cast<double>(neighbour.count);
    const std::vector<size_t>* of_i = places_of(i);
    if (of_i == nullptr) return all;
    const std::vector<size_t>* of_j = places_of(neighbour.item);
    if (of_j == nullptr) return all;
    double own = 0;
    for (const size_t from : *of_i) {
      for (const size_t to : *of_j) own += counts_.pair(from, to);
    }
    return all - own > 1e-5 * all ? all - own : 0.0;
  }

 private:
  // Null for an item that is not in the history, which most are not.
  const std::vector<size_t>* places_of(uint32_t item) const {
    if (!may_hold_.test(item % may_hold_.size())) return nullptr;
    const auto found = places_.find(item);
    return found == places_.end() ? nullptr : &found->second;
  }

  const Cooccurrence& counts_;
  Moment moment_;
  std::unordered_map<uint32_t, std::vector<size_t>> places_;
  std::bitset<1024> may_hold_;
};

Recall::Recall(const Histories& train, uint32_t num_items, std::shared_ptr<const TitleNeighbours> titles,
               const RecallSettings& settings)
    : counts_(std::make_shared<const Cooccurrence>(
          train, num_items,
          CooccurrenceOptions{.distance_decay = settings.neighbours.distance_decay,
                              .backward_weight = settings.neighbours.backward_weight})),
      titles_(std::move(titles)),
      popularity_(item_popularity(train, num_items)),
      trend_(item_trend(train, num_items, settings.trend_decay)) {
  assert(titles_ == nullptr || titles_->num_items() == num_items);
  apply(settings);
}

bool Recall::count_alike(const RecallSettings& a, const RecallSettings& b) {
  return a.neighbours.distance_decay == b.neighbours.distance_decay &&
         a.neighbours.backward_weight == b.neighbours.backward_weight && a.trend_decay == b.trend_decay;
}

bool Recall::gather_alike(const RecallSettings& a, const RecallSettings& b) {
  return count_alike(a, b) && a.neighbours.source_damping == b.neighbours.source_damping &&
         a.neighbours.recency_decay == b.neighbours.recency_decay &&
         a.neighbours.popularity_offset == b.neighbours.popularity_offset &&
         a.neighbours.max_history == b.neighbours.max_history && (a.titles > 0.0) == (b.titles > 0.0) &&
         (a.kin > 0.0) == (b.kin > 0.0) && (a.repeats > 0.0) == (b.repeats > 0.0) && a.repeat_decay == b.repeat_decay;
}

Recall Recall::with(const RecallSettings& settings) const {
  assert(count_alike(settings, settings_));
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
  total_latest_ = 0;
  factors_.clear();
  trend_of_mass_.clear();
  trend_of_spread_.clear();
  for (uint32_t item = 0; item < num_items(); ++item) {
    factors_.push_back(factors_for(popularity_[item]));
    trend_of_mass_.push_back(std::pow(trend_[item], settings_.trend));
    trend_of_spread_.push_back(std::pow(trend_[item], settings_.spread_trend));
    total_ += popularity_[item] + settings_.smoothing;
    total_latest_ += (popularity_[item] + settings_.smoothing) * trend_of_spread_[item];
  }
}

Recall::Factors Recall::factors_for(uint32_t popularity) const {
  const ItemKnnOptions& options = settings_.neighbours;
  if (popularity == 0) return {.source = 0, .target = 0, .title = 1};
  const double damped = popularity + options.popularity_offset;
  return {.source = static_cast<float>(std::pow(damped, -options.source_damping)),
          .target = static_cast<float>(std::pow(damped, -options.target_damping)),
          .title = static_cast<float>(std::pow(popularity + 1.0, settings_.title_popularity))};
}

std::vector<ChannelSums> Recall::gather(std::span<const uint32_t> history, const LeftOut& own) const {
  ItemMap<ChannelSums> sums;
  // Adds what stood near an item.
  const auto add_near = [&](uint32_t i, double weight, float ChannelSums::*channel) {
    const double source = weight * static_cast<double>(factors(i, own).source);
    if (!(source > 0.0)) return;
    for (const Cooccurrence::Neighbour& neighbour : counts_->of(i)) {
      const double count = own.count(i, neighbour);
      if (count > 0.0) sums[neighbour.item].*channel += static_cast<float>(source * count);
    }
  };
  struct Alike {
    uint32_t item;
    double cosine;
  };
  ItemMap<Alike> alike;
  const size_t count = std::min(history.size(), recency_.size());
  for (size_t k = 0; k < count; ++k) {
    const uint32_t i = history[history.size() - 1 - k];
    add_near(i, recency_[k], &ChannelSums::neighbours);
    if (titles_ == nullptr) continue;
    const auto all = titles_->of(i);
    for (size_t t = 0; t < all.size(); ++t) {
      const double cosine = recency_[k] * static_cast<double>(all[t].cosine);
      if (settings_.titles > 0.0) sums[all[t].item].titles += static_cast<float>(cosine);
      if (settings_.kin > 0.0 && t < kKinTitles) alike[all[t].item].cosine += cosine;
    }
  }
  std::vector<Alike> sources = std::move(alike).take();
  if (sources.size() > kKinSources) {
    std::ranges::nth_element(sources, sources.begin() + kKinSources, [](const Alike& a, const Alike& b) {
      return a.cosine != b.cosine ? a.cosine > b.cosine : a.item < b.item;
    });
    sources.resize(kKinSources);
  }
  for (const Alike& one : sources) add_near(one.item, one.cosine, &ChannelSums::kin);
  for (size_t k = 0; settings_.repeats > 0.0 && k < history.size(); ++k) {
    const double weight = std::pow(1.0 + static_cast<double>(k), -settings_.repeat_decay);
    sums[history[history.size() - 1 - k]].repeats += static_cast<float>(weight);
  }
  return std::move(sums).take();
}

Recall::Factors Recall::factors(uint32_t item, const LeftOut& own) const {
  const uint32_t of_own = own.popularity(item);
  return of_own == 0 ? factors_[item] : factors_for(popularity_[item] - of_own);
}

std::vector<RecalledItem> Recall::weigh(std::span<const ChannelSums> channels, std::span<const uint32_t> history,
                                        const LeftOut& own) const {
  // Each channel is brought to 1 at most; the history's own items count for that: they are as good a measure.
  std::vector<ChannelSums> scores(channels.begin(), channels.end());
  ChannelSums largest;
  for (ChannelSums& one : scores) {
    const Factors of = factors(one.item, own);
    one.neighbours *= of.target;
    one.titles *= of.title;
    one.kin *= of.target;
    largest.neighbours = std::max(largest.neighbours, one.neighbours);
    largest.titles = std::max(largest.titles, one.titles);
    largest.kin = std::max(largest.kin, one.kin);
    largest.repeats = std::max(largest.repeats, one.repeats);
  }
  const auto unit = [](float most) { return most > 0.0f ? 1.0f / most : 0.0f; };
  const float of_neighbours = unit(largest.neighbours), of_titles = unit(largest.titles), of_kin = unit(largest.kin),
              of_repeats = unit(largest.repeats);
  const auto titles_weight = static_cast<float>(settings_.titles), kin_weight = static_cast<float>(settings_.kin),
             repeats_weight = static_cast<float>(settings_.repeats);
  std::bitset<1024> may_be_known;
  for (const uint32_t item : history) may_be_known.set(item % may_be_known.size());
  const auto is_excluded = [&](uint32_t item) {
    return settings_.repeats == 0.0 && may_be_known.test(item % may_be_known.size()) &&
           std::ranges::find(history, item) != history.end();
  };
  std::vector<RecalledItem> recalled;
  recalled.reserve(scores.size());
  float best = 0;
  for (const ChannelSums& one : scores) {
    const float titles = one.titles * of_titles, kin = one.kin * of_kin, repeats = one.repeats * of_repeats;
    const float score =
        one.neighbours * of_neighbours + titles_weight * titles + kin_weight * kin + repeats_weight * repeats;
    if (!(score > 0.0f) || is_excluded(one.item)) continue;
    best = std::max(best, score);
    recalled.push_back({.item = one.item,
                        .score = score,
                        .evidence = one.neighbours,
                        .titles = titles,
                        .kin = kin,
                        .repeats = repeats});
  }
  const auto sharpness = static_cast<float>(settings_.sharpness);
  double sum = 0;
  for (RecalledItem& one : recalled) {
    const double trend = own.moment() == Moment::latest ? trend_of_mass_[one.item] : 1.0;
    one.mass = static_cast<double>(std::pow(one.score / best, sharpness)) * trend;  // the best has some, whatever it is
    sum += one.mass;
  }
  for (RecalledItem& one : recalled) one.mass *= settings_.share / sum;
  return recalled;
}

std::vector<RecalledItem> Recall::recall(std::span<const uint32_t> history, const RecallOptions& options) const {
  const LeftOut own(options.left_out, *counts_);
  std::vector<RecalledItem> recalled = weigh(gather(history, own), history, own);
  if (options.among) {
    std::erase_if(recalled,
                  [&](const RecalledItem& one) { return !std::ranges::binary_search(*options.among, one.item); });
  }
  const auto better = [](const RecalledItem& a, const RecalledItem& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  };
  if (recalled.size() > options.most) {
    std::ranges::nth_element(recalled, recalled.begin() + static_cast<ptrdiff_t>(options.most), better);
    recalled.resize(options.most);
  }
  std::ranges::sort(recalled, better);
  for (RecalledItem& one : recalled) one.popularity = popularity_[one.item] - own.popularity(one.item);
  return recalled;
}

void Recall::distribution(std::span<const uint32_t> history, std::span<float> mass) const {
  distribution(channels(history), history, mass);
}

std::vector<ChannelSums> Recall::channels(std::span<const uint32_t> history) const {
  return gather(history, LeftOut({}, *counts_));
}

void Recall::distribution(std::span<const ChannelSums> channels, std::span<const uint32_t> history,
                          std::span<float> mass) const {
  assert(mass.size() == num_items());
  const std::vector<RecalledItem> recalled = weigh(channels, history, LeftOut({}, *counts_));
  const double share = spread_share(recalled);
  for (uint32_t item = 0; item < num_items(); ++item) {
    mass[item] = static_cast<float>(share * popularity_mass(item, Moment::latest));
  }
  for (const RecalledItem& one : recalled) mass[one.item] += static_cast<float>(one.mass);
}

}  // namespace peapod
