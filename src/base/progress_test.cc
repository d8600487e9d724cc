#include "base/progress.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace peapod {
namespace {

// A clock that moves only when the test says so.
class ProgressTest : public testing::Test {
 protected:
  ProgressOutput output(ProgressOutput::Style style) {
    return {.stream = &out_, .style = style, .seconds = [this] { return now_; }};
  }
  std::string take() {
    std::string text = out_.str();
    out_.str("");
    return text;
  }

  std::ostringstream out_;
  double now_ = 1000;
};

TEST_F(ProgressTest, PlainLinesComeAtTheStartEveryTenSecondsAndAtTheEnd) {
  Progress progress(output(ProgressOutput::Style::lines), "training", 100, "steps");
  progress.update(0);
  EXPECT_EQ(take(), "training   0% 0/100 steps\n");
  now_ += 9.9;
  progress.update(20);
  EXPECT_EQ(take(), "");
  now_ += 0.1;
  progress.update(25, "loss 3.21");
  EXPECT_EQ(take(), "training  25% 25/100 steps, 2.50 steps/s, 30 s left, loss 3.21\n");
  now_ += 10;
  progress.update(100, "loss 2.50");
  take();
  progress.finish();
  EXPECT_EQ(take(), "training 100% 100/100 steps, 5 steps/s, took 20 s, loss 2.50\n");
}

TEST_F(ProgressTest, SpeedLeavesOutWhatAnEarlierRunDid) {
  Progress progress(output(ProgressOutput::Style::lines), "training", 2000, "steps");
  progress.update(1000);
  take();
  now_ += 10;
  progress.update(1100);
  EXPECT_EQ(take(), "training  55% 1,100/2,000 steps, 10 steps/s, 1:30 left\n");
}

TEST_F(ProgressTest, AnUnknownTotalShowsNeitherShareNorTimeLeft) {
  Progress progress(output(ProgressOutput::Style::bar), "reading", 0, "lines");
  progress.update(0);
  take();
  now_ += 2;
  progress.update(5000);
  EXPECT_EQ(take(), "\rreading 5,000 lines, 2,500 lines/s");
}

TEST_F(ProgressTest, ABarIsRedrawnInPlaceAndBlanksWhatALongerOneLeft) {
  Progress progress(output(ProgressOutput::Style::bar), "training", 4, "steps");
  progress.update(0, "a long note");
  EXPECT_EQ(take(), "\rtraining [>                   ]   0% 0/4 steps, a long note");
  now_ += 0.05;
  progress.update(1);
  EXPECT_EQ(take(), "") << "at most ten redraws a second";
  now_ += 1.95;
  progress.update(2, "");
  EXPECT_EQ(take(), "\rtraining [==========>         ]  50% 2/4 steps, 1 steps/s, 2.0 s left");
  progress.update(4);
  progress.finish();
  EXPECT_EQ(take(), "\rtraining [====================] 100% 4/4 steps, 2 steps/s, took 2.0 s\n");
}

TEST_F(ProgressTest, AShorterBarPadsWithBlanks) {
  Progress progress(output(ProgressOutput::Style::bar), "x", 0, "u");
  progress.update(1, "0123456789");
  take();
  now_ += 1;
  progress.update(1, "");
  EXPECT_EQ(take(), "\rx 1 u            ");
}

TEST_F(ProgressTest, AnUnfinishedBarEndsItsLine) {
  {
    Progress progress(output(ProgressOutput::Style::bar), "training", 4, "steps");
    progress.update(1);
    take();
  }
  EXPECT_EQ(take(), "\n");
}

TEST_F(ProgressTest, NothingIsPrintedTwiceAtTheEndOrForAJobThatNeverStarted) {
  Progress progress(output(ProgressOutput::Style::lines), "training", 4, "steps");
  progress.update(4);
  progress.finish();
  take();
  progress.finish();
  progress.update(3);
  EXPECT_EQ(take(), "");
  Progress idle(output(ProgressOutput::Style::bar), "idle", 4, "steps");
  idle.finish();
  EXPECT_EQ(take(), "");
}

TEST_F(ProgressTest, MoreThanTheTotalDoesNotOverflowTheBar) {
  Progress progress(output(ProgressOutput::Style::bar), "training", 4, "steps");
  progress.update(9);
  EXPECT_EQ(take(), "\rtraining [====================] 100% 9/4 steps");
}

TEST(ProgressWithoutAStream, PrintsNothingAndDoesNotFail) {
  Progress progress({}, "training", 10, "steps");
  progress.update(5, "note");
  progress.finish();
}

TEST(ReadableSeconds, ChangesFormWithTheLength) {
  EXPECT_EQ(readable_seconds(-1), "0.0 s");
  EXPECT_EQ(readable_seconds(0.44), "0.4 s");
  EXPECT_EQ(readable_seconds(9.96), "10 s");
  EXPECT_EQ(readable_seconds(59.4), "59 s");
  EXPECT_EQ(readable_seconds(59.6), "1:00");
  EXPECT_EQ(readable_seconds(187), "3:07");
  EXPECT_EQ(readable_seconds(3599.6), "1:00:00");
  EXPECT_EQ(readable_seconds(3765), "1:02:45");
}

TEST(ReadableCount, KeepsThreeDigitsOrAllBeforeThePoint) {
  EXPECT_EQ(readable_count(0), "0");
  EXPECT_EQ(readable_count(0.251), "0.25");
  EXPECT_EQ(readable_count(12.34), "12.3");
  EXPECT_EQ(readable_count(999), "999");
  EXPECT_EQ(readable_count(999.7), "1,000");
  EXPECT_EQ(readable_count(1234567), "1,234,567");
  EXPECT_EQ(readable_count(-123456), "-123,456");
  EXPECT_EQ(readable_count(-123), "-123");
}

}  // namespace
}  // namespace peapod
