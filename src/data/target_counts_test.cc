#include "data/target_counts.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "data/preparation.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

// A prepared directory of `pod` lines, with ids that need no training.
Dataset prepared(const ScratchFolder& folder, const std::string& lines) {
  folder.write("sequential.txt", lines);
  const PreparedData data = prepare(read_source(folder.path(), {}), {.repeats = Repeats::keep});
  ItemIds ids;
  ids.scheme = IdScheme::random;
  for (uint32_t item = 0; item < data.num_items(); ++item) ids.numbers.push_back(item + 1);
  write_dataset(folder.path() / "data", data, ids);
  return Dataset::open(folder.path() / "data");
}

TEST(TargetCounts, AreOfTheUsersAndTheSplit) {
  const ScratchFolder folder;
  // Of test, the target of users 1 and 2 was there before; of validation, that of user 3.
  const Dataset data = prepared(folder, "1 1 2 3 1\n2 2 3 3\n3 4 4 5\n4 1 2 3 4 5\n5 1 2\n");
  const TargetCounts test = count_targets(data, data.evaluated_users(), Split::test);
  EXPECT_EQ(test.users, 4u);
  EXPECT_EQ(test.seen, 2u);
  EXPECT_EQ(test.unreachable(), 0u) << "what somebody had may be recommended";
  EXPECT_EQ(test.least_negatives, 2u) << "of those who have some";
  EXPECT_EQ(test.without_negatives, 1u);
  EXPECT_DOUBLE_EQ(test.mean_negatives, (2 + 3 + 3) / 3.0);
  EXPECT_EQ(count_targets(data, data.evaluated_users(), Split::valid).seen, 1u);
  const uint32_t third[] = {2};
  EXPECT_EQ(count_targets(data, third, Split::test).seen, 0u);
  EXPECT_EQ(count_targets(data, third, Split::test).least_negatives, 3u);
  require_measurable(test, "data");
}

std::string refusal(const TargetCounts& counts) {
  try {
    require_measurable(counts, "shop");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TargetCounts, RefuseWhatHasNoMeaning) {
  EXPECT_NE(refusal({}).find("shop: has no user with three interactions"), std::string::npos);
  EXPECT_NE(refusal({.users = 3, .without_negatives = 3}).find("nothing to rank a target against"), std::string::npos);
  EXPECT_EQ(refusal({.users = 3, .without_negatives = 2}), "");
}

TEST(TargetCounts, TellWhatNothingCanHitWhereSeenItemsAreLeftOut) {
  EXPECT_EQ((TargetCounts{.users = 3, .seen = 2}.unreachable()), 2u);
  EXPECT_EQ((TargetCounts{.users = 3, .seen = 2, .ranks_seen = true}.unreachable()), 0u);
}

}  // namespace
}  // namespace peapod
