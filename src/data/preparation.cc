#include "data/preparation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "explanations/explanation_mining.h"
#include "sources/source_reader.h"

namespace peapod {
namespace {

constexpr uint32_t kDropped = std::numeric_limits<uint32_t>::max();

// Streams of the seed, so that no two purposes share draws.
constexpr uint64_t kOrderStream = 1;
constexpr uint64_t kNegativesStream = 2;

// Who and what, of an interaction.
struct RawPair {
  uint32_t user, item;
};

std::vector<RawPair> pairs_of(const std::vector<RawInteraction>& interactions) {
  std::vector<RawPair> pairs;
  pairs.reserve(interactions.size());
  for (const RawInteraction& interaction : interactions) pairs.push_back({interaction.user, interaction.item});
  return pairs;
}

// Which interactions are of an item that their user has had before: all but the earliest, or the first in the source
// where there are no times.
std::vector<bool> repeats_in(const std::vector<RawInteraction>& interactions, bool has_times) {
  struct Place {
    uint32_t user, item;
    double time;
    uint32_t index;
    auto operator<=>(const Place&) const = default;
  };
  std::vector<Place> places;
  places.reserve(interactions.size());
  for (uint32_t i = 0; i < interactions.size(); ++i) {
    const RawInteraction& one = interactions[i];
    places.push_back({one.user, one.item, has_times ? one.time : 0.0, i});
  }
  std::ranges::sort(places, std::less{});
  std::vector<bool> repeats(interactions.size());
  for (size_t i = 1; i < places.size(); ++i) {
    repeats[places[i].index] = places[i].user == places[i - 1].user && places[i].item == places[i - 1].item;
  }
  return repeats;
}

// Leaves out users and items with too few interactions until all that remain have enough.
template <class Interaction>
void keep_core(std::vector<Interaction>& interactions, size_t num_users, size_t num_items, uint32_t min_user,
               uint32_t min_item) {
  for (size_t before = interactions.size() + 1; before != interactions.size();) {
    before = interactions.size();
    std::vector<uint32_t> of_user(num_users), of_item(num_items);
    for (const Interaction& interaction : interactions) {
      ++of_user[interaction.user];
      ++of_item[interaction.item];
    }
    std::erase_if(interactions, [&](const Interaction& interaction) {
      return of_user[interaction.user] < min_user || of_item[interaction.item] < min_item;
    });
  }
}

// What to do where these bounds leave nothing: the largest that leave something, found by halving, since a smaller core
// holds a larger one.
std::string smaller_core(const std::vector<RawPair>& read, size_t num_users, size_t num_items, uint32_t min_user,
                         uint32_t min_item) {
  const auto left = [&](uint32_t bound) {
    std::vector<RawPair> pairs = read;
    keep_core(pairs, num_users, num_items, std::min(min_user, bound), std::min(min_item, bound));
    return pairs.size();
  };
  uint32_t least = 0, greatest = std::max(min_user, min_item);  // `least` leaves something, `greatest` does not
  while (greatest - least > 1) {
    const uint32_t middle = least + (greatest - least) / 2;
    (left(middle) > 0 ? least : greatest) = middle;
  }
  return fmt::format("choose a smaller `min_user` and `min_item`: {} and {} leave {} interactions",
                     std::min(min_user, least), std::min(min_item, least), left(least));
}

std::optional<uint64_t> number_in(const std::string& name) {
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Brings the entities that are `used` into data set order, drops the others; returns the new index of each old one.
template <class Entity>
std::vector<uint32_t> put_in_order(std::vector<Entity>& entities, const std::vector<bool>& used) {
  std::vector<uint32_t> kept;
  bool numeric = true;
  std::vector<uint64_t> numbers(entities.size());
  for (uint32_t i = 0; i < entities.size(); ++i) {
    if (!used[i]) continue;
    kept.push_back(i);
    const auto number = number_in(entities[i].name);
    numeric = numeric && number.has_value();
    numbers[i] = number.value_or(0);
  }
  std::sort(kept.begin(), kept.end(), [&](uint32_t a, uint32_t b) {
    if (numeric && numbers[a] != numbers[b]) return numbers[a] < numbers[b];
    return entities[a].name < entities[b].name;
  });
  std::vector<uint32_t> new_index(entities.size(), kDropped);
  std::vector<Entity> ordered;
  ordered.reserve(kept.size());
  for (const uint32_t old : kept) {
    new_index[old] = static_cast<uint32_t>(ordered.size());
    ordered.push_back(std::move(entities[old]));
  }
  entities = std::move(ordered);
  return new_index;
}

// Interactions by user, then by time; those of equal time by a hash that does not depend on the source's order.
void put_in_order(std::vector<RawInteraction>& interactions, bool has_times, uint64_t seed) {
  const auto by_user = [](const RawInteraction& a, const RawInteraction& b) { return a.user < b.user; };
  if (!has_times) {
    std::stable_sort(interactions.begin(), interactions.end(), by_user);
    return;
  }
  const uint64_t key = mix64(seed, kOrderStream);
  std::stable_sort(interactions.begin(), interactions.end(), [&](const RawInteraction& a, const RawInteraction& b) {
    if (a.user != b.user) return a.user < b.user;
    if (a.time != b.time) return a.time < b.time;
    return mix64(key, a.user, a.item) < mix64(key, b.user, b.item);
  });
}

// Rejection sampling: uniform over the sets of kNumNegatives items that the user never touched.
RaggedRows<uint32_t> draw_negatives(const RaggedRows<uint32_t>& interactions, uint32_t num_items, uint64_t seed) {
  RaggedRows<uint32_t> negatives;
  std::vector<uint32_t> row;
  std::vector<uint32_t> taken_by(num_items, kDropped);  // the last user for whom an item was touched or drawn
  for (uint32_t user = 0; user < interactions.num_rows(); ++user) {
    row.clear();
    uint32_t num_free = num_items;
    for (const uint32_t item : interactions.row(user)) {
      if (std::exchange(taken_by[item], user) != user) --num_free;
    }
    Random random(seed, mix64(kNegativesStream, user));
    if (num_free <= kNumNegatives) {
      for (uint32_t item = 0; item < num_items; ++item) {
        if (taken_by[item] != user) row.push_back(item);
      }
      random.shuffle(row);
    }
    while (num_free > kNumNegatives && row.size() < kNumNegatives) {
      const auto item = static_cast<uint32_t>(random.below(num_items));
      if (std::exchange(taken_by[item], user) != user) row.push_back(item);
    }
    negatives.add_row(row);
  }
  return negatives;
}

std::vector<Explanation> mine_reviews(const std::vector<RawInteraction>& interactions, const RaggedRows<uint32_t>& rows,
                                      SplitRule rule) {
  std::vector<Review> reviews;
  for (size_t i = 0; i < interactions.size(); ++i) {
    const RawInteraction& interaction = interactions[i];
    if (interaction.review.empty()) continue;
    const size_t size = rows.row(interaction.user).size();
    const size_t position = i - static_cast<size_t>(rows.starts[interaction.user]);
    reviews.push_back({interaction.user, interaction.item, split_at(position, size, rule), interaction.review});
  }
  return mine_explanations(reviews);
}

bool is_held_out(std::span<const uint32_t> history, uint32_t item, SplitRule rule) {
  const auto train = train_part(history, rule);
  const auto held_out = history.subspan(train.size());
  return std::ranges::find(held_out, item) != held_out.end() && std::ranges::find(train, item) == train.end();
}

SourceSummary summary_of_source(const RawLog& log) {
  SourceSummary summary;
  summary.reading = summary_of_reading(log);
  summary.users = log.users.size();
  summary.items = log.items.size();
  summary.interactions = log.interactions.size();
  summary.merged_repeats = log.reading.merged_repeats;
  summary.rejected_lines = log.rejects.count();
  for (const RejectReason& one : log.rejects.reasons()) {
    const std::string expected(expectation_in(one.first.reason));
    summary.rejects.push_back({one.first.field.empty() ? expected : one.first.field + ": " + expected, one.count});
  }
  return summary;
}

// Of interactions that are in order, by user and time.
SourceTimes times_of(const std::vector<RawInteraction>& interactions) {
  const auto [first, last] = std::ranges::minmax_element(interactions, {}, &RawInteraction::time);
  SourceTimes times{.first = first->time, .last = last->time, .histogram = std::vector<uint64_t>(kTimeParts)};
  const auto tied = [&](size_t a, size_t b) {
    return b < interactions.size() && interactions[a].user == interactions[b].user &&
           interactions[a].time == interactions[b].time;
  };
  const double span = times.last - times.first;
  for (size_t i = 0; i < interactions.size(); ++i) {
    times.ties += tied(i, i + 1) || (i > 0 && tied(i, i - 1));
    const double part =
        span > 0 && std::isfinite(span) ? (interactions[i].time - times.first) / span * kTimeParts : 0.0;
    ++times.histogram[std::min(static_cast<size_t>(part), kTimeParts - 1)];
  }
  return times;
}

}  // namespace

Histories PreparedData::histories() const {
  Histories histories;
  for (size_t user = 0; user < interactions.num_rows(); ++user) histories.push_back(interactions.row(user));
  return histories;
}

Histories PreparedData::train_histories() const {
  Histories train = histories();
  for (auto& history : train) history = train_part(history, split);
  return train;
}

PreparedData prepare(RawLog log, const PreparationOptions& options) {
  PreparedData data;
  data.name = options.name.empty() ? log.name : options.name;
  data.format = log.format;
  data.min_user = options.min_user.value_or(default_core(log.format).min_user);
  data.min_item = options.min_item.value_or(default_core(log.format).min_item);
  data.split = options.split;
  data.repeats = options.repeats;
  data.seed = options.seed;
  data.source = summary_of_source(log);

  std::vector<RawInteraction>& interactions = log.interactions;
  if (interactions.empty()) {
    throw Error(data.name, "the source holds no interaction", "check that it is the file that is meant");
  }
  const std::vector<bool> repeats = repeats_in(interactions, log.has_times);
  data.source.repeats = static_cast<uint64_t>(std::ranges::count(repeats, true));
  if (options.repeats == Repeats::merge && data.source.repeats > 0) {
    size_t place = 0;
    std::erase_if(interactions, [&](const RawInteraction&) { return repeats[place++]; });
  }
  const std::vector<RawPair> read = pairs_of(interactions);
  keep_core(interactions, log.users.size(), log.items.size(), data.min_user, data.min_item);
  if (interactions.empty()) {
    throw Error(data.name,
                "no interaction is left when each user needs " + std::to_string(data.min_user) +
                    " of them and each item " + std::to_string(data.min_item),
                smaller_core(read, log.users.size(), log.items.size(), data.min_user, data.min_item));
  }
  std::vector<bool> user_used(log.users.size()), item_used(log.items.size());
  for (const RawInteraction& interaction : interactions) {
    user_used[interaction.user] = true;
    item_used[interaction.item] = true;
  }
  const std::vector<uint32_t> new_user = put_in_order(log.users, user_used);
  const std::vector<uint32_t> new_item = put_in_order(log.items, item_used);
  for (RawInteraction& interaction : interactions) {
    interaction.user = new_user[interaction.user];
    interaction.item = new_item[interaction.item];
  }
  put_in_order(interactions, log.has_times, options.seed);
  if (log.has_times) data.source.times = times_of(interactions);
  data.users = std::move(log.users);
  data.items = std::move(log.items);

  std::vector<uint32_t> row;
  for (size_t i = 0; i < interactions.size(); ++i) {
    row.push_back(interactions[i].item);
    if (i + 1 < interactions.size() && interactions[i + 1].user == interactions[i].user) continue;
    data.interactions.add_row(row);
    row.clear();
  }
  data.negatives = draw_negatives(data.interactions, data.num_items(), options.seed);

  for (RawExplanation& raw : log.explanations) {
    const uint32_t user = new_user[raw.user];
    const uint32_t item = new_item[raw.item];
    if (user == kDropped || item == kDropped) {
      ++data.num_explanations_of_dropped;
      continue;
    }
    const Split split = options.split == SplitRule::none ? Split::train : raw.split;
    if (split == Split::train && is_held_out(data.interactions.row(user), item, options.split)) {
      ++data.num_explanations_of_held_out;
      continue;
    }
    data.explanations.push_back({user, item, split, std::move(raw.feature), std::move(raw.sentence)});
  }
  std::stable_sort(data.explanations.begin(), data.explanations.end(),
                   [](const Explanation& a, const Explanation& b) { return a.user < b.user; });
  if (log.explanations.empty()) data.explanations = mine_reviews(interactions, data.interactions, options.split);
  return data;
}

}  // namespace peapod
