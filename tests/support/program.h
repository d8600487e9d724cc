// For tests: runs the finished program in a folder of its own, the way a user does.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "support/scratch_folder.h"

namespace peapod {

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class ProgramTest : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << text;
  }

  // Exit status of a command; what it prints goes to log().
  int run(const std::string& command) const {
    const int status = std::system((command + " >" + at("log") + " 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int peapod(const std::string& arguments) const { return run(std::string(PEAPOD_PROGRAM) + " " + arguments); }
  std::string log() const { return contents(at("log")); }

  // What `peapod ARGUMENTS` prints on standard output alone.
  std::string standard_output(const std::string& arguments) const {
    const std::string command = std::string(PEAPOD_PROGRAM) + " " + arguments + " >" + at("output") + " 2>" + at("log");
    EXPECT_EQ(std::system(command.c_str()), 0) << log();
    return contents(at("output"));
  }

  // What the command writes with --json; null where that is no JSON.
  nlohmann::json answer(const std::string& arguments) const {
    std::filesystem::remove(at("answer.json"));  // an earlier answer must not pass for this one
    EXPECT_EQ(peapod(arguments + " --json " + at("answer.json")), 0) << log();
    return nlohmann::json::parse(contents(at("answer.json")), nullptr, false);
  }

  ScratchFolder folder_;
};

}  // namespace peapod
