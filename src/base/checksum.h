// Checksums that tell a damaged file from a good one at the speed of memory: XXH3 with 64 bits, which misses one change
// in 2^64. No protection against somebody who means to deceive. Safe from any thread.
//
// A *sealed* text holds the checksum of itself: a JSON object with a member `"xxh3"` of 16 hexadecimal digits, which
// are zeros where the checksum is made. docs/formats.md says which files are sealed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace peapod {

// Of bytes that come in parts.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  std::string digits() const;  // 16 hexadecimal digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The digits for bytes that are all there.
std::string checksum(std::span<const std::byte> bytes);
inline std::string checksum(std::string_view text) { return checksum(std::as_bytes(std::span(text))); }

inline constexpr std::string_view kSealName = "xxh3";
inline constexpr std::string_view kNoSeal = "0000000000000000";

// Where in the text the digits of its first member `xxh3` stand; nullopt where there is none.
std::optional<size_t> seal_place(std::string_view text);

// The text of a JSON object, which has a member, with its seal: made anew where it has one, else put first.
std::string sealed(std::string object);

// What is wrong with the seal of a text that `rest` follows, in words that follow the name of a file; empty where it
// holds.
std::string seal_fault(std::string_view text, std::span<const std::byte> rest = {});

}  // namespace peapod
