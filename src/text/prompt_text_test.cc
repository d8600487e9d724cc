#include "text/prompt_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

const std::filesystem::path kT5Vocabulary = std::filesystem::path(PEAPOD_SHARED_DIR) / "t5" / "spiece.model";
constexpr uint32_t kNumUsers = 1000;
constexpr uint32_t kNumItems = 500;

const Tokenizer& small_tokenizer() {
  static const Tokenizer tokenizer =
      Tokenizer::from_bytes(train_vocabulary({"a small shop sells things"}, 1100), "test");
  return tokenizer;
}

ItemIds numeric_ids() {
  ItemIds ids;
  ids.scheme = IdScheme::random;
  ids.numbers.resize(kNumItems);
  std::iota(ids.numbers.begin(), ids.numbers.end(), 1);
  Random(5).shuffle(ids.numbers);
  return ids;
}

ItemIds collaborative_ids() {
  ItemIds ids;
  ids.scheme = IdScheme::collaborative;
  ids.level_sizes = {4, 16, 8};
  for (uint16_t item = 0; item < kNumItems; ++item) {
    for (const int part : {item % 4, item / 4 % 16, item / 64}) ids.codes.push_back(static_cast<uint16_t>(part));
  }
  return ids;
}

std::vector<int32_t> copy_of(std::span<const int32_t> tokens) { return {tokens.begin(), tokens.end()}; }

// The whole text that a template stands for, with items as numbers: what the pieces must add up to.
std::string filled(const Template& wording, uint32_t user, std::span<const uint32_t> items, const ItemIds& ids) {
  std::string text;
  const auto add = [&text](const std::string& words) { text += (text.empty() ? "" : " ") + words; };
  for (const TemplatePart& part : wording) {
    if (part.slot == Slot::none) add(part.text);
    if (part.slot == Slot::user) add("user_" + std::to_string(user == kUnknownUser ? 0 : user + 1));
    if (part.slot == Slot::items) {
      for (const uint32_t item : items) add("item_" + std::to_string(ids.numbers[item]));
    }
  }
  return text;
}

