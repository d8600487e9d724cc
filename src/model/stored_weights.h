// The tensors of a model's weights by name, whether they lie in one safetensors file or in the shards of a
// `model.safetensors.index.json`. Immutable, so safe from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/safetensors.h"

namespace peapod {

class StoredWeights {
 public:
  // Of a Hugging Face directory: model.safetensors, else its shards. Throws Error where there is neither, saying what
  // to do with weights in another format, and where a shard is absent or does not hold what the index says.
  static StoredWeights of_directory(const std::filesystem::path& directory);
  // Of one file.
  explicit StoredWeights(const std::filesystem::path& file);

  std::vector<std::string> names() const;  // in alphabetical order
  bool contains(const std::string& name) const { return file_of_.contains(name); }
  std::span<const size_t> shape(const std::string& name) const { return holder(name).file.shape(name); }
  void read_f32(const std::string& name, std::span<float> values) const { holder(name).file.read_f32(name, values); }

  // For messages: the file, or the directory of the shards; and the file and tensor of a name that it contains.
  const std::string& where() const { return where_; }
  std::string where(const std::string& name) const { return holder(name).path + ": tensor \"" + name + '"'; }

  // The only file. REQUIRES: made of one file.
  const SafetensorsFile& file() const { return files_.front().file; }

 private:
  struct File {
    std::string path;
    SafetensorsFile file;
  };
  StoredWeights() = default;
  const File& holder(const std::string& name) const { return files_[file_of_.at(name)]; }
  void add(const std::filesystem::path& file);

  std::string where_;
  std::vector<File> files_;
  std::map<std::string, size_t> file_of_;
};

}  // namespace peapod
