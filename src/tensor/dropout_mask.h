// Which elements a dropout keeps: a function of its seed and of an element's place, so that no mask is stored and the
// backward pass computes the same one again. 16 bits decide on an element. Elements go in blocks of 32: word k of a
// block decides on element k with its low half and on element 16 + k with its high half, so one hash serves two and
// vectors need no shuffling.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace peapod {

inline constexpr size_t kDropoutHalf = 16;
inline constexpr uint32_t kDropoutStep = 0x9e3779b1u;

// Word i of a dropout with `seed`: the finaliser of MurmurHash3.
inline uint32_t dropout_word(uint32_t seed, uint32_t i) {
  uint32_t h = i * kDropoutStep ^ seed;
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

// An element is dropped where its 16 bits are below this: p as a multiple of 1 / 65,536, to the nearest.
template <class T>
uint32_t dropout_threshold(T p) {
  return static_cast<uint32_t>(std::lround(p * T(65536)));
}

// The factor of kept elements, 1 / (1 - threshold / 65,536): with it dropout does not change an element's expected
// value.
template <class T>
T dropout_kept_scale(uint32_t threshold) {
  return T(65536) / static_cast<T>(65536 - threshold);
}

// The factor of element i: 0, or the scale of those that are kept.
template <class T>
T dropout_scale(T p, uint32_t seed, size_t i) {
  const uint32_t word = dropout_word(seed, static_cast<uint32_t>(i / 32 * kDropoutHalf + i % kDropoutHalf));
  const uint32_t bits = i % 32 < kDropoutHalf ? word & 0xffffu : word >> 16;
  const uint32_t threshold = dropout_threshold(p);
  return bits >= threshold ? dropout_kept_scale<T>(threshold) : T(0);
}

}  // namespace peapod
