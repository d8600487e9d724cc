// For the targets of readers: raw files to a prepared data set, as `peapod prepare` has it.
#pragma once

#include "data/preparation.h"
#include "inputs.h"
#include "sources/source_reader.h"

namespace peapod::fuzz {

inline void read_and_prepare(const std::filesystem::path& source, ReadOptions options) {
  options.max_bad_lines_percent = 100;
  expect_an_error_at_most([&] {
    RawLog log = read_source(source, options);
    (void)summary_of_reading(log);
    for (const ItemInfo& item : log.items) {
      if (item.name.empty()) __builtin_trap();
    }
    const PreparedData data = prepare(std::move(log), {.min_user = 1, .min_item = 1, .repeats = Repeats::keep});
    for (size_t user = 0; user < data.interactions.num_rows(); ++user) {
      if (data.interactions.row(user).empty()) __builtin_trap();
      for (const uint32_t item : data.interactions.row(user)) {
        if (item >= data.num_items()) __builtin_trap();
      }
    }
  });
}

}  // namespace peapod::fuzz
