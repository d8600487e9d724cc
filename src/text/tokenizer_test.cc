#include "text/tokenizer.h"

#include <gtest/gtest.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

const std::filesystem::path kT5 = std::filesystem::path(PEAPOD_SHARED_DIR) / "t5";

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// What Hugging Face's decode does after SentencePiece's (tokenization_utils_base.py, clean_up_tokenization), and how it
// writes an unknown piece.
std::string in_the_manner_of_hugging_face(std::string text) {
  replace_all(text, " \u2047  ", "<unk> ");
  replace_all(text, " \u2047 ", "<unk> ");
  const std::pair<const char*, const char*> steps[] = {{" .", "."},     {" ?", "?"},     {" !", "!"},   {" ,", ","},
                                                       {" ' ", "'"},    {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"},
                                                       {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : steps) replace_all(text, from, to);
  return text;
}

// A small shop's text: what a data set without a pretrained vocabulary gives.
std::vector<std::string> shop_text() {
  std::vector<std::string> sentences;
  for (int user = 1; user <= 300; ++user) sentences.push_back("user_" + std::to_string(user));
  const char* things[] = {"strings", "picks", "straps", "pedals", "tuners"};
  const char* praise[] = {"sound great", "hold their tuning", "are worth the price", "feel solid", "look nice"};
  for (const char* thing : things) {
    for (const char* reason : praise) sentences.push_back(std::string("The ") + thing + " " + reason + ".");
  }
  return sentences;
}

Tokenizer trained(const std::vector<std::string>& sentences, int32_t max_pieces) {
  return Tokenizer::from_bytes(train_vocabulary(sentences, max_pieces), "trained vocabulary");
}

bool has_unknown(const std::vector<int32_t>& ids) { return std::find(ids.begin(), ids.end(), kUnknownId) != ids.end(); }

TEST(Tokenizer, ReproducesEveryLineOfT5sVectors) {
  std::ifstream lines(kT5 / "tokenizer_vectors.jsonl");
  if (!lines) GTEST_SKIP() << "no T5 vocabulary at " << kT5;
  const Tokenizer tokenizer = Tokenizer::load(kT5 / "spiece.model");
  EXPECT_EQ(tokenizer.size(), 32000);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto vector = nlohmann::json::parse(line);
    std::vector<int32_t> ids = tokenizer.encode(vector["text"].get<std::string>());
    ids.push_back(kEndId);
    ASSERT_EQ(ids, vector["ids"].get<std::vector<int32_t>>()) << line;
    ASSERT_EQ(in_the_manner_of_hugging_face(tokenizer.decode(ids)) + "</s>", vector["decoded"].get<std::string>())
        << line;
  }
  EXPECT_EQ(count, 998u);
}

TEST(Tokenizer, IsTheSameFromItsOwnBytes) {
  const Tokenizer first = trained(shop_text(), 1200);
  const Tokenizer second = Tokenizer::from_bytes(first.bytes(), "copy");
  EXPECT_EQ(first.size(), second.size());
  EXPECT_EQ(first.encode("The straps feel solid."), second.encode("The straps feel solid."));
}

TEST(Tokenizer, DecodingLeavesOutWhatIsNotText) {
  const Tokenizer tokenizer = trained(shop_text(), 1200);
  std::vector<int32_t> ids = tokenizer.encode("The picks look nice.");
  ids.insert(ids.begin(), kPadId);
  ids.push_back(kEndId);
  ids.push_back(kPadId);
  ids.push_back(tokenizer.size());
  ids.push_back(-1);
  EXPECT_EQ(tokenizer.decode(ids), "The picks look nice.");
  EXPECT_EQ(tokenizer.decode({}), "");
}

TEST(Tokenizer, ReadsNamesOfSpecialTokensAsT5TokenizerDoes) {
  const Tokenizer tokenizer = trained(shop_text(), 1200);
  const int32_t first = tokenizer.size() + 99;  // <extra_id_0>
  const auto joined = [&](const std::vector<std::pair<std::string, int32_t>>& parts) {
    std::vector<int32_t> ids;
    for (const auto& [text, special] : parts) {
      const std::vector<int32_t> plain = tokenizer.encode(text);
      ids.insert(ids.end(), plain.begin(), plain.end());
      if (special >= 0) ids.push_back(special);
    }
    return ids;
  };
  const auto ids = [&](const std::string& text) { return tokenizer.encode_with_specials(text); };
  EXPECT_EQ(ids("the picks"), tokenizer.encode("the picks"));
  EXPECT_EQ(ids("<extra_id_0>"), joined({{"", first}}));
  EXPECT_EQ(ids("The <extra_id_0> look <extra_id_1> nice."),
            joined({{"The", first}, {"look", first - 1}, {"nice.", -1}}));
  EXPECT_EQ(ids("a<extra_id_99>b"), joined({{"a", first - 99}, {"b", -1}}));
  EXPECT_EQ(ids("a</s> <pad><unk>b"), joined({{"a", kEndId}, {"", kPadId}, {"", kUnknownId}, {"b", -1}}));
  for (const char* text : {"<extra_id_100>", "<extra_id_00>", "<extra_id_-1>", "<extra_id_>", "<extra_id_1",
                           "<extra_id_", "<<s>", "< pad>", "<PAD>", "<"}) {
    EXPECT_EQ(ids(text), tokenizer.encode(text)) << text;
  }
  EXPECT_EQ(ids("<<pad>"), joined({{"<", kPadId}}));
  // An input has one closing id.
  EXPECT_EQ(tokenizer.encode_input("a"), joined({{"a", kEndId}}));
  EXPECT_EQ(tokenizer.encode_input("a </s>"), joined({{"a", kEndId}}));
  EXPECT_EQ(tokenizer.encode_input("</s> a"), joined({{"", kEndId}, {"a", kEndId}}));
  EXPECT_EQ(tokenizer.encode_input(""), (std::vector<int32_t>{kEndId}));
}

TEST(Tokenizer, NumbersT5sSentinelsAsT5Does) {
  if (!std::filesystem::exists(kT5 / "spiece.model")) GTEST_SKIP() << "no T5 vocabulary at " << kT5;
  const Tokenizer tokenizer = Tokenizer::load(kT5 / "spiece.model");
  // Of T5Tokenizer (slow, legacy, which is its default), transformers 4.57.6.
  EXPECT_EQ(tokenizer.encode_input("The <extra_id_0> walks in <extra_id_1> park"),
            (std::vector<int32_t>{37, 32099, 10681, 16, 32098, 2447, 1}));
  EXPECT_EQ(tokenizer.encode_input("<extra_id_99>"), (std::vector<int32_t>{32000, 1}));
}

TEST(Tokenizer, InvalidUtf8BecomesUnknownAndNothingBreaks) {
  const Tokenizer tokenizer = trained(shop_text(), 1200);
  EXPECT_TRUE(has_unknown(tokenizer.encode("a\xff\xfe b")));
  EXPECT_TRUE(tokenizer.encode("").empty());
  EXPECT_TRUE(tokenizer.encode("  \t ").empty());
}

TEST(Tokenizer, RejectsWhatIsNotAModel) {
  for (const std::string bytes : {"", "x", "not a model at all", "\n\x05hello"}) {
    EXPECT_THROW(Tokenizer::from_bytes(bytes, "here"), Error) << bytes;
  }
  try {
    Tokenizer::load("/nowhere/spiece.model");
    FAIL() << "loaded a file that is not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "/nowhere/spiece.model");
  }
}

// What the trainer gives when nobody asks for T5's numbering: unknown 0, begin 1, end 2.
std::string model_with_default_numbering() {
  struct OneSentence : sentencepiece::SentenceIterator {
    bool done() const override { return done_; }
    void Next() override { done_ = true; }
    const std::string& value() const override { return text_; }
    sentencepiece::util::Status status() const override { return {}; }
    bool done_ = false;
    std::string text_ = "a shop sells things";
  } sentences;
  std::string model;
  const std::unordered_map<std::string, std::string> options = {
      {"vocab_size", "40"}, {"hard_vocab_limit", "false"}, {"minloglevel", "2"}};
  EXPECT_TRUE(sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model).ok());
  return model;
}

