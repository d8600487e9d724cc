// Engines that are kept from one call to the next: their memory is large, and giving it back to the system and taking
// it again costs a tenth of a millisecond or two, which a single request would notice. Safe from many threads.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "decode/engine.h"
#include "decode/packed_network.h"

namespace peapod {

class EnginePool {
 public:
  // `network` and `head`, one of its heads, must outlive the pool.
  EnginePool(const PackedNetwork& network, const OutputHead& head) : network_(network), head_(head) {}
  EnginePool(const EnginePool&) = delete;
  EnginePool& operator=(const EnginePool&) = delete;

  // Goes back to the pool when the pointer goes away, which must be before the pool does.
  struct Return {
    const EnginePool* pool = nullptr;
    void operator()(Engine* engine) const {
      const std::lock_guard lock(pool->mutex_);
      pool->idle_.emplace_back(engine);
    }
  };
  using Lease = std::unique_ptr<Engine, Return>;

  // One that nobody uses, the one given back last; a new one where all are in use.
  Lease take() const {
    std::unique_ptr<Engine> engine;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        engine = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (engine == nullptr) engine = std::make_unique<Engine>(network_, head_);
    return Lease(engine.release(), Return{this});
  }

 private:
  const PackedNetwork& network_;
  const OutputHead& head_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Engine>> idle_;
};

}  // namespace peapod
