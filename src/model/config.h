// What a model is made of: the sizes of T5, the composer in front of it, and the named presets. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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

// What makes a user's soft prompt (design of PeaPOD, §3).
enum class ComposerKind {
  shared_prompts,  // a mixture of M shared prompts, weighted per head by the user vector
  similar_users,   // attention from the user vector to those of the most similar users
  task_only,       // no personal prompt, only the task's (that is POD)
  none,            // no prompt at all
};

std::string_view name_of(ComposerKind kind);  // "shared-prompts", …
ComposerKind composer_kind_from(std::string_view name);

struct ComposerConfig {
  ComposerKind kind = ComposerKind::shared_prompts;
  size_t num_prompts = 20;     // M, of shared-prompts
  size_t heads = 4;            // of both personal composers; divides d_model
  size_t key_dim = 16;         // columns of a head's keys, of shared-prompts
  size_t prompt_length = 3;    // L, vectors of the personal prompt
  size_t task_length = 3;      // vectors of the task prompt
  size_t user_dim = 64;        // of the user vectors
  size_t num_neighbours = 20;  // of similar-users

  bool personal() const { return kind == ComposerKind::shared_prompts || kind == ComposerKind::similar_users; }
};

struct ModelConfig {
  T5Config t5;
  ComposerConfig composer;
  // Rows of the whole-word table; 0 for a plain T5. Index 0 is for tokens outside users and items.
  size_t num_whole_words = 0;
  bool has_prompts() const { return num_whole_words > 0; }
};

}  // namespace peapod
