#include "model/question.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "support/small_model.h"

namespace peapod {
namespace {

using Items = std::vector<uint32_t>;

constexpr uint32_t kUser = 6;  // of seven interactions: five for training

Items items_of(std::span<const uint32_t> items) { return {items.begin(), items.end()}; }

// The items that a text shows, in catalogue order.
Items shown_in(const PeapodModel& model, const PromptText& text) {
  Items shown;
  for (uint32_t item = 0; item < model.ids().num_items(); ++item) {
    if (!std::ranges::search(text.tokens, model.ids().item_input(item)).empty()) shown.push_back(item);
  }
  return shown;
}

Items sorted(std::span<const uint32_t> items) {
  const std::set<uint32_t> distinct(items.begin(), items.end());
  return {distinct.begin(), distinct.end()};
}

Items allowed_by(const Allowed& allowed, uint32_t num_items) {
  Items items;
  for (uint32_t item = 0; item < num_items; ++item) {
    if (allowed.contains(item)) items.push_back(item);
  }
  return items;
}

Items all_but(std::span<const uint32_t> left_out) {
  Items items;
  for (uint32_t item = 0; item < SmallModel::kItems; ++item) {
    if (std::ranges::find(left_out, item) == left_out.end()) items.push_back(item);
  }
  return items;
}

// One row of the table of rules: what a situation knows, and what each task makes of that.
struct Situation {
  std::string name;
  Known known;
  Items expected;  // what is known, oldest first
};

std::vector<Situation> situations(const Dataset& data, uint32_t user) {
  const auto history = data.history(user);
  const auto first = [&](size_t count) { return items_of(history.first(count)); };
  const size_t n = history.size();
  return {
      {"training, third item", known_before(data, user, 2), first(2)},
      {"training", known_in_training(data, user), first(n - 2)},
      {"evaluation, validation", known_in_evaluation(data, user, Split::valid), first(n - 2)},
      {"evaluation, test", known_in_evaluation(data, user, Split::test), first(n - 1)},
      {"use", known_in_use(data, user), first(n)},
  };
}

TEST(Known, IsWhatPrecedesTheTargetInEachSituation) {
  SmallModel small;
  for (const Situation& situation : situations(small.data(), kUser)) {
    EXPECT_EQ(items_of(situation.known.items), situation.expected) << situation.name;
    EXPECT_EQ(situation.known.text_user, kUser) << situation.name;
    EXPECT_EQ(situation.known.known_as, kUser) << situation.name;
  }
}

TEST(Known, IsEverythingOfAUserWhoIsNotEvaluated) {
  SmallModel small({.interactions = 2});
  for (const Split split : {Split::valid, Split::test}) {
    EXPECT_EQ(items_of(known_in_evaluation(small.data(), 3, split).items), items_of(small.data().history(3)));
  }
}

// Task x situation: what the text shows, what the personal prompt is made of, what may be answered.
TEST(Question, FollowsTheRulesOfItsTaskInEverySituation) {
  SmallModel small;
  const Items candidates = {19, small.data().history(kUser).front(), 15, 12};
  const uint32_t item = small.data().history(kUser)[1];
  for (const Situation& situation : situations(small.data(), kUser)) {
    SCOPED_TRACE(situation.name);
    const auto expect = [&](const char* task, const Question& question, const Items& shown, const Items& profile,
                            const Items& allowed) {
      EXPECT_EQ(shown_in(*small, question.input.text), sorted(shown)) << task;
      EXPECT_EQ(question.input.user.vector, small->see(kUser, profile).vector) << task;
      EXPECT_EQ(allowed_by(question.allowed, SmallModel::kItems), allowed) << task;
      EXPECT_FALSE(std::ranges::search(question.input.text.tokens, small->ids().user(kUser)).empty()) << task;
    };
    const Items& known = situation.expected;
    Items without_candidates = known, without_item = known;
    std::erase(without_candidates, candidates[1]);
    std::erase(without_item, item);
    expect("next item", ask_next_item(*small, situation.known), known, known, all_but(known));
    expect("next item, seen too", ask_next_item(*small, situation.known, {.include_seen = true}), known, known,
           all_but({}));
    expect("ranking", ask_ranking(*small, situation.known, candidates), candidates, without_candidates,
           sorted(candidates));
    expect("explanation", ask_explanation(*small, situation.known, item), {item}, without_item, all_but({}));
  }
}

TEST(Question, IsTheSameInTrainingEvaluationAndUseFromTheSameKnowledge) {
  SmallModel small;
  const Dataset& data = small.data();
  const auto train = data.train_items(kUser);
  const Known same[] = {known_in_training(data, kUser), known_in_evaluation(data, kUser, Split::valid),
                        Known{.text_user = kUser, .known_as = kUser, .items = train}};
  const Items candidates = {1, train.back(), 18};
  const std::function<Question(const Known&)> tasks[] = {
      [&](const Known& who) { return ask_next_item(*small, who); },
      [&](const Known& who) { return ask_ranking(*small, who, candidates); },
      [&](const Known& who) { return ask_explanation(*small, who, train.front()); }};
  for (const auto& ask : tasks) {
    const Question first = ask(same[0]);
    for (const Known& who : same) {
      const Question question = ask(who);
      EXPECT_EQ(question.input.text.tokens, first.input.text.tokens);
      EXPECT_EQ(question.input.text.whole_word, first.input.text.whole_word);
      EXPECT_EQ(question.input.user.vector, first.input.user.vector);
      EXPECT_EQ(allowed_by(question.allowed, SmallModel::kItems), allowed_by(first.allowed, SmallModel::kItems));
    }
  }
}

TEST(Question, AllowsAndRecallsKnownItemsWhereRepeatsAreKept) {
  SmallModelOptions options = kAsTrained;
  options.repeats = Repeats::keep;
  options.recall_settings.repeats = 1;
  SmallModel small(options);
  const Known who = known_in_use(small.data(), kUser);
  const uint32_t known = who.items.front();
  ASSERT_GT(std::ranges::count(who.items, known), 1);
  const Question question = ask_next_item(*small, who);
  EXPECT_EQ(allowed_by(question.allowed, SmallModel::kItems).size(), SmallModel::kItems);
  EXPECT_NE(std::ranges::find(question.recalled, known, &RecalledItem::item), question.recalled.end());
  EXPECT_FALSE(ask_next_item(*small, who, {.include_seen = false}).allowed.contains(known));
  // A candidate stays among what is known: how often it was had is what speaks for it.
  const Question ranking = ask_ranking(*small, who, Items{known, 19});
  EXPECT_EQ(ranking.input.history.size(), who.items.size());
  ASSERT_FALSE(ranking.recalled.empty());
  EXPECT_EQ(ranking.recalled.front().item, known);
  EXPECT_FLOAT_EQ(ranking.recalled.front().repeats, 1.0f);

  SmallModel merging(kAsTrained);
  const Known of_merging = known_in_use(merging.data(), kUser);
  EXPECT_FALSE(ask_next_item(*merging, of_merging).allowed.contains(of_merging.items.front()));
  EXPECT_TRUE(ask_next_item(*merging, of_merging, {.include_seen = true}).allowed.contains(of_merging.items.front()));
}

TEST(Question, KeepsToTheItemsThatTheRequestAllows) {
  SmallModel small;
  const Known who = known_in_use(small.data(), kUser);
  const Items odd = {1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
  const Items known = items_of(who.items);
  Items odd_and_new;
  std::ranges::copy_if(odd, std::back_inserter(odd_and_new),
                       [&](uint32_t item) { return std::ranges::find(known, item) == known.end(); });
  const AskOptions options{.allowed = {.only = odd}};
  EXPECT_EQ(allowed_by(ask_next_item(*small, who, options).allowed, SmallModel::kItems), odd_and_new);
  const Question ranking = ask_ranking(*small, who, Items{4, 9, 19, 9, 2}, options);
  EXPECT_EQ(allowed_by(ranking.allowed, SmallModel::kItems), (Items{9, 19}));
  EXPECT_EQ(shown_in(*small, ranking.input.text), (Items{9, 19})) << "what is not allowed is not shown";
  EXPECT_EQ(std::ranges::max(ranking.input.text.whole_word), 3) << "the user and two candidates, each once";
  EXPECT_TRUE(allowed_by(ask_ranking(*small, who, Items{2, 4}, options).allowed, SmallModel::kItems).empty());
}

TEST(Question, CarriesItsSizes) {
  SmallModel small;
  const Known who = known_in_use(small.data(), kUser);
  const AskOptions options{.n = 7, .beams = 11};
  for (const Question& question : {ask_next_item(*small, who, options), ask_ranking(*small, who, Items{1}, options)}) {
    EXPECT_EQ(question.n, 7u);
    EXPECT_EQ(question.beams, 11u);
  }
}

TEST(Question, RefusesMoreCandidatesThanTheModelCanTellApart) {
  SmallModel small;
  const Known who = known_in_use(small.data(), kUser);
  // Numbers that stand for no item would do for the refusal: the count is what is refused.
  Items candidates(small->network().config().num_whole_words - 1);
  std::iota(candidates.begin(), candidates.end(), 0u);
  EXPECT_THROW(ask_ranking(*small, who, candidates), Error);
  // As many as there is room for, were there such items: all that are not allowed do not count.
  Items all(SmallModel::kItems);
  std::iota(all.begin(), all.end(), 0u);
  EXPECT_NO_THROW(ask_ranking(*small, who, candidates, {.allowed = {.only = all}}));
}

// A user whose name is hidden is known as themselves all the same, and the other way round.
TEST(Question, TellsWhoIsNamedFromWhoIsKnown) {
  SmallModel small({.composer = kSimilarUsers});
  Known hidden = known_in_training(small.data(), kUser);
  hidden.text_user = kUnknownUser;
  Known named = hidden;
  std::swap(named.text_user, named.known_as);
  for (const auto& ask : std::vector<std::function<Question(const Known&)>>{
           [&](const Known& who) { return ask_next_item(*small, who); },
           [&](const Known& who) {
             return ask_ranking(*small, who, Items{19, 1});
           },
           [&](const Known& who) { return ask_explanation(*small, who, 19); }}) {
    const ModelInput of_hidden = ask(hidden).input, of_named = ask(named).input;
    EXPECT_TRUE(std::ranges::search(of_hidden.text.tokens, small->ids().user(kUser)).empty());
    EXPECT_FALSE(std::ranges::search(of_named.text.tokens, small->ids().user(kUser)).empty());
    EXPECT_EQ(std::ranges::find(of_hidden.user.neighbours, kUser), of_hidden.user.neighbours.end());
    // Nobody is nearer to a vector than the user whose it is.
    EXPECT_NE(std::ranges::find(of_named.user.neighbours, kUser), of_named.user.neighbours.end());
  }
}

TEST(Question, HasTheStaticVectorOfATrainingUserWhateverIsAskedAbout) {
  SmallModel small({.static_user_vectors = true});
  const Known who = known_before(small.data(), kUser, 2);
  const auto all = small->see(kUser, {}).vector;
  EXPECT_EQ(ask_next_item(*small, who).input.user.vector, all);
  EXPECT_EQ(ask_ranking(*small, who, who.items).input.user.vector, all);
  EXPECT_EQ(ask_explanation(*small, who, who.items.front()).input.user.vector, all);
}

TEST(Question, ShowsItemsAsVectorsWithWhatIsRecalledBesideTheHistory) {
  SmallModel small(kAsTrained);
  const Known who = known_in_use(small.data(), kUser);
  const Question next = ask_next_item(*small, who);
  EXPECT_TRUE(next.input.text.tokens.empty());
  ASSERT_EQ(next.input.history.size(), who.items.size());
  ASSERT_EQ(next.input.beside.size(), std::min(next.recalled.size(), kShownRecalled));
  for (size_t i = 0; i < who.items.size(); ++i) {
    EXPECT_EQ(next.input.history[i].tokens.data(), small->ids().item_output(who.items[i]).data());
  }
  for (size_t i = 0; i < next.input.beside.size(); ++i) {
    EXPECT_EQ(next.input.beside[i].tokens.data(), small->ids().item_output(next.recalled[i].item).data());
  }
  // Candidates in their order; one that is known is not in the history that is shown.
  const Items candidates = {19, who.items.front(), 15};
  const Question ranking = ask_ranking(*small, who, candidates);
  EXPECT_EQ(ranking.input.history.size(), who.items.size() - 1);
  ASSERT_EQ(ranking.input.beside.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ranking.input.beside[i].tokens.data(), small->ids().item_output(candidates[i]).data());
  }
  const Items everything(who.items.begin(), who.items.end());
  EXPECT_TRUE(ask_ranking(*small, who, everything).input.history.empty());
}

TEST(Question, ShowsWhatComesToMindFirstWhateverMayBeAnswered) {
  SmallModel small(kAsTrained);
  const Known who = known_in_use(small.data(), kUser);
  const Question all = ask_next_item(*small, who);
  ASSERT_GT(all.recalled.size(), 2u);
  const uint32_t last = all.recalled.back().item;
  const Question filtered = ask_next_item(*small, who, {.allowed = {.only = Items{last}}});
  EXPECT_EQ(filtered.input.beside, all.input.beside);
  ASSERT_EQ(filtered.recalled.size(), 1u);
  EXPECT_EQ(filtered.recalled[0].item, last);
  EXPECT_EQ(filtered.recalled[0].mass, all.recalled.back().mass);
  EXPECT_EQ(filtered.appraised, all.appraised);
  EXPECT_EQ(filtered.input.appraised, all.input.appraised);
}

TEST(Question, HasTheNetworkAppraiseWhatIsRecalledOrTheCandidates) {
  SmallModel small(kAsTrained);
  const Known who = known_before(small.data(), kUser, 3);
  const Question next = ask_next_item(*small, who);
  ASSERT_EQ(next.input.appraised.size(), next.recalled.size()) << "few are recalled";
  ASSERT_EQ(next.appraised.size(), next.recalled.size());
  for (size_t i = 0; i < next.recalled.size(); ++i) {
    EXPECT_EQ(next.appraised[i], next.recalled[i].item);
    EXPECT_EQ(next.input.appraised[i], recalled_marks(i, next.recalled[i], next.recalled.front().score));
  }
  const Items candidates = {19, 15, 12};
  const Question ranking = ask_ranking(*small, who, candidates);
  EXPECT_EQ(ranking.appraised, candidates);
  ASSERT_EQ(ranking.input.appraised.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(ranking.input.appraised[i], ranking.input.beside[i].marks);
  for (const SmallModelOptions& options : {SmallModelOptions{.recalls = kInSearch}, SmallModelOptions{}}) {
    EXPECT_TRUE(ask_next_item(*SmallModel(options), who).input.appraised.empty());
    EXPECT_TRUE(ask_ranking(*SmallModel(options), who, candidates).input.appraised.empty());
  }
}

// What the user themselves did is no popularity in training, where one of their items is the answer.
TEST(Question, MarksPopularityWithoutTheUsersOwnPartInTraining) {
  SmallModel small(kAsTrained);
  const auto history = small.data().train_items(kUser);
  const Items candidates = {history.back(), 19};
  const auto mark = [&](const Known& who) {
    return ask_ranking(*small, who, candidates).input.appraised[0].popularity;
  };
  const uint32_t others = small->recall()->popularity(candidates[0], history);
  EXPECT_EQ(others + 1, small->recall()->popularity(candidates[0], {}));
  EXPECT_EQ(mark(known_in_training(small.data(), kUser)), unrecalled_marks(others).popularity);
  EXPECT_EQ(mark(known_in_evaluation(small.data(), kUser, Split::valid)), unrecalled_marks(others + 1).popularity);
}

TEST(Question, CarriesWhatTheKnownItemsBringToMind) {
  SmallModel small({.recalls = kInSearch});
  const auto items_in = [](const std::vector<RecalledItem>& recalled) {
    Items items;
    for (const RecalledItem& one : recalled) items.push_back(one.item);
    return items;
  };
  for (const Situation& situation : situations(small.data(), kUser)) {
    SCOPED_TRACE(situation.name);
    const Items candidates = {situation.expected.front(), 19};
    Items without_candidates = situation.expected;
    std::erase(without_candidates, candidates[0]);
    EXPECT_EQ(items_in(ask_next_item(*small, situation.known).recalled),
              items_in(small->recall()->recall(situation.expected, {.left_out = situation.known.left_out})));
    EXPECT_EQ(items_in(ask_ranking(*small, situation.known, candidates).recalled),
              items_in(small->recall()->recall(without_candidates,
                                               {.left_out = situation.known.left_out, .among = candidates})));
  }
  EXPECT_TRUE(ask_next_item(*SmallModel(), known_in_use(small.data(), kUser)).recalled.empty());
}

TEST(Question, OfNobodyAboutNothingNamesNeitherUserNorItem) {
  SmallModel small;
  const Question generic = ask_generic_explanation(*small);
  EXPECT_TRUE(shown_in(*small, generic.input.text).empty());
  EXPECT_FALSE(std::ranges::search(generic.input.text.tokens, small->ids().user(kUnknownUser)).empty());
  EXPECT_EQ(generic.input.user.vector, small->see(kUnknownUser, {}).vector);
}

}  // namespace
}  // namespace peapod
