// Memory for the values of one pass: handed out by moving a pointer, taken back all at once or down to a mark. One
// thread.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace peapod {

class Arena {
 public:
  // Uninitialised room for `count` values of T, aligned to 64 bytes, valid until reset() or reset_to() of an earlier
  // mark.
  template <class T>
  T* allocate(size_t count) {
    const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
    while (block_ < blocks_.size() && used_ + bytes > blocks_[block_].size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) {
      // Sizes are multiples of kBlockBytes, so that the block of a large value also has room for a somewhat larger one
      // in the next pass.
      const size_t size = (bytes / kBlockBytes + 1) * kBlockBytes;
      void* memory = std::aligned_alloc(64, size);
      if (memory == nullptr) throw std::bad_alloc();
      blocks_.push_back({std::unique_ptr<std::byte, Free>(static_cast<std::byte*>(memory)), size});
      used_ = 0;
    }
    std::byte* start = blocks_[block_].memory.get() + used_;
    used_ += bytes;
    return reinterpret_cast<T*>(start);
  }

  // Takes everything back but keeps the memory for the next pass.
  void reset() { block_ = used_ = 0; }

  struct Mark {
    size_t block, used;
  };
  Mark mark() const { return {block_, used_}; }
  // Takes back what was handed out since the mark.
  void reset_to(Mark mark) {
    block_ = mark.block;
    used_ = mark.used;
  }

 private:
  static constexpr size_t kBlockBytes = size_t{8} << 20;
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  struct Block {
    std::unique_ptr<std::byte, Free> memory;
    size_t size;
  };
  std::vector<Block> blocks_;
  size_t block_ = 0;
  size_t used_ = 0;
};

}  // namespace peapod
