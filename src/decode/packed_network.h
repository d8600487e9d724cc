// A network made ready to generate: the matrices that beam search multiplies with, packed once in the precision asked
// for. Made where a model is loaded or evaluated, not for each request. Immutable: safe from many threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/seq2seq.h"
#include "tensor/packed_matrix.h"

namespace peapod {

// The rows of a network's output head that score some of its tokens, from states times T5::head_scale().
struct OutputHead {
  std::vector<int32_t> tokens;  // of each logit
  PackedMatrix weight;          // [tokens, d_model]
};

struct PackOptions {
  Precision precision = Precision::f32;
  bool text = true;  // there is to be text: packs the head of the whole vocabulary
  // The tokens that items are written with, ascending (CatalogueTree::alphabet): packs their head. None: no items.
  std::span<const int32_t> item_tokens = {};
};

class PackedNetwork {
 public:
  // `network` must outlive this object and stay as it is. Throws Error for an item token beyond the vocabulary.
  PackedNetwork(const Seq2Seq<float>& network, const PackOptions& options);

  const Seq2Seq<float>& network() const { return network_; }
  Precision precision() const { return precision_; }
  const PackedWeights& weights() const { return weights_; }

  bool has_text_head() const { return text_head_.has_value(); }
  // Scores the whole vocabulary. REQUIRES: options.text.
  const OutputHead& text_head() const { return *text_head_; }
  // Scores the item tokens alone: nothing else can occur in an item. REQUIRES: options.item_tokens.
  const OutputHead& item_head() const { return *item_head_; }

 private:
  const Seq2Seq<float>& network_;
  Precision precision_;
  PackedWeights weights_;
  std::optional<OutputHead> text_head_, item_head_;
};

}  // namespace peapod
