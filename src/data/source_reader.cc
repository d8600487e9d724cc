#include "data/source_reader.h"

#include <algorithm>

#include "base/error.h"

namespace peapod {
namespace fs = std::filesystem;

bool is_amazon_review_file(std::string_view file_name) {
  if (file_name.ends_with(".gz")) file_name.remove_suffix(3);
  return (file_name.ends_with(".json") || file_name.ends_with(".jsonl")) && !file_name.starts_with("meta_");
}

bool is_recbole_inter_file(std::string_view file_name) { return file_name.ends_with(".inter"); }

std::vector<fs::path> matching_files(const fs::path& source, const std::function<bool(std::string_view)>& wanted) {
  std::vector<fs::path> files;
  const auto consider = [&](const fs::path& path) {
    if (fs::is_regular_file(path) && wanted(path.filename().string())) files.push_back(path);
  };
  if (fs::is_directory(source)) {
    for (const auto& entry : fs::directory_iterator(source)) consider(entry.path());
  } else {
    consider(source);
  }
  std::sort(files.begin(), files.end());
  return files;
}

fs::path only_file(const fs::path& source, const std::vector<fs::path>& files, std::string_view what) {
  if (files.empty()) throw Error(source.string(), "has no " + std::string(what));
  if (files.size() > 1) {
    throw Error(source.string(),
                "has several " + std::string(what) + "s: " + files[0].filename().string() + ", " +
                    files[1].filename().string() + (files.size() > 2 ? ", …" : ""),
                "name one of them instead of the folder");
  }
  return files.front();
}

RawLog read_source(const fs::path& source, const ReadOptions& options) {
  if (!fs::exists(source)) throw Error(source.string(), "does not exist");
  switch (options.format) {
    case SourceFormat::amazon:
      return read_amazon(source, options);
    case SourceFormat::pod:
      return read_pod(source, options);
    case SourceFormat::recbole:
      return read_recbole(source, options);
    case SourceFormat::automatic:
      break;
  }
  if (fs::exists(source / "sequential.txt")) return read_pod(source, options);
  if (!matching_files(source, is_recbole_inter_file).empty()) return read_recbole(source, options);
  if (!matching_files(source, is_amazon_review_file).empty()) return read_amazon(source, options);
  throw Error(source.string(),
              "holds no known format: neither sequential.txt (pod), an .inter file (recbole) nor a "
              ".json, .jsonl or .gz file of reviews (amazon)",
              "name the format with --format if the files go by other names");
}

}  // namespace peapod
