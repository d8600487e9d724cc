// What collaborative filtering remembers, as one distribution over the catalogue: items that stood near those of a
// history (co-occurrence), items with alike titles, what stood near these (kin), where they may come again the items of
// the history themselves, and popularity for the rest. Simple counts that a small network cannot learn by heart; it is
// what a recommendation starts from. Immutable, so safe from any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/split.h"
#include "prefs/cooccurrence.h"
#include "prefs/item_knn.h"
#include "prefs/title_neighbours.h"

namespace peapod {

// Chosen on the validation split by eval/recall_choice.h.
struct RecallSettings {
  // Of the channel of neighbours, as item-kNN has them.
  ItemKnnOptions neighbours{.distance_decay = 0.5,
                            .backward_weight = 0.3,
                            .recency_decay = 1.0,
                            .source_damping = 0.5,
                            .target_damping = 0.2,
                            .popularity_offset = 1.0,
                            .max_history = 30};
  double titles = 0.4;            // weight of the channel of titles beside that of neighbours, which has 1; 0: unused
  double title_popularity = 0.3;  // a title's cosine counts times (popularity + 1)^this
  double kin = 0.4;               // weight of the channel of what stood near items with alike titles; 0: unused
  // Weight of the history's own items beside the other channels, by how often and how recently they occur in it: an
  // occurrence k places before the end counts (1 + k)^-repeat_decay. 0: they are not recalled at all.
  double repeats = 0;
  double repeat_decay = 0.5;
  double sharpness = 1.25;  // γ: the mass of a recalled item is its score^γ, normalised
  double share = 0.65;      // of the mass, for the recalled items, below 1; the rest is spread by popularity
  double smoothing = 1.0;   // added to each popularity that mass is spread by; above 0, so that nothing has none
  // What comes next comes last, and what is new stands last: at the latest moment, masses are multiplied by the item's
  // trend (prefs/popularity.h) to these powers. 0: they are not.
  double trend = 0.5;         // of recalled items
  double spread_trend = 1.0;  // of what is spread by popularity
  double trend_decay = 0.8;   // that trends are made with, above 0, 1 at most

  bool use_titles() const { return titles > 0.0 || kin > 0.0; }
};

// Bounds of what masses are made with: beyond them some would vanish beside others.
inline constexpr double kGreatestSharpness = 10.0;
inline constexpr double kGreatestShare = 0.999;
inline constexpr double kLeastSmoothing = 1e-3;
inline constexpr double kGreatestSmoothing = 1e6;
inline constexpr double kGreatestTrendPower = 3.0;
inline constexpr double kLeastTrendDecay = 1e-3;
inline constexpr double kGreatestChannelWeight = 100.0;

// Kin stood near so many items of alike titles for each item of the history, and of these near so many that are the
// most alike to the whole of it: that bounds the time of a request.
inline constexpr size_t kKinTitles = 20;
inline constexpr size_t kKinSources = 32;

// Where in the histories an answer falls. Training asks for items at any place of them, use (and evaluation) for what
// follows the latest: there, what has been on the rise is more likely.
enum class Moment { any, latest };

// Training leaves the user out of the counts, and asks for items from anywhere in their history.
inline Moment moment_of(std::span<const uint32_t> left_out) { return left_out.empty() ? Moment::latest : Moment::any; }

struct RecalledItem {
  uint32_t item = 0;
  float score = 0;  // 1 at most for each channel times its weight; above 0
  double mass = 0;  // of the whole distribution, beside what is spread over all; those of all recalled sum to the share
  float evidence = 0;       // of the channel of neighbours, before it is related to the best one; 0 where it has none
  float titles = 0;         // of the channel of titles, relative to its best, which may be an item of the history
  float kin = 0;            // of the channel of kin, likewise
  float repeats = 0;        // of the history's own items, relative to the one that is the most likely to come again
  uint32_t popularity = 0;  // as Recall::popularity() has it
};

// What the channels say of an item before they are weighed against each other.
struct ChannelSums {
  uint32_t item = 0;
  float neighbours = 0, titles = 0, kin = 0, repeats = 0;
};

struct RecallOptions {
  // A whole training history whose pairs and popularity are taken out of the counts, as if this user had not been
  // there: what a training example may know. Empty: nothing is taken out. Masses are of moment_of() it. A view.
  std::span<const uint32_t> left_out = {};
  std::optional<std::span<const uint32_t>> among = std::nullopt;  // ascending; nullopt: the whole catalogue. A view
  // The best so many. What comes after a few hundred has next to no mass, but tells bad candidates from worse ones.
  size_t most = 500;
};

class Recall {
 public:
  // Whether two settings make the same counts of the same histories.
  static bool count_alike(const RecallSettings& a, const RecallSettings& b);

