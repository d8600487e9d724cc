// Runs the commands of docs/your-own-data.md in their order, with less training.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"

namespace peapod {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class YourOwnData : public ProgramTest {
 protected:
  // The lines of the document that a reader types.
  static std::vector<std::string> commands() {
    std::vector<std::string> found;
    std::istringstream lines(contents(PEAPOD_SOURCE_DIR "/docs/your-own-data.md"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("    $ ")) found.push_back(line.substr(6));
    }
    return found;
  }

  // As it is run here: in a folder of its own, for a few steps instead of minutes.
  std::string here(std::string command) const {
    command = replaced(command, "build/release/peapod", PEAPOD_PROGRAM);
    command = replaced(command, "examples/", PEAPOD_SOURCE_DIR "/examples/");
    command = replaced(command, "build/own/", at(""));
    const size_t limit = command.find("--time-limit ");
    if (limit == std::string::npos) return command;
    const size_t end = command.find_first_not_of("0123456789", limit + std::string("--time-limit ").size());
    return command.replace(limit, end - limit, "--max-steps 12 --preset tiny");
  }
};

TEST_F(YourOwnData, LeadsFromATableToRecommendations) {
  const std::vector<std::string> all = commands();
  ASSERT_EQ(all.size(), 17u);
  for (const std::string& command : all) {
    SCOPED_TRACE(command);
    ASSERT_TRUE(command.starts_with("build/release/peapod ") || command.starts_with("sqlite3 "));
    ASSERT_EQ(run(here(command)), 0) << log();
    if (command.find(" prepare ") != std::string::npos) {
      for (const char* part : {"user = customer", "item = product", "time = day (dates)", "titles ", "828 read"}) {
        EXPECT_NE(log().find(part), std::string::npos) << part << "\n" << log();
      }
    }
    if (command.find(" audit ") != std::string::npos) {
      EXPECT_NE(log().find("No leak found"), std::string::npos) << log();
    }
  }
  const nlohmann::json model = answer("inspect " + at("model"));
  EXPECT_EQ(model.at("data").at("split"), "none");
  EXPECT_EQ(answer("recommend " + at("model") + " --user u_leo80 --n 5").at("items").size(), 5u);
  EXPECT_NE(contents(at("data.html")).find("How interactions spread"), std::string::npos);
  EXPECT_EQ(run(std::string(PEAPOD_PROGRAM) + " evaluate " + at("model") + " --data " + at("data")), 1);
  EXPECT_NE(log().find("seen the answers"), std::string::npos) << log();
}

}  // namespace
}  // namespace peapod
