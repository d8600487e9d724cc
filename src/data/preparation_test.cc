#include "data/preparation.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "explanations/explanation_mining.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

// A log of users "u0" … and items "i0" … from (user, item, time) triples.
RawLog log_of(const std::vector<RawInteraction>& interactions) {
  RawLog log;
  log.name = "made";
  log.format = SourceFormat::amazon;
  log.has_times = true;
  log.interactions = interactions;
  for (const RawInteraction& interaction : interactions) {
    while (log.users.size() <= interaction.user) log.users.push_back({"u" + std::to_string(log.users.size()), {}});
    while (log.items.size() <= interaction.item)
      log.items.push_back({"i" + std::to_string(log.items.size()), {}, {}, {}});
  }
  return log;
}

std::vector<RawInteraction> random_interactions(uint64_t seed, uint32_t num_users, uint32_t num_items, size_t count) {
  Random random(seed);
  std::vector<RawInteraction> interactions;
  for (size_t i = 0; i < count; ++i) {
    const double skew = random.uniform() * random.uniform();
    interactions.push_back({static_cast<uint32_t>(random.below(num_users)),
                            static_cast<uint32_t>(skew * num_items),
                            static_cast<double>(random.below(20)),
                            {}});
  }
  return interactions;
}

// What is left by name, computed by removing one offender at a time.
std::multiset<std::pair<std::string, std::string>> slow_core(const RawLog& log, size_t min_user, size_t min_item) {
  std::multiset<std::pair<std::string, std::string>> left;
  for (const auto& x : log.interactions) left.insert({log.users[x.user].name, log.items[x.item].name});
  for (;;) {
    const auto offender = std::find_if(left.begin(), left.end(), [&](const auto& pair) {
      const auto of_user =
          std::count_if(left.begin(), left.end(), [&](const auto& o) { return o.first == pair.first; });
      const auto of_item =
          std::count_if(left.begin(), left.end(), [&](const auto& o) { return o.second == pair.second; });
      return static_cast<size_t>(of_user) < min_user || static_cast<size_t>(of_item) < min_item;
    });
    if (offender == left.end()) return left;
    left.erase(offender);
  }
}

TEST(Preparation, KeepsTheLargestCoreAsASlowSearchFindsIt) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const RawLog log = log_of(random_interactions(seed, 15, 20, 70));
    const auto expected = slow_core(log, 4, 3);
    if (expected.empty()) {
      EXPECT_THROW(prepare(log, {.min_user = 4, .min_item = 3, .repeats = Repeats::keep}), Error) << "seed " << seed;
      continue;
    }
    const PreparedData data = prepare(log, {.min_user = 4, .min_item = 3, .repeats = Repeats::keep});
    std::multiset<std::pair<std::string, std::string>> found;
    for (size_t user = 0; user < data.users.size(); ++user) {
      for (const uint32_t item : data.interactions.row(user))
        found.insert({data.users[user].name, data.items[item].name});
    }
    EXPECT_EQ(found, expected) << "seed " << seed;
  }
}

TEST(Preparation, DoesNotDependOnTheOrderOfTheSourceButOnTheSeed) {
  std::vector<RawInteraction> interactions = random_interactions(5, 10, 120, 200);
  const PreparedData data = prepare(log_of(interactions), {.min_user = 1, .min_item = 1, .seed = 9});
  RawLog shuffled = log_of(interactions);
  Random(1).shuffle(shuffled.interactions);
  const PreparedData again = prepare(shuffled, {.min_user = 1, .min_item = 1, .seed = 9});
  EXPECT_EQ(again.interactions.values, data.interactions.values);
  EXPECT_EQ(again.negatives.values, data.negatives.values);
  const PreparedData other = prepare(log_of(interactions), {.min_user = 1, .min_item = 1, .seed = 10});
  EXPECT_NE(other.interactions.values, data.interactions.values);  // equal times fall otherwise
  EXPECT_NE(other.negatives.values, data.negatives.values);
}

TEST(Preparation, OrdersByTimeAndKeepsFileOrderWhereThereAreNoTimes) {
  RawLog log = log_of({{0, 0, 30, {}}, {0, 1, 10, {}}, {1, 1, 5, {}}, {0, 2, 20, {}}});
  const PreparedData data = prepare(log, {.min_user = 0, .min_item = 0});
  EXPECT_EQ(data.interactions.values, (std::vector<uint32_t>{1, 2, 0, 1}));
  log.has_times = false;
  EXPECT_EQ(prepare(log, {.min_user = 0, .min_item = 0}).interactions.values, (std::vector<uint32_t>{0, 1, 2, 1}));
}

