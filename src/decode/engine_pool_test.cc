#include "decode/engine_pool.h"

#include <gtest/gtest.h>

#include "support/small_model.h"

namespace peapod {
namespace {

TEST(EnginePool, GivesTheEngineThatCameBackLastAndANewOneWhereAllAreInUse) {
  SmallModel small;
  const PackedNetwork network(small->network(), {});
  const EnginePool pool(network, network.text_head());
  EnginePool::Lease first = pool.take();
  EnginePool::Lease second = pool.take();
  EXPECT_NE(first.get(), second.get());
  const Engine* const kept = first.get();
  first.reset();
  EXPECT_EQ(pool.take().get(), kept);
  EXPECT_EQ(pool.take().get(), kept) << "it came back";
}

}  // namespace
}  // namespace peapod
