#include "data/leak_audit.h"

#include "base/random.h"
#include "data/preparation.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

ItemIds numbered(std::vector<uint32_t> numbers) {
  ItemIds ids;
  ids.scheme = IdScheme::random;
  ids.numbers = std::move(numbers);
  return ids;
}

LeakReport audit_of(const ScratchFolder& folder, const PreparedData& data, const ItemIds& ids) {
  write_dataset(folder.path() / "out", data, ids);
  return audit_leaks(Dataset::open(folder.path() / "out"));
}

PreparedData pod_data(const ScratchFolder& folder, std::string_view sequences) {
  folder.write("sequential.txt", sequences);
  return prepare(read_source(folder.path(), {}), {.repeats = Repeats::keep});
}

TEST(LeakAudit, CountsByHandOnAMadeDataSet) {
  const ScratchFolder folder;
  // Test: user 1 hits (3 -> 4), user 2 misses, user 3 hits (5 -> 6) and user 4 is too short to count.
  // Last training item: users 1 (1 -> 2), 3 (4 -> 5) and 4 (1 -> 2) hit, user 2 (2 -> 1) misses.
  const PreparedData data = pod_data(folder, "1 1 2 3 4\n2 2 1 3 1\n3 4 5 1 6\n4 1 2\n");
  const LeakReport report = audit_of(folder, data, numbered({1, 2, 3, 4, 5, 6}));
  EXPECT_DOUBLE_EQ(report.max_plus_1_test_hr1, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(report.max_plus_1_last_train_hr1, 3.0 / 4.0);
  EXPECT_DOUBLE_EQ(report.test_item_in_train_share, 1.0 / 3.0);
  EXPECT_EQ(report.duplicate_interactions, 1u);
  EXPECT_EQ(report.items_without_training, 2u);  // 3 and 6
  EXPECT_EQ(report.touched_negatives, 0u);
  EXPECT_DOUBLE_EQ(report.first_appearance_spearman, 1.0);
  EXPECT_TRUE(report.numbering_leaks());
  EXPECT_DOUBLE_EQ(audit_of(folder, data, numbered({6, 5, 4, 3, 2, 1})).first_appearance_spearman, -1.0);
}

TEST(LeakAudit, ReadsCodesAsRanksInSortedOrder) {
  const ScratchFolder folder;
  const PreparedData data = pod_data(folder, "1 1 2 3 4\n");
  ItemIds codes;
  codes.level_sizes = {4, 300};
  codes.codes = {0, 7, 0, 299, 2, 0, 3, 1};  // gaps between codes do not matter
  EXPECT_DOUBLE_EQ(audit_of(folder, data, codes).max_plus_1_test_hr1, 1.0);
  codes.codes = {0, 7, 3, 1, 2, 0, 0, 299};
  EXPECT_DOUBLE_EQ(audit_of(folder, data, codes).max_plus_1_test_hr1, 0.0);
}

TEST(LeakAudit, FindsNegativesThatTheUserTouched) {
  const ScratchFolder folder;
  PreparedData data = pod_data(folder, "1 1 2 3\n2 4 5 6\n");
  data.negatives.values[0] = 0;
  data.negatives.values[1] = 2;
  EXPECT_EQ(audit_of(folder, data, numbered({1, 2, 3, 4, 5, 6})).touched_negatives, 2u);
}

TEST(LeakAudit, ConvictsThePublishedNumberingOfBeautyAndAcquitsARandomOne) {
  const std::filesystem::path beauty = std::filesystem::path(PEAPOD_SHARED_DIR) / "data" / "beauty";
  if (!std::filesystem::exists(beauty)) GTEST_SKIP() << "the shared research data are not here: " << beauty;
  const ScratchFolder folder;
  const PreparedData data = prepare(read_source(beauty, {}), {});
  ASSERT_EQ(data.users.size(), 22363u);
  ASSERT_EQ(data.items.size(), 12101u);
  ASSERT_EQ(data.num_interactions(), 198502u);
  std::vector<uint32_t> numbers(data.items.size());
  for (uint32_t item = 0; item < numbers.size(); ++item) numbers[item] = item + 1;
  const LeakReport published = audit_of(folder, data, numbered(numbers));
  EXPECT_NEAR(published.max_plus_1_test_hr1, 0.044, 0.001);
  EXPECT_TRUE(published.numbering_leaks());
  EXPECT_EQ(published.items_without_training, 33u);
  Random(1).shuffle(numbers);
  const LeakReport random = audit_of(folder, data, numbered(numbers));
  EXPECT_LT(random.max_plus_1_test_hr1, 0.001);
  EXPECT_FALSE(random.numbering_leaks());
}

}  // namespace
}  // namespace peapod
