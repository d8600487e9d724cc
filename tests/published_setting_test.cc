// configs/published.toml: the paper's setting stays what it says, and can be trained and used.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "support/shop.h"

namespace peapod {
namespace {

using nlohmann::json;

class PublishedSetting : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    ASSERT_EQ(peapod("prepare " + at("raw") + " --format pod --ids random --out " + at("numbers")), 0) << log();
    // The configuration, but for the size of the network.
    ASSERT_EQ(
        peapod("train " + at("numbers") + " --out " + at("model") + " --config " + std::string(PEAPOD_SOURCE_DIR) +
               "/configs/published.toml --preset tiny --tokens-per-step 400 --user-dim 8 --validations 1"
               " --max-steps 3"),
        0)
        << log();
  }
};

TEST_F(PublishedSetting, IsWhatAModelIsMadeOf) {
  const json model = answer("inspect " + at("model"));
  EXPECT_EQ(model.at("items"), "tokens");
  EXPECT_EQ(model.at("encoder"), "bidirectional");
  EXPECT_EQ(model.at("composer"), "shared-prompts");
  EXPECT_EQ(model.at("user_vectors"), "static");
  EXPECT_FALSE(model.contains("recall"));
}

TEST_F(PublishedSetting, MakesAModelThatIsMeasuredAndRecommends) {
  EXPECT_TRUE(answer("evaluate " + at("model") + " --data " + at("numbers")).contains("topn.sampled99.hr@10"));
  EXPECT_EQ(answer("recommend " + at("model") + " --user 3 --n 4").at("items").size(), 4u);
}

TEST_F(PublishedSetting, HasWhatGoesWithNumbersWithoutBeingTold) {
  const std::string train = "train " + at("numbers") + " --out " + at("other") +
                            " --preset tiny --tokens-per-step 400 --user-dim 8 --validations 1 --max-steps 2";
  ASSERT_EQ(peapod(train), 0) << log();
  const json model = answer("inspect " + at("other"));
  EXPECT_EQ(model.at("items"), "tokens");
  EXPECT_EQ(model.at("recall").at("use"), "search");
  expect_failure(1, "train " + at("numbers") + " --out " + at("vectors") + " --items vectors",
                 {"vectors are made of item codes", "--ids collaborative"});
  expect_failure(1, "train " + at("data") + " --out " + at("third") + " --items tokens --recall both",
                 {"recalled items stand in the prompt as vectors"});
  expect_failure(1, "train " + at("data") + " --out " + at("third") + " --legacy-pad-loss",
                 {"--legacy-pad-loss", "--items tokens --recall none"});
  EXPECT_FALSE(std::filesystem::exists(at("third"))) << "what is refused leaves nothing behind";
}

TEST_F(PublishedSetting, IsNotResumedWithAnother) {
  expect_failure(1, "train " + at("numbers") + " --out " + at("model") + " --preset tiny --resume --max-steps 5",
                 {"its training began with", "resume with what it began with"});
}

}  // namespace
}  // namespace peapod
