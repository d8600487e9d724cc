// What preparation knows of the raw data that the prepared files would not tell: it stands in their manifest, for
// whoever looks at the data (`peapod inspect --html`). Plain data; data/preparation.h makes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peapod {

// When the interactions were that were kept.
struct SourceTimes {
  double first = 0, last = 0;  // in the source's unit; of tables seconds since 1970
  uint64_t ties = 0;           // interactions at the same time as another one of their user: a seeded hash orders these
  std::vector<uint64_t> histogram;  // interactions in equal parts of the time from first to last; kTimeParts of them
};

inline constexpr size_t kTimeParts = 40;

// Lines that were rejected for one reason.
struct RejectedLines {
  std::string reason;  // the field, and what was expected
  uint64_t lines = 0;
};

struct SourceSummary {
  std::vector<std::string> reading;  // what was said of reading, a line each
  // That were read, without rows that said the same again, before users and items with few interactions were left out.
  uint64_t users = 0, items = 0, interactions = 0;
  uint64_t merged_repeats = 0;  // rows that said the same again: user, item and time
  uint64_t repeats = 0;         // of the interactions, those with an item that their user had had before
  uint64_t rejected_lines = 0;
  std::vector<RejectedLines> rejects;     // the most frequent reason first
  std::optional<SourceTimes> times = {};  // nothing where the source has none
};

}  // namespace peapod
