// Counter-based random numbers: every draw is a pure function of (seed, stream, counter), so results do not depend on
// threads or on the order in which work is done. Not for cryptography.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace peapod {

// Mixes 64 bits so that every input bit reaches every output bit (the finaliser of SplitMix64, Steele et al. 2014).
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr uint64_t mix64(uint64_t a, uint64_t b) { return mix64(mix64(a) ^ b); }
constexpr uint64_t mix64(uint64_t a, uint64_t b, uint64_t c) { return mix64(mix64(a, b) ^ c); }

// A stream of draws. Copy it to replay it; one instance belongs to one thread.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0) : key_(mix64(seed, stream)) {}

  uint64_t bits() { return mix64(key_ ^ mix64(counter_++)); }

  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

  // Uniform in [0, n); n must be positive. Multiply-shift; the bias is below 2^-32 for n < 2^32.
  uint64_t below(uint64_t n) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(bits()) * n) >> 64);
  }

  // Standard normal (Box and Muller 1958, the cosine half).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

  // Fisher-Yates.
  template <class Sequence>
  void shuffle(Sequence& values) {
    for (uint64_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace peapod
