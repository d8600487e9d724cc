#include "data/item_ids.h"

#include <string>

#include "base/error.h"

namespace peapod {

std::string_view name_of(IdScheme scheme) {
  switch (scheme) {
    case IdScheme::collaborative:
      return "collaborative";
    case IdScheme::random:
      return "random";
    case IdScheme::sequential:
      return "sequential";
  }
  return "";
}

IdScheme id_scheme_from(std::string_view name) {
  for (const IdScheme scheme : {IdScheme::collaborative, IdScheme::random, IdScheme::sequential}) {
    if (name_of(scheme) == name) return scheme;
  }
  throw Error("id scheme", "expected collaborative, random or sequential, got \"" + std::string(name) + "\"");
}

}  // namespace peapod