  // Counts co-occurrence in the training histories; `titles` may be null. Throws Error for settings out of range.
  Recall(const Histories& train, uint32_t num_items, std::shared_ptr<const TitleNeighbours> titles,
         const RecallSettings& settings);

  // The same counts under other settings. REQUIRES: settings that count alike. Throws as the constructor does.
  Recall with(const RecallSettings& settings) const;

  uint32_t num_items() const { return static_cast<uint32_t>(popularity_.size()); }
  const RecallSettings& settings() const { return settings_; }

  // The items that a history (oldest first) brings to mind, best first; equal scores by rising item. Its own are among
  // them where the settings give them a weight. Order and cut go by score, whatever the trend. Time grows with what is
  // recalled.
  std::vector<RecalledItem> recall(std::span<const uint32_t> history, const RecallOptions& options = {}) const;

  // Training interactions with an item, without those of `left_out`.
  uint32_t popularity(uint32_t item, std::span<const uint32_t> left_out) const {
    return popularity_[item] - static_cast<uint32_t>(std::ranges::count(left_out, item));
  }

  // An item's part of what is spread by popularity; sums to 1 over the catalogue. It counts spread_share() times. A
  // history that is left out is not left out of it: see mass_of_interaction().
  double popularity_mass(uint32_t item, Moment moment) const {
    const double smoothed = popularity_[item] + settings_.smoothing;
    return moment == Moment::any ? smoothed / total_ : smoothed * trend_of_spread_[item] / total_latest_;
  }
  // What one training interaction adds to popularity_mass() of its item at any moment; the masses of all items sum to 1
  // with it.
  double mass_of_interaction() const { return 1.0 / total_; }
  // Of the whole mass. Where `recalled` is what there is among some items, and that is nothing, it is 1 although others
  // have some: among these items alone that is a common factor.
  double spread_share(std::span<const RecalledItem> recalled) const {
    return recalled.empty() ? 1.0 : 1.0 - settings_.share;
  }

  // The whole distribution at the latest moment: overwrites `mass` [num_items], which sums to 1. Takes as long as the
  // catalogue is large.
  void distribution(std::span<const uint32_t> history, std::span<float> mass) const;

  // The same in two steps, for trying many settings: channels() is the same for all settings that gather alike.
  static bool gather_alike(const RecallSettings& a, const RecallSettings& b);
  std::vector<ChannelSums> channels(std::span<const uint32_t> history) const;
  void distribution(std::span<const ChannelSums> channels, std::span<const uint32_t> history,
                    std::span<float> mass) const;

 private:
  // What an item's scores are multiplied by, which follows from its popularity: as an item of the history, and as one
  // that is scored by either channel.
  struct Factors {
    float source, target, title;
  };

  void apply(const RecallSettings& settings);
  Factors factors_for(uint32_t popularity) const;
  class LeftOut;  // a history's own popularity and pairs, to be taken out of the counts
  Factors factors(uint32_t item, const LeftOut& own) const;
  std::vector<ChannelSums> gather(std::span<const uint32_t> history, const LeftOut& own) const;
  std::vector<RecalledItem> weigh(std::span<const ChannelSums> channels, std::span<const uint32_t> history,
                                  const LeftOut& own) const;

  RecallSettings settings_;
  // Shared, because many settings are tried on the same counts and titles.
  std::shared_ptr<const Cooccurrence> counts_;
  std::shared_ptr<const TitleNeighbours> titles_;
  std::vector<uint32_t> popularity_;
  std::vector<double> trend_;            // [num_items]
  std::vector<Factors> factors_;         // [num_items]
  std::vector<double> trend_of_mass_;    // [num_items] to the power that recalled items have it
  std::vector<double> trend_of_spread_;  // [num_items] to the power that spread masses have it
  double total_ = 0;                     // of smoothed popularities
  double total_latest_ = 0;              // of the same, each times its trend
  std::vector<double> recency_;          // [max_history] (1 + k)^-r
};

}  // namespace peapod
