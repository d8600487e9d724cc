#include "model/checkpoint.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"

namespace peapod {

void load_parameters(const SafetensorsFile& file, const std::string& where, const LoadOptions& options,
                     Parameters<float>& parameters) {
  for (ParameterId id = 0; id < parameters.infos().size(); ++id) {
    const ParameterInfo& info = parameters.info(id);
    std::string name = info.name;
    // Some exports hold the tied embedding only under the name of one of its users.
    if (name == "shared.weight" && !file.contains(name)) {
      for (const char* other : {"encoder.embed_tokens.weight", "lm_head.weight"}) {
        if (file.contains(other)) name = other;
      }
    }
    if (!file.contains(name)) {
      if (options.allow_missing_peapod && name.starts_with("peapod.")) continue;
      throw Error(where, "has no tensor \"" + name + "\"", "check that it belongs to the config.json beside it");
    }
    const auto stored = file.shape(name);
    const bool fewer_rows = options.allow_fewer_rows && stored.size() == info.shape.size() && stored.size() == 2 &&
                            stored[0] < info.shape[0] && stored[1] == info.shape[1];
    if (!fewer_rows && !std::ranges::equal(stored, info.shape)) {
      throw Error(where + ": tensor \"" + name + "\"",
                  fmt::format("expected shape [{}], found [{}]", fmt::join(info.shape, ", "), fmt::join(stored, ", ")));
    }
    file.read_f32(name, {parameters.data(id), (fewer_rows ? stored[0] : info.rows) * info.cols});
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

void check_size(const SafetensorsFile& file, const std::string& where, const T5Config& config) {
  size_t stored = 0;
  for (const std::string& name : file.names()) {
    size_t size = 1;
    for (const size_t dimension : file.shape(name)) size *= dimension;
    stored += size;
  }
  if (config.num_weights() > stored) {
    throw Error(where,
                fmt::format("holds {} values, but config.json describes {} weights", stored, config.num_weights()),
                "check that both files belong to the same model");
  }
}

Seq2Seq<float> load_t5(const std::filesystem::path& directory) {
  const std::filesystem::path config = directory / "config.json";
  ModelConfig model;
  model.t5 = t5_config_from_json(read_file(config), config.string());
  const std::filesystem::path weights = directory / "model.safetensors";
  const SafetensorsFile file = SafetensorsFile::open(weights);
  check_size(file, weights.string(), model.t5);
  Seq2Seq<float> network(model);
  load_parameters(file, weights.string(), {}, network.parameters());
  return network;
}

}  // namespace peapod
