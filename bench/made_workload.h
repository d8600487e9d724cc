// Networks with random weights, and inputs for them, of the sizes that speed and memory are measured at: what comes out
// means nothing, what it costs is what real data costs. For `peapod bench`, bench/ and the check of counted work.
#pragma once

#include <string_view>
#include <vector>

#include "base/random.h"
#include "decode/generation.h"
#include "train/sampler.h"

namespace peapod {

// Inputs and, for each, the question for the best items of the whole catalogue: what generate_items() takes.
struct MadeRequests {
  std::vector<ModelInput> inputs;
  std::vector<ItemQuery> queries;
};

class MadeWorkload {
 public:
  // A preset with shared prompts; a catalogue of 12,101 items (Beauty's) named by codes of three tokens.
  explicit MadeWorkload(std::string_view preset);

  Seq2Seq<float>& network() { return network_; }
  const Seq2Seq<float>& network() const { return network_; }
  const CatalogueTree& catalogue() const { return catalogue_; }

  // Inputs with so many text tokens, and targets of a code and the end id: sequential at 40 to 60 tokens, top-n at 480.
  MadeRequests requests(size_t count, size_t tokens) const;
  TrainingExamples examples(size_t count, size_t tokens) const;

  // Floating-point operations of one example's training, two for each weight and token forward and twice that backward,
  // attention and output head included: what has to be computed, whatever a program does on top.
  double training_flops(size_t tokens) const;

 private:
  ModelInput input(Random& random, size_t tokens) const;

  Seq2Seq<float> network_;
  CatalogueTree catalogue_;
};

}  // namespace peapod
