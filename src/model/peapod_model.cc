#include "model/peapod_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"

namespace peapod {
namespace fs = std::filesystem;
namespace {

constexpr int kFormatVersion = 1;
constexpr size_t kNumWholeWords = 128;  // a user, 100 candidates and some room
constexpr const char* kModelFile = "peapod.json";
constexpr const char* kDatasetFolder = "dataset";

// Text that a vocabulary is trained on: what inputs and explanations say, of the training part only.
std::vector<std::string> vocabulary_text(const Dataset& dataset) {
  std::vector<std::string> sentences;
  for (const Task task : kTasks) {
    for (const Template& wording : templates_of(task)) {
      for (const TemplatePart& part : wording) {
        if (part.slot == Slot::none) sentences.push_back(part.text);
      }
    }
  }
  for (uint32_t user = 0; user <= dataset.num_users(); ++user) sentences.push_back(fmt::format("user_{}", user));
  for (const uint32_t number : dataset.item_ids().numbers)
    sentences.push_back(fmt::format("item_{} {}", number, number));
  for (const Explanation& explanation : dataset.explanations()) {
    if (explanation.split == Split::train) sentences.push_back(explanation.sentence);
  }
  return sentences;
}

Matrix training_user_vectors(const Dataset& dataset, const Pmf& pmf) {
  return pmf.fold_in_all(dataset.train_histories());
}

}  // namespace

void PeapodModel::build_text() {
  ids_ = std::make_unique<IdTokens>(*tokenizer_, dataset_->item_ids(), dataset_->num_users());
  writer_ = std::make_unique<PromptWriter>(*tokenizer_, *ids_);
}

void PeapodModel::build_network(const ModelConfig& config, Matrix user_table) {
  network_ = std::make_unique<Seq2Seq<float>>(config, std::move(user_table));
  if (network_->user_table().rows > 0) similar_ = std::make_unique<NeighbourIndex>(network_->user_table());
}

PeapodModel PeapodModel::create(Dataset dataset, const CreateOptions& options) {
  PeapodModel model;
  model.static_user_vectors_ = options.static_user_vectors;
  model.dataset_ = std::make_unique<Dataset>(std::move(dataset));
  const Dataset& data = *model.dataset_;
  ModelConfig config;
  config.composer = options.composer;
  config.num_whole_words = kNumWholeWords;
  if (options.init.empty()) {
    const std::string bytes = train_vocabulary(vocabulary_text(data), options.max_pieces);
    model.tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::from_bytes(bytes, "the trained vocabulary"));
    config.t5 = t5_preset(options.preset);
  } else {
    model.tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(options.init / "spiece.model"));
    const fs::path file = options.init / "config.json";
    config.t5 = t5_config_from_json(read_file(file), file.string());
    const fs::path weights = options.init / "model.safetensors";
    check_size(SafetensorsFile::open(weights), weights.string(), config.t5);
  }
  model.build_text();
  config.t5.dropout_rate = options.dropout;
  config.t5.vocab_size = std::max(config.t5.vocab_size, static_cast<size_t>(model.ids_->vocabulary_size()));

  PmfOptions pmf_options;
  pmf_options.dim = config.composer.user_dim;
  pmf_options.seed = options.seed;
  model.pmf_ = std::make_unique<Pmf>(Pmf::fit(data.train_histories(), data.num_items(), pmf_options));
  Matrix vectors = training_user_vectors(data, *model.pmf_);
  model.standardiser_ = Standardiser::of(vectors);
  for (size_t u = 0; u < vectors.rows; ++u) model.standardiser_.apply(vectors.row(u));

  const bool keep_table = config.composer.kind == ComposerKind::similar_users;
  if (keep_table && data.num_users() < 2) throw Error("--composer similar-users", "needs at least two users");
  model.build_network(config, keep_table ? std::move(vectors) : Matrix());
  model.network_->parameters().initialise(options.seed);
  if (!options.init.empty()) {
    const fs::path file = options.init / "model.safetensors";
    load_parameters(SafetensorsFile::open(file), file.string(),
                    {.allow_fewer_rows = true, .allow_missing_peapod = true}, model.network_->parameters());
  }
  return model;
}