TEST(Preparation, CountsTheFirstOfAUserAndAnItemUnlessRepeatsAreKept) {
  // User 0 comes back to item 0 twice; the first time stands last in the source.
  RawLog log = log_of({{0, 0, 30, {}}, {0, 1, 20, {}}, {0, 0, 40, {}}, {1, 0, 5, {}}, {0, 0, 10, {}}});
  const PreparedData merged = prepare(log, {.min_user = 0, .min_item = 0});
  EXPECT_EQ(merged.repeats, Repeats::merge);
  EXPECT_EQ(merged.interactions.values, (std::vector<uint32_t>{0, 1, 0}));
  EXPECT_EQ(merged.source.repeats, 2u);
  EXPECT_EQ(merged.source.interactions, 5u);
  const PreparedData kept = prepare(log, {.min_user = 0, .min_item = 0, .repeats = Repeats::keep});
  EXPECT_EQ(kept.repeats, Repeats::keep);
  EXPECT_EQ(kept.interactions.values, (std::vector<uint32_t>{0, 1, 0, 0, 0}));
  EXPECT_EQ(kept.source.repeats, 2u);
  EXPECT_EQ(kept.negatives.row(0).size(), 0u);

  log.has_times = false;
  EXPECT_EQ(prepare(log, {.min_user = 0, .min_item = 0}).interactions.values, (std::vector<uint32_t>{0, 1, 0}));
  // What the filter asks for is counted after that: user 0 has two items, not four.
  EXPECT_EQ(prepare(log, {.min_user = 2, .min_item = 0}).num_interactions(), 2u);
  EXPECT_THROW(prepare(log, {.min_user = 3, .min_item = 0}), Error);
  EXPECT_EQ(prepare(log, {.min_user = 3, .min_item = 0, .repeats = Repeats::keep}).num_interactions(), 4u);
}

TEST(Preparation, OrdersNumericNamesByNumberSoThatIndexPlusOneIsTheName) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "10 3 12\n2 1 2 4\n1 5 6 7 8 9 10 11\n3 1\n4 1\n5 1\n6 1\n7 1\n8 1\n9 1\n");
  const PreparedData data = prepare(read_source(folder.path(), {}), {});
  ASSERT_EQ(data.users.size(), 10u);
  ASSERT_EQ(data.items.size(), 12u);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(data.users[i].name, std::to_string(i + 1));
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(data.items[i].name, std::to_string(i + 1));
  EXPECT_EQ(data.interactions.row(9)[1], 11u);  // pod is not filtered unless asked for
  EXPECT_THROW(prepare(read_source(folder.path(), {}), {.min_user = 50}), Error);
}

TEST(Preparation, DrawsDistinctUntouchedNegativesAndAllOfThemWhereThereAreFew) {
  const PreparedData few = prepare(log_of(random_interactions(2, 8, 60, 150)), {.min_user = 1, .min_item = 1});
  const PreparedData many = prepare(log_of(random_interactions(3, 8, 400, 900)), {.min_user = 1, .min_item = 1});
  for (const PreparedData* data : {&few, &many}) {
    for (size_t user = 0; user < data->users.size(); ++user) {
      const auto touched = data->interactions.row(user);
      const auto negatives = data->negatives.row(user);
      const std::set<uint32_t> distinct(negatives.begin(), negatives.end());
      const size_t free = data->items.size() - std::set<uint32_t>(touched.begin(), touched.end()).size();
      EXPECT_EQ(negatives.size(), std::min(kNumNegatives, free));
      EXPECT_EQ(distinct.size(), negatives.size());
      for (const uint32_t item : touched) EXPECT_FALSE(distinct.contains(item));
    }
  }
}

TEST(Preparation, DrawsNegativesUniformly) {
  std::vector<RawInteraction> interactions;
  constexpr uint32_t kUsers = 2000, kItems = 200;
  for (uint32_t user = 0; user < kUsers; ++user) interactions.push_back({user, user % kItems, 0, {}});
  const PreparedData data = prepare(log_of(interactions), {.min_user = 1, .min_item = 1});
  std::vector<double> drawn(kItems);
  for (const uint32_t item : data.negatives.values) ++drawn[item];
  // Each item is free for 1,990 users, who draw 99 of 199: 990 expected, standard deviation 22.
  for (const double count : drawn) EXPECT_NEAR(count, 990, 5 * 22);
}

TEST(Preparation, DropsExplanationsOfUsersAndItemsThatVanish) {
  RawLog log = log_of({{0, 0, 1, {}}, {0, 1, 2, {}}, {1, 1, 1, {}}, {2, 1, 1, {}}, {2, 0, 2, {}}});
  log.explanations = {{2, 1, Split::test, "f", "kept"}, {1, 1, Split::train, "f", "gone"}};
  const PreparedData data = prepare(log, {.min_user = 2, .min_item = 1});
  ASSERT_EQ(data.explanations.size(), 1u);
  EXPECT_EQ(data.explanations[0].sentence, "kept");
  EXPECT_EQ(data.users[data.explanations[0].user].name, "u2");
}

