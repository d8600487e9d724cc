// Files as the project uses them: mapped for reading, whole or not at all for writing. Safe from any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace peapod {

// A read-only memory map. Views into it stay valid while the object lives (moving it keeps them valid).
class MappedFile {
 public:
  // Throws Error when the file cannot be opened or mapped. An empty file gives an empty span.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// What to throw where a file could not be opened for reading: names it and says why. REQUIRES: nothing has been called
// since that could have changed errno.
Error unreadable(const std::filesystem::path& path);

// The whole file as a string. Throws Error naming the file.
std::string read_file(const std::filesystem::path& path);

// A file that appears under its final name only when commit() is called; until then it is written, in order, to a
// temporary name beside it that the destructor removes. For contents too large to build in memory first. A link is
// followed. A terminal, a pipe or a device, such as /dev/stdout, is written as it stands.
class AtomicFile {
 public:
  // Throws Error when the temporary file cannot be created; like all errors of this class it names `path`.
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // Appends. Throws Error, e.g. when the disk is full.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // Flushes to disk and renames. Nothing may be written afterwards.
  void commit();

 private:
  std::filesystem::path path_;       // as it was asked for
  std::filesystem::path final_;      // the file behind it
  std::filesystem::path temporary_;  // empty for what is written as it stands
  int fd_ = -1;
};

// Writes `contents` to a temporary name beside `path`, flushes it to disk and renames it: a reader sees the old file
// or the new one, never a part. Throws Error.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

// What temporary names say of what they are: not yet in place, or replaced and about to be removed.
inline constexpr std::string_view kPartial = "partial";
inline constexpr std::string_view kReplaced = "old";

// Whether `name` is a temporary name, of this kind, of the file or directory `of`, by whatever process.
bool is_temporary_name(std::string_view name, std::string_view of, std::string_view kind);

// The path under which a directory appears: absolute, without links, `.` or a closing slash. Throws Error.
std::filesystem::path final_directory(const std::filesystem::path& path);

// Throws Error where write_file_atomically() could not write `path` now; changes nothing. For a command to ask before
// it works for minutes.
void require_writable(const std::filesystem::path& path);

// Throws Error where a PendingDirectory could not be made of `directory` now; changes nothing.
void require_replaceable(const std::filesystem::path& directory, std::span<const std::string> own_names);

// A directory that appears under its final name only when commit() is called; until then everything is written into
// path(), a sibling that the destructor removes.
class PendingDirectory {
 public:
  // `own_names`: what such a directory may hold, its mark first. Throws Error when `final_path` exists and is neither
  // empty nor a directory with the mark and nothing but own names (which commit() replaces). A link is followed.
  PendingDirectory(const std::filesystem::path& final_path, std::span<const std::string> own_names);
  PendingDirectory(const PendingDirectory&) = delete;
  PendingDirectory& operator=(const PendingDirectory&) = delete;
  ~PendingDirectory();

  const std::filesystem::path& path() const { return pending_; }
  // Calls `write` with path(). An error about a file in there is about that of the final name.
  void fill(const std::function<void(const std::filesystem::path&)>& write) const;
  void commit();

 private:
  std::filesystem::path asked_;  // the final path as it was given, for messages
  std::filesystem::path final_;
  std::filesystem::path pending_;
  bool committed_ = false;
};

}  // namespace peapod
