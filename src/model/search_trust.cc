#include "model/search_trust.h"

#include <fmt/format.h>

namespace peapod {

std::string in_words(const SearchTrust& trust) {
  const std::string appraisal = trust.appraisal > 0.0 ? fmt::format(", {:g} in its appraisals", trust.appraisal) : "";
  return fmt::format("trust {:g} in the network{}, weight {:g} of what is recalled", trust.trust, appraisal,
                     trust.weight);
}

}  // namespace peapod
