#include "base/choices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>

#include "base/error.h"
#include "base/nearest_name.h"

namespace peapod {

void refuse_choice(std::string_view place, std::string_view field, std::string_view name,
                   const std::vector<std::string>& names) {
  const auto all_but_last = std::span(names).first(names.size() - 1);
  const std::string nearest = nearest_name(name, names);
  throw Error(place.empty() ? std::string(field) : fmt::format("{}: field \"{}\"", place, field),
              fmt::format("expected {}{}{}, got \"{}\"", fmt::join(all_but_last, ", "),
                          all_but_last.empty() ? "" : " or ", names.back(), name),
              nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest));
}

}  // namespace peapod
