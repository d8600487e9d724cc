#include "model/item_marks.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace peapod {
namespace {

// Scores fall into buckets by their logarithm, finer for ratios, which decide an order.
constexpr size_t kRatioBuckets = 31;     // from the best one on, three for each halving
constexpr size_t kEvidenceBuckets = 32;  // two for each doubling, from 2^-8 on
constexpr size_t kTitleBuckets = 8;

// The table: the mark of nothing, then each respect's rows.
constexpr size_t kPlain = 1;
constexpr size_t kAges = kPlain + 1;
constexpr size_t kRanks = kAges + kShownHistory;
constexpr size_t kCandidate = kRanks + kShownRecalled;
constexpr size_t kNotRecalled = kCandidate + 1;
constexpr size_t kRatios = kNotRecalled + 1;
constexpr size_t kEvidence = kRatios + kRatioBuckets;
constexpr size_t kTitles = kEvidence + kEvidenceBuckets;
constexpr size_t kEnd = kTitles + kTitleBuckets;

uint16_t row(size_t first, double bucket, size_t count) {
  const double last = static_cast<double>(count - 1);
  return static_cast<uint16_t>(first + static_cast<size_t>(std::clamp(std::floor(bucket), 0.0, last)));
}

void mark_scores(const RecalledItem& recalled, float best, ItemMarks& marks) {
  const double ratio = static_cast<double>(recalled.score) / static_cast<double>(best);
  marks.ratio = row(kRatios, -3.0 * std::log2(ratio), kRatioBuckets);
  if (recalled.evidence > 0.0f) {
    marks.evidence = row(kEvidence, 16.0 + 2.0 * std::log2(static_cast<double>(recalled.evidence)), kEvidenceBuckets);
  }
  if (recalled.titles > 0.0f) {
    marks.titles = row(kTitles, static_cast<double>(recalled.titles) * kTitleBuckets, kTitleBuckets);
  }
}

}  // namespace

const size_t kNumItemMarks = kEnd;

ItemMarks history_marks(size_t age) {
  return {.place = static_cast<uint16_t>(kAges + std::min(age, kShownHistory - 1))};
}

ItemMarks plain_history_marks() { return {.place = kPlain}; }

ItemMarks recalled_marks(size_t rank, const RecalledItem& recalled, float best) {
  assert(rank < kShownRecalled);
  ItemMarks marks{.place = static_cast<uint16_t>(kRanks + rank)};
  mark_scores(recalled, best, marks);
  return marks;
}

ItemMarks candidate_marks(const RecalledItem* recalled, float best) {
  ItemMarks marks{.place = kCandidate, .ratio = kNotRecalled};
  if (recalled != nullptr) mark_scores(*recalled, best, marks);
  return marks;
}

}  // namespace peapod
