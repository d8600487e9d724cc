// Tokens of users and items under an id scheme. Collaborative codes use ids appended after SentencePiece's: `item_`
// first, then one book per level. Numbers are SentencePiece pieces of `item_N` (input) and of `N` alone (output).
// Each user and item is tokenised once, by itself, at construction: within a longer text SentencePiece may cut a number
// differently, where two ways to cut it score the same. Immutable, so safe from any thread.
#pragma once

#include <cstdint>
#include <span>

#include "data/item_ids.h"
#include "data/ragged_table.h"
#include "text/tokenizer.h"

namespace peapod {

// The text number of a user who is not in the training data.
inline constexpr uint32_t kUnknownUser = 0xffffffffu;

class IdTokens {
 public:
  // Users are numbered in text from 1 in data set order; kUnknownUser is `user_0`. Neither argument is kept.
  IdTokens(const Tokenizer& tokenizer, const ItemIds& ids, uint32_t num_users);

  std::span<const int32_t> user(uint32_t user) const;         // `user_N`
  std::span<const int32_t> item_input(uint32_t item) const;   // as it stands in an input
  std::span<const int32_t> item_output(uint32_t item) const;  // what the decoder produces for it, without the end id

  uint32_t num_items() const;
  // SentencePiece's pieces plus the appended code tokens; the least size of the model's embedding table.
  int32_t vocabulary_size() const;

 private:
  RaggedRows<int32_t> users_;  // row 0 is user_0
  RaggedRows<int32_t> inputs_;
  RaggedRows<int32_t> outputs_;
  int32_t vocabulary_size_ = 0;
};

}  // namespace peapod
