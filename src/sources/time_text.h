// Times as tables write them: ISO dates, or numbers since 1970 in some unit. Pure functions, safe from any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace peapod {

// In which unit a column of numbers counts.
enum class TimeUnit { seconds, milliseconds, microseconds, nanoseconds };

// `2024-01-31`, also with `/` or `T`/blank and a time of day to the minute, second or a fraction of it, and a zone
// (`Z`, `UTC`,
// `+01:00`, `+0100`, `+01`); without a zone it is UTC. Seconds since 1970; nullopt for anything else and for days that
// do not exist.
std::optional<double> iso_time(std::string_view text);

// The unit of a column, from some of its values: that in which the median number lies before the year 5000. Seconds
// where there is no number.
TimeUnit unit_of(std::span<const std::string> values);

// "Unix seconds", "Unix milliseconds" …
std::string_view name_of(TimeUnit unit);

// A value of such a column in seconds since 1970. Where it is no time, or one that cannot be meant (negative, after the
// year 2200), nullopt, and `problem` says what was expected and what was found.
std::optional<double> parse_time(std::string_view text, TimeUnit unit, std::string& problem);

}  // namespace peapod
