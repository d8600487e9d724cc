// Who writes a directory: one process at a time. Whoever holds the lock also knows that what a killed process left
// behind there is nobody's any more, and removes it. One object belongs to one thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace peapod {

class OutputLock {
 public:
  // Locks `directory`, which need not exist, for as long as this object lives, by a file `.NAME.lock` beside it. The
  // system frees the lock of a process that ends, however it ends; the file alone locks nothing. Then removes what
  // interrupted writers left: in the directory the temporary files of `own_names`, beside it the temporary directories
  // of PendingDirectory (base/files.h); where one was interrupted between taking the old directory away and putting
  // the new one in place, the old one comes back.
  // `what` names the command to those that are refused. Throws Error where another process holds the lock, saying
  // which, and where the file cannot be made.
  OutputLock(const std::filesystem::path& directory, std::span<const std::string> own_names, std::string_view what);
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;
  ~OutputLock();

 private:
  std::filesystem::path file_;
  int fd_ = -1;
};

}  // namespace peapod
