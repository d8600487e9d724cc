// What may be chosen, and by which names: one table for each enum (or set of presets) that files and the command line
// name. The table gives a value its name, reads a name back, and lists the names for a command line to check against.
// Immutable, so safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace peapod {

template <class Value>
struct Choice {
  Value value;
  std::string_view name;
};

// Throws Error: `name` is none of `names`, the nearest is such. `place` as Choices::parse has it.
[[noreturn]] void refuse_choice(std::string_view place, std::string_view field, std::string_view name,
                                const std::vector<std::string>& names);

// inline constexpr Choices<Split, 3> kSplits{"split", {{Split::train, "train"}, …}};
template <class Value, size_t N>
struct Choices {
  std::string_view field;  // what is chosen, in snake_case, as errors name it
  Choice<Value> rows[N];   // in the order in which they are shown; values and names are unique

  // Empty for a value without a row.
  constexpr std::string_view name_of(const Value& value) const {
    for (const auto& row : rows) {
      if (row.value == value) return row.name;
    }
    return {};
  }

  // Throws Error that names the field, lists the choices and names the nearest. `place` is the file that the name
  // stands in, with its line if it has some; empty for a name that was given otherwise.
  Value parse(std::string_view name, std::string_view place = {}) const {
    for (const auto& row : rows) {
      if (row.name == name) return row.value;
    }
    refuse_choice(place, field, name, names());
  }

  constexpr std::array<Value, N> values() const {
    std::array<Value, N> all{};
    for (size_t i = 0; i < N; ++i) all[i] = rows[i].value;
    return all;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& row : rows) all.emplace_back(row.name);
    return all;
  }

  // For what takes all but one of the choices.
  std::vector<std::string> names_without(const Value& value) const {
    std::vector<std::string> most = names();
    std::erase(most, name_of(value));
    return most;
  }
};

}  // namespace peapod
