#include "model/config.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/number_range.h"

namespace peapod {
namespace {

using nlohmann::json;

template <class Value>
void read(const json& object, const char* field, Value& value, const std::string& where) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return;
  const bool fits = std::is_same_v<Value, bool>     ? found->is_boolean()
                    : std::is_same_v<Value, double> ? found->is_number()
                                                    : found->is_number_unsigned();
  if (!fits) throw Error(where + ": field \"" + field + "\"", "unexpected value " + found->dump());
  value = found->get<Value>();
}

void require_positive(const std::string& where, const char* field, size_t value, size_t limit) {
  const WholeRange range{1, limit};
  if (range.contains(value)) return;
  throw Error(where + ": field \"" + field + "\"", "expected " + in_words(range) + ", got " + std::to_string(value));
}

}  // namespace

T5Config t5_config_from_json(const std::string& text, const std::string& where) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) throw Error(where, "is not a JSON object");
  T5Config config;
  config.d_model = 512;  // Hugging Face's defaults, for fields that a directory leaves out
  config.d_kv = 64;
  config.d_ff = 2048;
  config.num_layers = 6;
  config.num_heads = 8;
  config.vocab_size = 32128;
  read(object, "vocab_size", config.vocab_size, where);
  read(object, "d_model", config.d_model, where);
  read(object, "d_kv", config.d_kv, where);
  read(object, "d_ff", config.d_ff, where);
  read(object, "num_layers", config.num_layers, where);
  config.num_decoder_layers = config.num_layers;
  read(object, "num_decoder_layers", config.num_decoder_layers, where);
  read(object, "num_heads", config.num_heads, where);
  read(object, "relative_attention_num_buckets", config.relative_attention_num_buckets, where);
  read(object, "relative_attention_max_distance", config.relative_attention_max_distance, where);
  read(object, "dropout_rate", config.dropout_rate, where);
  read(object, "layer_norm_epsilon", config.layer_norm_epsilon, where);
  read(object, "tie_word_embeddings", config.tie_word_embeddings, where);
  const json feed_forward = object.value("feed_forward_proj", json("relu"));
  if (feed_forward != "relu" && feed_forward != "gated-gelu") {
    throw Error(where + ": field \"feed_forward_proj\"", "expected relu or gated-gelu, got " + feed_forward.dump());
  }
  config.gated_gelu = feed_forward == "gated-gelu";
  require_positive(where, "vocab_size", config.vocab_size, 1u << 22);
  require_positive(where, "d_model", config.d_model, 1u << 14);
  require_positive(where, "d_kv", config.d_kv, 1u << 12);
  require_positive(where, "d_ff", config.d_ff, 1u << 17);
  require_positive(where, "num_layers", config.num_layers, 256);
  require_positive(where, "num_decoder_layers", config.num_decoder_layers, 256);
  require_positive(where, "num_heads", config.num_heads, 1024);
  require_positive(where, "relative_attention_num_buckets", config.relative_attention_num_buckets, 4096);
  // Half of the buckets are for each direction, and half of those for single distances: there must be one of these.
  if (config.relative_attention_num_buckets < 4 || config.relative_attention_num_buckets % 4 != 0) {
    throw Error(where + ": field \"relative_attention_num_buckets\"", "expected a multiple of 4");
  }
  require_positive(where, "relative_attention_max_distance", config.relative_attention_max_distance, 1u << 20);
  const auto require_share = [&](const char* field, double value) {
    if (!(value >= 0.0 && value < 1.0)) {
      throw Error(where + ": field \"" + field + "\"", "expected a number from 0 to below 1");
    }
  };
  require_share("dropout_rate", config.dropout_rate);
  require_share("layer_norm_epsilon", config.layer_norm_epsilon);
  if (config.relative_attention_max_distance * 2 <= config.relative_attention_num_buckets) {
    throw Error(where + ": field \"relative_attention_max_distance\"", "is too small for the number of buckets");
  }
  return config;
}

size_t T5Config::num_weights() const {
  const size_t attention = 4 * d_model * inner();
  const size_t feed_forward = (gated_gelu ? 3 : 2) * d_model * d_ff;
  return vocab_size * d_model * (tie_word_embeddings ? 1 : 2) + num_layers * (attention + feed_forward) +
         num_decoder_layers * (2 * attention + feed_forward);
}

std::string t5_config_to_json(const T5Config& config) {
  const json object = {
      {"architectures", {"T5ForConditionalGeneration"}},
      {"model_type", "t5"},
      {"vocab_size", config.vocab_size},
      {"d_model", config.d_model},
      {"d_kv", config.d_kv},
      {"d_ff", config.d_ff},
      {"num_layers", config.num_layers},
      {"num_decoder_layers", config.num_decoder_layers},
      {"num_heads", config.num_heads},
      {"relative_attention_num_buckets", config.relative_attention_num_buckets},
      {"relative_attention_max_distance", config.relative_attention_max_distance},
      {"dropout_rate", config.dropout_rate},
      {"layer_norm_epsilon", config.layer_norm_epsilon},
      {"feed_forward_proj", config.gated_gelu ? "gated-gelu" : "relu"},
      {"tie_word_embeddings", config.tie_word_embeddings},
      {"is_encoder_decoder", true},
      {"use_cache", true},
      {"pad_token_id", 0},
      {"eos_token_id", 1},
      {"decoder_start_token_id", 0},
  };
  return object.dump(2) + "\n";
}

}  // namespace peapod
