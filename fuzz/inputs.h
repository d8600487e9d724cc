// What fuzz targets share: the input as files in a folder of the process, and what a reader may do with them.
#pragma once

#include <stdlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace peapod::fuzz {

// Stands between the files of an input, so that a corpus stays readable.
inline constexpr char kNextFile = '\x1e';

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A folder that goes with the process; TMPDIR says where.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "peapod-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, std::string_view contents) const {
    std::ofstream(path_ / name, std::ios::binary | std::ios::trunc) << contents;
    return path_ / name;
  }

  // Writes the parts of an input under these names; a part that is not there is a file that is not there.
  void write_parts(std::string_view input, const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      std::filesystem::remove(path_ / name);
      if (input.data() == nullptr) continue;
      const size_t end = std::min(input.find(kNextFile), input.size());
      write(name, input.substr(0, end));
      input = end == input.size() ? std::string_view() : input.substr(end + 1);
    }
  }

 private:
  std::filesystem::path path_;
};

inline const Folder& folder() {
  static const Folder one;
  return one;
}

// Runs what may refuse its input by an Error that says something; anything else that comes out of it is a finding.
template <class Act>
void expect_an_error_at_most(const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    if (std::string_view(error.what()).empty()) __builtin_trap();
  }
}

}  // namespace peapod::fuzz
