#include "eval/html/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "eval/ranking.h"

namespace peapod::html {
namespace {

ProtocolRanks made_ranks(size_t num_users, uint64_t seed) {
  Random random(seed);
  ProtocolRanks ranks;
  for (size_t user = 0; user < num_users; ++user) {
    ranks.full.push_back(random.uniform() < 0.3 ? kNotRanked : static_cast<uint32_t>(random.below(12)));
    ranks.sampled99.push_back(static_cast<uint32_t>(random.below(12)));
    ranks.recommended.push_back({static_cast<uint32_t>(random.below(5)), 5});
  }
  return ranks;
}

PageContents made_contents() {
  PageContents contents;
  contents.model = "a <model>";
  contents.dataset = "shop & \"sons\"";
  contents.num_items = 6;
  contents.split = "test";
  contents.notes = {"measured with <care>"};
  contents.population.popularity = {3, 1, 0, 5, 7, 2};
  for (uint32_t user = 0; user < 30; ++user) {
    contents.population.users.push_back(user);
    contents.population.history_lengths.push_back(user);
    contents.population.targets.push_back(user % 6);
    contents.population.target_popularities.push_back(contents.population.popularity[user % 6]);
  }
  contents.methods = {{.name = "a <model>", .how = "it is evaluated.", .ranks = made_ranks(30, 1)},
                      {.name = "item-kNN", .how = "neighbours.", .ranks = made_ranks(30, 2)}};
  contents.explanations = {{"explanation.bleu4", 0.04}, {"explanation.distinct", 0.5}};
  contents.sentence = {{"explanation.bleu4", 0.03}};
  contents.training = {
      {.step = 10, .minutes = 0.1, .loss = 3, .best = true, .metrics = {{"sequential.full.ndcg@10", 0.1}}},
      {.step = 20, .minutes = 0.2, .loss = 2, .best = false, .metrics = {{"sequential.full.ndcg@10", 0.09}}}};
  SampleUser user;
  user.name = "<script>alert(1)</script>";
  user.history = {"tent <2 persons>"};
  user.history_length = 9;
  user.target = "lamp & oil";
  user.recommended = {
      {.name = "lamp & oil", .score = -1.5f, .is_target = true, .recalled_at = 0, .recalled_score = 0.5f},
      {.name = "\"mat\"", .score = -2.5f}};
  user.prompts = {{.prompt = 4, .weight = 0.3, .everybody = 0.05}};
  contents.users = {user};
  return contents;
}

// Every element that opens closes, in order. Empty where that is so; else what is wrong.
std::string imbalance(const std::string& page) {
  const std::set<std::string> empty_elements = {"meta", "line", "rect"};
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::string tag = page.substr(at + 1, page.find('>', at) - at - 1);
    const bool closes = tag.starts_with('/');
    const size_t begin = closes ? 1 : 0;
    const auto is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    const auto end = std::find_if_not(tag.begin() + static_cast<ptrdiff_t>(begin), tag.end(), is_letter);
    const std::string name(tag.begin() + static_cast<ptrdiff_t>(begin), end);
    if (name.empty() || tag.ends_with('/') || empty_elements.contains(name)) continue;  // no element, or one by itself
    if (!closes) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back() + " stays open";
}

TEST(Page, IsOneDocumentThatFetchesNothingAndRunsNothing) {
  const std::string text = page(made_contents());
  EXPECT_TRUE(text.starts_with("<!DOCTYPE html>"));
  for (const char* part : {"http:", "https:", "src=", "<script", "@import", "url(", "<link", "javascript"}) {
    EXPECT_EQ(text.find(part), std::string::npos) << part;
  }
  EXPECT_NE(text.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_EQ(imbalance(text), "");
}

TEST(Page, EscapesEveryName) {
  const std::string text = page(made_contents());
  for (const char* raw : {"<script", "a <model>", "<care>", "<2 persons>", "lamp & oil", "& \"sons\"", "\"mat\""}) {
    EXPECT_EQ(text.find(raw), std::string::npos) << raw;
  }
  for (const char* shown : {"&lt;script&gt;alert(1)&lt;/script&gt;", "a &lt;model&gt;", "lamp &amp; oil",
                            "shop &amp; &quot;sons&quot;", "tent &lt;2 persons&gt;", "&quot;mat&quot;"}) {
    EXPECT_NE(text.find(shown), std::string::npos) << shown;
  }
}

TEST(Page, HasASectionForEachThingThatWasMeasured) {
  const std::string text = page(made_contents());
  for (const char* part :
       {"At a glance", "All metrics", "Differences, user by user", "Explanations", "For whom it works",
        "By the length of the history", "By the popularity of the target", "Training", "1 user, drawn",
        "How this was measured", "HR@10", "MRR@10", "p = ", "recommended at 1", "8 earlier", "Strongest shared prompts",
        "everybody 5 %", "−1.50", "test split · 30 users · 6 items"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Page, LeavesOutWhatIsNotThere) {
  PageContents contents = made_contents();
  contents.methods.resize(1);
  contents.methods[0].ranks.full.clear();
  contents.methods[0].ranks.recommended.clear();
  contents.explanations.clear();
  contents.training.clear();
  contents.users.clear();
  const std::string text = page(contents);
  for (const char* part : {"Differences", "Explanations", ">Training<", "users, drawn", "Next item", "Leaking"}) {
    EXPECT_EQ(text.find(part), std::string::npos) << part;
  }
  EXPECT_NE(text.find("Target among 99 negatives"), std::string::npos);
  EXPECT_EQ(imbalance(text), "");
  contents.leaking_ids = true;
  EXPECT_NE(page(contents).find("Leaking ids"), std::string::npos);
}

TEST(Page, IsTheSameForTheSameFigures) { EXPECT_EQ(page(made_contents()), page(made_contents())); }

}  // namespace
}  // namespace peapod::html
