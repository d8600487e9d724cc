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
#include "model/stored_weights.h"

namespace peapod {

struct LoadOptions {
  // Rows that the stored embedding and output head lack keep the values they have (new tokens of a pretrained model).
  bool allow_fewer_rows = false;
  // Weights of ours that the file lacks keep the values they have, and those that it holds need not be used.
  bool peapod_is_optional = false;
};

// Copies stored weights into `parameters`. Where there is no `shared.weight`, the embedding is what the encoder or the
// decoder embeds with; of a T5 whose output head is tied to it, also what stands under the head's name. Throws Error
// that names the tensor: for one that is missing, has another shape or a value that is not finite, for one that
// `parameters` has no use for, and for a second embedding that is not the first.
void load_parameters(const StoredWeights& stored, const LoadOptions& options, Parameters<float>& parameters);

// The metadata under which files of weights and of training state name the model that they belong to.
inline constexpr const char* kIdentityKey = "identity";

// Throws Error unless the file, whose checksum has been compared, names the model of this identity.
void require_identity(const SafetensorsFile& file, const std::string& where, const std::string& identity);

// Throws Error where the tensors hold less than half of a model of these sizes: asked before any memory is taken for
// one. What else is absent load_parameters() names.
void check_size(const StoredWeights& stored, const T5Config& config);

// Writes all parameters; the file appears whole or not at all.
void save_parameters(const std::filesystem::path& path, const Parameters<float>& parameters,
                     const std::map<std::string, std::string>& metadata);

// Of a Hugging Face directory: config.json, with what generation_config.json says of special tokens.
T5Config load_t5_config(const std::filesystem::path& directory);

// A plain T5 from a Hugging Face directory; of a model directory of ours, the T5 without what stands before it.
Seq2Seq<float> load_t5(const std::filesystem::path& directory);

}  // namespace peapod
