#include "base/output_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kOwn = {"mark", "weights"};

class OutputLockTest : public testing::Test {
 protected:
  std::string refusal() const {
    try {
      const OutputLock lock(out_, kOwn, "the second");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  size_t num_entries(const fs::path& path) const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }

  ScratchFolder folder_;
  fs::path out_ = folder_.path() / "out";
};

TEST_F(OutputLockTest, RefusesTheSecondAndSaysWhoTheFirstIs) {
  {
    const OutputLock lock(out_, kOwn, "the first");
    EXPECT_EQ(refusal(), out_.string() + ": is being written by the first, process " + std::to_string(::getpid()) +
                             "; wait until it ends, or choose another name");
    EXPECT_NO_THROW(OutputLock(folder_.path() / "other", kOwn, "")) << "of another directory";
    const fs::path same = folder_.path() / "." / "out" / "";
    EXPECT_THROW(OutputLock(same, kOwn, ""), Error);
  }
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(num_entries(folder_.path()), 0u) << "nothing is left beside it";
}

TEST_F(OutputLockTest, IsFreeOnceItsHolderIsKilled) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const OutputLock lock(out_, kOwn, "the first");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_NE(refusal().find("process " + std::to_string(child)), std::string::npos) << refusal();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_TRUE(fs::exists(folder_.path() / ".out.lock")) << "which locks nothing";
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(num_entries(folder_.path()), 0u);
}

TEST_F(OutputLockTest, RemovesWhatKilledWritersLeftAndNothingElse) {
  const auto touch = [&](const std::string& name) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << "x";
  };
  const std::vector<std::string> kept = {"out/mark",
                                         "out/weights",
                                         "out/weights.partial-x-1",
                                         "out/notes.partial-12-0",
                                         "other.partial-12-0/mark",
                                         "outer.partial-12-0"};
  const std::vector<std::string> dead = {"out/weights.partial-12-0", "out/mark.partial-1-27", "out.partial-12-3/mark",
                                         "out.old-12-4/mark"};
  for (const std::string& name : kept) touch(name);
  for (const std::string& name : dead) touch(name);
  EXPECT_EQ(refusal(), "");
  for (const std::string& name : kept) EXPECT_TRUE(fs::exists(folder_.path() / name)) << name;
  for (const std::string& name : dead) EXPECT_FALSE(fs::exists(folder_.path() / name)) << name;
  EXPECT_FALSE(fs::exists(folder_.path() / "out.partial-12-3"));
}

TEST_F(OutputLockTest, BringsBackADirectoryThatWasTakenAwayForANewOne) {
  folder_.write("file", "");
  fs::create_directories(folder_.path() / "out.old-12-4");
  std::ofstream(folder_.path() / "out.old-12-4" / "mark") << "x";
  EXPECT_EQ(refusal(), "");
  EXPECT_TRUE(fs::exists(out_ / "mark"));
}

TEST_F(OutputLockTest, SaysWhereItsFileCannotBeMade) {
  folder_.write("file", "");
  try {
    const OutputLock lock(folder_.path() / "file" / "out", kOwn, "");
    FAIL() << "locked a directory in a file";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("choose a place"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace peapod
