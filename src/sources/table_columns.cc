#include "sources/table_columns.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/nearest_name.h"
#include "sources/plain_text.h"

namespace peapod {
namespace {

// Names in lower case without signs, the likeliest first.
constexpr std::array<std::string_view, kColumnRoles.size()> kKnownNames = {
    "userid user customerid customer reviewerid visitorid memberid clientid accountid buyerid uid username",
    "itemid item productid product parentasin asin sku movieid bookid isbn trackid songid articleid stockcode goodsid "
    "iid",
    "timestamp time unixreviewtime datetime date createdat eventtime orderdate purchasedate invoicedate reviewdate "
    "unixtime ts",
    "rating overall stars score",
    "reviewtext review text comment reviewbody body",
    "event eventtype eventname action actiontype behavior behaviour behaviortype interactiontype",
};

// `User_ID:token` -> `userid`.
std::string plain_form(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, name.find(':'))) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain;
}

std::optional<size_t> position_in(const std::string& text) {
  size_t position = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (failure != std::errc{} || end != text.data() + text.size() || position == 0) return std::nullopt;
  return position - 1;
}

std::vector<std::string> values_of(const std::vector<std::vector<std::string>>& rows, size_t column) {
  std::vector<std::string> values;
  for (const auto& row : rows) {
    if (column < row.size() && !row[column].empty()) values.push_back(row[column]);
  }
  return values;
}

size_t named_column(const TableColumns& columns, const std::string& asked, std::string_view role,
                    const std::string& where) {
  const std::vector<std::string>& names = columns.names;
  const auto found = std::ranges::find(names, asked);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  const auto position = position_in(asked);
  if (position && *position < names.size()) return *position;
  const std::string nearest = columns.has_header ? nearest_name(asked, names) : std::string();
  throw Error(where,
              "has no column \"" + asked + "\"; it has " +
                  (columns.has_header ? listed(names) : std::to_string(names.size()) + " columns"),
              nearest.empty() ? "name one of these with `" + std::string(role) + "`"
                              : "did you mean \"" + nearest + "\"? Name it with `" + std::string(role) + "`");
}

}  // namespace

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < 12; ++i) text += (i > 0 ? ", " : "") + names[i].substr(0, 40);
  return text + (names.size() > 12 ? ", …" : "");
}

std::vector<size_t> known_columns(const std::vector<std::string>& names, std::string_view known) {
  std::vector<size_t> found;
  for (const std::string_view wanted : split_fields(known, ' ')) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (plain_form(names[i]) == wanted) found.push_back(i);
    }
  }
  return found;
}

std::string_view known_item_columns() { return kKnownNames[static_cast<size_t>(ColumnRole::item)]; }

std::string TableColumns::in_words(bool times_are_dates) const {
  std::string text;
  for (size_t role = 0; role < of.size(); ++role) {
    if (!of[role]) continue;
    text += (text.empty() ? "" : ", ") + std::string(kColumnRoles[role]) + " = " + names[*of[role]];
    if (role == static_cast<size_t>(ColumnRole::time)) {
      text += times_are_dates ? " (dates)" : " (" + std::string(name_of(time_unit)) + ")";
    }
  }
  std::vector<std::string> unread;
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::ranges::find(of, std::optional(i)) == of.end()) unread.push_back(names[i]);
  }
  return text + (unread.empty() ? "" : "; not read: " + listed(unread));
}

bool names_tell_users_and_items(const std::vector<std::string>& names) {
  return !known_columns(names, kKnownNames[0]).empty() && !known_columns(names, kKnownNames[1]).empty();
}

TableColumns find_columns(const std::vector<std::string>& first, const std::vector<std::vector<std::string>>& rows,
                          const ColumnNames& asked, const std::string& where) {
  TableColumns columns;
  for (size_t role = 0; role < asked.size(); ++role) {
    const bool by_name = !asked[role].empty() && !position_in(asked[role]);
    columns.has_header = columns.has_header || by_name || !known_columns(first, kKnownNames[role]).empty();
  }
  columns.names = first;
  if (!columns.has_header) {
    for (size_t i = 0; i < first.size(); ++i) columns.names[i] = std::to_string(i + 1);
  }
  const auto taken = [&](size_t column) {
    return std::ranges::find(columns.of, std::optional(column)) != columns.of.end();
  };
  for (size_t role = 0; role < asked.size(); ++role) {
    if (!asked[role].empty()) {
      columns.of[role] = named_column(columns, asked[role], kColumnRoles[role], where);
    }
  }
  for (size_t role = 0; role < asked.size() && columns.has_header; ++role) {
    if (columns.of[role]) continue;
    for (const size_t column : known_columns(first, kKnownNames[role])) {
      const std::vector<std::string> values = values_of(rows, column);
      // A "date" that is written in a way nobody can order is not taken for the time unless it is asked for.
      std::string ignored;
      const bool fits = role != static_cast<size_t>(ColumnRole::time) || values.empty() ||
                        std::ranges::any_of(values, [&](const std::string& value) {
                          return parse_time(value, unit_of(values), ignored).has_value();
                        });
      if (taken(column) || !fits) continue;
      columns.of[role] = column;
      break;
    }
  }
  for (const ColumnRole role : {ColumnRole::user, ColumnRole::item}) {
    if (columns.at(role)) continue;
    const std::string name(kColumnRoles[static_cast<size_t>(role)]);
    throw Error(where, "no column is known to name the " + name + "s; the table has " + listed(first),
                "name the columns with `user` and `item`, by their names or, without a header, by position from 1");
  }
  if (const auto time = columns.at(ColumnRole::time)) columns.time_unit = unit_of(values_of(rows, *time));
  return columns;
}

}  // namespace peapod