void PeapodModel::save_static(const fs::path& directory) const {
  fs::create_directories(directory / kDatasetFolder);
  for (const std::string& name : Dataset::file_names()) {
    const fs::path from = dataset_->directory() / name;
    const fs::path to = directory / kDatasetFolder / name;
    if (fs::exists(from)) fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  }
  write_file_atomically(directory / "spiece.model", tokenizer_->bytes());
  const ModelConfig& config = network_->config();
  write_file_atomically(directory / "config.json", t5_config_to_json(config.t5));
  const ComposerConfig& c = config.composer;
  const nlohmann::ordered_json object = {
      {"format_version", kFormatVersion},
      {"dataset", dataset_->name()},
      {"ids", name_of(dataset_->item_ids().scheme)},
      {"train_hash", fmt::format("{:016x}", dataset_->train_hash())},
      {"composer", name_of(c.kind)},
      {"num_prompts", c.num_prompts},
      {"heads", c.heads},
      {"key_dim", c.key_dim},
      {"prompt_length", c.prompt_length},
      {"task_length", c.task_length},
      {"user_dim", c.user_dim},
      {"num_neighbours", c.num_neighbours},
      {"num_whole_words", config.num_whole_words},
      {"pmf_confidence", PmfOptions{}.confidence},
      {"pmf_regularisation", PmfOptions{}.regularisation},
      {"user_vectors", static_user_vectors_ ? "static" : "folded-in"},
  };
  write_file_atomically(directory / kModelFile, object.dump(2) + "\n");
}

std::vector<std::string> PeapodModel::file_names() {
  return {kModelFile,          "config.json",          "spiece.model", kDatasetFolder,
          "model.safetensors", "training.safetensors", "metrics.jsonl"};
}

void PeapodModel::save_weights(const fs::path& directory) const {
  const Matrix& factors = pmf_->item_factors();
  std::vector<NamedTensor> extra = {
      {"peapod.item_factors", {factors.rows, factors.cols}, factors.values},
      {"peapod.user_mean", {standardiser_.mean.size()}, standardiser_.mean},
      {"peapod.user_scale", {standardiser_.scale.size()}, standardiser_.scale},
  };
  const Matrix& table = network_->user_table();
  if (table.rows > 0) extra.push_back({"peapod.user_vectors", {table.rows, table.cols}, table.values});
  save_parameters(directory / "model.safetensors", network_->parameters(), std::move(extra),
                  {{"train_hash", fmt::format("{:016x}", dataset_->train_hash())}});
}

