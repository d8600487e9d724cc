#include "model/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

struct Values {
  std::vector<size_t> shape;
  std::vector<float> values;
};

// A directory with a tiny T5 of random weights, as somebody else would have published it.
class Checkpoint : public testing::Test {
 protected:
  void make(bool tied) {
    ModelConfig model;
    model.t5 = {.vocab_size = 40,
                .d_model = 8,
                .d_kv = 4,
                .d_ff = 12,
                .num_layers = 2,
                .num_decoder_layers = 2,
                .num_heads = 2,
                .tie_word_embeddings = tied};
    Seq2Seq<float> network(model);
    Parameters<float>& parameters = network.parameters();
    parameters.initialise(3);
    tensors_.clear();
    for (ParameterId id = 0; id < parameters.infos().size(); ++id) {
      const ParameterInfo& info = parameters.info(id);
      const float* first = parameters.data(id);
      tensors_[info.name] = {info.shape, {first, first + info.rows * info.cols}};
    }
    config_ = t5_config_to_json(model.t5);
    folder_.write("config.json", config_);
  }

  void write(const std::string& file, const std::map<std::string, Values>& tensors) const {
    std::vector<NamedTensor> named;
    for (const auto& [name, tensor] : tensors) named.push_back({name, tensor.shape, tensor.values});
    write_safetensors(folder_.path() / file, named);
  }

  // What load_t5() says; empty where it reads the directory.
  std::string complaint() const {
    try {
      load_t5(folder_.path());
      return "";
    } catch (const Error& error) {
      EXPECT_FALSE(error.remedy().empty()) << error.what();
      return error.what();
    }
  }
  std::string complaint_about(const std::map<std::string, Values>& tensors) const {
    write("model.safetensors", tensors);
    return complaint();
  }

  std::vector<float> loaded(const std::string& name) const {
    const Seq2Seq<float> network = load_t5(folder_.path());
    const Parameters<float>& parameters = network.parameters();
    const ParameterId id = parameters.id_of(name);
    return {parameters.data(id), parameters.data(id) + parameters.info(id).rows * parameters.info(id).cols};
  }

  void expect_all_loaded() const {
    for (const auto& [name, tensor] : tensors_) EXPECT_EQ(loaded(name), tensor.values) << name;
  }

  ScratchFolder folder_;
  std::map<std::string, Values> tensors_;
  std::string config_;
};

TEST_F(Checkpoint, IsReadWithAndWithoutATiedHead) {
  for (const bool tied : {true, false}) {
    make(tied);
    write("model.safetensors", tensors_);
    expect_all_loaded();
  }
}

// As madlad400 is published.
TEST_F(Checkpoint, EmbedsWithWhatTheEncoderEmbedsWithAndNeverWithAnUntiedHead) {
  make(false);
  for (const char* alias : {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}) {
    auto tensors = tensors_;
    tensors[alias] = tensors["shared.weight"];
    tensors.erase("shared.weight");
    write("model.safetensors", tensors);
    expect_all_loaded();
  }
  auto tensors = tensors_;
  tensors.erase("shared.weight");
  EXPECT_NE(complaint_about(tensors).find("has no tensor \"shared.weight\""), std::string::npos) << "the head is none";
}

TEST_F(Checkpoint, EmbedsWithATiedHeadWhereThatIsAllThereIs) {
  make(true);
  auto tensors = tensors_;
  tensors["lm_head.weight"] = tensors["shared.weight"];
  tensors.erase("shared.weight");
  write("model.safetensors", tensors);
  expect_all_loaded();
}

TEST_F(Checkpoint, MayHoldTheEmbeddingSeveralTimesButNotAnother) {
  for (const bool tied : {true, false}) {
    make(tied);
    std::vector<std::string> aliases = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"};
    if (tied) aliases.emplace_back("lm_head.weight");
    auto tensors = tensors_;
    for (const std::string& alias : aliases) tensors[alias] = tensors["shared.weight"];
    EXPECT_EQ(complaint_about(tensors), "");
    for (const std::string& alias : aliases) {
      auto changed = tensors;
      changed[alias].values[5] += 1;
      EXPECT_NE(complaint_about(changed).find("tensor \"" + alias + "\": is not the same as \"shared.weight\""),
                std::string::npos);
      changed[alias] = {{39, 8}, std::vector<float>(39 * 8)};
      EXPECT_NE(complaint_about(changed).find(alias), std::string::npos);
    }
  }
}

