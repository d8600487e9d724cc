#include "model/plain_t5.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "data/item_ids.h"
#include "model/checkpoint.h"
#include "model/model_directory.h"

namespace peapod {
namespace fs = std::filesystem;
PlainT5 load_plain_t5(const fs::path& directory) {
  std::optional<ModelDescription> ours;
  if (fs::exists(directory / kModelFile)) ours = checked_description(directory);
  Seq2Seq<float> network = load_t5(directory);  // first, as it says of a directory that is none of a T5 what it lacks
  const fs::path vocabulary = directory / "spiece.model";
  Tokenizer tokenizer = Tokenizer::load(vocabulary);
  const size_t num_ids = network.config().t5.vocab_size;
  const auto num_pieces = static_cast<size_t>(tokenizer.size());
  if (num_pieces > num_ids) {
    throw Error(vocabulary.string(),
                fmt::format("holds {} pieces, but the vocab_size of config.json is {}", num_pieces, num_ids),
                "check that both files belong to the same model");
  }
  const bool has_codes = ours && ours->ids == name_of(IdScheme::collaborative);
  return {.tokenizer = std::move(tokenizer),
          .network = std::move(network),
          .num_text_ids = has_codes ? num_pieces : num_ids};
}

}  // namespace peapod
