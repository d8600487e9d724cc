// What a network is made of: the sizes of T5, what stands in front of it, and the named presets. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "text/templates.h"

namespace peapod {

// Hugging Face's T5Config, the fields that matter here and under its names (config.json).
struct T5Config {
  size_t vocab_size = 0;
  size_t d_model = 128;
  size_t d_kv = 32;  // columns of one attention head
  size_t d_ff = 512;
  size_t num_layers = 3;
  size_t num_decoder_layers = 3;
  size_t num_heads = 4;
  size_t relative_attention_num_buckets = 32;
  size_t relative_attention_max_distance = 128;
  double dropout_rate = 0.1;
  double layer_norm_epsilon = 1e-6;
  bool gated_gelu = false;          // feed_forward_proj: "gated-gelu", else "relu"
  bool tie_word_embeddings = true;  // the output head is the embedding, its input scaled by d_model^-0.5

  size_t inner() const { return num_heads * d_kv; }
  // Weights of all layers and the embedding; norms and biases not counted.
  size_t num_weights() const;
};

// Reads and writes config.json. `where` names the file in errors; unknown fields are ignored, unsupported values are
// errors.
T5Config t5_config_from_json(const std::string& text, const std::string& where);
std::string t5_config_to_json(const T5Config& config);

// Sizes by name: tiny, mini, base-mini, t5-small; vocab_size is left 0. Throws Error that lists them.
T5Config t5_preset(std::string_view name);

// Everything but the composer, which is an object of its own (model/composer.h).
struct ModelConfig {
  T5Config t5;
  // Rows of the whole-word table; 0 for a plain T5. Index 0 is for tokens outside users and items.
  size_t num_whole_words = 0;
  // Tasks that have a prompt, where the composer leaves room for one, and the vectors of each.
  std::vector<Task> tasks = {std::begin(kTasks), std::end(kTasks)};
  size_t task_length = 3;

  bool has_prompts() const { return num_whole_words > 0; }
};

}  // namespace peapod
