// How a database is named as a source, `sqlite:FILE` or `postgresql://user@host/name`, and how it is shown: never with
// a password. Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace peapod {

inline constexpr std::string_view kSqlitePrefix = "sqlite:";

bool is_sqlite_name(std::string_view source);
// `postgresql://` or `postgres://`.
bool is_postgresql_url(std::string_view source);

// Whether user and password stand in the URL as libpq reads them: no @ but the one that ends them, and no / before it.
bool has_readable_user(std::string_view url);
// The URL without its password; whatever else it says is kept. Requires has_readable_user().
std::string without_password(std::string_view url);
// `postgresql://user@host/name` without passwords and parameters, for messages. Whatever may belong to a password is
// left out, also where the URL is not one that can be read.
std::string shown_url(std::string_view url);
// A text with each such URL in it as it may be shown, and with those of other schemes that hold an @.
std::string with_shown_urls(std::string_view text);

}  // namespace peapod
