#include "data/source_reader.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string>

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

namespace {

struct SourceReader {
  SourceFormat format;
  const char* sign;                            // what recognises() looks for, in words
  bool (*recognises)(const fs::path& source);  // by names alone; opens nothing
  RawLog (*read)(const fs::path& source, const ReadOptions& options);
  uint32_t default_core;  // of users and items; see default_core()
};

// To add a reader: give SourceFormat a value and its name (data/raw_log.h), declare the reader's function in
// data/source_reader.h and write it in a file of its own, and add its row here. The command line, the choice by the
// files and the default k-core follow. The first row that recognises a source reads it.
constexpr SourceReader kReaders[] = {
    {SourceFormat::pod, "sequential.txt", [](const fs::path& source) { return fs::exists(source / "sequential.txt"); },
     read_pod, 0},  // its data are published filtered
    {SourceFormat::recbole, "an .inter file",
     [](const fs::path& source) { return !matching_files(source, is_recbole_inter_file).empty(); }, read_recbole, 5},
    {SourceFormat::amazon, "a .json, .jsonl or .gz file of reviews",
     [](const fs::path& source) { return !matching_files(source, is_amazon_review_file).empty(); }, read_amazon, 5},
};
static_assert(std::size(kReaders) + 1 == kSourceFormats.values().size(), "each format but \"auto\" has a reader");

const SourceReader& reader_of(SourceFormat format) {
  const auto* reader = std::ranges::find(kReaders, format, &SourceReader::format);
  assert(reader != std::end(kReaders));
  return *reader;
}

// "neither A (a), B (b) nor C (c)", of all rows.
std::string no_sign() {
  std::string text;
  for (const SourceReader& reader : kReaders) {
    text += &reader == std::begin(kReaders) ? "neither " : &reader + 1 == std::end(kReaders) ? " nor " : ", ";
    text += std::string(reader.sign) + " (" + std::string(name_of(reader.format)) + ")";
  }
  return text;
}

}  // namespace

RawLog read_source(const fs::path& source, const ReadOptions& options) {
  if (!fs::exists(source)) throw Error(source.string(), "does not exist");
  if (options.format != SourceFormat::automatic) return reader_of(options.format).read(source, options);
  for (const SourceReader& reader : kReaders) {
    if (reader.recognises(source)) return reader.read(source, options);
  }
  throw Error(source.string(), "holds no known format: " + no_sign(),
              "name the `format` if the files go by other names");
}

uint32_t default_core(SourceFormat format) { return reader_of(format).default_core; }

}  // namespace peapod
