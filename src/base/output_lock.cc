#include "base/output_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

constexpr const char* kOtherName = "wait until it ends, or choose another name";

// What a lock's holder wrote into it, for the message of whoever is refused; empty where that cannot be told.
std::string holder_of(int fd) {
  char text[256];
  const ssize_t size = ::pread(fd, text, sizeof text, 0);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

// Whether the open file still stands under its name: whoever held the lock may have removed it meanwhile.
bool is_in_place(int fd, const fs::path& file) {
  struct stat open_one {};
  struct stat named {};
  return ::fstat(fd, &open_one) == 0 && ::stat(file.c_str(), &named) == 0 && open_one.st_ino == named.st_ino &&
         open_one.st_dev == named.st_dev;
}

void remove_leftovers(const fs::path& directory, std::span<const std::string> own_names) {
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    const auto is_of = [&](const std::string& own) { return is_temporary_name(name, own, kPartial); };
    if (std::ranges::any_of(own_names, is_of)) leftovers.push_back(entry.path());
  }
  const std::string own = directory.filename().string();
  for (const auto& entry : fs::directory_iterator(directory.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (is_temporary_name(name, own, kReplaced)) {
      if (!fs::exists(directory, ignored)) {
        fs::rename(entry.path(), directory, ignored);
      } else {
        leftovers.push_back(entry.path());
      }
    } else if (is_temporary_name(name, own, kPartial)) {
      leftovers.push_back(entry.path());
    }
  }
  for (const fs::path& path : leftovers) fs::remove_all(path, ignored);
}

}  // namespace

OutputLock::OutputLock(const fs::path& directory, std::span<const std::string> own_names, std::string_view what) {
  const fs::path final_path = final_directory(directory);
  std::error_code failure;
  fs::create_directories(final_path.parent_path(), failure);
  file_ = final_path.parent_path() / ("." + final_path.filename().string() + ".lock");
  // Who held the lock may have removed its file between our opening and locking it: then once more. A file system that
  // cannot tell whether the file is the same would have us try for ever.
  constexpr int kMostTries = 1000;
  for (int tries = 0;; ++tries) {
    if (tries == kMostTries) {
      throw Error(directory.string(), fmt::format("cannot be locked: {} does not stay in place", file_.string()),
                  "choose a place on a disk of this machine");
    }
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) {
      throw Error(directory.string(),
                  fmt::format("cannot be locked: {} cannot be made: {}", file_.string(), std::strerror(errno)),
                  "choose a place that you may write to");
    }
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const int reason = errno;
      const std::string holder = holder_of(fd_);
      ::close(fd_);
      if (reason == EINTR) continue;
      if (reason != EWOULDBLOCK) {
        throw Error(directory.string(), fmt::format("cannot be locked: {}", std::strerror(reason)),
                    "choose a place on a disk of this machine");
      }
      throw Error(directory.string(),
                  fmt::format("is being written by {}", holder.empty() ? "another process" : holder), kOtherName);
    }
    if (is_in_place(fd_, file_)) break;
    ::close(fd_);
  }
  const std::string holder = fmt::format("{}, process {}", what, ::getpid());
  if (::ftruncate(fd_, 0) == 0) {
    [[maybe_unused]] const ssize_t only_for_messages = ::pwrite(fd_, holder.data(), holder.size(), 0);
  }
  remove_leftovers(final_path, own_names);
}

OutputLock::~OutputLock() {
  // While it is locked, so that nobody has locked it under this name; unless somebody has replaced it by hand.
  if (is_in_place(fd_, file_)) ::unlink(file_.c_str());
  ::close(fd_);
}

}  // namespace peapod
