#include "model/config.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/error.h"

namespace peapod {
namespace {

std::string complaint(const std::string& text) {
  try {
    t5_config_from_json(text, "config.json");
    return "";
  } catch (const Error& error) {
    EXPECT_TRUE(error.where().starts_with("config.json")) << error.what();
    return error.what();
  }
}

TEST(T5Config, SurvivesTheRoundTrip) {
  T5Config config;
  config.vocab_size = 96;
  config.d_model = 24;
  config.d_kv = 6;
  config.d_ff = 40;
  config.num_layers = 2;
  config.num_decoder_layers = 5;
  config.num_heads = 3;
  config.relative_attention_num_buckets = 16;
  config.relative_attention_max_distance = 64;
  config.dropout_rate = 0.25;
  config.layer_norm_epsilon = 1e-5;
  config.gated_gelu = true;
  config.tie_word_embeddings = false;
  const std::string text = t5_config_to_json(config);
  const T5Config again = t5_config_from_json(text, "config.json");
  EXPECT_EQ(again.vocab_size, 96u);
  EXPECT_EQ(again.num_decoder_layers, 5u);
  EXPECT_EQ(again.layer_norm_epsilon, 1e-5);
  EXPECT_TRUE(again.gated_gelu);
  EXPECT_FALSE(again.tie_word_embeddings);
  EXPECT_EQ(t5_config_to_json(again), text);
}

TEST(T5Config, FillsInHuggingFacesDefaults) {
  const T5Config config = t5_config_from_json(R"({"num_layers": 4, "num_decoder_layers": null, "unheard_of": []})", "");
  EXPECT_EQ(config.vocab_size, 32128u);
  EXPECT_EQ(config.d_model, 512u);
  EXPECT_EQ(config.d_kv, 64u);
  EXPECT_EQ(config.d_ff, 2048u);
  EXPECT_EQ(config.num_heads, 8u);
  EXPECT_EQ(config.num_decoder_layers, 4u);
  EXPECT_FALSE(config.gated_gelu);
  EXPECT_TRUE(config.tie_word_embeddings);
}

TEST(T5Config, NamesTheFieldThatIsWrong) {
  EXPECT_NE(complaint("[]"), "");
  EXPECT_NE(complaint("{\"d_model\": "), "");
  for (const std::string value : {"0", "-3", "1.5", "\"32\"", "true", "100000000000"}) {
    EXPECT_NE(complaint("{\"d_model\": " + value + "}").find("d_model"), std::string::npos) << value;
  }
  EXPECT_NE(complaint(R"({"tie_word_embeddings": 1})").find("tie_word_embeddings"), std::string::npos);
  EXPECT_NE(complaint(R"({"layer_norm_epsilon": "small"})").find("layer_norm_epsilon"), std::string::npos);
  EXPECT_NE(complaint(R"({"relative_attention_max_distance": 16})").find("max_distance"), std::string::npos);
  EXPECT_NE(complaint(R"({"relative_attention_max_distance": 3000000000})").find("max_distance"), std::string::npos);
  for (const std::string buckets : {"1", "2", "3", "6"}) {
    EXPECT_NE(complaint("{\"relative_attention_num_buckets\": " + buckets + "}").find("num_buckets"),
              std::string::npos);
  }
  for (const std::string share : {"1.0", "-0.1", "1e300"}) {
    EXPECT_NE(complaint("{\"dropout_rate\": " + share + "}").find("dropout_rate"), std::string::npos) << share;
  }
}

TEST(T5Config, NamesAFeedForwardItCannotCompute) {
  EXPECT_NE(complaint(R"({"feed_forward_proj": "gated-silu"})").find("gated-silu"), std::string::npos);
  EXPECT_NE(complaint(R"({"feed_forward_proj": 3})").find("feed_forward_proj"), std::string::npos);
  EXPECT_EQ(complaint(R"({"feed_forward_proj": "gated-gelu"})"), "");
}

TEST(T5Config, FillsInTheDefaultsOfMt5) {
  const T5Config config = t5_config_from_json(R"({"model_type": "mt5"})", "");
  EXPECT_EQ(config.vocab_size, 250112u);
  EXPECT_EQ(config.num_layers, 8u);
  EXPECT_TRUE(config.gated_gelu);
  EXPECT_FALSE(config.tie_word_embeddings);
}

TEST(T5Config, RefusesWhatWouldMakeAnotherNetworkOrOtherSpecialTokens) {
  const std::pair<const char*, const char*> refused[] = {
      {"model_type", "\"umt5\""},
      {"model_type", "\"longt5\""},
      {"model_type", "5"},
      {"decoder_start_token_id", "2"},
      {"eos_token_id", "2"},
      {"eos_token_id", "[1, 2]"},
      {"pad_token_id", "1"},
      {"is_encoder_decoder", "false"},
      {"tie_encoder_decoder", "true"},
      {"dense_act_fn", "\"gelu_new\""},
      {"is_gated_act", "true"},
      {"hidden_size", "768"},
      {"num_hidden_layers", "12"},
      {"num_attention_heads", "12"},
      {"head_dim", "32"},
      {"pruned_heads", "{\"0\": [1]}"},
      {"quantization_config", "{}"},
      {"forced_bos_token_id", "3"},
      {"bad_words_ids", "[[3]]"},
      {"suppress_tokens", "[5]"},
  };
  for (const auto& [field, value] : refused) {
    const std::string text = std::string("{\"") + field + "\": " + value + "}";
    EXPECT_NE(complaint(text).find(std::string("field \"") + field + '"'), std::string::npos) << text;
    EXPECT_NE(complaint(text).find("; "), std::string::npos) << "no remedy: " << complaint(text);
  }
  for (const char* good :
       {R"({"model_type": "t5", "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0})",
        R"({"model_type": null, "decoder_start_token_id": null, "bad_words_ids": null})",
        R"({"eos_token_id": [1], "dense_act_fn": "relu", "is_gated_act": false, "hidden_size": 512})",
        R"({"task_specific_params": {"summarization": {"num_beams": 4}}, "n_positions": 512})"}) {
    EXPECT_EQ(complaint(good), "") << good;
  }
}

TEST(T5Preset, HasThePublishedNumberOfWeights) {
  T5Config small = t5_preset("t5-small");
  small.vocab_size = 32128;
  EXPECT_NEAR(static_cast<double>(small.num_weights()), 60.5e6, 0.1e6);  // T5-small has 60.5 million, norms counted
}

TEST(T5Preset, IsKnownByName) {
  EXPECT_EQ(t5_preset("t5-small").inner(), 512u);
  EXPECT_EQ(t5_preset("mini").d_model, 128u);
  EXPECT_EQ(t5_preset("tiny").vocab_size, 0u);
  EXPECT_THROW(t5_preset("huge"), Error);
}

}  // namespace
}  // namespace peapod
