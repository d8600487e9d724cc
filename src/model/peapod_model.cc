#include "model/peapod_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "model/checkpoint.h"
#include "model/description.h"
#include "model/model_directory.h"

namespace peapod {
namespace fs = std::filesystem;
namespace {

constexpr size_t kNumWholeWords = 128;  // a user, 100 candidates and some room
// Weight of the last norm of a new network that answers beside recall; not tuned.
constexpr float kFirstSay = 0.1f;
constexpr const char* kTrainingFile = "training.safetensors";

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

std::unique_ptr<const Recall> recall_of(const Dataset& dataset, const RecallSettings& settings) {
  const auto titles = settings.use_titles() ? titles_of(dataset) : nullptr;
  return std::make_unique<const Recall>(dataset.train_histories(), dataset.num_items(), titles, settings);
}

// The weights of a model directory, which are had from a copy or from training alone.
StoredWeights open_weights(const fs::path& file) {
  try {
    return StoredWeights(file);
  } catch (const Error& error) {
    throw Error(error.where(), error.problem(), kCopyAgain);
  }
}

}  // namespace

std::shared_ptr<const TitleNeighbours> titles_of(const Dataset& dataset) {
  std::vector<std::string> titles;
  for (uint32_t item = 0; item < dataset.num_items(); ++item) titles.push_back(dataset.item_title(item));
  return std::make_shared<const TitleNeighbours>(titles);
}

void PeapodModel::build_text() {
  ids_ = std::make_unique<IdTokens>(*tokenizer_, dataset_->item_ids(), dataset_->num_users());
  writer_ = std::make_unique<PromptWriter>(*tokenizer_, *ids_);
}

void require_consistent(const CreateOptions& options, IdScheme ids) {
  if (options.recall_use.prompt && options.items == ItemForm::tokens) {
    throw Error("recall", "recalled items stand in the prompt as vectors, but items are shown as tokens",
                "choose `--recall search`, or show items as vectors");
  }
  // The pieces of a number, added up, are those of another number too.
  if (options.items == ItemForm::vectors && ids != IdScheme::collaborative) {
    throw Error("items", fmt::format("vectors are made of item codes, but this data set has {} numbers", name_of(ids)),
                "show items as tokens, or prepare the data with `--ids collaborative`");
  }
}

PeapodModel PeapodModel::create(Dataset dataset, const CreateOptions& options) {
  PeapodModel model;
  model.static_user_vectors_ = options.static_user_vectors;
  model.seed_ = options.seed;
  model.dataset_ = std::make_unique<Dataset>(std::move(dataset));
  const Dataset& data = *model.dataset_;
  require_consistent(options, model.dataset_->item_ids().scheme);
  model.recall_use_ = options.recall_use;
  ModelConfig config;
  config.num_whole_words = kNumWholeWords;
  config.items = options.items;
  config.encoder = options.encoder;
  config.appraises = appraises(options.encoder, options.recall_use);
  std::optional<StoredWeights> initial;  // of `init`
  if (options.init.empty()) {
    const std::string bytes = train_vocabulary(vocabulary_text(data), options.max_pieces);
    model.tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::from_bytes(bytes, "the trained vocabulary"));
    config.t5 = t5_preset(options.preset);
  } else {
    model.tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(options.init / "spiece.model"));
    config.t5 = load_t5_config(options.init);
    initial.emplace(StoredWeights::of_directory(options.init));
    check_size(*initial, config.t5);
  }
  model.build_text();
  config.t5.dropout_rate = options.dropout;
  config.t5.vocab_size = std::max(config.t5.vocab_size, static_cast<size_t>(model.ids_->vocabulary_size()));

  ComposerOptions composing = options.composer_options;
  composing.user_vectors.seed = options.seed;
  const Histories training = data.train_histories();
  auto composer = composer_kind(options.composer).fit(composing, {training, data.num_items()});
  model.network_ = std::make_unique<Seq2Seq<float>>(config, std::move(composer));
  Parameters<float>& parameters = model.network_->parameters();
  parameters.initialise(options.seed);
  if (options.init.empty() && options.recall_use.search) {
    // What is recalled is most of the answer, so the network begins with little to say of its own.
    const ParameterId norm = parameters.id_of("decoder.final_layer_norm.weight");
    std::fill_n(parameters.data(norm), parameters.info(norm).cols, kFirstSay);
  }
  assert(options.recall.has_value() == options.recall_use.any());
  if (options.recall) model.recall_ = recall_of(data, *options.recall);
  if (initial) load_parameters(*initial, {.allow_fewer_rows = true, .peapod_is_optional = true}, parameters);
  return model;
}

