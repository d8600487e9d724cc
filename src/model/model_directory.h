// The files of a model directory, and whether they are all there and of one model: asked wherever one is opened, before
// anything is made of them. Pure functions of what is on the disk, safe from any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "model/description.h"

namespace peapod {

inline constexpr const char* kModelFile = "peapod.json";
inline constexpr const char* kPreferencesFile = "preferences.safetensors";
inline constexpr const char* kWeightsFile = "model.safetensors";
inline constexpr const char* kDatasetFolder = "dataset";

// What to do about a file that is absent, damaged or of another model.
inline constexpr const char* kCopyAgain = "copy the whole model directory again, or train the model again";

// What peapod.json holds the checksums of. The manifest of the data set holds those of the data set's files.
std::vector<std::string> listed_files();
std::string checksum_of_file(const std::filesystem::path& path);

// What peapod.json says. Throws Error where there is none, and for a listed file that is absent or not what it was.
ModelDescription read_description(const std::filesystem::path& directory);

// Throws Error where a training has not yet written weights.
void require_weights(const std::filesystem::path& directory);

// All of the above, and that the weights are undamaged and of this model, at the speed at which files are read. What
// the data set's manifest lists is left to open_dataset().
ModelDescription checked_description(const std::filesystem::path& directory);

// The data set of a model directory. What is wrong with one elsewhere is mended by `peapod prepare`; here that would
// bring items and codes that the weights know nothing of, so its errors have another remedy.
Dataset open_dataset(const std::filesystem::path& directory);

}  // namespace peapod
