// Networks with random weights, and inputs for them, of the sizes that speed and memory are measured at: what comes out
// means nothing, what it costs is what real data costs. For `peapod bench`, bench/ and the check of counted work.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "decode/generation.h"
#include "model/composer.h"
#include "model/config.h"
#include "train/sampler.h"

namespace peapod {

// What the made workloads share: Beauty's number of items, named by codes of three tokens behind the preset's words.
inline constexpr int32_t kMadeItems = 12101;
inline constexpr int32_t kMadeCodeBook = 23;  // the cube is the next above kMadeItems
ModelConfig made_config(std::string_view preset);
std::unique_ptr<const Composer> made_composer();  // shared prompts
std::vector<std::vector<int32_t>> made_codes(std::string_view preset);
// The first token of the code book that the step-th token of a code is from.
int32_t first_code(std::string_view preset, uint32_t step);

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

  std::vector<std::vector<int32_t>> codes_;  // by item
  Seq2Seq<float> network_;
  CatalogueTree catalogue_;
};

}  // namespace peapod
