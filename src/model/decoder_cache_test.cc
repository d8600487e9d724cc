#include "model/decoder_cache.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

// Each row's value says which step and row it was written in; the slow, obvious cache copies whole histories.
TEST(DecoderCache, KnowsTheAncestorsOfEveryRow) {
  constexpr size_t kLayers = 2, kWidth = 3;
  Random random(5);
  DecoderCache<float> cache(kLayers, kWidth);
  for (int search = 0; search < 20; ++search) {
    SCOPED_TRACE(testing::Message() << "seed 5, search " << search);
    cache.clear();
    std::vector<std::vector<float>> histories;  // by row: the value of each position
    for (size_t step = 0; step < 6; ++step) {
      std::vector<uint32_t> parents(1 + random.below(7));
      std::vector<std::vector<float>> grown(parents.size());
      for (size_t r = 0; r < parents.size(); ++r) {
        parents[r] = step == 0 ? 99 : static_cast<uint32_t>(random.below(histories.size()));
        if (step > 0) grown[r] = histories[parents[r]];
        grown[r].push_back(static_cast<float>(100 * search + 10 * static_cast<int>(step) + static_cast<int>(r)));
      }
      histories = std::move(grown);
      cache.begin_step(parents);
      ASSERT_EQ(cache.length(), step + 1);
      for (size_t layer = 0; layer < kLayers; ++layer) {
        for (size_t r = 0; r < parents.size(); ++r) {
          for (size_t i = 0; i < kWidth; ++i) {
            cache.current(layer)[r * kWidth + i] = histories[r].back() + 0.1f * static_cast<float>(layer);
          }
        }
      }
      for (size_t layer = 0; layer < kLayers; ++layer) {
        const auto positions = cache.positions(layer);
        ASSERT_EQ(positions.size(), parents.size() * (step + 1));
        for (size_t i = 0; i < positions.size(); ++i) {
          const float expected = histories[i / (step + 1)][i % (step + 1)] + 0.1f * static_cast<float>(layer);
          EXPECT_EQ(positions[i][0], expected);
          EXPECT_EQ(positions[i][kWidth - 1], expected);
        }
      }
    }
  }
}

}  // namespace
}  // namespace peapod
