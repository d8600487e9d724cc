// For tests of the program: a small shop whose items follow each other on a ring, and a model trained on it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/program.h"

namespace peapod {

class CommandLine : public ProgramTest {
 protected:
  // 30 users who walk around a ring of 25 items, in the `pod` format. What a walk that has come to `last` ends with may
  // be added.
  virtual std::string end_of_walk(int /*last*/) const { return {}; }

  void SetUp() override {
    std::string lines;
    for (int user = 1; user <= 30; ++user) {
      lines += std::to_string(user);
      for (int step = 0; step < 6; ++step) lines += ' ' + std::to_string((user * 7 + step) % 25 + 1);
      lines += end_of_walk((user * 7 + 5) % 25 + 1) + '\n';
    }
    write("raw/sequential.txt", lines);
    write("raw/explanation.json",
          R"({"train":[{"user":"1","item":"9","explanation":"the strings sound great","feature":"strings"}],)"
          R"("test":[{"user":"1","item":"13","explanation":"the strap is great","feature":"strap"}]})");
    ASSERT_EQ(peapod("prepare " + at("raw") + " --format pod --out " + at("data")), 0) << log();
  }

  // Expects the status and a message that holds every one of `parts`.
  void expect_failure(int status, const std::string& arguments, const std::vector<std::string>& parts) const {
    EXPECT_EQ(peapod(arguments), status) << arguments << '\n' << log();
    for (const std::string& part : parts) {
      EXPECT_NE(log().find(part), std::string::npos) << arguments << " should say: " << part << "\nbut says: " << log();
    }
  }
};

// The same shop with a model trained on it for four steps; each test has its own, to do with as it likes.
class TrainedModel : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_EQ(peapod(training() + " --max-steps 4"), 0) << log();
  }

  std::string training() const {
    return "train " + at("data") + " --out " + at("model") +
           " --preset tiny --tokens-per-step 300 --validations 1 --user-dim 8";
  }
  std::string evaluate() const { return "evaluate " + at("model") + " --data " + at("data"); }
  std::string recommend() const { return "recommend " + at("model"); }
};

}  // namespace peapod
