// The finished program on the bundled sample, the way a user runs it: prepare, train, evaluate, recommend, and a
// training that is cut off and resumed.
#include <gtest/gtest.h>

#include "support/program.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class EndToEndSlow : public ProgramTest {
 protected:
  void prepare() const {
    ASSERT_EQ(peapod("prepare " PEAPOD_SOURCE_DIR "/examples/sample --format amazon --out " + at("data")), 0) << log();
  }
};

TEST_F(EndToEndSlow, LearnsMoreThanPopularityAndAnswersOnlyExistingItems) {
  prepare();
  // By itself: with what is recalled in the loss there is little left to learn.
  const json trained =
      answer("train " + at("data") + " --out " + at("model") +
             " --recall none --preset tiny --task-share 1,0,0 --max-steps 1500 --max-epochs 1000 --tokens-per-step 2048"
             " --learning-rate 0.01 --warmup-steps 50 --validations 5 --precision f32");
  EXPECT_LT(trained.at("final_loss").get<double>(), 0.7 * trained.at("first_loss").get<double>());

  const json popularity = answer("baseline popularity --data " + at("data"));
  const json ours = answer("evaluate " + at("model") + " --data " + at("data") + " --tasks sequential --precision f32");
  const double hr10 = ours.at("sequential.full.hr@10").get<double>();
  EXPECT_GT(hr10, popularity.at("sequential.full.hr@10").get<double>());
  // Loading again gives the same figures to the bit.
  EXPECT_EQ(ours, answer("evaluate " + at("model") + " --data " + at("data") + " --tasks sequential --precision f32"));

  const json known = answer("recommend " + at("model") + " --user u_ada54 --n 5");
  ASSERT_EQ(known.at("items").size(), 5u);
  const std::string first = known.at("items")[0].at("item").get<std::string>();
  EXPECT_NE(contents(PEAPOD_SOURCE_DIR "/examples/sample/sample_reviews.json").find('"' + first + '"'),
            std::string::npos);
  EXPECT_EQ(known, answer("recommend " + at("model") + " --user u_ada54 --n 5"));
  EXPECT_EQ(answer("recommend " + at("model") + " --history tent-alpine-1 --n 3").at("items").size(), 3u);

  EXPECT_EQ(peapod("recommend " + at("model") + " --user u_ada5x4"), 1);
  EXPECT_NE(log().find("did you mean \"u_ada54\"?"), std::string::npos) << log();
  EXPECT_EQ(peapod("recommend " + at("model")), 2);
}

TEST_F(EndToEndSlow, ResumesAfterAKillWithTheSameBits) {
  prepare();
  const std::string options =
      " --preset tiny --max-steps 40 --max-epochs 1000 --tokens-per-step 2048 --validations 2 --checkpoint-steps 10"
      " --precision f32 --seed 7";
  ASSERT_EQ(peapod("train " + at("data") + " --out " + at("whole") + options), 0) << log();

  // Killed without warning as soon as the first checkpoint is there.
  const std::string begin = "train " + at("data") + " --out " + at("cut") + options;
  const std::string killed = "(" PEAPOD_PROGRAM " " + begin +
                             " >/dev/null 2>&1 & pid=$!; for i in $(seq 3000); do [ -f " + at("cut") +
                             "/training.safetensors ] && break; sleep 0.02; done; kill -9 $pid; wait $pid)";
  ASSERT_NE(std::system(("bash -c '" + killed + "'").c_str()), -1);
  ASSERT_TRUE(fs::exists(at("cut") + "/training.safetensors"));
  EXPECT_EQ(peapod(begin), 1) << "refuses to start over a training that can be resumed";
  ASSERT_EQ(peapod(begin + " --resume"), 0) << log();
  EXPECT_EQ(contents(at("whole") + "/model.safetensors"), contents(at("cut") + "/model.safetensors"));
}

}  // namespace
}  // namespace peapod