TEST_F(Checkpoint, NamesATensorThatIsNotUsed) {
  make(false);
  const std::pair<const char*, const char*> unused[] = {
      {"encoder.block.2.layer.0.SelfAttention.q.weight", "belongs to a layer beyond those of config.json"},
      {"decoder.block.11.layer.0.layer_norm.weight", "belongs to a layer beyond those of config.json"},
      {"encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight", "as UMT5 has them"},
      {"decoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight", "as UMT5 has them"},
      {"encoder.block.0.layer.1.DenseReluDense.wi_1.weight", "is no weight of the T5"},
      {"encoder.block.0.layer.0.SelfAttention.q.bias", "is no weight of the T5"},
      {"classification_head.dense.weight", "is no weight of the T5"},
  };
  for (const auto& [name, problem] : unused) {
    auto tensors = tensors_;
    tensors[name] = {{4}, {1, 2, 3, 4}};
    const std::string said = complaint_about(tensors);
    EXPECT_NE(said.find(std::string("model.safetensors: tensor \"") + name + "\": "), std::string::npos) << said;
    EXPECT_NE(said.find(problem), std::string::npos) << said;
  }
  auto tensors = tensors_;  // what nobody uses, and what is ours
  tensors["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = {{4}, {1, 2, 3, 4}};
  tensors["peapod.start.weight"] = {{4}, {1, 2, 3, 4}};
  EXPECT_EQ(complaint_about(tensors), "");
}

TEST_F(Checkpoint, NamesEachTensorThatIsMissingOrHasAValueThatIsNotFinite) {
  make(false);
  for (const auto& [name, tensor] : tensors_) {
    auto tensors = tensors_;
    tensors.erase(name);
    EXPECT_NE(complaint_about(tensors).find('"' + name + '"'), std::string::npos);
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const float values[] = {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()};
    for (const float bad : std::span(values).first(name == "shared.weight" ? 3 : 1)) {
      tensors = tensors_;
      tensors[name].values.back() = bad;
      const std::string said = complaint_about(tensors);
      EXPECT_NE(said.find("tensor \"" + name + "\": holds "), std::string::npos) << said;
      EXPECT_NE(said.find("must be finite"), std::string::npos) << said;
    }
  }
}

TEST_F(Checkpoint, IsReadFromItsShards) {
  make(false);
  std::map<std::string, Values> first, second;
  std::string map;
  for (const auto& [name, tensor] : tensors_) {
    const bool early = name < "encoder";
    (early ? first : second)[name] = tensor;
    map += (map.empty() ? "" : ", ") + ('"' + name + "\": \"") + (early ? "a.safetensors" : "b.safetensors") + '"';
  }
  write("a.safetensors", first);
  write("b.safetensors", second);
  const auto index = [&](const std::string& entries) {
    folder_.write("model.safetensors.index.json",
                  "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {" + entries + "}}");
  };
  index(map);
  expect_all_loaded();

  index(map + ", \"shared.scale\": \"b.safetensors\"");
  EXPECT_NE(complaint().find("b.safetensors: has no tensor \"shared.scale\""), std::string::npos) << complaint();
  index(map + ", \"x\": \"../b.safetensors\"");
  EXPECT_NE(complaint().find("expected a file beside it for \"x\""), std::string::npos) << complaint();
  index("");
  EXPECT_NE(complaint().find("names no tensor"), std::string::npos) << complaint();
  index(map);
  write("b.safetensors", tensors_);
  EXPECT_NE(complaint().find("as well"), std::string::npos) << complaint();
  write("b.safetensors", second);
  second.begin()->second.values[0] = std::numeric_limits<float>::infinity();
  write("b.safetensors", second);
  EXPECT_NE(complaint().find("b.safetensors: tensor"), std::string::npos) << complaint();
  fs::remove(folder_.path() / "b.safetensors");
  EXPECT_NE(complaint().find("has no b.safetensors"), std::string::npos) << complaint();
}

TEST_F(Checkpoint, SaysWhatToDoWithOtherFormats) {
  make(false);
  EXPECT_NE(complaint().find("has no model.safetensors"), std::string::npos);
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"}) {
    folder_.write(other, "x");
    EXPECT_NE(complaint().find(std::string(other) + ": is a format that peapod does not read"), std::string::npos);
    EXPECT_NE(complaint().find("save_pretrained"), std::string::npos);
    fs::remove(folder_.path() / other);
  }
}

TEST_F(Checkpoint, HeedsWhatGenerationConfigSaysOfSpecialTokens) {
  make(true);
  write("model.safetensors", tensors_);
  folder_.write("generation_config.json", R"({"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0})");
  EXPECT_EQ(complaint(), "");
  folder_.write("generation_config.json", R"({"decoder_start_token_id": 7})");
  EXPECT_NE(complaint().find("generation_config.json: field \"decoder_start_token_id\""), std::string::npos);
}

}  // namespace
}  // namespace peapod
