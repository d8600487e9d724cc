#include "model/stored_weights.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

constexpr const char* kFile = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kFetch = "fetch the whole model directory again";

// Other formats in which weights are published.
constexpr const char* kOtherFormats[] = {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
                                         "flax_model.msgpack"};

// Tensor and file of an index.
std::map<std::string, std::string> weight_map(const fs::path& index) {
  const auto object = parse_json_object<nlohmann::json>(read_file(index), index.string(), kFetch);
  const std::string where = index.string() + ": field \"weight_map\"";
  const auto map = object.find("weight_map");
  if (map == object.end() || !map->is_object()) throw Error(where, "expected an object of tensors and files", kFetch);
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : map->items()) {
    // A shard stands beside its index; a name that leads elsewhere is none.
    if (!file.is_string() || fs::path(file.get<std::string>()).filename() != file.get<std::string>()) {
      throw Error(where, fmt::format("expected a file beside it for \"{}\", got {}", name, shown_json(file)), kFetch);
    }
    files[name] = file.get<std::string>();
  }
  if (files.empty()) throw Error(where, "names no tensor", kFetch);
  return files;
}

}  // namespace

StoredWeights::StoredWeights(const fs::path& file) : where_(file.string()) { add(file); }

StoredWeights StoredWeights::of_directory(const fs::path& directory) {
  if (fs::exists(directory / kFile)) return StoredWeights(directory / kFile);
  if (fs::exists(directory / kIndex)) {
    const std::map<std::string, std::string> map = weight_map(directory / kIndex);
    StoredWeights weights;
    weights.where_ = directory.string();
    std::set<std::string> shards;
    for (const auto& [name, shard] : map) shards.insert(shard);
    for (const std::string& shard : shards) {
      if (!fs::exists(directory / shard)) {
        throw Error(directory.string(), fmt::format("has no {}, which {} names", shard, kIndex), kFetch);
      }
      weights.add(directory / shard);
    }
    for (const auto& [name, shard] : map) {
      if (!weights.contains(name) || weights.holder(name).path != (directory / shard).string()) {
        throw Error((directory / shard).string(), fmt::format("has no tensor \"{}\", which {} names", name, kIndex),
                    kFetch);
      }
    }
    return weights;
  }
  for (const char* other : kOtherFormats) {
    if (!fs::exists(directory / other)) continue;
    throw Error((directory / other).string(),
                fmt::format("is a format that peapod does not read, and there is no {} beside it", kFile),
                fmt::format("convert it with Python's transformers: "
                            "T5ForConditionalGeneration.from_pretrained(\"{0}\").save_pretrained(\"{0}\")",
                            directory.string()));
  }
  throw Error(directory.string(), fmt::format("has no {} and no {}", kFile, kIndex),
              "give a Hugging Face T5 directory with its weights as safetensors");
}

void StoredWeights::add(const fs::path& file) {
  files_.push_back({file.string(), SafetensorsFile::open(file)});
  for (const std::string& name : files_.back().file.names()) {
    const auto [place, added] = file_of_.emplace(name, files_.size() - 1);
    if (!added) {
      throw Error(file.string() + ": tensor \"" + name + '"', "is in " + files_[place->second].path + " as well",
                  kFetch);
    }
  }
}

std::vector<std::string> StoredWeights::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : file_of_) names.push_back(name);
  return names;
}

}  // namespace peapod
