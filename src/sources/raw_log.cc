#include "sources/raw_log.h"

namespace peapod {

NameIndex::Place NameIndex::add(std::string_view name) {
  const auto found = indices_.find(name);
  if (found != indices_.end()) return {found->second, false};
  indices_.emplace(std::string(name), next_);
  return {next_++, true};
}

void NameIndex::add_alias(std::string_view name, uint32_t index) { indices_.emplace(std::string(name), index); }

uint32_t NameIndex::find(std::string_view name) const {
  const auto found = indices_.find(name);
  return found == indices_.end() ? kAbsent : found->second;
}

}  // namespace peapod
