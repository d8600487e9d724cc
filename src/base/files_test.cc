#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

// An empty directory per test, removed afterwards.
class FilesTest : public testing::Test {
 protected:
  FilesTest() : directory_(fs::path(testing::TempDir()) / make_name()) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~FilesTest() override { fs::remove_all(directory_); }

  static std::string make_name() {
    return std::string("peapod_files_") + testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  static void write(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }
  size_t num_entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  fs::path directory_;
};

template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error was thrown";
}

TEST_F(FilesTest, MapsAFileAsItIs) {
  const std::string text("line\n\0\xff end", 10);
  write(directory_ / "a", text);
  const MappedFile file(directory_ / "a");
  EXPECT_EQ(file.text(), text);
  EXPECT_EQ(file.bytes().size(), text.size());
}

TEST_F(FilesTest, MapsAnEmptyFileAsAnEmptySpan) {
  write(directory_ / "empty", "");
  EXPECT_TRUE(MappedFile(directory_ / "empty").bytes().empty());
}

TEST_F(FilesTest, AViewOutlivesMovingTheMap) {
  write(directory_ / "a", "first");
  write(directory_ / "b", "second");
  MappedFile a(directory_ / "a");
  const std::string_view view = a.text();
  MappedFile moved(std::move(a));
  EXPECT_EQ(moved.text().data(), view.data());
  MappedFile other(directory_ / "b");
  other = std::move(moved);
  EXPECT_EQ(other.text(), "first");
  EXPECT_EQ(view, "first");
}

TEST_F(FilesTest, MappingWhatIsNoFileNamesIt) {
  EXPECT_NE(message_of([&] { MappedFile file(directory_ / "absent"); }).find("absent: does not exist"),
            std::string::npos);
  EXPECT_NE(message_of([&] { MappedFile file(directory_); }).find("not a regular file"), std::string::npos);
}

TEST_F(FilesTest, ReadsAWholeFile) {
  const std::string text("a\r\n\0b", 5);
  write(directory_ / "a", text);
  EXPECT_EQ(read_file(directory_ / "a"), text);
}

TEST_F(FilesTest, ReadingWhatIsNoFileNamesIt) {
  EXPECT_NE(message_of([&] { read_file(directory_ / "absent"); }).find("absent: does not exist"), std::string::npos);
  EXPECT_NE(message_of([&] { read_file(directory_); }).find("is a directory, not a file"), std::string::npos);
}

TEST_F(FilesTest, AnAtomicWriteReplacesTheFileAndLeavesNothingElse) {
  const fs::path path = directory_ / "out.json";
  write_file_atomically(path, "old");
  const std::string large(3'000'000, 'x');
  write_file_atomically(path, large);
  EXPECT_EQ(read_file(path), large);
  write_file_atomically(path, "");
  EXPECT_EQ(read_file(path), "");
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, AFailedAtomicWriteLeavesTheOldStateAndNothingElse) {
  const fs::path taken = directory_ / "taken";  // a directory that is not empty cannot be replaced by a file
  fs::create_directories(taken / "inside");
  EXPECT_NE(message_of([&] { write_file_atomically(taken, "new"); }).find("taken: is a directory"), std::string::npos);
  EXPECT_TRUE(fs::exists(taken / "inside"));
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, AnAtomicWriteIntoAnAbsentDirectoryNamesTheFile) {
  const std::string name = (directory_ / "absent" / "a").string();
  EXPECT_EQ(message_of([&] { write_file_atomically(name, "x"); }),
            name + ": cannot be created: No such file or directory; make the folder " +
                (directory_ / "absent").string() + " first");
}

