#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/error.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

std::string reason() { return std::strerror(errno); }

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Makes a rename or a new entry in `directory` survive a power cut.
void sync_directory(const fs::path& directory) {
  const Descriptor fd(directory.empty() ? fs::path(".") : directory, O_RDONLY | O_DIRECTORY);
  if (fd.get() >= 0) ::fsync(fd.get());
}

// A name beside `path` that no other file of this or another running process has.
fs::path unique_sibling(const fs::path& path, std::string_view kind) {
  static std::atomic<unsigned> count = 0;
  return path.string() + "." + std::string(kind) + "-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
}

// Whether the name is that of a terminal, pipe or device, which is written as it stands: to replace it would be to
// remove it.
bool is_stream(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

// The descriptor of the standard stream that the name leads to, as /dev/stdout does; -1 for other names. Where it is
// redirected to a file, replacing that file would lose what has been printed.
int standard_stream(const fs::path& path) {
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0) return -1;
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat open_one {};
    if (::fstat(fd, &open_one) == 0 && open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev) return fd;
  }
  return -1;
}

// What a link leads to, whether that exists or not, so that it is replaced and the link stays; other names as they are.
// Throws Error for links that lead to each other.
fs::path behind_links(const fs::path& path) {
  constexpr int kMostLinks = 40;  // as many as Linux follows
  fs::path target = path;
  std::error_code failure;
  for (int links = 0; fs::is_symlink(target, failure); ++links) {
    const fs::path next = fs::read_symlink(target, failure);
    if (failure || links == kMostLinks) {
      throw Error(path.string(), "is a link that leads nowhere", "remove it, or choose another name");
    }
    target = target.parent_path() / next;  // `next` alone where it is absolute
  }
  return target;
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor fd(path, O_RDONLY);
  if (fd.get() < 0) throw unreadable(path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) throw Error(path.string(), "cannot be read: " + reason());
  if (!S_ISREG(info.st_mode)) throw Error(path.string(), "is not a regular file");
  size_ = static_cast<size_t>(info.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (address == MAP_FAILED) throw Error(path.string(), "cannot be mapped: " + reason());
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Error unreadable(const fs::path& path) {
  const std::string why = reason();
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (status.type() == fs::file_type::not_found) return Error(path.string(), "does not exist");
  if (status.type() == fs::file_type::directory) return Error(path.string(), "is a directory, not a file");
  return Error(path.string(), "cannot be opened for reading: " + why);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) throw unreadable(path);
  std::string contents((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) throw Error(path.string(), "reading failed: " + reason());
  return contents;
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  const int standard = standard_stream(path_);
  if (standard >= 0 || is_stream(path_)) {
    fd_ = standard >= 0 ? ::dup(standard) : ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) throw Error(path_.string(), "cannot be opened for writing: " + reason());
    return;
  }
  std::error_code ignored;
  if (fs::is_directory(path_, ignored)) throw Error(path_.string(), "is a directory, not a file", "name a file in it");
  final_ = behind_links(path_);
  temporary_ = unique_sibling(final_, kPartial);
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ >= 0) return;
  const std::string problem = "cannot be created: " + reason();
  const fs::path folder = final_.parent_path();
  const bool missing = !folder.empty() && !fs::exists(folder, ignored);
  throw Error(path_.string(), problem, missing ? "make the folder " + folder.string() + " first" : "");
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw Error(path_.string(), "cannot be written: " + reason(), "check that the disk has room");
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) {  // what a stream was given cannot be taken back, nor put in place
    if (::close(std::exchange(fd_, -1)) != 0) throw Error(path_.string(), "cannot be written: " + reason());
    return;
  }
  if (::fsync(fd_) != 0) {
    throw Error(path_.string(), "cannot be written: " + reason(), "check that the disk has room");
  }
  std::error_code failure;
  fs::rename(temporary_, final_, failure);
  if (failure) throw Error(path_.string(), "cannot be put in place: " + failure.message());
  ::close(std::exchange(fd_, -1));
  sync_directory(final_.parent_path());
}

void write_file_atomically(const fs::path& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  file.commit();
}

bool is_temporary_name(std::string_view name, std::string_view of, std::string_view kind) {
  if (!name.starts_with(of)) return false;
  name.remove_prefix(of.size());
  const std::string mark = "." + std::string(kind) + "-";
  if (!name.starts_with(mark)) return false;
  name.remove_prefix(mark.size());
  const size_t dash = name.find('-');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return dash != std::string_view::npos && is_number(name.substr(0, dash)) && is_number(name.substr(dash + 1));
}

