#include "model/checkpoint.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>
#include <span>

#include "base/error.h"
#include "base/files.h"

namespace peapod {
namespace fs = std::filesystem;

namespace {

constexpr const char* kEmbedding = "shared.weight";
constexpr const char* kHead = "lm_head.weight";
// Held by the first published T5 checkpoints; neither transformers nor the original code uses it.
constexpr const char* kUnusedByAll = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
constexpr const char* kCheckConfig = "check that it belongs to the config.json beside it";

bool is_ours(const std::string& name) { return name.starts_with("peapod."); }

// Other names of the embedding.
std::vector<std::string> embedding_aliases(bool tied) {
  std::vector<std::string> names = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"};
  if (tied) names.emplace_back(kHead);
  return names;
}

void require_finite(std::span<const float> values, const std::string& where) {
  constexpr uint32_t kExponent = 0x7f800000;
  const auto is_not_finite = [](float value) { return (std::bit_cast<uint32_t>(value) & kExponent) == kExponent; };
  bool any = false;
  for (const float value : values) any |= is_not_finite(value);  // without a branch, so that it is vectorised
  if (!any) return;
  const auto first = std::ranges::find_if(values, is_not_finite);
  throw Error(where, fmt::format("holds {} at place {}; weights must be finite", *first, first - values.begin()),
              "fetch or copy the file again; where it was made like this, use other weights");
}

// Throws Error for a tensor that a model with these parameters has no use for.
[[noreturn]] void refuse_unused(const StoredWeights& stored, const std::string& name,
                                const Parameters<float>& parameters) {
  std::string problem = "is no weight of the T5 that config.json describes";
  const size_t block = name.find(".block.");
  if (block != std::string::npos) {
    const std::string layer = name.substr(0, name.find('.', block + 7) + 1);
    const bool known = std::ranges::any_of(parameters.infos(),
                                           [&](const ParameterInfo& info) { return info.name.starts_with(layer); });
    if (!known) problem = "belongs to a layer beyond those of config.json";
    if (known && name.ends_with("relative_attention_bias.weight")) {
      problem = "is a relative bias of a layer of its own, as UMT5 has them; a T5 shares that of its first layer";
    }
  }
  throw Error(stored.where(name), problem, kCheckConfig);
}

}  // namespace

void load_parameters(const StoredWeights& stored, const LoadOptions& options, Parameters<float>& parameters) {
  const auto names_head = [](const ParameterInfo& info) { return info.name == kHead; };
  const bool tied = std::ranges::none_of(parameters.infos(), names_head);
  std::set<std::string> used{kUnusedByAll};
  std::string embedding = kEmbedding;
  for (ParameterId id = 0; id < parameters.infos().size(); ++id) {
    const ParameterInfo& info = parameters.info(id);
    std::string name = info.name;
    if (name == kEmbedding) {
      for (const std::string& alias : embedding_aliases(tied)) {
        if (!stored.contains(name) && stored.contains(alias)) name = alias;
      }
      embedding = name;
    }
    if (!stored.contains(name)) {
      if (options.peapod_is_optional && is_ours(name)) continue;
      throw Error(stored.where(), "has no tensor \"" + name + "\"", kCheckConfig);
    }
    const auto shape = stored.shape(name);
    const bool may_grow = options.allow_fewer_rows && (info.name == kEmbedding || info.name == kHead);
    const bool fewer_rows = may_grow && shape.size() == 2 && shape[0] < info.shape[0] && shape[1] == info.shape[1];
    if (!fewer_rows && !std::ranges::equal(shape, info.shape)) {
      throw Error(stored.where(name),
                  fmt::format("expected shape [{}], found [{}]", fmt::join(info.shape, ", "), fmt::join(shape, ", ")),
                  kCheckConfig);
    }
    const std::span<float> values{parameters.data(id), (fewer_rows ? shape[0] : info.rows) * info.cols};
    stored.read_f32(name, values);
    require_finite(values, stored.where(name));
    used.insert(name);
  }
  for (const std::string& alias : embedding_aliases(tied)) {
    if (!stored.contains(alias) || !used.insert(alias).second) continue;
    const auto shape = stored.shape(alias);
    const bool alike = std::ranges::equal(shape, stored.shape(embedding));
    std::vector<float> values;
    if (alike) {
      values.resize(shape[0] * shape[1]);
      stored.read_f32(alias, values);
    }
    const float* first = parameters.data(parameters.id_of(kEmbedding));
    if (alike && std::equal(values.begin(), values.end(), first)) continue;
    throw Error(stored.where(alias),
                fmt::format("is not the same as \"{}\", but {}", embedding,
                            alias == kHead ? "config.json says that they are tied (tie_word_embeddings)"
                                           : "a T5 has one embedding"),
                kCheckConfig);
  }
  for (const std::string& name : stored.names()) {
    if (used.contains(name) || (options.peapod_is_optional && is_ours(name))) continue;
    refuse_unused(stored, name, parameters);
  }
}

void save_parameters(const std::filesystem::path& path, const Parameters<float>& parameters,
                     const std::map<std::string, std::string>& metadata) {
  std::vector<NamedTensor> tensors;
  for (ParameterId id = 0; id < parameters.infos().size(); ++id) {
    const ParameterInfo& info = parameters.info(id);
    tensors.push_back({info.name, info.shape, {parameters.data(id), info.rows * info.cols}});
  }
  std::map<std::string, std::string> all = metadata;
  all["format"] = "pt";  // transformers asks for it
  write_safetensors(path, tensors, all);
}

void require_identity(const SafetensorsFile& file, const std::string& where, const std::string& identity) {
  constexpr const char* kCopyAgain = "copy the whole model directory again, or train the model again";
  const auto named = file.metadata().find(kIdentityKey);
  if (!file.sealed() || named == file.metadata().end()) {
    throw Error(where, "has no checksum or does not name its model: it is damaged, or peapod did not write it",
                kCopyAgain);
  }
  if (named->second != identity) {
    throw Error(where,
                fmt::format("belongs to another model or data set: its identity is {}, that of peapod.json {}",
                            named->second, identity),
                kCopyAgain);
  }
}

void check_size(const StoredWeights& stored_weights, const T5Config& config) {
  size_t stored = 0;
  for (const std::string& name : stored_weights.names()) {
    size_t size = 1;
    for (const size_t dimension : stored_weights.shape(name)) size *= dimension;
    stored += size;
  }
  if (config.num_weights() / 2 > stored) {
    throw Error(stored_weights.where(),
                fmt::format("holds {} values, but config.json describes {} weights", stored, config.num_weights()),
                "check that both files belong to the same model");
  }
}

T5Config load_t5_config(const fs::path& directory) {
  const fs::path file = directory / "config.json";
  if (!fs::exists(file)) {
    throw Error(directory.string(), "has no config.json", "give a Hugging Face T5 directory");
  }
  const fs::path generation = directory / "generation_config.json";
  if (fs::exists(generation)) check_generation_config(read_file(generation), generation.string());
  return t5_config_from_json(read_file(file), file.string());
}

Seq2Seq<float> load_t5(const fs::path& directory) {
  ModelConfig model;
  model.t5 = load_t5_config(directory);
  const StoredWeights stored = StoredWeights::of_directory(directory);
  check_size(stored, model.t5);
  Seq2Seq<float> network(model);
  load_parameters(stored, {.peapod_is_optional = true}, network.parameters());
  return network;
}

}  // namespace peapod