void PeapodModel::save_static(const fs::path& directory) {
  dataset_->save(directory / kDatasetFolder);
  write_file_atomically(directory / "spiece.model", tokenizer_->bytes());
  write_file_atomically(directory / "config.json", t5_config_to_json(network_->config().t5));
  write_safetensors(directory / kPreferencesFile, composer().tensors());
  files_.clear();
  for (const std::string& name : listed_files()) files_[name] = checksum_of_file(directory / name);
  identity_ = identity_of(description());
  save_description(directory);
}

ModelDescription PeapodModel::description() const {
  const ModelConfig& config = network_->config();
  return {.dataset = dataset_->name(),
          .ids = std::string(name_of(dataset_->item_ids().scheme)),
          .split = dataset_->split(),
          .identity = identity_,
          .files = files_,
          .seed = seed_,
          .tasks = config.tasks,
          .task_length = config.task_length,
          .num_whole_words = config.num_whole_words,
          .items = config.items,
          .encoder = config.encoder,
          .static_user_vectors = static_user_vectors_,
          .composer = std::string(composer().name()),
          .composer_options = composer().options(),
          .recall_use = recall_use_,
          .recall = recall_ ? std::optional(recall_->settings()) : std::nullopt,
          .trust = trust_};
}

void PeapodModel::save_description(const fs::path& directory) const {
  write_file_atomically(directory / kModelFile, description_to_json(description()));
}

std::vector<std::string> PeapodModel::file_names() {
  return {kModelFile,       "config.json", "spiece.model", kDatasetFolder,
          kPreferencesFile, kWeightsFile,  kTrainingFile,  "metrics.jsonl"};
}

void PeapodModel::save_weights(const fs::path& directory) const {
  assert(!identity_.empty());
  save_parameters(directory / kWeightsFile, network_->parameters(), {{kIdentityKey, identity_}});
}

PeapodModel PeapodModel::read_static(const fs::path& directory, const StoredWeights* weights) {
  const ModelDescription description = read_description(directory);
  PeapodModel model;
  model.static_user_vectors_ = description.static_user_vectors;
  model.seed_ = description.seed;
  model.files_ = description.files;
  model.identity_ = description.identity;
  model.dataset_ = std::make_unique<Dataset>(open_dataset(directory));
  const Dataset& data = *model.dataset_;
  model.tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(directory / "spiece.model"));
  model.build_text();
  const fs::path config_path = directory / "config.json";
  ModelConfig config{.t5 = t5_config_from_json(read_file(config_path), config_path.string()),
                     .num_whole_words = description.num_whole_words,
                     .tasks = description.tasks,
                     .task_length = description.task_length,
                     .items = description.items,
                     .encoder = description.encoder,
                     .appraises = appraises(description.encoder, description.recall_use)};
  if (config.t5.vocab_size < static_cast<size_t>(model.ids_->vocabulary_size())) {
    throw Error(config_path.string(), "vocab_size is smaller than the tokenizer and the item codes need");
  }
  if (weights != nullptr) {
    require_identity(weights->file(), weights->where(), model.identity_);
    check_size(*weights, config.t5);
  }
  const fs::path preferences = directory / kPreferencesFile;
  const SafetensorsFile stored = SafetensorsFile::open(preferences);
  model.network_ = std::make_unique<Seq2Seq<float>>(
      config,
      composer_kind(description.composer)
          .load(description.composer_options, {stored, preferences.string(), data.num_users(), data.num_items()}));
  model.recall_use_ = description.recall_use;
  if (description.recall) model.recall_ = recall_of(data, *description.recall);
  model.trust_ = description.trust;
  return model;
}

PeapodModel PeapodModel::load_static(const fs::path& directory) { return read_static(directory, nullptr); }

PeapodModel PeapodModel::load(const fs::path& directory) {
  const fs::path weights = directory / kWeightsFile;
  if (!fs::exists(directory / kModelFile)) return load_static(directory);  // says what is absent
  require_weights(directory);
  const StoredWeights stored = open_weights(weights);
  PeapodModel model = read_static(directory, &stored);
  load_parameters(stored, {}, model.network_->parameters());
  return model;
}

ComposerUser PeapodModel::see(uint32_t known_as, std::span<const uint32_t> profile) const {
  const bool fixed = static_user_vectors_ && known_as != kUnknownUser;
  return composer().see(known_as, fixed ? dataset_->train_items(known_as) : profile);
}

}  // namespace peapod
