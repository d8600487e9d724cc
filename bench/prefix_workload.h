// Made-up work of the kind that `peapod train` does unless it is told otherwise: items as vectors, a causal encoder,
// recalled items beside each prefix of a history, and all that is recalled appraised. Shared by `peapod bench` and the
// check that counts instructions.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "decode/beam_search.h"
#include "decode/search_prior.h"
#include "model/seq2seq.h"
#include "train/sampler.h"

namespace peapod {

// What generate_items() takes of users with histories.
struct PrefixRequests {
  std::vector<ModelInput> inputs;
  std::vector<std::unique_ptr<const SearchPrior>> priors;
  std::vector<ItemQuery> queries;  // of the priors
};

class PrefixWorkload {
 public:
  // A preset with shared prompts; a catalogue of 12,101 items (Beauty's) named by codes of three tokens.
  explicit PrefixWorkload(std::string_view preset);

  Seq2Seq<float>& network() { return network_; }
  const Seq2Seq<float>& network() const { return network_; }
  const CatalogueTree& catalogue() const { return catalogue_; }

  // So many histories of nine items, of which each but the first is a target: Beauty's mean.
  TrainingExamples examples(size_t histories) const;
  static constexpr size_t kPrefixes = 8;  // of each history

  // Questions for the best items of the whole catalogue, of users with nine items.
  PrefixRequests requests(size_t count) const;

 private:
  ModelInput input(Random& random, std::span<const uint32_t> history, std::span<const uint32_t> recalled_items) const;

  std::string preset_;
  std::vector<std::vector<int32_t>> names_;  // by item; inputs hold views of them
  Seq2Seq<float> network_;
  CatalogueTree catalogue_;
  PositionSums spread_;
};

}  // namespace peapod