fs::path final_directory(const fs::path& path) {
  std::error_code failure;
  fs::path asked = fs::absolute(path);
  if (!asked.has_filename()) asked = asked.parent_path();  // what stands behind a slash would be behind the link
  const fs::path absolute = fs::weakly_canonical(behind_links(asked), failure);
  if (failure) throw Error(path.string(), "cannot be used: " + failure.message());
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

void require_writable(const fs::path& path) {
  // A stream is not opened: somebody may wait at its other end.
  if (!is_stream(path)) {
    const AtomicFile probe(path);
  } else if (::access(path.c_str(), W_OK) != 0) {
    throw Error(path.string(), "cannot be written: " + reason());
  }
}

void require_replaceable(const fs::path& directory, std::span<const std::string> own_names) {
  std::error_code failure;
  const fs::path final_path = final_directory(directory);
  fs::path above = final_path.parent_path();
  while (!fs::exists(above, failure) && above.has_relative_path()) above = above.parent_path();
  if (!fs::is_directory(above, failure)) {
    throw Error(directory.string(), "cannot be created: " + above.string() + " is not a directory",
                "choose another place");
  }
  if (::access(above.c_str(), W_OK | X_OK) != 0) {
    throw Error(directory.string(), "cannot be created in " + above.string() + ": " + reason(), "choose another place");
  }
  if (!fs::exists(final_path, failure)) {
    if (!failure) return;
    throw Error(directory.string(), "cannot be used: " + failure.message(), "choose another name");
  }
  constexpr const char* kRemedy = "choose another name or remove it";
  if (!fs::is_directory(final_path)) throw Error(directory.string(), "exists and is not a directory", kRemedy);
  const bool marked = fs::exists(final_path / own_names.front());
  for (const auto& entry : fs::directory_iterator(final_path)) {
    const std::string name = entry.path().filename().string();
    if (marked && std::ranges::find(own_names, name) != own_names.end()) continue;
    throw Error(directory.string(), "exists and holds \"" + name + "\", which was not made by this command", kRemedy);
  }
}

PendingDirectory::PendingDirectory(const fs::path& final_path, std::span<const std::string> own_names)
    : asked_(final_path) {
  require_replaceable(final_path, own_names);
  std::error_code failure;
  final_ = final_directory(final_path);  // so that the sibling stands beside what is replaced
  pending_ = unique_sibling(final_, kPartial);
  fs::remove_all(pending_, failure);
  fs::create_directories(pending_, failure);
  if (failure) throw Error(final_path.string(), "cannot be created: " + failure.message());
}

PendingDirectory::~PendingDirectory() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(pending_, ignored);
}

void PendingDirectory::fill(const std::function<void(const fs::path&)>& write) const {
  const std::string inside = (pending_ / "").string();
  try {
    write(pending_);
  } catch (const Error& error) {
    if (!error.where().starts_with(inside)) throw;
    throw Error((asked_ / error.where().substr(inside.size())).string(), error.problem(), error.remedy());
  } catch (const fs::filesystem_error& error) {
    throw Error(asked_.string(), "cannot be written: " + error.code().message(), "check that the disk has room");
  }
}

void PendingDirectory::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(pending_)) {
    if (!entry.is_regular_file()) continue;
    const Descriptor fd(entry.path(), O_RDONLY);
    if (fd.get() < 0 || ::fsync(fd.get()) != 0) {
      const fs::path name = final_ / entry.path().lexically_relative(pending_);
      throw Error(name.string(), "cannot be flushed: " + reason(), "check that the disk has room");
    }
  }
  std::error_code failure, ignored;
  // Where the file system can, the two change places in one step; the old one is removed under the pending name.
  if (::renameat2(AT_FDCWD, pending_.c_str(), AT_FDCWD, final_.c_str(), RENAME_EXCHANGE) == 0) {
    committed_ = true;
    sync_directory(final_.parent_path());
    fs::remove_all(pending_, ignored);
    return;
  }
  const fs::path old = unique_sibling(final_, kReplaced);
  const bool replacing = fs::exists(final_);
  if (replacing) fs::rename(final_, old, failure);
  if (!failure) fs::rename(pending_, final_, failure);
  if (failure) throw Error(final_.string(), "cannot be put in place: " + failure.message());
  committed_ = true;
  sync_directory(final_.parent_path());
  if (replacing) fs::remove_all(old, ignored);
}

}  // namespace peapod
