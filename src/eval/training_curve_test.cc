#include "eval/training_curve.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

class TrainingCurve : public testing::Test {
 protected:
  std::vector<TrainingPoint> read(const std::string& text) const {
    write_file_atomically(file(), text);
    return read_training_curve(file());
  }
  std::filesystem::path file() const { return folder_.path() / "metrics.jsonl"; }

  ScratchFolder folder_;
};

// Each line with its checksum, as training writes it.
std::string lines_of(const std::vector<std::string>& objects) {
  std::string lines;
  for (const std::string& object : objects) lines += sealed(object) + '\n';
  return lines;
}

const std::string kFirst =
    R"({"step":90,"minutes":0.5,"epochs":1.5,"loss":4.5,"valid.sequential.full.hr@10":0.25,"valid.ndcg@10":0.125,"best":true})";

TEST_F(TrainingCurve, HasAPointForEachValidation) {
  const auto points = read(lines_of({kFirst, R"({"step":180,"minutes":1,"loss":3,"best":false})"}));
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].step, 90);
  EXPECT_EQ(points[0].minutes, 0.5);
  EXPECT_EQ(points[0].loss, 4.5);
  EXPECT_TRUE(points[0].best);
  EXPECT_EQ(points[0].metrics, (MetricMap{{"sequential.full.hr@10", 0.25}, {"ndcg@10", 0.125}}));
  EXPECT_FALSE(points[1].best);
  EXPECT_TRUE(points[1].metrics.empty());
}

TEST_F(TrainingCurve, GoesOnFromWhereAResumedTrainingBegan) {
  const auto line = [](int step, double loss) {
    return R"({"step":)" + std::to_string(step) + R"(,"minutes":1,"loss":)" + std::to_string(loss) + "}";
  };
  const auto points = read(lines_of({line(10, 5), line(20, 4), line(30, 3), line(20, 3.5), line(40, 2)}));
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0].step, 10);
  EXPECT_EQ(points[1].loss, 3.5);
  EXPECT_EQ(points[2].step, 40);
}

TEST_F(TrainingCurve, IsEmptyWithoutAFile) {
  EXPECT_TRUE(read_training_curve(folder_.path() / "nowhere.jsonl").empty());
  EXPECT_TRUE(read("").empty());
}

TEST_F(TrainingCurve, NamesTheLineThatIsDamaged) {
  const auto refusal = [&](const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_NE(refusal(lines_of({kFirst}) + "{\"step\":").find("metrics.jsonl:2: is damaged"), std::string::npos);
  EXPECT_NE(refusal("[1]\n").find("metrics.jsonl:1"), std::string::npos);
  const std::string good = lines_of({kFirst, kFirst});
  EXPECT_EQ(refusal(good), "nothing");
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    EXPECT_NE(refusal(with_flipped_bit(good, bit)).find("metrics.jsonl:"), std::string::npos) << bit;
  }
  const std::string text = lines_of({R"({"step":1,"minutes":1,"loss":"much"})"});
  EXPECT_NE(refusal(text).find("metrics.jsonl:1: field \"loss\""), std::string::npos);
}

}  // namespace
}  // namespace peapod
