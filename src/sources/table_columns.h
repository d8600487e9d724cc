// Which column of a table means what: as the caller names them, or guessed from the names in the header and the first
// rows. Pure functions, safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/time_text.h"

namespace peapod {

// What a column may mean; the index into the arrays below.
enum class ColumnRole : size_t { user, item, time, rating, text, event };
inline constexpr std::array<std::string_view, 6> kColumnRoles = {"user", "item", "time", "rating", "text", "event"};

// The columns by name, by role; an empty name is guessed. A number is a position from 1, unless a header calls a
// column so.
using ColumnNames = std::array<std::string, kColumnRoles.size()>;

struct TableColumns {
  bool has_header = false;
  std::vector<std::string> names;                                  // of all columns; positions without a header
  std::array<std::optional<size_t>, kColumnRoles.size()> of = {};  // by role; absent where there is none
  TimeUnit time_unit = TimeUnit::seconds;

  std::optional<size_t> at(ColumnRole role) const { return of[static_cast<size_t>(role)]; }
  // `user = customer_id, item = sku, time = when (Unix seconds); not read: price`
  std::string in_words(bool times_are_dates) const;
};

// first: the first row, a header where one of its fields is known or asked for by name. rows: some of those after it.
// Throws Error about `where` when a named column is not there (and names the nearest), or when users or items cannot be
// told.
TableColumns find_columns(const std::vector<std::string>& first, const std::vector<std::vector<std::string>>& rows,
                          const ColumnNames& asked, const std::string& where);

// The first dozen names, for a message.
std::string listed(const std::vector<std::string>& names);
// Columns that have one of the `known` names, which stand between blanks, in lower case without signs, the likeliest
// first; so are the columns.
std::vector<size_t> known_columns(const std::vector<std::string>& names, std::string_view known);
// Those by which items are known.
std::string_view known_item_columns();

// Whether the names alone tell users and items; for the choice of a format.
bool names_tell_users_and_items(const std::vector<std::string>& names);

}  // namespace peapod
