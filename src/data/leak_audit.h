// Looks for ways in which a prepared data set tells the answer: a numbering that gives the next item away, test items
// in the training history, negatives that are none. Reads only.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace peapod {

// Shares are fractions from 0 to 1.
struct LeakReport {
  // How often "the largest number in the history, plus 1" is the next item. A collaborative code counts as its rank
  // among all codes in sorted order.
  double max_plus_1_test_hr1 = 0;        // history: all before the test item; over evaluated users
  double max_plus_1_last_train_hr1 = 0;  // history: the training items before the last one; users with two at least
  // Spearman's rank correlation of an item's number and its first appearance in the histories, user by user. 1 or -1:
  // the numbers were given in this order.
  double first_appearance_spearman = 0;
  double test_item_in_train_share = 0;  // of evaluated users: the test item already occurs in the training history
  uint64_t duplicate_interactions = 0;  // that repeat a user and item pair
  uint64_t touched_negatives = 0;       // of stored negatives: the user touched it; must be 0
  uint32_t items_without_training = 0;  // items that no training history holds

  // What an honest numbering does not reach: by chance the rule is right once in a catalogue.
  double suspect_hr1 = 0;  // .01, or three times chance where that is more
  static constexpr double kSuspectSpearman = 0.9;
  // Codes made from training interactions put items that go together side by side, which the rule can hit in a small
  // catalogue: but then on training items as well. Only numbers with which it pays more on test items, and that also
  // follow first appearance, tell of the test items.
  static constexpr double kSomeSpearman = 0.3;
  bool numbering_leaks() const;
};

LeakReport audit_leaks(const Dataset& data);

}  // namespace peapod