TEST_F(FilesTest, ADeviceIsWrittenAsItStands) {
  write_file_atomically("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(message_of([&] { write_file_atomically("/dev/full", "x"); }),
            "/dev/full: cannot be written: No space left on device; check that the disk has room");
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(FilesTest, ALinkStaysALinkWhenItsFileIsReplaced) {
  write(directory_ / "real", "old");
  fs::create_symlink(directory_ / "real", directory_ / "link");
  write_file_atomically(directory_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
  EXPECT_EQ(read_file(directory_ / "real"), "new");
  EXPECT_EQ(num_entries(), 2U);
}

TEST_F(FilesTest, ALinkWhoseFileIsNotThereYetIsFollowed) {
  fs::create_symlink("later", directory_ / "link");
  fs::create_symlink(directory_ / "link", directory_ / "second");
  write_file_atomically(directory_ / "second", "new");
  EXPECT_TRUE(fs::is_symlink(directory_ / "second"));
  EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
  EXPECT_EQ(read_file(directory_ / "later"), "new");
  fs::create_symlink(directory_ / "absent" / "file", directory_ / "broken");
  EXPECT_NE(message_of([&] { require_writable(directory_ / "broken"); }).find("make the folder"), std::string::npos);
  EXPECT_EQ(num_entries(), 4U);
}

TEST_F(FilesTest, TellsBeforehandWhetherAFileCanBeWritten) {
  require_writable(directory_ / "new");
  write(directory_ / "old", "kept");
  require_writable(directory_ / "old");
  require_writable("/dev/null");
  EXPECT_EQ(read_file(directory_ / "old"), "kept");
  EXPECT_EQ(num_entries(), 1U) << "only asking leaves nothing";
  const std::string folder = directory_.string();
  for (const std::string& bad :
       {folder, folder + "/absent/a", folder + "/old/a", folder + "/new/", folder + '/' + std::string(300, 'x')}) {
    EXPECT_TRUE(message_of([&] { require_writable(bad); }).starts_with(bad + ": ")) << bad;
  }
}

TEST_F(FilesTest, TellsBeforehandWhetherADirectoryCanBeMade) {
  const std::vector<std::string> names = {"config.json"};
  require_replaceable(directory_ / "a" / "b", names);
  EXPECT_EQ(num_entries(), 0U) << "only asking leaves nothing";
  write(directory_ / "file", "");
  for (const fs::path& bad : {directory_ / "file", directory_ / "file" / "deeper" / "model", directory_,
                              directory_ / std::string(300, 'x')}) {
    EXPECT_TRUE(message_of([&] { require_replaceable(bad, names); }).starts_with(bad.string() + ": ")) << bad;
  }
}

// What a made directory may hold.
const std::vector<std::string> kNames = {"config.json", "deeper", "leftover"};

// While it lives, no file can grow beyond `bytes`; a write that tries fails as on a full disk.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) : old_handler(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_limit);
    const rlimit limit{bytes, old_limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_handler);
  }
  void (*old_handler)(int);
  rlimit old_limit{};
};

