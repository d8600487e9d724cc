#include "sources/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

// Streams of the seed: one for the items' numbers, one for how active each user is, one for what they do.
constexpr uint64_t kNumbers = 1;
constexpr uint64_t kActivity = 2;
constexpr uint64_t kHistories = 3;

constexpr uint64_t kBegin = 1'672'531'200;  // 2023-01-01
constexpr uint64_t kEnd = 1'735'689'600;    // 2025-01-01
constexpr size_t kTastes = 3;               // groups that a user keeps to
constexpr double kNextToLast = 0.35;        // of interactions: an item near the last one
constexpr double kAnywhere = 0.15;          // an item of any group
constexpr size_t kNear = 5;                 // farthest places between an item and one near it
constexpr double kSkew = 2.5;  // of popularity within a group: the place of an item is a uniform draw to this power
constexpr int kTries = 8;      // draws until an item that is new to the user is taken wherever it stands

// How much more active than others: log-normal, as users of shops are.
double activity(const SimulationOptions& options, uint32_t user) {
  Random random(mix64(options.seed, kActivity), user);
  return std::exp(random.normal());
}

// Items by group and popularity: place p belongs to group p / size and is its (p % size)-th most popular.
class Catalogue {
 public:
  explicit Catalogue(const SimulationOptions& options)
      : numbers_(options.items), groups_(std::max<uint32_t>(1, static_cast<uint32_t>(std::sqrt(options.items) / 4))) {
    std::iota(numbers_.begin(), numbers_.end(), 0u);
    Random random(mix64(options.seed, kNumbers));
    random.shuffle(numbers_);
  }

  uint32_t size() const { return static_cast<uint32_t>(numbers_.size()); }
  uint32_t groups() const { return groups_; }
  uint32_t number(uint32_t place) const { return numbers_[place]; }

  uint32_t draw(Random& random, uint32_t group) const {
    const uint32_t begin = begin_of(group), count = begin_of(group + 1) - begin;
    return begin + std::min(count - 1, static_cast<uint32_t>(count * std::pow(random.uniform(), kSkew)));
  }

 private:
  uint32_t begin_of(uint32_t group) const { return static_cast<uint32_t>(uint64_t{size()} * group / groups_); }

  std::vector<uint32_t> numbers_;
  uint32_t groups_;
};

// The places that a user takes, in order.
std::vector<uint32_t> history(const Catalogue& catalogue, uint64_t length, Random& random) {
  uint32_t tastes[kTastes];
  for (uint32_t& taste : tastes) taste = static_cast<uint32_t>(random.below(catalogue.groups()));
  std::vector<uint32_t> places;
  std::unordered_set<uint32_t> taken;
  while (places.size() < length) {
    uint32_t place = 0;
    for (int tries = 0; tries < kTries; ++tries) {
      const double kind = random.uniform();
      if (!places.empty() && kind < kNextToLast) {
        const uint64_t step = 1 + random.below(2 * kNear);
        place = static_cast<uint32_t>((places.back() + catalogue.size() + step - kNear) % catalogue.size());
      } else if (kind < kNextToLast + kAnywhere) {
        place = catalogue.draw(random, static_cast<uint32_t>(random.below(catalogue.groups())));
      } else {
        place = catalogue.draw(random, tastes[random.below(kTastes)]);
      }
      if (!taken.contains(place)) break;
    }
    // Where all that was drawn is taken: the next one that is not, as long as half of the catalogue is not.
    while (taken.contains(place) && taken.size() < catalogue.size() / 2) place = (place + 1) % catalogue.size();
    taken.insert(place);
    places.push_back(place);
  }
  return places;
}

}  // namespace

void simulate(const SimulationOptions& options, const std::function<void(const SimulatedInteraction&)>& take) {
  if (options.users == 0 || options.items == 0)
    throw Error("simulation", "has no users or no items", "give some of both");
  if (options.interactions < options.users) {
    throw Error("interactions", fmt::format("{} are fewer than {} users", options.interactions, options.users),
                "give each user one at least");
  }
  const Catalogue catalogue(options);
  double total = 0;
  for (uint32_t user = 0; user < options.users; ++user) total += activity(options, user);
  const auto beyond_one = static_cast<double>(options.interactions - options.users);
  double before = 0;
  uint64_t given = 0;
  for (uint32_t user = 0; user < options.users; ++user) {
    before += activity(options, user);
    // What all users up to this one have; the last one takes what rounding leaves.
    const bool last = user + 1 == options.users;
    const uint64_t until =
        last ? options.interactions : user + 1 + static_cast<uint64_t>(beyond_one * std::min(1.0, before / total));
    Random random(mix64(options.seed, kHistories), user);
    const std::vector<uint32_t> places = history(catalogue, until - given, random);
    given = until;
    std::vector<uint64_t> times(places.size());
    for (uint64_t& time : times) time = kBegin + random.below(kEnd - kBegin);
    std::ranges::sort(times);
    for (size_t i = 0; i < places.size(); ++i) take({user, catalogue.number(places[i]), times[i]});
  }
}

}  // namespace peapod
