// A recommender's whole state: network, tokenizer, item ids, preferences (PMF) and the histories it knows. Made from a
// prepared data set, kept in a model directory that needs nothing else (docs/formats.md). Const methods are safe from
// many threads; only the trainer writes to the network's weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "data/dataset.h"
#include "model/checkpoint.h"
#include "model/seq2seq.h"
#include "prefs/neighbours.h"
#include "prefs/pmf.h"
#include "text/id_tokens.h"
#include "text/prompt_text.h"
#include "text/tokenizer.h"

namespace peapod {

struct CreateOptions {
  std::string preset = "mini";       // sizes of T5; not used with `init`
  std::filesystem::path init;        // Hugging Face T5 directory to start from; empty: from scratch
  ComposerConfig composer;           // user_dim and heads apply to the personal composers
  bool static_user_vectors = false;  // one vector a user, of all training items, as the paper has it
  double dropout = 0.1;              // of the network, in training
  int32_t max_pieces = 2000;         // of a vocabulary trained on the data set's own text
  uint64_t seed = 1;
};

class PeapodModel {
 public:
  // A model before training: trains the vocabulary, fits PMF on the training interactions, draws the weights.
  static PeapodModel create(Dataset dataset, const CreateOptions& options);
  // Throws Error when the directory is no model directory or does not fit together.
  static PeapodModel load(const std::filesystem::path& directory);

  // Everything but the weights; the trainer writes weights as it goes.
  void save_static(const std::filesystem::path& directory) const;
  // What a model directory holds, peapod.json first.
  static std::vector<std::string> file_names();

  // model.safetensors, whole or not at all.
  void save_weights(const std::filesystem::path& directory) const;

  const Seq2Seq<float>& network() const { return *network_; }
  Seq2Seq<float>& network() { return *network_; }
  const Dataset& dataset() const { return *dataset_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const IdTokens& ids() const { return *ids_; }
  const PromptWriter& writer() const { return *writer_; }
  const Pmf& pmf() const { return *pmf_; }
  bool static_user_vectors() const { return static_user_vectors_; }

  // What the composer sees of somebody: folded in from the items of `profile`, unless user vectors are static and
  // `known_as` is a training user. That user is not their own neighbour; kUnknownUser: somebody new.
  ComposerUser composer_user(uint32_t known_as, std::span<const uint32_t> profile) const;

 private:
  PeapodModel() = default;
  void build_text();  // ids_ and writer_ from tokenizer_ and dataset_
  void build_network(const ModelConfig& config, Matrix user_table);

  std::unique_ptr<Dataset> dataset_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<IdTokens> ids_;
  std::unique_ptr<PromptWriter> writer_;  // refers to *ids_
  std::unique_ptr<Pmf> pmf_;
  Standardiser standardiser_;
  std::unique_ptr<Seq2Seq<float>> network_;
  std::unique_ptr<NeighbourIndex> similar_;  // of the network's user table, for similar-users
  bool static_user_vectors_ = false;
};

}  // namespace peapod
