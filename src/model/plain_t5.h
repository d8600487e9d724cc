// A directory in Hugging Face's T5 layout as what it is without users and items: text in, text out. Whoever uses one,
// `generate` to run it and `train --init` to start from it, opens it here and so refuses the same. Safe from any
// thread.
#pragma once

#include <cstddef>
#include <filesystem>

#include "model/seq2seq.h"
#include "text/tokenizer.h"

namespace peapod {

struct PlainT5 {
  Tokenizer tokenizer;
  Seq2Seq<float> network;
  // Ids below it are of texts: all that the network knows, but of a model of ours only those before the item codes,
  // which stand where a T5 has its sentinels.
  size_t num_text_ids = 0;
};

// Throws Error that names the file, and the tensor, that is absent, damaged or of another model. A directory without
// peapod.json has no checksums, so that there not all damage shows.
PlainT5 load_plain_t5(const std::filesystem::path& directory);

}  // namespace peapod
