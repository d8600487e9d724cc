#include "model/config.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
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
  if (!fits) throw Error(where + ": field \"" + field + "\"", "unexpected value " + shown_json(*found));
  value = found->get<Value>();
}

void require_positive(const std::string& where, const char* field, size_t value, size_t limit) {
  const WholeRange range{1, limit};
  if (range.contains(value)) return;
  throw Error(where + ": field \"" + field + "\"", "expected " + in_words(range) + ", got " + std::to_string(value));
}

constexpr const char* kFetchConfig = "fetch the config.json of the model again";
constexpr const char* kNotOurs = "use a model of T5's kind; docs/formats.md says what is read";

const json* present(const json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// Throws Error where the field is there and is not `expected`.
void require_ours(const json& object, const char* field, const json& expected, const std::string& where) {
  const json* found = present(object, field);
  if (found == nullptr || *found == expected) return;
  throw Error(where + ": field \"" + field + "\"",
              "found " + shown_json(*found) + ", peapod computes only with " + shown_json(expected), kNotOurs);
}

// What a text begins and ends with, and what generation is made to say or forbidden.
void require_our_tokens(const json& object, const std::string& where) {
  require_ours(object, "decoder_start_token_id", 0, where);
  require_ours(object, "pad_token_id", 0, where);
  if (const json* end = present(object, "eos_token_id"); end == nullptr || *end != json::array({1})) {
    require_ours(object, "eos_token_id", 1, where);
  }
  for (const char* field : {"forced_bos_token_id", "forced_eos_token_id", "bad_words_ids", "suppress_tokens",
                            "begin_suppress_tokens", "force_words_ids", "forced_decoder_ids"}) {
    if (const json* found = present(object, field)) {
      throw Error(where + ": field \"" + field + "\"", "found " + shown_json(*found) + ", which peapod does not follow",
                  "remove the field to do without");
    }
  }
}

// Fields beside the sizes that would make another network.
void require_t5(const json& object, const T5Config& config, const std::string& where) {
  if (const json* type = present(object, "model_type"); type != nullptr && *type != "t5" && *type != "mt5") {
    throw Error(where + ": field \"model_type\"",
                "expected t5 or mt5, which is the same network, got " + shown_json(*type), kNotOurs);
  }
  require_our_tokens(object, where);
  require_ours(object, "is_encoder_decoder", true, where);
  require_ours(object, "tie_encoder_decoder", false, where);
  require_ours(object, "dense_act_fn", config.gated_gelu ? "gelu_new" : "relu", where);
  require_ours(object, "is_gated_act", config.gated_gelu, where);
  // transformers knows these sizes by second names, which count.
  require_ours(object, "hidden_size", config.d_model, where);
  require_ours(object, "num_hidden_layers", config.num_layers, where);
  require_ours(object, "num_attention_heads", config.num_heads, where);
  require_ours(object, "head_dim", config.d_kv, where);
  require_ours(object, "pruned_heads", json::object(), where);
  if (present(object, "quantization_config") != nullptr) {
    throw Error(where + ": field \"quantization_config\"", "quantized weights are not read", "fetch the full ones");
  }
}

}  // namespace

void check_generation_config(const std::string& text, const std::string& where) {
  require_our_tokens(parse_json_object<json>(text, where, "fetch the file again"), where);
}

T5Config t5_config_from_json(const std::string& text, const std::string& where) {
  const json object = parse_json_object<json>(text, where, kFetchConfig);
  T5Config config;
  config.d_model = 512;  // Hugging Face's defaults, for fields that a directory leaves out
  config.d_kv = 64;
  config.d_ff = 2048;
  config.num_layers = 6;
  config.num_heads = 8;
  config.vocab_size = 32128;
  const json* type = present(object, "model_type");
  const bool mt5 = type != nullptr && *type == "mt5";
  if (mt5) {
    config.vocab_size = 250112;
    config.d_ff = 1024;
    config.num_layers = 8;
    config.num_heads = 6;
    config.tie_word_embeddings = false;
  }
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
  const json feed_forward = object.value("feed_forward_proj", json(mt5 ? "gated-gelu" : "relu"));
  if (feed_forward != "relu" && feed_forward != "gated-gelu") {
    throw Error(where + ": field \"feed_forward_proj\"",
                "expected relu or gated-gelu, got " + shown_json(feed_forward));
  }
  config.gated_gelu = feed_forward == "gated-gelu";
  require_t5(object, config, where);
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