TEST(Preparation, KeepsTrainingExplanationsOfHeldOutItemsFromTraining) {
  RawLog log = log_of({{0, 0, 1, {}}, {0, 1, 2, {}}, {0, 2, 3, {}}, {0, 3, 4, {}}});
  log.explanations = {{0, 0, Split::train, "f", "of a training item"},
                      {0, 2, Split::train, "f", "of the validation item"},
                      {0, 3, Split::train, "f", "of the test item"},
                      {0, 3, Split::test, "f", "where it belongs"},
                      {0, 2, Split::test, "f", "the source's own split"}};
  const PreparedData data = prepare(log, {.min_user = 0, .min_item = 0});
  std::set<std::string> kept;
  for (const Explanation& explanation : data.explanations) kept.insert(explanation.sentence);
  EXPECT_EQ(kept, (std::set<std::string>{"of a training item", "where it belongs", "the source's own split"}));
  EXPECT_EQ(data.num_explanations_of_held_out, 2u);
}

TEST(Preparation, ExplainsAGoodShareOfMusicalInstruments) {
  const auto folder = std::filesystem::path(PEAPOD_SHARED_DIR) / "data" / "musical_instruments";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the shared research data are not here: " << folder;
  const PreparedData data = prepare(read_source(folder, {}), {});
  EXPECT_EQ(data.num_interactions(), 10261u);
  EXPECT_GT(data.explanations.size(), 6000u);
  std::set<std::pair<uint32_t, uint32_t>> pairs;
  for (const Explanation& explanation : data.explanations) {
    const auto history = data.interactions.row(explanation.user);
    const auto place = std::find(history.begin(), history.end(), explanation.item);
    ASSERT_NE(place, history.end());
    EXPECT_EQ(explanation.split, split_at(static_cast<size_t>(place - history.begin()), history.size(), data.split));
    EXPECT_TRUE(pairs.insert({explanation.user, explanation.item}).second);
    const auto words = 1 + std::count(explanation.sentence.begin(), explanation.sentence.end(), ' ');
    EXPECT_GE(words, static_cast<long>(kMinExplanationWords)) << explanation.sentence;
    EXPECT_LE(words, static_cast<long>(kMaxExplanationWords)) << explanation.sentence;
    EXPECT_NE(explanation.sentence.find(explanation.feature.substr(0, explanation.feature.find(' '))),
              std::string::npos);
  }
}

TEST(Preparation, HoldsNothingOutWhereThatIsAsked) {
  RawLog log = log_of({{0, 0, 1, {}}, {0, 1, 2, {}}, {0, 2, 3, {}}, {0, 3, 4, {}}});
  log.explanations = {{0, 3, Split::test, "f", "of the test item"},
                      {0, 2, Split::train, "f", "of the validation item"}};
  const PreparedData data = prepare(log, {.min_user = 0, .min_item = 0, .split = SplitRule::none});
  EXPECT_EQ(data.train_histories()[0].size(), 4u);
  EXPECT_EQ(data.num_explanations_of_held_out, 0u);
  ASSERT_EQ(data.explanations.size(), 2u);
  for (const Explanation& one : data.explanations) EXPECT_EQ(one.split, Split::train);
}

TEST(Preparation, SaysWhatItWasGivenAndWhenThatWas) {
  // User 1 and item 4 have too little; user 0 has two interactions at once.
  RawLog log = log_of({{0, 0, 10, {}}, {0, 1, 10, {}}, {0, 2, 50, {}}, {1, 4, 99, {}}, {2, 0, 30, {}}, {2, 1, 40, {}}});
  log.reading.merged_repeats = 7;
  log.rejects = Rejects(100);
  log.rejects.begin_file("made");
  for (uint64_t line = 1; line <= 3; ++line) {
    log.rejects.begin_line(line);
    log.rejects.add("time", "expected a number, got \"" + std::to_string(line) + "x\"");
  }
  log.rejects.begin_line(4);
  log.rejects.add("", "has no item");
  const PreparedData data = prepare(log, {.min_user = 2, .min_item = 0});
  const SourceSummary& source = data.source;
  EXPECT_EQ(source.users, 3u);
  EXPECT_EQ(source.items, 5u);
  EXPECT_EQ(source.interactions, 6u);
  EXPECT_EQ(source.merged_repeats, 7u);
  EXPECT_EQ(source.rejected_lines, 4u);
  ASSERT_EQ(source.rejects.size(), 2u);
  EXPECT_EQ(source.rejects[0].reason, "time: expected a number");
  EXPECT_EQ(source.rejects[0].lines, 3u);
  EXPECT_EQ(source.rejects[1].reason, "has no item");
  ASSERT_TRUE(source.times.has_value());
  EXPECT_EQ(source.times->first, 10);
  EXPECT_EQ(source.times->last, 50) << "of what was kept";
  EXPECT_EQ(source.times->ties, 2u);
  ASSERT_EQ(source.times->histogram.size(), kTimeParts);
  EXPECT_EQ(source.times->histogram.front(), 2u);
  EXPECT_EQ(source.times->histogram.back(), 1u);
  EXPECT_EQ(source.times->histogram[kTimeParts / 2], 1u);
  log.has_times = false;
  EXPECT_FALSE(prepare(log, {.min_user = 2, .min_item = 0}).source.times.has_value());
}

}  // namespace
}  // namespace peapod