TEST(Tokenizer, RejectsAModelThatNumbersItsSpecialPiecesOtherwise) {
  try {
    Tokenizer::from_bytes(model_with_default_numbering(), "other.model");
    FAIL() << "accepted unknown 0, begin 1, end 2";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "other.model");
    EXPECT_EQ(error.problem(), "numbers pad, end and unknown -1, 2, 0; expected 0, 1, 2 as T5 does");
  }
}

TEST(Tokenizer, RejectsAModelCutShort) {
  const std::string bytes = train_vocabulary(shop_text(), 300);
  for (const size_t length : {bytes.size() / 4, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_THROW(Tokenizer::from_bytes(bytes.substr(0, length), "cut"), Error) << length;
  }
}

TEST(TrainVocabulary, GivesTheSameBytesEveryTime) {
  EXPECT_EQ(train_vocabulary(shop_text(), 1500), train_vocabulary(shop_text(), 1500));
}

TEST(TrainVocabulary, KnowsEveryVisibleAsciiCharacter) {
  for (const int32_t max_pieces : {128, 1000}) {
    const Tokenizer tokenizer = trained({"abc"}, max_pieces);
    EXPECT_LE(tokenizer.size(), max_pieces);
    std::string text;
    for (char c = '!'; c <= '~'; ++c) text.push_back(c);
    EXPECT_FALSE(has_unknown(tokenizer.encode(text)));
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
    EXPECT_FALSE(has_unknown(tokenizer.encode("I don't know; \"quite\" [good] & cheap!")));
  }
}

TEST(TrainVocabulary, EveryUserNumberIsAFewTokens) {
  const Tokenizer tokenizer = trained(shop_text(), 1500);
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    const std::string number = std::to_string(random.bits() >> (20 + random.below(40)));
    const std::string user = "user_" + number;
    const std::vector<int32_t> ids = tokenizer.encode(user);
    ASSERT_FALSE(has_unknown(ids)) << user;
    ASSERT_LE(ids.size(), 1 + (number.size() + 2) / 2) << user;
    ASSERT_EQ(tokenizer.decode(ids), user);
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(number)), number);
  }
}

