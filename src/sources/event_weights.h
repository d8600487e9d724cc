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

  // The number of a row's event, for combine(); nullopt where the row is left out: its event has the weight 0 or none.
  // Counts it.
  std::optional<uint32_t> number_of(std::string_view event);

  // Makes `log.interactions`, of which each has the number of its event, those that count: of a user and an item each
  // row with which the weights come to 1; what is beyond 1 counts for the next. Times, where there are some, order the
  // rows of a pair, and rows of the same time and event are one that was written twice. Notes what was counted. Throws
  // Error where nothing is left.
  void combine(RawLog& log, const std::vector<uint32_t>& events) const;

 private:
  struct Count {
    std::optional<double> weight;  // nullopt: none was given
    uint32_t number = 0;           // in the order in which they are met
    uint64_t rows = 0;
  };
  EventWeights weights_;
  std::map<std::string, Count, std::less<>> counts_;
  std::vector<double> weight_of_;  // by number
};

}  // namespace peapod
