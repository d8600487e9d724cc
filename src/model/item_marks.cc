#include "model/item_marks.h"

#include <algorithm>
#include <cmath>

namespace peapod {
namespace {

// Scores fall into buckets by their logarithm, finer for ratios, which decide an order.
constexpr size_t kRatioBuckets = 31;       // from the best one on, three for each halving
constexpr size_t kEvidenceBuckets = 32;    // two for each doubling, from 2^-8 on
constexpr size_t kTitleBuckets = 8;        // of titles and of kin, alike in size: these are of their best one
constexpr size_t kRankBuckets = 10;        // two for each doubling, beyond the ranks that are shown
constexpr size_t kPopularityBuckets = 24;  // two for each doubling

// The table: the mark of nothing, then each respect's rows.
constexpr size_t kPlain = 1;
constexpr size_t kAges = kPlain + 1;
constexpr size_t kRanks = kAges + kShownHistory;
constexpr size_t kCandidate = kRanks + kShownRecalled + kRankBuckets;
constexpr size_t kNotRecalled = kCandidate + 1;
constexpr size_t kRatios = kNotRecalled + 1;
constexpr size_t kEvidence = kRatios + kRatioBuckets;
constexpr size_t kTitles = kEvidence + kEvidenceBuckets;
constexpr size_t kKin = kTitles + kTitleBuckets;
constexpr size_t kPopularity = kKin + kTitleBuckets;
constexpr size_t kEnd = kPopularity + kPopularityBuckets;

uint16_t row(size_t first, double bucket, size_t count) {
  const double last = static_cast<double>(count - 1);
  return static_cast<uint16_t>(first + static_cast<size_t>(std::clamp(std::floor(bucket), 0.0, last)));
}

uint16_t popularity_mark(uint32_t popularity) {
  return row(kPopularity, 2.0 * std::log2(1.0 + popularity), kPopularityBuckets);
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
  if (recalled.kin > 0.0f) {
    marks.kin = row(kKin, static_cast<double>(recalled.kin) * kTitleBuckets, kTitleBuckets);
  }
  marks.popularity = popularity_mark(recalled.popularity);
}

uint16_t rank_mark(size_t rank) {
  if (rank < kShownRecalled) return static_cast<uint16_t>(kRanks + rank);
  const double doublings = std::log2(static_cast<double>(rank) / kShownRecalled);
  return row(kRanks + kShownRecalled, 2.0 * doublings, kRankBuckets);
}

}  // namespace

const size_t kNumItemMarks = kEnd;

ItemMarks history_marks(size_t age) {
  return {.place = static_cast<uint16_t>(kAges + std::min(age, kShownHistory - 1))};
}

ItemMarks plain_history_marks() { return {.place = kPlain}; }

ItemMarks recalled_marks(size_t rank, const RecalledItem& recalled, float best) {
  ItemMarks marks{.place = rank_mark(rank)};
  mark_scores(recalled, best, marks);
  return marks;
}

ItemMarks candidate_marks(const RecalledItem& recalled, float best) {
  ItemMarks marks{.place = kCandidate};
  mark_scores(recalled, best, marks);
  return marks;
}

ItemMarks unrecalled_marks(uint32_t popularity) {
  return {.place = kCandidate, .ratio = kNotRecalled, .popularity = popularity_mark(popularity)};
}

}  // namespace peapod
