// Looks for ways in which a prepared data set gives away the items that a model is asked for: item numbers that follow
// the order of the histories, test items that the training history holds, negatives that the user has touched. Pure
// function, safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/target_counts.h"

namespace peapod {

// Shares are fractions from 0 to 1.
struct LeakReport {
  // The "max + 1" rule predicts the item whose number is the largest number in the history plus 1. An item's number is
  // its rank among all items by their number in text or, for collaborative codes, by code. HR@1 of the rule:
  double max_plus_1_test_hr1 = 0;        // for the test item, from all items before it; over evaluated users
  double max_plus_1_last_train_hr1 = 0;  // for the last training item, from those before it; users with two at least
  // Spearman's rank correlation between an item's number and the place at which the item first appears when the
  // histories are read user by user. 1 or -1: the numbers were given in the order of appearance, or against it.
  double first_appearance_spearman = 0;
  double test_item_in_train_share = 0;  // of evaluated users: the test item already occurs in the training history
  uint64_t duplicate_interactions = 0;  // interactions whose user and item have occurred before
  uint64_t touched_negatives = 0;       // stored negatives that the user has touched; must be 0
  uint32_t items_without_training = 0;  // items that no training history holds

  // Whether the numbers tell of the test items: they nearly follow first appearance (kSuspectSpearman), or they follow
  // it to some degree (kSomeSpearman) and the rule's HR@1 on test items is above suspect_hr1 and above that on training
  // items. An HR@1 above suspect_hr1 is no proof by itself: collaborative codes put items that are consumed together
  // side by side, so that in a small catalogue the rule is often right, but then on training items as well.
  bool numbering_leaks() const;
  double suspect_hr1 = 0;  // .01, or three times chance, 1 / num_items, where that is more
  static constexpr double kSuspectSpearman = 0.9;
  static constexpr double kSomeSpearman = 0.3;
};

LeakReport audit_leaks(const Dataset& data);

// What was looked at and what was found, for people; and what follows, beginning with a word in capitals where
// something is wrong.
std::vector<std::pair<std::string, std::string>> findings(const LeakReport& report, const TargetCounts& targets);
std::string verdict(const Dataset& data, const LeakReport& report, const TargetCounts& targets);

}  // namespace peapod
