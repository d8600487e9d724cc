#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "text/tokenizer.h"

namespace peapod {

namespace {

constexpr int32_t kLeastPieces = 128;  // specials, visible ASCII, `user_` and `item_`, and some room
constexpr int32_t kPiecesForDigitPairs = 1000;
// The trainer adds up its threads' counts in f32, so the pieces depend on their number: it is fixed, not the machine's.
constexpr const char* kThreads = "2";
constexpr const char* kWordStart = "\u2581";  // SentencePiece's mark for white space

class Sentences : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const std::vector<std::string>& sentences) : sentences_(sentences) {}
  bool done() const override { return next_ > sentences_.size(); }
  void Next() override { ++next_; }
  // One word more than there are: the trainer ends the process when nothing is left of the text after normalisation.
  const std::string& value() const override { return next_ == sentences_.size() ? last_ : sentences_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& sentences_;
  const std::string last_ = "a";
  size_t next_ = 0;
};

std::string visible_ascii() {
  std::string characters;
  for (char c = '!'; c <= '~'; ++c) characters.push_back(c);
  return characters;
}

// Pieces that the model has whatever the text; a comma stands between them.
std::string fixed_pieces(int32_t max_pieces) {
  std::string pieces = std::string(kWordStart) + "user_," + kWordStart + "item_";
  if (max_pieces < kPiecesForDigitPairs) return pieces;
  for (int number = 0; number < 100; ++number) {
    const char pair[] = {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10), '\0'};
    pieces.append(",").append(pair).append(",").append(kWordStart).append(pair);
  }
  return pieces;
}

}  // namespace

std::string train_vocabulary(const std::vector<std::string>& sentences, int32_t max_pieces) {
  if (max_pieces < kLeastPieces) {
    throw Error("vocabulary", "a size of " + std::to_string(max_pieces) + " is too small",
                "ask for at least " + std::to_string(kLeastPieces) + " pieces");
  }
  const auto has_text = [](const std::string& s) { return s.find_first_not_of(" \t\r\n") != std::string::npos; };
  if (std::none_of(sentences.begin(), sentences.end(), has_text)) {
    throw Error("vocabulary", "there is no text to train it on");
  }
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "unigram"},
      {"vocab_size", std::to_string(max_pieces)},
      {"hard_vocab_limit", "false"},
      {"pad_id", std::to_string(kPadId)},
      {"eos_id", std::to_string(kEndId)},
      {"unk_id", std::to_string(kUnknownId)},
      {"bos_id", "-1"},
      {"character_coverage", "0.9999"},
      {"required_chars", visible_ascii()},
      {"user_defined_symbols", fixed_pieces(max_pieces)},
      {"max_sentence_length", "1000000000"},  // bytes; longer ones would be left out silently
      {"num_threads", kThreads},
      {"minloglevel", "2"},
  };
  Sentences iterator(sentences);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &iterator, &model);
  if (!status.ok()) {
    throw Error("vocabulary", "training failed: " + status.ToString(),
                "ask for more pieces than the text has characters");
  }
  return model;
}

}  // namespace peapod
