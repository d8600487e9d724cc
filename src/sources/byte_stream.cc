#include "sources/byte_stream.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace peapod {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 17;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstandardMagic = "\x28\xb5\x2f\xfd";

}  // namespace

// A file of several members, as appending makes it, is read as one. What follows the last member and is none, such as
// the zeros of a tape, is left aside, as gzip does.
struct ByteStream::Gzip : Packed {
  Gzip() { usable = inflateInit2(&state, 15 + 16) == Z_OK; }
  ~Gzip() override {
    if (usable) inflateEnd(&state);
  }

  std::string unpack(std::span<const char>& in, std::span<char>& out) override {
    if (!usable) return "out of memory";
    if (ended && in.empty()) return {};
    if (ended) {
      if (in.front() != kGzipMagic.front()) {
        in = {};
        return {};
      }
      inflateReset(&state);
      ended = false;
    }
    // zlib takes a pointer to bytes that it does not change, but not as const.
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    state.avail_in = static_cast<uInt>(in.size());
    state.next_out = reinterpret_cast<Bytef*>(out.data());
    state.avail_out = static_cast<uInt>(std::min<size_t>(out.size(), size_t{1} << 30));
    const uInt room = state.avail_out;
    const int status = inflate(&state, Z_NO_FLUSH);
    in = in.last(state.avail_in);
    out = out.subspan(room - state.avail_out);
    ended = status == Z_STREAM_END;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR) return {};
    return state.msg != nullptr ? state.msg : "no gzip";
  }
  bool at_end() const override { return ended; }

  z_stream state{};
  bool usable = false;
  bool ended = false;
};

struct ByteStream::Zstandard : Packed {
  ~Zstandard() override { ZSTD_freeDStream(state); }

  std::string unpack(std::span<const char>& in, std::span<char>& out) override {
    if (state == nullptr) return "out of memory";
    if (ended && in.empty()) return {};  // without input the call would begin a frame
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const size_t status = ZSTD_decompressStream(state, &to, &from);
    in = in.subspan(from.pos);
    out = out.subspan(to.pos);
    if (ZSTD_isError(status) != 0) return ZSTD_getErrorName(status);
    ended = status == 0;
    return {};
  }
  bool at_end() const override { return ended; }

  ZSTD_DStream* state = ZSTD_createDStream();
  bool ended = false;
};

ByteStream::ByteStream(const std::filesystem::path& path)
    : path_(path.string()), buffer_(std::make_unique<char[]>(kBufferBytes)) {
  if (path_ == kStandardInput) {
    path_ = "standard input";
    fd_ = ::dup(STDIN_FILENO);
  } else {
    const bool is_other = std::filesystem::exists(path) && !std::filesystem::is_regular_file(path);
    if (is_other && !std::filesystem::is_directory(path)) throw Error(path_, "is no regular file", "name a file");
    if (!is_other) fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ >= 0) size_ = std::filesystem::file_size(path);
  }
  if (fd_ < 0) throw unreadable(path_);
  // A pipe may give its first bytes one by one.
  while (pending_.size() < kZstandardMagic.size() && fill()) {
  }
  const std::string_view first(pending_.data(), pending_.size());
  if (first.starts_with(kGzipMagic)) packed_ = std::make_unique<Gzip>();
  if (first.starts_with(kZstandardMagic)) packed_ = std::make_unique<Zstandard>();
}

ByteStream::~ByteStream() {
  if (fd_ >= 0) ::close(fd_);
}

// Adds bytes of the file to what is pending, which fits the buffer together with them; false at the end of the file.
bool ByteStream::fill() {
  std::ranges::copy(pending_, buffer_.get());  // from left to right: the two may overlap
  ssize_t count = 0;
  do {
    count = ::read(fd_, buffer_.get() + pending_.size(), kBufferBytes - pending_.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw Error(path_, std::string("cannot be read: ") + std::strerror(errno));
  pending_ = {buffer_.get(), pending_.size() + static_cast<size_t>(count)};
  taken_ += static_cast<uint64_t>(count);
  return count > 0;
}

size_t ByteStream::read(std::span<char> out) {
  if (packed_ == nullptr) {
    if (pending_.empty() && !fill()) return 0;
    const size_t count = std::min(out.size(), pending_.size());
    std::memcpy(out.data(), pending_.data(), count);
    pending_ = pending_.subspan(count);
    return count;
  }
  const auto damaged = [&](const std::string& why) {
    return Error(path_, "is damaged or cut short (" + why + ")", "fetch the file again");
  };
  std::span<char> room = out;
  for (;;) {
    // What was unpacked before may still wait inside, so unpacking comes first.
    if (const std::string wrong = packed_->unpack(pending_, room); !wrong.empty()) throw damaged(wrong);
    if (room.size() < out.size()) return out.size() - room.size();
    if (!pending_.empty()) continue;
    if (fill()) continue;
    if (packed_->at_end()) return 0;
    throw damaged("the packed stream does not end");
  }
}

}  // namespace peapod