PeapodModel PeapodModel::load(const fs::path& directory) {
  const fs::path file = directory / kModelFile;
  if (!fs::exists(file)) {
    throw Error(directory.string(), "is not a model directory (it has no peapod.json)", "make one with `peapod train`");
  }
  const fs::path weights_path = directory / "model.safetensors";
  if (!fs::exists(weights_path)) {
    throw Error(directory.string(), "has no model.safetensors: its training has not reached the first validation",
                "go on with `peapod train --resume`");
  }
  const auto object = nlohmann::json::parse(read_file(file), nullptr, false);
  if (!object.is_object() || object.value("format_version", 0) != kFormatVersion) {
    throw Error(file.string(), fmt::format("expected format_version {}", kFormatVersion), "train the model again");
  }
  PeapodModel model;
  ModelConfig config;
  PmfOptions pmf_options;  // those of the fit: folding in solves the same problem
  try {
    ComposerConfig& c = config.composer;
    c.kind = composer_kind_from(object.at("composer").get<std::string>());
    c.num_prompts = object.at("num_prompts").get<size_t>();
    c.heads = object.at("heads").get<size_t>();
    c.key_dim = object.at("key_dim").get<size_t>();
    c.prompt_length = object.at("prompt_length").get<size_t>();
    c.task_length = object.at("task_length").get<size_t>();
    c.user_dim = object.at("user_dim").get<size_t>();
    c.num_neighbours = object.at("num_neighbours").get<size_t>();
    config.num_whole_words = object.at("num_whole_words").get<size_t>();
    pmf_options.confidence = object.at("pmf_confidence").get<double>();
    pmf_options.regularisation = object.at("pmf_regularisation").get<double>();
    model.static_user_vectors_ = object.at("user_vectors").get<std::string>() == "static";
    for (const size_t size : {c.num_prompts, c.heads, c.key_dim, c.prompt_length, c.task_length, c.user_dim,
                              c.num_neighbours, config.num_whole_words}) {
      if (size == 0 || size > 4096) throw Error(file.string(), "holds a size out of range");
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(file.string(), error.what(), "train the model again");
  }
  model.dataset_ = std::make_unique<Dataset>(Dataset::open(directory / kDatasetFolder));
  const std::string hash = fmt::format("{:016x}", model.dataset_->train_hash());
  if (object.value("train_hash", std::string()) != hash) {
    throw Error(directory.string(), "was trained on other interactions than its dataset folder holds");
  }
  model.tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(directory / "spiece.model"));
  model.build_text();
  const fs::path config_path = directory / "config.json";
  config.t5 = t5_config_from_json(read_file(config_path), config_path.string());
  if (config.t5.vocab_size < static_cast<size_t>(model.ids_->vocabulary_size())) {
    throw Error(config_path.string(), "vocab_size is smaller than the tokenizer and the item codes need");
  }
  const SafetensorsFile weights = SafetensorsFile::open(weights_path);
  const auto matrix = [&](const char* name, size_t rows) {
    const auto shape = weights.shape(name);
    if (shape.size() != 2 || shape[0] != rows || shape[1] != config.composer.user_dim) {
      throw Error(weights_path.string() + ": tensor \"" + name + "\"", "does not have the expected shape");
    }
    Matrix result(shape[0], shape[1]);
    result.values = weights.read_f32(name);
    return result;
  };
  model.pmf_ = std::make_unique<Pmf>(
      Pmf::from_item_factors(matrix("peapod.item_factors", model.dataset_->num_items()), pmf_options));
  model.standardiser_ = {weights.read_f32("peapod.user_mean"), weights.read_f32("peapod.user_scale")};
  if (model.standardiser_.mean.size() != config.composer.user_dim ||
      model.standardiser_.scale.size() != config.composer.user_dim) {
    throw Error(weights_path.string(), "the standardisation of user vectors has another size than user_dim");
  }
  check_size(weights, weights_path.string(), config.t5);
  const bool has_table = config.composer.kind == ComposerKind::similar_users;
  model.build_network(config, has_table ? matrix("peapod.user_vectors", model.dataset_->num_users()) : Matrix());
  load_parameters(weights, weights_path.string(), {}, model.network_->parameters());
  return model;
}

ComposerUser PeapodModel::composer_user(uint32_t known_as, std::span<const uint32_t> profile) const {
  ComposerUser result;
  const ComposerConfig& composer = network_->config().composer;
  if (!composer.personal()) return result;
  const bool fixed = static_user_vectors_ && known_as != kUnknownUser;
  result.vector.resize(composer.user_dim);
  pmf_->fold_in(fixed ? dataset_->train_items(known_as) : profile, result.vector);
  standardiser_.apply(result.vector);
  if (composer.kind == ComposerKind::similar_users) {
    Matrix query(1, composer.user_dim);
    std::ranges::copy(result.vector, query.values.begin());
    // One more than wanted, so that the user can be left out.
    for (const uint32_t other : similar_->nearest(query, composer.num_neighbours + 1)) {
      if (other == kNoNeighbour || other == known_as) continue;
      if (result.neighbours.size() < composer.num_neighbours) result.neighbours.push_back(other);
    }
  }
  return result;
}

}  // namespace peapod