// The tokens with those of each user or item span sorted. Two ways to cut a number may use the same pieces ("11|1" and
// "1|11" of 111), so score the same but for rounding, which depends on the text before: either is right.
std::vector<int32_t> tie_broken(std::vector<int32_t> tokens, std::span<const int32_t> whole_word) {
  if (tokens.size() != whole_word.size()) return tokens;
  for (size_t start = 0, end = 0; start < tokens.size(); start = end) {
    while (end < tokens.size() && whole_word[end] == whole_word[start]) ++end;
    if (whole_word[start] == 0) continue;
    std::sort(tokens.begin() + static_cast<std::ptrdiff_t>(start), tokens.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return tokens;
}

std::vector<uint32_t> some_items(Random& random, size_t count) {
  std::vector<uint32_t> items(count);
  for (uint32_t& item : items) item = static_cast<uint32_t>(random.below(kNumItems));
  return items;
}

TEST(Templates, EachTaskHasEnoughWordingsThatAllDiffer) {
  EXPECT_GE(templates_of(Task::sequential).size(), 6u);
  EXPECT_GE(templates_of(Task::topn).size(), 5u);
  EXPECT_GE(templates_of(Task::explanation).size(), 6u);
  const ItemIds ids = numeric_ids();
  const uint32_t items[] = {1, 2};
  std::set<std::string> texts;
  size_t count = 0;
  for (const Task task : kTasks) {
    for (const Template& wording : templates_of(task)) {
      if (count++ == 0 || &wording != &templates_of(task)[0]) texts.insert(filled(wording, 0, items, ids));
    }
    EXPECT_EQ(filled(templates_of(task)[0], 0, items, ids),
              "user_1 item_" + std::to_string(ids.numbers[1]) + " item_" + std::to_string(ids.numbers[2]));
  }
  EXPECT_EQ(texts.size(), count - 2) << "the bare form is shared by the three tasks, no other is";
}

TEST(Templates, EachWordingHasOneUserAndOnePlaceForItemsAndIsShort) {
  for (const Task task : kTasks) {
    for (const Template& wording : templates_of(task)) {
      size_t slots[3] = {};
      size_t words = 0;
      for (const TemplatePart& part : wording) {
        ++slots[static_cast<size_t>(part.slot)];
        if (part.slot != Slot::none) continue;
        ASSERT_FALSE(part.text.empty());
        EXPECT_NE(part.text.front(), ' ');
        EXPECT_NE(part.text.back(), ' ');
        words += 1 + static_cast<size_t>(std::count(part.text.begin(), part.text.end(), ' '));
      }
      EXPECT_EQ(slots[static_cast<size_t>(Slot::user)], 1u);
      EXPECT_EQ(slots[static_cast<size_t>(Slot::items)], 1u);
      EXPECT_LE(words, 6u);
    }
  }
}

TEST(IdTokens, CollaborativeCodesStandAfterTheVocabularyLevelByLevel) {
  const Tokenizer& tokenizer = small_tokenizer();
  const IdTokens tokens(tokenizer, collaborative_ids(), kNumUsers);
  const int32_t base = tokenizer.size();
  EXPECT_EQ(tokens.num_items(), kNumItems);
  EXPECT_EQ(tokens.vocabulary_size(), base + 1 + 4 + 16 + 8);
  const uint32_t item = 3 + 4 * 5 + 64 * 6;  // code 3, 5, 6
  EXPECT_EQ(copy_of(tokens.item_output(item)),
            (std::vector<int32_t>{base + 1 + 3, base + 1 + 4 + 5, base + 1 + 4 + 16 + 6}));
  EXPECT_EQ(copy_of(tokens.item_input(item)),
            (std::vector<int32_t>{base, base + 1 + 3, base + 1 + 4 + 5, base + 1 + 4 + 16 + 6}));
  EXPECT_EQ(copy_of(tokens.item_output(kNumItems - 1)).size(), 3u);
}

TEST(IdTokens, NumbersAreTokenisedAlone) {
  const Tokenizer& tokenizer = small_tokenizer();
  const ItemIds ids = numeric_ids();
  const IdTokens tokens(tokenizer, ids, kNumUsers);
  EXPECT_EQ(tokens.vocabulary_size(), tokenizer.size());
  for (const uint32_t item : {0u, 17u, kNumItems - 1}) {
    const std::string number = std::to_string(ids.numbers[item]);
    EXPECT_EQ(copy_of(tokens.item_input(item)), tokenizer.encode("item_" + number));
    EXPECT_EQ(copy_of(tokens.item_output(item)), tokenizer.encode(number));
  }
}

TEST(IdTokens, UsersAreNumberedFromOneAndTheUnknownOneIsZero) {
  const Tokenizer& tokenizer = small_tokenizer();
  for (const ItemIds& ids : {numeric_ids(), collaborative_ids()}) {
    const IdTokens tokens(tokenizer, ids, kNumUsers);
    EXPECT_EQ(copy_of(tokens.user(0)), tokenizer.encode("user_1"));
    EXPECT_EQ(copy_of(tokens.user(kNumUsers - 1)), tokenizer.encode("user_1000"));
    EXPECT_EQ(copy_of(tokens.user(kUnknownUser)), tokenizer.encode("user_0"));
  }
}

TEST(PromptWriter, PiecesAddUpToTheTokensOfTheWholeText) {
  if (!std::filesystem::exists(kT5Vocabulary)) GTEST_SKIP() << "no T5 vocabulary at " << kT5Vocabulary;
  const Tokenizer tokenizer = Tokenizer::load(kT5Vocabulary);
  const ItemIds ids = numeric_ids();
  const IdTokens tokens(tokenizer, ids, kNumUsers);
  const PromptWriter writer(tokenizer, tokens);
  Random random(9);
  for (const Task task : kTasks) {
    for (size_t which = 0; which < templates_of(task).size(); ++which) {
      for (int round = 0; round < 50; ++round) {
        const size_t most = task == Task::explanation ? 1 : task == Task::topn ? 100 : kMaxHistory;
        const std::vector<uint32_t> items = some_items(random, 1 + random.below(most));
        const auto user = round == 0 ? kUnknownUser : static_cast<uint32_t>(random.below(kNumUsers));
        std::vector<int32_t> whole = tokenizer.encode(filled(templates_of(task)[which], user, items, ids));
        whole.push_back(kEndId);
        const PromptText text = writer.write(task, which, user, items);
        ASSERT_EQ(tie_broken(text.tokens, text.whole_word), tie_broken(whole, text.whole_word))
            << name_of(task) << ' ' << which;
      }
    }
  }
}

TEST(PromptWriter, WholeWordsCountTheSpansInOrderOfAppearance) {
  const IdTokens tokens(small_tokenizer(), numeric_ids(), kNumUsers);
  const PromptWriter writer(small_tokenizer(), tokens);
  const std::vector<uint32_t> items = {7, 7, 320};
  for (const Task task : {Task::sequential, Task::topn}) {
    for (size_t which = 0; which < templates_of(task).size(); ++which) {
      std::vector<int32_t> expected;
      int32_t span = 0;
      for (const TemplatePart& part : templates_of(task)[which]) {
        if (part.slot == Slot::none) expected.resize(expected.size() + small_tokenizer().encode(part.text).size(), 0);
        if (part.slot == Slot::user) expected.resize(expected.size() + tokens.user(41).size(), ++span);
        if (part.slot == Slot::items) {
          for (const uint32_t item : items) expected.resize(expected.size() + tokens.item_input(item).size(), ++span);
        }
      }
      expected.push_back(0);
      const PromptText text = writer.write(task, which, 41, items);
      ASSERT_EQ(text.whole_word, expected) << name_of(task) << ' ' << which;
      ASSERT_EQ(text.tokens.size(), text.whole_word.size());
      ASSERT_EQ(*std::max_element(expected.begin(), expected.end()), 4);
    }
  }
}

TEST(PromptWriter, AHistoryKeepsItsLastItemsAndCandidatesAllOfThem) {
  const IdTokens tokens(small_tokenizer(), collaborative_ids(), kNumUsers);
  const PromptWriter writer(small_tokenizer(), tokens);
  std::vector<uint32_t> items(100);
  std::iota(items.begin(), items.end(), 0);
  const std::span<const uint32_t> last = std::span(items).last(kMaxHistory);
  for (size_t which = 0; which < templates_of(Task::sequential).size(); ++which) {
    EXPECT_EQ(writer.write(Task::sequential, which, 0, items).tokens,
              writer.write(Task::sequential, which, 0, last).tokens);
  }
  const PromptText topn = writer.write(Task::topn, 0, 0, items);
  EXPECT_EQ(topn.tokens.size(), tokens.user(0).size() + 4 * items.size() + 1);
  EXPECT_EQ(topn.whole_word[topn.whole_word.size() - 2], 101);
}

}  // namespace
}  // namespace peapod
