// A network made ready to generate: copies of the matrices that beam search multiplies with, packed in the precision
// asked for. Packing takes time, so a packed network is made when a model is loaded or evaluated, not for each
// request. Immutable: safe from many threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/seq2seq.h"
#include "tensor/packed_matrix.h"

namespace peapod {

// The part of a network's output head that scores some tokens of the vocabulary: logits [rows, tokens] are
// (T5::head_scale() * states) weightᵀ of the decoder's states [rows, d_model].
struct OutputHead {
  std::vector<int32_t> tokens;  // the token that each logit is for, ascending
  PackedMatrix weight;          // [tokens, d_model]
};

struct PackOptions {
  Precision precision = Precision::f32;
  bool text = true;  // packs text_head(), which writing text needs
  // The tokens that items are written with, ascending (CatalogueTree::alphabet). Packs item_head(), which finding items
  // needs; empty: does not.
  std::span<const int32_t> item_tokens = {};
};

class PackedNetwork {
 public:
  // `network` must outlive this object and stay as it is. Throws Error for an item token beyond the vocabulary.
  PackedNetwork(const Seq2Seq<float>& network, const PackOptions& options);

  const Seq2Seq<float>& network() const { return network_; }
  Precision precision() const { return precision_; }
  const PackedWeights& weights() const { return weights_; }

  // Scores the whole vocabulary. REQUIRES: PackOptions::text.
  const OutputHead& text_head() const { return *text_head_; }
  // Scores PackOptions::item_tokens alone: no other token can occur in an item. REQUIRES: there are some.
  const OutputHead& item_head() const { return *item_head_; }

 private:
  const Seq2Seq<float>& network_;
  Precision precision_;
  PackedWeights weights_;
  std::optional<OutputHead> text_head_, item_head_;
};

}  // namespace peapod
