// Rows of different lengths, back to back: in memory, and as the one binary format of a prepared directory, which is
// read in place from a mapped file. Little-endian; a header of 64 bytes, then the row starts, then the values
// (docs/formats.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peapod {

// Immutable views, safe from any thread, valid while the bytes or vectors behind them are. Files hold uint16_t or
// uint32_t; in memory T is any integer.
template <class T>
class RaggedTable {
 public:
  RaggedTable() = default;
  // starts: [num_rows + 1], from 0, not falling; values: [starts.back()].
  RaggedTable(std::span<const uint64_t> starts, std::span<const T> values) : starts_(starts), values_(values) {}

  // Checks magic, version, sizes and starts of a file's bytes (aligned to 8) before anything is trusted.
  // Throws Error under the name `where`.
  static RaggedTable parse(std::span<const std::byte> bytes, const std::string& where);
  // The file that parse() reads.
  std::string serialize() const;

  size_t num_rows() const { return starts_.empty() ? 0 : starts_.size() - 1; }
  std::span<const T> row(size_t r) const {
    return values_.subspan(static_cast<size_t>(starts_[r]), static_cast<size_t>(starts_[r + 1] - starts_[r]));
  }
  std::span<const T> values() const { return values_; }  // of all rows, back to back

 private:
  std::span<const uint64_t> starts_;
  std::span<const T> values_;
};

extern template class RaggedTable<uint16_t>;
extern template class RaggedTable<uint32_t>;

// A table under construction, or one that is never in a file; the views above are taken from it.
template <class T>
struct RaggedRows {
  std::vector<uint64_t> starts{0};
  std::vector<T> values;

  void add_row(std::span<const T> row) {
    values.insert(values.end(), row.begin(), row.end());
    starts.push_back(values.size());
  }
  size_t num_rows() const { return starts.size() - 1; }
  RaggedTable<T> table() const { return {starts, values}; }
  std::span<const T> row(size_t r) const { return table().row(r); }
};

}  // namespace peapod