TEST_F(FilesTest, AFullDiskLeavesTheOldFile) {
  const fs::path path = directory_ / "a";
  write_file_atomically(path, "old");
  {
    const FileSizeLimit limit(1000);
    EXPECT_NE(message_of([&] { write_file_atomically(path, std::string(5000, 'x')); }).find("cannot be written"),
              std::string::npos);
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, AtomicWritesOfSeveralThreadsDoNotMix) {
  const fs::path path = directory_ / "a";
  std::vector<std::thread> threads;
  for (const char letter : {'x', 'y', 'z'}) {
    threads.emplace_back([&path, letter] {
      for (int round = 0; round < 20; ++round) write_file_atomically(path, std::string(100'000, letter));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string found = read_file(path);
  EXPECT_EQ(found, std::string(100'000, found.front()));
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, AFileWrittenInPartsAppearsOnlyWithCommit) {
  const fs::path path = directory_ / "file";
  AtomicFile file(path);
  file.write("one ");
  file.write("two");
  EXPECT_FALSE(fs::exists(path));
  file.commit();
  EXPECT_EQ(read_file(path), "one two");
  EXPECT_EQ(num_entries(), 1u);
}

TEST_F(FilesTest, AFileThatIsNeverCommittedLeavesNothing) {
  { AtomicFile(directory_ / "file").write("half"); }
  EXPECT_EQ(num_entries(), 0u);
}

TEST_F(FilesTest, APendingDirectoryAppearsOnlyWithCommit) {
  const fs::path final_path = directory_ / "model";
  PendingDirectory pending(final_path, kNames);
  write(pending.path() / "config.json", "{}");
  fs::create_directories(pending.path() / "deeper");
  write(pending.path() / "deeper" / "a", "a");
  EXPECT_FALSE(fs::exists(final_path));
  pending.commit();
  EXPECT_EQ(read_file(final_path / "deeper" / "a"), "a");
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, AnAbandonedPendingDirectoryLeavesNothing) {
  {
    PendingDirectory pending(directory_ / "model", kNames);
    write(pending.path() / "config.json", "{}");
  }
  EXPECT_EQ(num_entries(), 0U);
}

TEST_F(FilesTest, AnAbandonedReplacementLeavesTheOldDirectory) {
  const fs::path final_path = directory_ / "model";
  fs::create_directories(final_path);
  write(final_path / "config.json", "old");
  {
    PendingDirectory pending(final_path, kNames);
    write(pending.path() / "config.json", "new");
  }
  EXPECT_EQ(read_file(final_path / "config.json"), "old");
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, ReplacesADirectoryOfOursAsAWhole) {
  const fs::path final_path = directory_ / "model";
  fs::create_directories(final_path);
  write(final_path / "config.json", "old");
  write(final_path / "leftover", "old");
  PendingDirectory pending(final_path, kNames);
  write(pending.path() / "config.json", "new");
  pending.commit();
  EXPECT_EQ(read_file(final_path / "config.json"), "new");
  EXPECT_FALSE(fs::exists(final_path / "leftover"));
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, RefusesADirectoryOrFileThatIsNotOurs) {
  const fs::path foreign = directory_ / "home";
  fs::create_directories(foreign);
  write(foreign / "diary", "dear");
  EXPECT_NE(message_of([&] { PendingDirectory pending(foreign, kNames); }).find("was not made by this command"),
            std::string::npos);
  EXPECT_NE(message_of([&] { PendingDirectory pending(foreign / "diary", kNames); }).find("diary: exists"),
            std::string::npos);
  EXPECT_EQ(read_file(foreign / "diary"), "dear");
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, AnEmptyDirectoryMayBeFilled) {
  const fs::path final_path = directory_ / "model";
  fs::create_directories(final_path);
  PendingDirectory pending(final_path, kNames);
  write(pending.path() / "config.json", "{}");
  pending.commit();
  EXPECT_TRUE(fs::exists(final_path / "config.json"));
}

TEST_F(FilesTest, ATrailingSlashMakesNoDifference) {
  PendingDirectory pending((directory_ / "model").string() + "/", kNames);
  write(pending.path() / "config.json", "{}");
  EXPECT_EQ(pending.path().parent_path(), directory_);
  pending.commit();
  EXPECT_TRUE(fs::exists(directory_ / "model" / "config.json"));
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, WhatStandsBesideOurFilesIsNotReplaced) {
  const fs::path final_path = directory_ / "model";
  fs::create_directories(final_path);
  write(final_path / "config.json", "old");
  write(final_path / "thesis.txt", "years of work");
  EXPECT_NE(message_of([&] { PendingDirectory pending(final_path, kNames); }).find("thesis.txt"), std::string::npos);
  EXPECT_EQ(num_entries(), 1U);
}

TEST_F(FilesTest, ALinkToADirectoryStaysALink) {
  const fs::path real = directory_ / "real";
  fs::create_directories(real);
  write(real / "config.json", "old");
  fs::create_directory_symlink(real, directory_ / "link");
  PendingDirectory pending(directory_ / "link", kNames);
  write(pending.path() / "config.json", "new");
  pending.commit();
  EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
  EXPECT_EQ(read_file(real / "config.json"), "new");
  EXPECT_EQ(num_entries(), 2U);
}

TEST_F(FilesTest, LinksThatLeadToEachOtherAreRefused) {
  fs::create_symlink("b", directory_ / "a");
  fs::create_symlink("a", directory_ / "b");
  EXPECT_NE(message_of([&] { require_writable(directory_ / "a"); }).find("leads nowhere"), std::string::npos);
  EXPECT_NE(message_of([&] { require_replaceable(directory_ / "a", kNames); }).find("leads nowhere"),
            std::string::npos);
  EXPECT_EQ(num_entries(), 2U);
}

TEST_F(FilesTest, ALinkToADirectoryThatIsNotThereYetIsFollowed) {
  fs::create_directory_symlink("later", directory_ / "link");
  PendingDirectory pending(directory_ / "link" / "", kNames);
  write(pending.path() / "config.json", "new");
  pending.commit();
  EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
  EXPECT_EQ(read_file(directory_ / "later" / "config.json"), "new");
}

TEST_F(FilesTest, MissingParentsOfAPendingDirectoryAreMade) {
  PendingDirectory pending(directory_ / "a" / "b" / "model", kNames);
  write(pending.path() / "config.json", "{}");
  pending.commit();
  EXPECT_TRUE(fs::exists(directory_ / "a" / "b" / "model" / "config.json"));
}

}  // namespace
}  // namespace peapod