TEST(TrainVocabulary, ShortensTheTextItWasTrainedOn) {
  const std::string sentence = "The strings hold their tuning.";
  const size_t untrained = trained({"abc"}, 1500).encode(sentence).size();
  EXPECT_LT(trained(shop_text(), 1500).encode(sentence).size(), untrained * 2 / 3);
}

TEST(TrainVocabulary, TextThatNormalisationEmptiesDoesNotEndTheProcess) {
  EXPECT_NO_THROW(trained({"\u200b"}, 200));
  EXPECT_NO_THROW(trained({"", "\x01\x02", "\xff\xfe"}, 200));
}

TEST(TrainVocabulary, RefusesNoTextAndTooFewPieces) {
  EXPECT_THROW(train_vocabulary({}, 1000), Error);
  EXPECT_THROW(train_vocabulary({"", " \n"}, 1000), Error);
  EXPECT_THROW(train_vocabulary({"abc"}, 127), Error);
}

TEST(TrainVocabulary, SaysSoWhenTheTextHasMoreCharactersThanPieces) {
  std::vector<std::string> sentences;
  for (int c = 0x4e00; c < 0x4e00 + 500; ++c) {  // 500 Chinese characters
    sentences.push_back({static_cast<char>(0xe0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 63)),
                         static_cast<char>(0x80 | (c & 63))});
  }
  EXPECT_THROW(train_vocabulary(sentences, 400), Error);
  EXPECT_NO_THROW(train_vocabulary(sentences, 1500));
}

}  // namespace
}  // namespace peapod
