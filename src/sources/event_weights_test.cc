// Rows that count by their event.
#include "sources/event_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(EventWeights, AreNamesWithNumbersFromZeroToOne) {
  const EventWeights weights = event_weights_of({"purchase=1", " add to cart =0.5", "view=0", "a=b=0.25"});
  EXPECT_EQ(weights, (EventWeights{{"purchase", 1}, {"add to cart", 0.5}, {"view", 0}, {"a=b", 0.25}}));
  for (const std::string text : {"", "purchase", "=1", "view=", "view=2", "view=-0.1", "view=nan", "view=0,2"}) {
    EXPECT_NE(error_of([&] { event_weights_of({text}); }).find("got \"" + text + "\""), std::string::npos) << text;
  }
  EXPECT_NE(error_of([] { event_weights_of({"view=1", "view=0.5"}); }).find("\"view\" twice"), std::string::npos);
}

std::vector<std::string> read(const std::string& rows, const EventWeights& weights, RawLog* whole = nullptr,
                              const std::string& head = "user,item,time,event\n") {
  const ScratchFolder folder;
  RawLog log = read_source(folder.write("log.csv", head + rows), {.event_weights = weights});
  std::vector<std::string> said;
  for (const RawInteraction& one : log.interactions) {
    said.push_back(log.users[one.user].name + log.items[one.item].name + std::to_string(static_cast<int>(one.time)));
  }
  if (whole != nullptr) *whole = std::move(log);
  return said;
}

using Said = std::vector<std::string>;
const EventWeights kShop = {{"purchase", 1}, {"cart", 0.5}, {"view", 0.2}, {"share", 0}};

TEST(EventWeights, MakeAnInteractionWhereTheyComeToOne) {
  // Five views of x, the last of which makes it; four of y, which do not; a purchase at once.
  std::string rows;
  for (int i = 1; i <= 5; ++i) rows += "a,x," + std::to_string(100 + i) + ",view\n";
  for (int i = 1; i <= 4; ++i) rows += "a,y," + std::to_string(200 + i) + ",view\n";
  rows += "b,x,300,purchase\nb,y,301,share\nb,y,302,look\n";
  RawLog log;
  EXPECT_EQ(read(rows, kShop, &log), (Said{"ax105", "bx300"}));
  const std::string note = log.reading.notes.back();
  EXPECT_NE(
      std::ranges::find(log.reading.notes,
                        "events: view 9 (weight 0.2), look 1 (no weight: left out), purchase 1 (weight 1), share 1 "
                        "(weight 0); 2 of these rows make an interaction"),
      log.reading.notes.end())
      << note;
  EXPECT_EQ(note, "events: no row is a \"cart\"");
}

TEST(EventWeights, AddUpInTheOrderOfTimeWhateverThatOfTheRows) {
  EXPECT_EQ(read("a,x,30,cart\na,x,10,cart\na,x,20,view\n", kShop), (Said{"ax30"}));
  EXPECT_EQ(read("a,x,20,view\na,x,10,cart\na,x,5,cart\n", kShop), (Said{"ax10"}));
  // What is beyond 1 counts for the next time; of rows without times each counts.
  EXPECT_EQ(read("a,x,1,cart\na,x,2,cart\na,x,3,cart\na,x,4,cart\n", kShop), (Said{"ax2", "ax4"}));
  EXPECT_EQ(read("a,x,cart\na,x,cart\n", kShop, nullptr, "user,item,event\n"), (Said{"ax0"}));
  // Without times the order of the rows is all there is: a later row makes nothing that stands before it.
  const EventWeights other = {{"purchase", 1}, {"cart", 0.6}, {"view", 0.4}};
  EXPECT_EQ(read("a,x,cart\na,y,purchase\na,x,cart\na,z,purchase\na,x,view\na,w,purchase\n", other, nullptr,
                 "user,item,event\n"),
            (Said{"ay0", "ax0", "az0", "aw0"}));
}

TEST(EventWeights, CountARowThatWasWrittenTwiceOnce) {
  EXPECT_NE(error_of([] { read("a,x,10,cart\na,x,10,cart\n", kShop); }).find("no row makes an interaction"),
            std::string::npos);
  EXPECT_EQ(read("a,x,10,cart\na,x,10,cart\na,x,11,cart\n", kShop), (Said{"ax11"}));
  // Two events at one time are two, whatever they weigh.
  EXPECT_EQ(read("a,x,10,cart\na,x,10,look\n", {{"cart", 0.5}, {"look", 0.5}}), (Said{"ax10"}));
}

TEST(EventWeights, NeedAColumnOfEventsAndATable) {
  const ScratchFolder folder;
  const auto table = folder.write("a.csv", "user,item\na,x\n");
  EXPECT_NE(error_of([&] { read_source(table, {.event_weights = kShop}); }).find("no column that is known for events"),
            std::string::npos);
  const auto atomic = folder.write("b.inter", "user_id:token\titem_id:token\na\tx\n");
  EXPECT_NE(error_of([&] { read_source(atomic, {.event_weights = kShop}); }).find("rows of recbole have no events"),
            std::string::npos);
}

TEST(EventWeights, AreMissedWhereThereAreEventsAndNobodyWeighsThem) {
  RawLog log;
  EXPECT_EQ(read("a,x,10,view\nb,x,11,purchase\n", {}, &log), (Said{"ax10", "bx11"}));
  bool said = false;
  for (const std::string& note : log.reading.notes) {
    said = said || note.find("events: all rows count alike, whatever their event (purchase, view)") == 0;
    EXPECT_EQ(note.find("event = event"), std::string::npos) << note;
  }
  EXPECT_TRUE(said);
  const ScratchFolder folder;
  const std::string row = "user,item,event\na,x,view\n";
  const RawLog both = read_source(folder.write("1.csv", row), {.more = {folder.write("2.csv", row)}});
  EXPECT_EQ(
      std::ranges::count_if(both.reading.notes, [](const std::string& note) { return note.starts_with("events:"); }), 1)
      << "once for all files";
  ReadOptions options;
  options.columns[static_cast<size_t>(ColumnRole::event)] = "event";
  const auto file = folder.write("a.csv", "user,item,event\na,x,view\n");
  EXPECT_NE(error_of([&] { read_source(file, options); }).find("its events (column \"event\") have no weights"),
            std::string::npos);
}

TEST(EventWeights, NameTheEventThatIsNearestToOneThatNoRowHas) {
  RawLog log;
  read("a,x,10,purchases\na,x,11,view\na,y,12,cart\na,y,13,cart\n", kShop, &log);
  EXPECT_NE(std::ranges::find(log.reading.notes, "events: no row is a \"purchase\"; did you mean \"purchases\"?"),
            log.reading.notes.end());
}

}  // namespace
}  // namespace peapod
