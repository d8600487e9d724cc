// For tests of readers: what was read, in words, and what was said where nothing could be.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "sources/source_reader.h"

namespace peapod {

// `user item time`, the time in whole seconds.
inline std::vector<std::string> rows_of(const RawLog& log) {
  std::vector<std::string> rows;
  for (const RawInteraction& interaction : log.interactions) {
    rows.push_back(log.users[interaction.user].name + " " + log.items[interaction.item].name + " " +
                   std::to_string(static_cast<long long>(interaction.time)));
  }
  return rows;
}

inline std::string summary(const RawLog& log) {
  std::string text;
  for (const std::string& line : summary_of_reading(log)) text += line + "\n";
  return text;
}

inline std::string error_of(const std::filesystem::path& source, const ReadOptions& options = {}) {
  try {
    read_source(source, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace peapod
