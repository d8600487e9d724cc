#include "base/checksum.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cassert>

namespace peapod {
namespace {

std::string hexadecimal(uint64_t value) { return fmt::format("{:016x}", value); }

std::string checksum_without(std::string_view text, size_t place, std::span<const std::byte> rest = {}) {
  Checksum sum;
  sum.add(text.substr(0, place));
  sum.add(kNoSeal);
  sum.add(text.substr(place + kNoSeal.size()));
  sum.add(rest);
  return sum.digits();
}

}  // namespace

struct Checksum::State {
  XXH3_state_t* state = XXH3_createState();
  State() { XXH3_64bits_reset(state); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { XXH3_freeState(state); }
};

Checksum::Checksum() : state_(std::make_unique<State>()) {}
Checksum::~Checksum() = default;

void Checksum::add(std::span<const std::byte> bytes) { XXH3_64bits_update(state_->state, bytes.data(), bytes.size()); }

std::string Checksum::digits() const { return hexadecimal(XXH3_64bits_digest(state_->state)); }

std::string checksum(std::span<const std::byte> bytes) { return hexadecimal(XXH3_64bits(bytes.data(), bytes.size())); }

std::optional<size_t> seal_place(std::string_view text) {
  static const std::string kMember = fmt::format("\"{}\":", kSealName);
  size_t place = text.find(kMember);
  if (place == std::string_view::npos) return std::nullopt;
  place += kMember.size();
  if (place < text.size() && text[place] == ' ') ++place;
  const std::string_view value = text.substr(place, kNoSeal.size() + 2);
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool good = value.size() == kNoSeal.size() + 2 && value.front() == '"' && value.back() == '"' &&
                    std::ranges::all_of(value.substr(1, kNoSeal.size()), is_digit);
  return good ? std::optional(place + 1) : std::nullopt;
}

std::string sealed(std::string object) {
  assert(!object.empty() && object.front() == '{');
  std::optional<size_t> place = seal_place(object);
  if (!place) {
    const bool in_lines = object.size() > 1 && object[1] == '\n';
    object.insert(1, in_lines ? fmt::format("\n  \"{}\": \"{}\",", kSealName, kNoSeal)
                              : fmt::format("\"{}\":\"{}\",", kSealName, kNoSeal));
    place = seal_place(object);
  }
  object.replace(*place, kNoSeal.size(), checksum_without(object, *place));
  return object;
}

std::string seal_fault(std::string_view text, std::span<const std::byte> rest) {
  const std::optional<size_t> place = seal_place(text);
  if (!place) return "is damaged (its checksum is not where it belongs)";
  if (text.substr(*place, kNoSeal.size()) == checksum_without(text, *place, rest)) return "";
  return "is damaged or was edited (its checksum is not that of what it holds)";
}

}  // namespace peapod
