// Whom an evaluation measures and what is known of each of them: by it results are broken down (eval/breakdown.h), kept
// user by user (eval/rank_record.h) and shown. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "eval/protocols.h"

namespace peapod {

struct Population {
  // As users_to_evaluate() has them; the others in the same order.
  std::vector<uint32_t> users;
  std::vector<uint32_t> history_lengths;      // items that precede the target
  std::vector<uint32_t> targets;              // what each user did next
  std::vector<uint32_t> target_popularities;  // training interactions of the target; 0: it is cold
  std::vector<uint32_t> popularity;           // [num_items] training interactions of each item
};

// Of options, split, max_users and seed count.
Population population_of(const Dataset& data, const EvaluationOptions& options);

}  // namespace peapod
