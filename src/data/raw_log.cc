#include "data/raw_log.h"

#include "base/error.h"

namespace peapod {

std::string_view name_of(SourceFormat format) {
  switch (format) {
    case SourceFormat::automatic:
      return "auto";
    case SourceFormat::amazon:
      return "amazon";
    case SourceFormat::pod:
      return "pod";
    case SourceFormat::recbole:
      return "recbole";
  }
  return "";
}

SourceFormat source_format_from(std::string_view name) {
  for (const SourceFormat format :
       {SourceFormat::automatic, SourceFormat::amazon, SourceFormat::pod, SourceFormat::recbole}) {
    if (name_of(format) == name) return format;
  }
  throw Error("format", "expected auto, amazon, pod or recbole, got \"" + std::string(name) + "\"");
}

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
