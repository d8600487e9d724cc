#include "data/ragged_table.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/error.h"

namespace peapod {
namespace {

static_assert(std::endian::native == std::endian::little, "the files are little-endian and mapped as they are");

constexpr char kMagic[8] = {'P', 'E', 'A', 'P', 'O', 'D', 'T', 'B'};
constexpr uint32_t kVersion = 1;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t value_bytes;
  uint64_t num_rows;
  uint64_t num_values;
  uint8_t reserved[32];
};
static_assert(sizeof(Header) == 64);

}  // namespace

template <class T>
RaggedTable<T> RaggedTable<T>::parse(std::span<const std::byte> bytes, const std::string& where) {
  const auto fail = [&](const std::string& problem) { throw Error(where, problem, "run `peapod prepare` again"); };
  Header header;
  if (bytes.size() < sizeof header) fail(fmt::format("is cut short: {} bytes, expected a header of 64", bytes.size()));
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) fail("is not a peapod table (wrong magic bytes)");
  if (header.version != kVersion) fail(fmt::format("has version {}, expected {}", header.version, kVersion));
  if (header.value_bytes != sizeof(T)) {
    fail(fmt::format("has values of {} bytes, expected {}", header.value_bytes, sizeof(T)));
  }
  // Bounding both counts by the file size first keeps the sum below from overflowing.
  const uint64_t expected = header.num_rows > bytes.size() || header.num_values > bytes.size()
                                ? UINT64_MAX
                                : sizeof header + (header.num_rows + 1) * 8 + header.num_values * sizeof(T);
  if (expected != bytes.size()) {
    fail(fmt::format("has {} bytes, which does not fit {} rows and {} values", bytes.size(), header.num_rows,
                     header.num_values));
  }
  const std::byte* start_bytes = bytes.data() + sizeof header;
  const std::span starts(reinterpret_cast<const uint64_t*>(start_bytes), static_cast<size_t>(header.num_rows) + 1);
  const std::span values(reinterpret_cast<const T*>(start_bytes + starts.size_bytes()),
                         static_cast<size_t>(header.num_values));
  bool rising = starts.front() == 0 && starts.back() == values.size();
  for (size_t r = 0; rising && r + 1 < starts.size(); ++r) rising = starts[r] <= starts[r + 1];
  if (!rising) fail("has row starts that do not rise from 0 to the number of values");
  return {starts, values};
}

template <class T>
std::string RaggedTable<T>::serialize() const {
  static constexpr uint64_t kEmptyStarts[1] = {0};
  const std::span<const uint64_t> starts = starts_.empty() ? std::span<const uint64_t>(kEmptyStarts) : starts_;
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.value_bytes = sizeof(T);
  header.num_rows = starts.size() - 1;
  header.num_values = values_.size();
  std::string file(reinterpret_cast<const char*>(&header), sizeof header);
  file.append(reinterpret_cast<const char*>(starts.data()), starts.size_bytes());
  file.append(reinterpret_cast<const char*>(values_.data()), values_.size_bytes());
  return file;
}

template class RaggedTable<uint16_t>;
template class RaggedTable<uint32_t>;

}  // namespace peapod
