// "Did you mean": the closest of the known names to one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace peapod {

// The candidate with the smallest edit distance to `name` (the first among equals); empty when there is none within a
// third of the name's length, at least 2 edits. Case counts as half an edit. A candidate that begins with `-` is near
// only to a name that does.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace peapod
