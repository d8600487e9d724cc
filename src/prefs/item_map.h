// Values by item, in the order in which items came first: what recall gathers for the items that a history touches. An
// open hash table that grows. One thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace peapod {

// `Value` has a member `uint32_t item`, and is otherwise as Value{} makes it at first.
template <class Value>
class ItemMap {
 public:
  ItemMap() : slots_(kFirstSlots) {}

  // That of the item. The reference is good until the next call.
  Value& operator[](uint32_t item) {
    Slot* slot = slot_of(item);
    if (slot->place == kFree) {
      if (2 * (values_.size() + 1) > slots_.size()) {
        grow();
        slot = slot_of(item);
      }
      *slot = {item, static_cast<uint32_t>(values_.size())};
      values_.emplace_back().item = item;
    }
    return values_[slot->place];
  }

  std::vector<Value> take() && {
    values_.shrink_to_fit();  // it may be kept for long
    return std::move(values_);
  }

 private:
  static constexpr uint32_t kFree = 0xffffffffu;
  static constexpr size_t kFirstSlots = 1024;  // a power of two, as all sizes of the table
  struct Slot {
    uint32_t item = 0;
    uint32_t place = kFree;  // in values_
  };

  // The slot of the item, or the free one where it belongs.
  Slot* slot_of(uint32_t item) {
    const size_t mask = slots_.size() - 1;
    // Fibonacci hashing: items of one cluster, whose numbers may be near, are spread over the table.
    size_t slot = static_cast<size_t>((item * uint64_t{0x9E3779B97F4A7C15}) >> 32) & mask;
    while (slots_[slot].place != kFree && slots_[slot].item != item) slot = (slot + 1) & mask;
    return &slots_[slot];
  }

  void grow() {
    slots_.assign(2 * slots_.size(), {});
    for (uint32_t place = 0; place < values_.size(); ++place)
      *slot_of(values_[place].item) = {values_[place].item, place};
  }

  std::vector<Slot> slots_;
  std::vector<Value> values_;
};

}  // namespace peapod
