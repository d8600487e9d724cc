// The bytes of a file or of standard input, unpacked where they are gzip or Zstandard (told by the content, not by the
// name). The lowest layer of reading raw data. One stream belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace peapod {

// The path that stands for standard input.
inline constexpr std::string_view kStandardInput = "-";

class ByteStream {
 public:
  // Throws Error when the file cannot be opened or is no regular file.
  explicit ByteStream(const std::filesystem::path& path);
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  ~ByteStream();

  // Fills `out`, which must not be empty, from its front; returns the number of bytes, 0 at the end. Throws Error when
  // the file cannot be read, is damaged or ends within a packed stream.
  size_t read(std::span<char> out);

  // Of the file's bytes, packed as they are, the share that has been taken; 0 of what has no size beforehand.
  double share_read() const { return size_ > 0 ? static_cast<double>(taken_) / static_cast<double>(size_) : 0.0; }

 private:
  struct Packed {  // what the two formats have in common
    virtual ~Packed() = default;
    // Moves bytes from the front of `in` to the front of `out` and shortens both. Returns what is wrong, else empty.
    virtual std::string unpack(std::span<const char>& in, std::span<char>& out) = 0;
    virtual bool at_end() const = 0;  // whether the input may end here
  };
  struct Gzip;
  struct Zstandard;

  bool fill();

  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0, taken_ = 0;  // bytes of the file; 0: not known beforehand
  std::unique_ptr<char[]> buffer_;
  std::span<const char> pending_;  // of buffer_, not yet given or unpacked
  std::unique_ptr<Packed> packed_;
};

}  // namespace peapod
