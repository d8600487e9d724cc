// Results by a property of users, such as the length of their history: users are put into buckets of alike ones, and
// each bucket has metrics of its own. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peapod {

struct Bucket {
  uint32_t from = 0;           // the least value
  std::optional<uint32_t> to;  // the greatest; nullopt: there is no bound
  std::vector<size_t> places;  // of the values that are in it, ascending

  // "0", "5–9" (with an en dash), "200+".
  std::string label() const;
};

// The buckets 0, 1–4, 5–9, 10–19, 20–49, 50–99, 100–199 and 200+ that hold at least one of `values`, in this order.
std::vector<Bucket> buckets_of(std::span<const uint32_t> values);

// Those of the ranks `all`, one a user, that belong to the bucket and are of a target that met others.
std::vector<uint32_t> in_bucket(const Bucket& bucket, std::span<const uint32_t> all);

}  // namespace peapod
