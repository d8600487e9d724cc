// SentencePiece: text to token ids and back, as T5 does it, and training of a vocabulary on a data set's own text.
// Immutable once loaded, so safe from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peapod {

inline constexpr int32_t kPadId = 0;
inline constexpr int32_t kEndId = 1;
inline constexpr int32_t kUnknownId = 2;

class Tokenizer {
 public:
  // Reads a SentencePiece model (`spiece.model`). Throws Error when the file is absent, broken, or numbers pad, end and
  // unknown otherwise than 0, 1, 2.
  static Tokenizer load(const std::filesystem::path& path);
  // The same from the file's bytes; `where` names them in errors.
  static Tokenizer from_bytes(std::string bytes, const std::string& where);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Token ids without the closing id. Text must be UTF-8; invalid bytes become the unknown id.
  std::vector<int32_t> encode(std::string_view text) const;
  // The same, but the names of special tokens in the text are these tokens, as in transformers' T5Tokenizer: `<pad>`,
  // `</s>`, `<unk>`, and the sentinels of pretraining `<extra_id_0>` to `<extra_id_99>`, which stand after the pieces
  // in falling order (32099 to 32000 for T5) unless they are among these. For text that its writer means so; encode()
  // reads everything as text.
  std::vector<int32_t> encode_with_specials(std::string_view text) const;
  // That of a whole input, closing id included, which a text that ends with `</s>` has already.
  std::vector<int32_t> encode_input(std::string_view text) const;
  // Text of the ids; pad, end and ids beyond size() are left out, an unknown id reads ` ⁇ `. Equals Hugging Face's
  // decode without its `clean_up_tokenization_spaces`, unknown ids apart.
  std::string decode(std::span<const int32_t> ids) const;

  int32_t size() const;              // number of pieces
  const std::string& bytes() const;  // what a model directory stores as spiece.model

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Trains a unigram model of at most `max_pieces` pieces on `sentences` (fewer when the text has fewer): pad 0, end 1,
// unknown 2, no begin. Whatever the text, the pieces include every visible ASCII character and the words `user_` and
// `item_`; from 1,000 pieces on also every pair of digits, inside a word and at its start, so that a number of n digits
// takes about n/2 tokens. Deterministic, whatever the machine. Returns the model's bytes. Throws Error when there is no
// text or when `max_pieces` is too small for the characters in it.
std::string train_vocabulary(const std::vector<std::string>& sentences, int32_t max_pieces);

}  // namespace peapod
