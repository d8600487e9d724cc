// A made log of interactions, for trying things out at any size: popularity falls by a power law, items stand in
// groups, users keep to a few of these and often take what stands next to their last item. Not data of anybody: figures
// on it say what a program does with so much, not how well it recommends.
#pragma once

#include <cstdint>
#include <functional>

namespace peapod {

struct SimulationOptions {
  uint32_t users = 10'000;
  uint32_t items = 2'000;
  uint64_t interactions = 200'000;
  uint64_t seed = 1;
};

struct SimulatedInteraction {
  uint32_t user;  // from 0
  uint32_t item;  // from 0; the number tells nothing of its group or popularity
  uint64_t time;  // seconds since 1970, within 2023 and 2024
};

// Gives the interactions one by one, a user after the other, each user's in the order of time: at least one of every
// user, some of most items. A user takes an item again only where there are few items. Deterministic; memory grows with
// the longest history and the number of items alone. Throws Error where there are fewer interactions than users, or no
// users or items.
void simulate(const SimulationOptions& options, const std::function<void(const SimulatedInteraction&)>& take);

}  // namespace peapod
