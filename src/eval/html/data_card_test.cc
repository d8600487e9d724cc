#include "eval/html/data_card.h"

#include <gtest/gtest.h>

#include <string>

#include "data/preparation.h"
#include "support/scratch_folder.h"

namespace peapod::html {
namespace {

RawLog made_log(bool has_times) {
  RawLog log;
  log.name = "shop & <sons>";
  log.format = SourceFormat::csv;
  log.has_times = has_times;
  for (uint32_t user = 0; user < 20; ++user) log.users.push_back({"user <" + std::to_string(user) + ">", {}});
  for (uint32_t item = 0; item < 12; ++item) {
    log.items.push_back({"item " + std::to_string(item), {}, item == 3 ? "lamp & <oil>" : "", {"A & B"}});
  }
  for (uint32_t user = 0; user < 20; ++user) {
    for (uint32_t step = 0; step < 2 + user % 5; ++step) {
      log.interactions.push_back({user, (user + step) % 12, 1.5e9 + 86400.0 * (user + step), {}});
    }
  }
  log.explanations = {{0, 0, Split::train, "lamp", "the <lamp> is fine"}};
  log.rejects = Rejects(100);
  log.rejects.begin_file("made");
  log.rejects.begin_line(1);
  log.rejects.add("time", "expected a <date>, got \"x\"");
  return log;
}

ItemIds made_ids() {
  ItemIds ids;
  ids.scheme = IdScheme::random;
  for (uint32_t item = 0; item < 12; ++item) ids.numbers.push_back((item * 5 + 3) % 12 + 1);
  return ids;
}

std::string card_of(const RawLog& log, SplitRule split = SplitRule::leave_one_out) {
  const ScratchFolder folder;
  write_dataset(folder.path() / "data", prepare(log, {.min_user = 0, .min_item = 0, .split = split}), made_ids());
  return data_card(Dataset::open(folder.path() / "data"));
}

TEST(DataCard, ShowsWhatIsKnownOfTheData) {
  const std::string card = card_of(made_log(true));
  EXPECT_TRUE(card.starts_with("<!DOCTYPE html>"));
  for (const char* part :
       {"shop &amp; &lt;sons&gt;", "<b>80</b> interactions", "<b>20</b> users", "<b>12</b> items", "Histories",
        "Popularity", "Over time", "2017-07-14", "lines rejected", "time: expected a &lt;date&gt;",
        "interactions that repeat a user and item", "the &lt;lamp&gt; is fine", "lamp &amp; &lt;oil&gt;", "A &amp; B",
        "6 users, drawn by a fixed seed", "<small>test</small>", "No leak found"}) {
    EXPECT_NE(card.find(part), std::string::npos) << part;
  }
  for (const char* raw :
       {"<sons>", "<date>", "<lamp>", "<oil>", "user <", "http:", "https:", "<script", "url(", "nan"}) {
    EXPECT_EQ(card.find(raw), std::string::npos) << raw;
  }
  EXPECT_EQ(card, card_of(made_log(true)));
}

// 80 interactions of 20 users and 12 items; in the second log all of them twice.
TEST(DataCard, CountsAPairOnce) {
  RawLog log = made_log(true);
  EXPECT_NE(card_of(log).find("33 % of all pairs"), std::string::npos);
  const std::vector<RawInteraction> once = log.interactions;
  log.interactions.insert(log.interactions.end(), once.begin(), once.end());
  EXPECT_NE(card_of(log).find("33 % of all pairs"), std::string::npos);
}

TEST(DataCard, LeavesOutWhatIsNotThere) {
  RawLog log = made_log(false);
  log.explanations.clear();
  log.rejects = Rejects(100);
  const std::string card = card_of(log, SplitRule::none);
  for (const char* part : {"Over time", "Why lines were rejected", "Explanations", "<small>test</small>", "max+1"}) {
    EXPECT_EQ(card.find(part), std::string::npos) << part;
  }
  for (const char* part : {"nothing is held out", "the order of the source counts", "NOTHING TO TEST"}) {
    EXPECT_NE(card.find(part), std::string::npos) << part;
  }
}

TEST(DataCard, IsMadeOfTheSmallestDataSet) {
  RawLog log;
  log.name = "one";
  log.has_times = true;
  log.users.push_back({"u", {}});
  log.items.push_back({"i", {}, {}, {}});
  log.interactions.push_back({0, 0, 5, {}});
  const ScratchFolder folder;
  ItemIds ids;
  ids.scheme = IdScheme::random;
  ids.numbers = {1};
  write_dataset(folder.path() / "data", prepare(log, {.min_user = 0, .min_item = 0}), ids);
  const std::string card = data_card(Dataset::open(folder.path() / "data"));
  EXPECT_NE(card.find("1 user, drawn"), std::string::npos);
  EXPECT_EQ(card.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace peapod::html
