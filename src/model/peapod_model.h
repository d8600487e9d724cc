// A recommender's whole state: network with its composer, tokenizer, item ids, and the histories it knows. Made from a
// prepared data set, kept in a model directory that needs nothing else (docs/formats.md). Const methods are safe from
// many threads; only the trainer writes to the network's weights.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "data/dataset.h"
#include "model/composer.h"
#include "model/search_trust.h"
#include "model/seq2seq.h"
#include "prefs/recall.h"
#include "text/id_tokens.h"
#include "text/prompt_text.h"
#include "text/tokenizer.h"

namespace peapod {

struct ModelDescription;
class StoredWeights;

struct CreateOptions {
  std::string preset = "mini";  // sizes of T5; not used with `init`
  std::filesystem::path init;   // Hugging Face T5 directory to start from; empty: from scratch
  std::string composer{kSharedPrompts};
  ComposerOptions composer_options;
  bool static_user_vectors = false;  // one vector a user, of all training items, as the paper has it
  ItemForm items = ItemForm::vectors;
  EncoderKind encoder = EncoderKind::causal;
  RecallUse recall_use = {};                            // where what is recalled takes part; needs `recall`
  std::optional<RecallSettings> recall = std::nullopt;  // of what is recalled; nullopt: nothing is
  double dropout = 0.1;                                 // of the network, in training
  int32_t max_pieces = 2000;                            // of a vocabulary trained on the data set's own text
  uint64_t seed = 1;
};

// Throws Error where options contradict each other or the data set's ids.
void require_consistent(const CreateOptions& options, IdScheme ids);

// Which items of a data set have alike titles.
std::shared_ptr<const TitleNeighbours> titles_of(const Dataset& dataset);

class PeapodModel {
 public:
  // A model before training: trains the vocabulary, fits the composer on the training interactions, draws the weights.
  static PeapodModel create(Dataset dataset, const CreateOptions& options);
  // Throws Error when the directory is no model directory or does not fit together.
  static PeapodModel load(const std::filesystem::path& directory);
  // What save_static() wrote, before there are weights: all of them are zero. For training that is resumed.
  static PeapodModel load_static(const std::filesystem::path& directory);

  // Everything but the weights; the trainer writes weights as it goes. This gives the model its identity.
  void save_static(const std::filesystem::path& directory);
  // peapod.json alone: what may change after training, the trust in the search, is there.
  void save_description(const std::filesystem::path& directory) const;
  // What a model directory holds, peapod.json first.
  static std::vector<std::string> file_names();

  // model.safetensors, whole or not at all. REQUIRES: an identity.
  void save_weights(const std::filesystem::path& directory) const;

  // Of everything that the weights go with (model/description.h); empty before save_static().
  const std::string& identity() const { return identity_; }

  const Seq2Seq<float>& network() const { return *network_; }
  Seq2Seq<float>& network() { return *network_; }
  const Composer& composer() const { return network_->composer(); }
  const Dataset& dataset() const { return *dataset_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const IdTokens& ids() const { return *ids_; }
  const PromptWriter& writer() const { return *writer_; }
  bool static_user_vectors() const { return static_user_vectors_; }

  // What the composer sees of somebody who did what is in `profile`; with static user vectors, of all training items of
  // the training user `known_as`. That user is not their own neighbour; kUnknownUser: somebody new.
  ComposerUser see(uint32_t known_as, std::span<const uint32_t> profile) const;

  // What inputs show and the search starts from; null for a model that recalls nothing.
  const Recall* recall() const { return recall_.get(); }
  RecallUse recall_use() const { return recall_use_; }
  bool chooses_in_tree() const { return peapod::chooses_in_tree(network_->config().items, recall_use_); }
  // How the search weighs what is recalled against the network, for each of the ranking tasks; chosen on validation
  // after training. Not while questions are being answered.
  const SearchTrust& search_trust(Task task) const { return trust_[static_cast<size_t>(task)]; }
  void set_search_trust(Task task, const SearchTrust& trust) { trust_[static_cast<size_t>(task)] = trust; }

 private:
  PeapodModel() = default;
  void build_text();  // ids_ and writer_ from tokenizer_ and dataset_
  static PeapodModel read_static(const std::filesystem::path& directory, const StoredWeights* weights);
  ModelDescription description() const;

  std::unique_ptr<Dataset> dataset_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<IdTokens> ids_;
  std::unique_ptr<PromptWriter> writer_;  // refers to *ids_
  std::unique_ptr<Seq2Seq<float>> network_;
  std::unique_ptr<const Recall> recall_;
  RecallUse recall_use_;
  std::array<SearchTrust, kNumTasks> trust_{};
  bool static_user_vectors_ = false;
  uint64_t seed_ = 0;
  std::map<std::string, std::string> files_;  // of the directory: name and checksum
  std::string identity_;
};

}  // namespace peapod
