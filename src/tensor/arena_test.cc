#include "tensor/arena.h"

#include <gtest/gtest.h>

#include <vector>

namespace peapod {
namespace {

TEST(Arena, FindsRoomInWhatItHasForValuesThatGrewALittle) {
  Arena arena;
  constexpr size_t kLarge = size_t{3} << 20;  // 12 MB of floats, more than a block
  const auto three = [&](size_t count) {
    std::vector<const float*> places;
    for (int i = 0; i < 3; ++i) places.push_back(arena.allocate<float>(count));
    arena.reset();
    return places;
  };
  EXPECT_EQ(three(kLarge), three(kLarge + 1000));
}

}  // namespace
}  // namespace peapod
