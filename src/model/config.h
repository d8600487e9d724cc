// What a network is made of: the sizes of T5, what stands in front of it, and the named presets. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/choices.h"
#include "base/task.h"

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

// Reads and writes config.json. `where` names the file in errors. Values that would make another network than ours, or
// other special tokens, are errors; fields that decide neither are ignored.
T5Config t5_config_from_json(const std::string& text, const std::string& where);
std::string t5_config_to_json(const T5Config& config);
// Throws Error where a generation_config.json asks for special tokens that are not ours.
void check_generation_config(const std::string& text, const std::string& where);

// Sizes by name; vocab_size is left 0.
inline constexpr Choices<T5Config, 4> kT5Presets{
    "preset",
    {{{.d_model = 32, .d_kv = 16, .d_ff = 64, .num_layers = 1, .num_decoder_layers = 1, .num_heads = 2}, "tiny"},
     {{.d_model = 128, .d_kv = 32, .d_ff = 512, .num_layers = 3, .num_decoder_layers = 3, .num_heads = 4}, "mini"},
     {{.d_model = 256, .d_kv = 32, .d_ff = 1024, .num_layers = 4, .num_decoder_layers = 4, .num_heads = 8},
      "base-mini"},
     {{.d_model = 512, .d_kv = 64, .d_ff = 2048, .num_layers = 6, .num_decoder_layers = 6, .num_heads = 8},
      "t5-small"}}};

// Throws Error that lists the presets.
inline T5Config t5_preset(std::string_view name) { return kT5Presets.parse(name); }

// Where a user's vector comes from: the items before each target, or (true) one for the user, as published.
inline constexpr Choices<bool, 2> kUserVectors{"user_vectors", {{false, "folded-in"}, {true, "static"}}};

// How an input shows items: as tokens of its text (as published), or as one vector each.
enum class ItemForm { tokens, vectors };
inline constexpr Choices<ItemForm, 2> kItemForms{"items",
                                                 {{ItemForm::tokens, "tokens"}, {ItemForm::vectors, "vectors"}}};

// What a row of the encoder sees: all rows (T5's own), or those up to itself, so that one pass over a history reads all
// of its prefixes; what differs between these stands beside it then.
enum class EncoderKind { bidirectional, causal };
inline constexpr Choices<EncoderKind, 2> kEncoderKinds{
    "encoder", {{EncoderKind::bidirectional, "bidirectional"}, {EncoderKind::causal, "causal"}}};

// Where what is recalled (prefs/recall.h) takes part.
struct RecallUse {
  bool prompt = false;  // as item vectors in the input
  bool search = false;  // as mass in the search, and in the loss
  bool operator==(const RecallUse&) const = default;
  bool any() const { return prompt || search; }
};
inline constexpr Choices<RecallUse, 4> kRecallUses{"recall",
                                                   {{{}, "none"},
                                                    {{.prompt = true}, "prompt"},
                                                    {{.search = true}, "search"},
                                                    {{.prompt = true, .search = true}, "both"}}};

// Whether the tokens of an item are chosen among those that lead to an allowed item, in the search and in the loss;
// false: among the whole vocabulary, as published.
constexpr bool chooses_in_tree(ItemForm items, RecallUse recall) { return items == ItemForm::vectors || recall.search; }

// Whether the network appraises the mass of what is recalled (model_input.h), which says what of the reasons for it
// counts with whom: where both see what is recalled.
constexpr bool appraises(EncoderKind encoder, RecallUse recall) {
  return encoder == EncoderKind::causal && recall.prompt && recall.search;
}

// Everything but the composer, which is an object of its own (model/composer.h).
struct ModelConfig {
  T5Config t5;
  // Rows of the whole-word table; 0 for a plain T5. Index 0 is for tokens outside users and items.
  size_t num_whole_words = 0;
  // Tasks that have a prompt, where the composer leaves room for one, and the vectors of each.
  std::vector<Task> tasks = {std::begin(kTasks), std::end(kTasks)};
  size_t task_length = 3;
  ItemForm items = ItemForm::tokens;
  EncoderKind encoder = EncoderKind::bidirectional;
  bool appraises = false;  // REQUIRES, where true: a causal encoder

  bool has_prompts() const { return num_whole_words > 0; }
};

}  // namespace peapod
