#include "text/tokenizer.h"

#include <sentencepiece_processor.h>

#include <utility>

#include "base/error.h"
#include "base/files.h"

namespace peapod {

struct Tokenizer::Impl {
  std::string bytes;
  sentencepiece::SentencePieceProcessor processor;
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::filesystem::path& path) { return from_bytes(read_file(path), path.string()); }

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
  return Tokenizer(std::move(impl));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  return impl_->processor.EncodeAsIds({text.data(), text.size()});
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
