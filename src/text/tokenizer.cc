#include "text/tokenizer.h"

#include <sentencepiece_processor.h>

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/files.h"

namespace peapod {

namespace {

constexpr int32_t kNumSentinels = 100;
constexpr int32_t kNoSentinels = -1;

struct Special {
  int32_t id = 0;
  size_t length = 0;  // of its name
};

// The special token whose name `text` begins with. `sentinels` is the id of the last one, kNoSentinels for none.
std::optional<Special> special_at(std::string_view text, int32_t sentinels) {
  static constexpr std::pair<std::string_view, int32_t> kNames[] = {
      {"<pad>", kPadId}, {"</s>", kEndId}, {"<unk>", kUnknownId}};
  for (const auto& [name, id] : kNames) {
    if (text.starts_with(name)) return Special{id, name.size()};
  }
  constexpr std::string_view kSentinel = "<extra_id_";
  if (sentinels == kNoSentinels || !text.starts_with(kSentinel)) return std::nullopt;
  const std::string_view digits = text.substr(kSentinel.size(), text.find('>', kSentinel.size()) - kSentinel.size());
  int32_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  // `<extra_id_07>` is no token.
  const bool good = failure == std::errc{} && number >= 0 && number < kNumSentinels &&
                    digits == std::to_string(number) && text.substr(kSentinel.size() + digits.size()).starts_with('>');
  if (!good) return std::nullopt;
  return Special{sentinels + kNumSentinels - 1 - number, kSentinel.size() + digits.size() + 1};
}

}  // namespace

struct Tokenizer::Impl {
  std::string bytes;
  sentencepiece::SentencePieceProcessor processor;
  bool has_own_sentinels = false;  // among the pieces, as in mT5
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw Error(path.string(), "does not exist",
                "give the SentencePiece model of a T5, usually spiece.model; a tokenizer.json is not read");
  }
  return from_bytes(read_file(path), path.string());
}

Tokenizer Tokenizer::from_bytes(std::string bytes, const std::string& where) {
  auto impl = std::make_unique<Impl>();
  impl->bytes = std::move(bytes);
  // An empty model would be accepted and then fail at its first use.
  const auto status = impl->processor.LoadFromSerializedProto(impl->bytes);
  if (!status.ok() || impl->processor.GetPieceSize() == 0) {
    throw Error(where, "is not a SentencePiece model", "give the spiece.model of a T5 directory or of a peapod model");
  }
  const auto& processor = impl->processor;
  if (processor.pad_id() != kPadId || processor.eos_id() != kEndId || processor.unk_id() != kUnknownId) {
    throw Error(where,
                "numbers pad, end and unknown " + std::to_string(processor.pad_id()) + ", " +
                    std::to_string(processor.eos_id()) + ", " + std::to_string(processor.unk_id()) +
                    "; expected 0, 1, 2 as T5 does",
                "train the vocabulary with pad_id=0, eos_id=1, unk_id=2");
  }
  for (const char* piece : {"<extra_id_0>", "\u2581<extra_id_0>"}) {
    if (processor.PieceToId(piece) != processor.unk_id()) impl->has_own_sentinels = true;
  }
  return Tokenizer(std::move(impl));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  return impl_->processor.EncodeAsIds({text.data(), text.size()});
}

std::vector<int32_t> Tokenizer::encode_with_specials(std::string_view text) const {
  std::vector<int32_t> ids;
  size_t begin = 0;  // of what is not yet encoded
  const auto encode_up_to = [&](size_t end) {
    const std::vector<int32_t> plain = encode(text.substr(begin, end - begin));
    ids.insert(ids.end(), plain.begin(), plain.end());
  };
  for (size_t place = text.find('<'); place != std::string_view::npos; place = text.find('<', place + 1)) {
    const auto special = special_at(text.substr(place), impl_->has_own_sentinels ? kNoSentinels : size());
    if (!special) continue;
    encode_up_to(place);
    ids.push_back(special->id);
    begin = place + special->length;
    place = begin - 1;
  }
  encode_up_to(text.size());
  return ids;
}

std::vector<int32_t> Tokenizer::encode_input(std::string_view text) const {
  std::vector<int32_t> ids = encode_with_specials(text);
  if (ids.empty() || ids.back() != kEndId) ids.push_back(kEndId);
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  std::vector<int> known;
  for (const int32_t id : ids) {
    if (id > kEndId && id < size()) known.push_back(id);
  }
  return impl_->processor.DecodeIds(known);
}

int32_t Tokenizer::size() const { return impl_->processor.GetPieceSize(); }

const std::string& Tokenizer::bytes() const { return impl_->bytes; }

}  // namespace peapod
