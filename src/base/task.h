// The three tasks that one network is taught. Text and network both tell them apart, and neither knows the other.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/choices.h"

namespace peapod {

enum class Task {
  sequential,   // the items that follow a history
  topn,         // the best of some candidates
  explanation,  // a sentence on why a user would like an item
};

inline constexpr Choices<Task, 3> kTaskNames{
    "task", {{Task::sequential, "sequential"}, {Task::topn, "topn"}, {Task::explanation, "explanation"}}};
inline constexpr auto kTasks = kTaskNames.values();
inline constexpr size_t kNumTasks = kTasks.size();

// Those that are answered with items.
inline constexpr std::array kRankingTasks = {Task::sequential, Task::topn};

inline std::string_view name_of(Task task) { return kTaskNames.name_of(task); }

}  // namespace peapod
