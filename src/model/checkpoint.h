// Weights in Hugging Face's T5 layout (config.json, model.safetensors, spiece.model): our extra tensors live under
// `peapod.` names in the same file. See docs/formats.md.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "model/parameters.h"
#include "model/safetensors.h"
#include "model/seq2seq.h"

namespace peapod {

struct LoadOptions {
  // Rows that a stored embedding lacks keep the values they have (new tokens of a pretrained model).
  bool allow_fewer_rows = false;
  // Weights of ours that the file lacks keep the values they have.
  bool allow_missing_peapod = false;
};

// Copies stored weights into `parameters`. Throws Error for a missing tensor or another shape.
void load_parameters(const SafetensorsFile& file, const std::string& where, const LoadOptions& options,
                     Parameters<float>& parameters);

// Throws Error where the file cannot hold a model of these sizes: asked before any memory is taken for one.
void check_size(const SafetensorsFile& file, const std::string& where, const T5Config& config);

// Writes all parameters; the file appears whole or not at all.
void save_parameters(const std::filesystem::path& path, const Parameters<float>& parameters,
                     const std::map<std::string, std::string>& metadata);

// A plain T5 from a Hugging Face directory.
Seq2Seq<float> load_t5(const std::filesystem::path& directory);

}  // namespace peapod
