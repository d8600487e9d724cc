// What a row of a log counts by its event: a purchase 1, say, a view 0.2. Rows become interactions where the weights of
// a user and an item come to 1, so that five views count like one purchase and fewer than five not at all. Belongs to
// the readers of tables; one object belongs to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/raw_log.h"

namespace peapod {

// By the event's name; from 0 to 1.
using EventWeights = std::map<std::string, double, std::less<>>;

// `purchase=1`, `view=0.2`. Throws Error for a text of another form, a weight out of range and an event named twice.
EventWeights event_weights_of(const std::vector<std::string>& texts);

class EventCounter {
 public:
  explicit EventCounter(EventWeights weights) : weights_(std::move(weights)) {}

  // The weight of one row, above 0; nullopt where the row is left out: its event has the weight 0 or none. Counts it.
  std::optional<float> weigh(std::string_view event);

  // Makes `log.interactions`, of which each has a weight, those that count: in the order of the rows, of a user and an
  // item each row with which the weights since the last one come to 1. Times, where there are some, order the rows of a
  // pair; rows of the same time and weight are one that was written twice. Notes what was counted. Throws Error where
  // nothing is left.
  void combine(RawLog& log, const std::vector<float>& weights) const;

 private:
  struct Count {
    std::optional<double> weight;  // nullopt: none was given
    uint64_t rows = 0;
  };
  EventWeights weights_;
  std::map<std::string, Count, std::less<>> counts_;
};

}  // namespace peapod
