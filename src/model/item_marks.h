// What is marked of an item that an input shows as a vector or that the network appraises: where it stands, how
// strongly it is recalled and why. Each mark is a row of one learned table, added to the item's vector, or of one of
// weights. Pure functions, safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "prefs/recall.h"

namespace peapod {

inline constexpr size_t kShownRecalled = 16;  // recalled items that an input shows
inline constexpr size_t kShownHistory = 50;   // latest items of a history that an input shows

// Rows of the table, one for each respect; row 0, in any respect, stands for nothing and is not added.
struct ItemMarks {
  uint16_t place = 0;     // in the history by age, among the recalled by rank, or as a candidate
  uint16_t ratio = 0;     // its recalled score beside the best one
  uint16_t evidence = 0;  // how often it was seen beside the history
  uint16_t titles = 0;    // how alike its title is
  uint16_t kin = 0;       // how often it was seen beside items of alike titles
  uint16_t popularity = 0;

  // Calls add(row) for each that stands for something.
  template <class Add>
  void for_each(const Add& add) const {
    for (const uint16_t row : {place, ratio, evidence, titles, kin, popularity}) {
      if (row != 0) add(row);
    }
  }

  bool operator==(const ItemMarks&) const = default;
};

// Rows that the table has.
extern const size_t kNumItemMarks;

// An item of the history, `age` items before the latest; beyond kShownHistory all are the same.
ItemMarks history_marks(size_t age);
// An item of a history that a causal encoder reads, whose relative positions tell its age.
ItemMarks plain_history_marks();
// The `rank`-th of the recalled items, where the best one scores `best`. Ranks far down share marks.
ItemMarks recalled_marks(size_t rank, const RecalledItem& recalled, float best);
// A candidate that is recalled, where the best one of them scores `best`.
ItemMarks candidate_marks(const RecalledItem& recalled, float best);
// A candidate that nothing recalls, which so many others have.
ItemMarks unrecalled_marks(uint32_t popularity);

}  // namespace peapod
