#include "base/error.h"

#include <gtest/gtest.h>

namespace peapod {
namespace {

TEST(Error, JoinsWhereProblemAndRemedy) {
  const Error error("reviews.jsonl:1482: field \"overall\"", "expected a number, got \"five\"", "fix the line");
  EXPECT_STREQ(error.what(), "reviews.jsonl:1482: field \"overall\": expected a number, got \"five\"; fix the line");
  EXPECT_EQ(error.where(), "reviews.jsonl:1482: field \"overall\"");
  EXPECT_EQ(error.problem(), "expected a number, got \"five\"");
  EXPECT_EQ(error.remedy(), "fix the line");
}

TEST(Error, LeavesOutWhatIsEmpty) {
  EXPECT_STREQ(Error("", "went wrong").what(), "went wrong");
  EXPECT_STREQ(Error("seed", "is missing").what(), "seed: is missing");
  EXPECT_STREQ(Error("", "is missing", "give one").what(), "is missing; give one");
}

TEST(Error, KeepsItsMessageWhenCaughtAsAnException) {
  try {
    throw Error("file", "is short", "copy it again");
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "file: is short; copy it again");
  }
}

}  // namespace
}  // namespace peapod
