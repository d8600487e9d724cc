#include "model/model_directory.h"

#include <fmt/format.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "model/checkpoint.h"

namespace peapod {
namespace fs = std::filesystem;

std::vector<std::string> listed_files() {
  return {"config.json", "spiece.model", kPreferencesFile,
          fmt::format("{}/{}", kDatasetFolder, Dataset::file_names()[0])};
}

std::string checksum_of_file(const fs::path& path) { return checksum(MappedFile(path).bytes()); }

ModelDescription read_description(const fs::path& directory) {
  const fs::path file = directory / kModelFile;
  if (!fs::exists(file)) {
    throw Error(directory.string(), "is not a model directory (it has no peapod.json)", "make one with `peapod train`");
  }
  ModelDescription description = description_from_json(read_file(file), file.string());
  for (const std::string& name : listed_files()) {
    const auto expected = description.files.find(name);
    if (expected == description.files.end()) {
      throw Error(file.string() + ": field \"files\"", "has no \"" + name + '"', kCopyAgain);
    }
    if (!fs::exists(directory / name)) throw Error(directory.string(), fmt::format("has no {}", name), kCopyAgain);
    if (checksum_of_file(directory / name) == expected->second) continue;
    throw Error((directory / name).string(),
                fmt::format("is damaged, was edited or belongs to another model: it is not the file that {} goes with",
                            kModelFile),
                kCopyAgain);
  }
  return description;
}

void require_weights(const fs::path& directory) {
  if (fs::exists(directory / kWeightsFile)) return;
  throw Error(directory.string(), "has no model.safetensors: its training has not reached the first validation",
              "go on with `peapod train --resume`");
}

ModelDescription checked_description(const fs::path& directory) {
  ModelDescription description = read_description(directory);
  require_weights(directory);
  const fs::path weights = directory / kWeightsFile;
  try {
    require_identity(SafetensorsFile::open(weights), weights.string(), description.identity);
  } catch (const Error& error) {
    throw Error(error.where(), error.problem(), kCopyAgain);
  }
  return description;
}

Dataset open_dataset(const fs::path& directory) {
  try {
    return Dataset::open(directory / kDatasetFolder);
  } catch (const Error& error) {
    throw Error(error.where(), error.problem(), kCopyAgain);
  }
}

}  // namespace peapod
