#include "model/item_marks.h"

#include <gtest/gtest.h>

#include <set>

namespace peapod {
namespace {

TEST(ItemMarks, AreRowsOfTheTableWhateverTheScores) {
  const auto expect_rows = [](const ItemMarks& marks) {
    marks.for_each([](uint16_t row) { EXPECT_LT(row, kNumItemMarks); });
  };
  for (const size_t rank : {size_t{0}, kShownRecalled, size_t{499}, size_t{1'000'000}}) {
    for (const float score : {1e-30f, 1.0f, 2.0f}) {
      for (const float channel : {0.0f, 1e-30f, 1.0f, 1e6f}) {
        const RecalledItem recalled{
            .score = score, .evidence = channel, .titles = channel, .kin = channel, .popularity = 4'000'000'000u};
        expect_rows(recalled_marks(rank, recalled, 2.0f));
        expect_rows(candidate_marks(recalled, 2.0f));
      }
    }
  }
  expect_rows(unrecalled_marks(0));
  expect_rows(unrecalled_marks(4'000'000'000u));
  expect_rows(history_marks(1'000'000));
}

TEST(ItemMarks, TellRanksApartFinelyAtTheTopAndCoarselyBelow) {
  const RecalledItem recalled{.score = 1.0f};
  std::set<uint16_t> places;
  for (size_t rank = 0; rank < kShownRecalled; ++rank) places.insert(recalled_marks(rank, recalled, 1.0f).place);
  EXPECT_EQ(places.size(), kShownRecalled);
  uint16_t last = recalled_marks(kShownRecalled - 1, recalled, 1.0f).place;
  for (const size_t rank : {size_t{16}, size_t{23}, size_t{32}, size_t{46}, size_t{64}, size_t{128}, size_t{400}}) {
    const uint16_t place = recalled_marks(rank, recalled, 1.0f).place;
    EXPECT_GT(place, last) << "rank " << rank;
    last = place;
  }
  EXPECT_EQ(recalled_marks(64, recalled, 1.0f), recalled_marks(80, recalled, 1.0f));
}

TEST(ItemMarks, ShareNoRowBetweenRespects) {
  const RecalledItem recalled{.score = 1.0f, .evidence = 0.5f, .titles = 0.5f, .kin = 0.5f, .popularity = 3};
  std::set<uint16_t> rows;
  size_t count = 0;
  for (const ItemMarks& marks : {recalled_marks(3, recalled, 2.0f), candidate_marks({.score = 2.0f}, 2.0f),
                                 history_marks(2), plain_history_marks()}) {
    marks.for_each([&](uint16_t row) {
      rows.insert(row);
      ++count;
    });
  }
  EXPECT_EQ(rows.size(), count);
  EXPECT_FALSE(rows.contains(unrecalled_marks(9).ratio));
}

}  // namespace
}  // namespace peapod
