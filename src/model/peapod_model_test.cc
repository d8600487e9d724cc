#include "model/peapod_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "model/question.h"
#include "support/small_model.h"

namespace peapod {
namespace {

// Log-probabilities of two items after a user's training history.
std::vector<float> answers(const PeapodModel& model, uint32_t user) {
  const ModelInput input = ask_next_item(model, known_in_training(model.dataset(), user)).input;
  std::vector<const ModelInput*> inputs;
  std::vector<std::span<const int32_t>> targets;
  for (const uint32_t item : {0u, 11u}) {
    inputs.push_back(&input);
    targets.push_back(model.ids().item_output(item));
  }
  std::vector<float> log_probs(targets[0].size() + targets[1].size());
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  model.network().loss(pass, inputs, one_each(targets), 1.0, log_probs.data());
  return log_probs;
}

std::string error_of_load(const std::filesystem::path& directory) {
  try {
    PeapodModel::load(directory);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to) {
  std::string text = read_file(file);
  const size_t place = text.find(from);
  ASSERT_NE(place, std::string::npos) << from;
  text.replace(place, from.size(), to);
  const bool description = file.filename() == "peapod.json";
  write_file_atomically(file, description ? sealed(text) : text);
}

TEST(PeapodModel, AnswersTheSameAfterSaveAndLoad) {
  for (const std::string_view kind : {kSharedPrompts, kSimilarUsers, kTaskOnly, kNoPrompts}) {
    for (const IdScheme ids : {IdScheme::collaborative, IdScheme::random}) {
      SmallModel small({.composer = kind, .ids = ids});
      small->save_static(small.model_directory());
      small->save_weights(small.model_directory());
      const PeapodModel loaded = PeapodModel::load(small.model_directory());
      for (const uint32_t user : {0u, 17u}) EXPECT_EQ(answers(*small, user), answers(loaded, user)) << kind;
      EXPECT_EQ(loaded.dataset().num_items(), SmallModel::kItems);
    }
  }
}

TEST(PeapodModel, FoldsTheProfileInUnlessUserVectorsAreStatic) {
  for (const bool fixed : {false, true}) {
    SmallModel small({.static_user_vectors = fixed});
    const auto history = small.data().train_items(3);
    const auto vector = [&](std::span<const uint32_t> profile, uint32_t known_as) {
      return small->see(known_as, profile).vector;
    };
    EXPECT_EQ(vector(history, 3) == vector(history.first(2), 3), fixed);
    // Somebody new has no vector of their own, so theirs is folded in either way.
    EXPECT_NE(vector(history, kUnknownUser), vector(history.first(2), kUnknownUser));
    EXPECT_EQ(vector(history, kUnknownUser), vector(history, 3));
  }
}

TEST(PeapodModel, IsNotAmongItsOwnNeighbours) {
  SmallModel small({.composer = kSimilarUsers});
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    const auto history = small.data().train_items(user);
    const auto neighbours = small->see(user, history).neighbours;
    EXPECT_EQ(neighbours.size(), 3u);
    EXPECT_EQ(std::ranges::find(neighbours, user), neighbours.end());
  }
}

TEST(PeapodModel, SaysThatItsPreferencesAreAbsent) {
  SmallModel small;
  small->save_static(small.model_directory());
  small->save_weights(small.model_directory());
  std::filesystem::remove(small.model_directory() / "preferences.safetensors");
  EXPECT_NE(error_of_load(small.model_directory()).find("has no preferences.safetensors"), std::string::npos);
}

TEST(PeapodModel, RecallsTheSameAfterSaveAndLoad) {
  SmallModel small({.recalls = kInSearch});
  small->set_search_trust(Task::sequential, {.trust = 0.25, .weight = 1.5});
  small->save_static(small.model_directory());
  small->save_weights(small.model_directory());
  small->set_search_trust(Task::topn, {.trust = 0, .weight = 1});
  small->save_description(small.model_directory());
  const PeapodModel loaded = PeapodModel::load(small.model_directory());
  ASSERT_NE(loaded.recall(), nullptr);
  EXPECT_EQ(loaded.search_trust(Task::sequential).trust, 0.25);
  EXPECT_EQ(loaded.search_trust(Task::sequential).weight, 1.5);
  EXPECT_EQ(loaded.search_trust(Task::topn).trust, 0.0);
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    const auto before = small->recall()->recall(small.data().history(user));
    const auto after = loaded.recall()->recall(small.data().history(user));
    ASSERT_EQ(before.size(), after.size());
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(before[i].item, after[i].item);
      EXPECT_EQ(before[i].score, after[i].score);
    }
  }
  replace_in(small.model_directory() / "peapod.json", "\"share\": 0.65", "\"share\": -0.65");
  EXPECT_NE(error_of_load(small.model_directory())
                .find("recall_settings: field \"share\": expected a number from 0 to 0.999"),
            std::string::npos);
  replace_in(small.model_directory() / "peapod.json", "\"share\": -0.65", "\"shares\": 0.65");
  EXPECT_NE(error_of_load(small.model_directory()).find("field \"share\": is missing"), std::string::npos);
}

// Titles serve two channels; either may be chosen without the other.
TEST(PeapodModel, RecallsKinWhereTitlesThemselvesHaveNoWeight) {
  const RecallSettings settings{.titles = 0, .kin = 0.4};
  SmallModel small({.recalls = kInSearch, .recall_settings = settings});
  const Recall expected(small.data().train_histories(), SmallModel::kItems, titles_of(small.data()), settings);
  const auto history = small.data().history(0);
  const auto recalled = small->recall()->recall(history), by_hand = expected.recall(history);
  ASSERT_EQ(recalled.size(), by_hand.size());
  EXPECT_TRUE(std::ranges::any_of(recalled, [](const RecalledItem& one) { return one.kin > 0; }));
  for (size_t i = 0; i < recalled.size(); ++i) EXPECT_EQ(recalled[i].score, by_hand[i].score);
}

TEST(PeapodModel, SaysWhatIsWrongWithADirectory) {
  SmallModel small;
  EXPECT_NE(error_of_load(small.data_directory()).find("is not a model directory"), std::string::npos);
  small->save_static(small.model_directory());
  EXPECT_NE(error_of_load(small.model_directory()).find("--resume"), std::string::npos);
  small->save_weights(small.model_directory());
  EXPECT_EQ(error_of_load(small.model_directory()), "");

  const auto file = small.model_directory() / "peapod.json";
  const std::string good = read_file(file);
  const auto error_after = [&](const std::string& from, const std::string& to) {
    replace_in(file, from, to);
    const std::string error = error_of_load(small.model_directory());
    write_file_atomically(file, good);
    return error;
  };
  EXPECT_NE(error_after("\"format_version\": 5", "\"format_version\": 99").find("use the peapod that made the model"),
            std::string::npos);
  EXPECT_NE(error_after("\"format_version\": 5", "\"format_version\": 4").find("train it again"), std::string::npos);
  EXPECT_NE(error_after("\"task_length\": ", "\"tusk_length\": ").find("\"task_length\": is missing"),
            std::string::npos);
  EXPECT_NE(error_after("\"task_length\": ", "\"tasks_more\": 1, \"task_length\": ").find("is not known"),
            std::string::npos);
  EXPECT_NE(error_after("\"explanation\"", "\"singing\"").find("singing"), std::string::npos);
  EXPECT_NE(error_after("\"shared-prompts\"", "\"own-prompts\"").find("peapod.json: field \"composer\""),
            std::string::npos);
  EXPECT_NE(error_after("\"pmf_confidence\": ", "\"pmf_confidence\": -").find("expected a number above 0"),
            std::string::npos);
  EXPECT_NE(error_after("\"identity\": \"", "\"identity\": \"f").find("model.safetensors: belongs to another model"),
            std::string::npos);
  EXPECT_NE(error_after("\"spiece.model\": \"", "\"spiece.model\": \"f").find("spiece.model: is damaged"),
            std::string::npos);
  EXPECT_NE(error_after("\"spiece.model\": ", "\"spice.model\": ").find("has no \"spiece.model\""), std::string::npos);
  EXPECT_NE(error_after("\"num_prompts\": 20", "\"num_prompts\": 0").find("expected a size from 1 to 4096, got 0"),
            std::string::npos);
  EXPECT_NE(error_after("\"num_prompts\": 20", "\"num_prompts\": 21").find("peapod.composer"), std::string::npos);
  EXPECT_NE(error_after("\"user_dim\": 8", "\"user_dim\": \"eight\"").find("peapod.json"), std::string::npos);
}

// Files of a model directory that a loaded model depends on.
std::vector<std::string> files_in_use() {
  std::vector<std::string> names = {"peapod.json", "config.json", "spiece.model", "preferences.safetensors",
                                    "model.safetensors"};
  for (const std::string& name : Dataset::file_names()) names.push_back("dataset/" + name);
  return names;
}

TEST(PeapodModel, NamesTheFileThatIsAbsentOrDamagedAndNeverSendsToPrepare) {
  SmallModel small(kAsTrained);
  small->save_static(small.model_directory());
  small->save_weights(small.model_directory());
  for (const std::string& name : files_in_use()) {
    const auto file = small.model_directory() / name;
    const std::string good = read_file(file);
    const auto refuses = [&](const std::string& what) {
      const std::string error = error_of_load(small.model_directory());
      // Where a mark of the directory is absent, the directory is named.
      EXPECT_NE(error.find(std::filesystem::path(name).filename().string()), std::string::npos)
          << name << ", " << what << ": \"" << error << '"';
      EXPECT_EQ(error.find("prepare"), std::string::npos) << error;
      EXPECT_NE(error.find("; "), std::string::npos) << "no remedy: " << error;
    };
    std::filesystem::remove(file);
    refuses("missing");
    const auto put = [&](const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; };
    put("");
    refuses("empty");
    put(good.substr(0, good.size() / 2));
    refuses("half");
    put(std::string(good.size(), 'x'));
    refuses("garbage");
    put(good + "\n");
    refuses("longer");
    // Each bit of a byte somewhere in each of 60 parts of the file, and in the first and last 16 bytes.
    const size_t step = 1 + good.size() / 60;
    for (size_t byte = 0; byte < good.size(); byte += byte < 16 || byte + 16 >= good.size() ? 1 : step) {
      for (size_t bit = 8 * byte; bit < 8 * byte + 8; bit += 3) {
        put(with_flipped_bit(good, bit));
        refuses("flipped bit " + std::to_string(bit));
      }
    }
    put(good);
  }
  EXPECT_EQ(error_of_load(small.model_directory()), "");
}

TEST(PeapodModel, RefusesPartsOfAnotherModel) {
  SmallModel small(kAsTrained),
      other(
          {.recalls = kAsTrained.recalls, .interactions = 6, .items = kAsTrained.items, .encoder = kAsTrained.encoder});
  for (SmallModel* one : {&small, &other}) {
    (*one)->save_static(one->model_directory());
    (*one)->save_weights(one->model_directory());
  }
  EXPECT_NE(small->identity(), other->identity());
  for (const std::string& name : files_in_use()) {
    const std::string good = read_file(small.model_directory() / name);
    const std::string others = read_file(other.model_directory() / name);
    if (good == others) continue;  // nothing is lost then
    std::ofstream(small.model_directory() / name, std::ios::binary) << others;
    EXPECT_NE(error_of_load(small.model_directory()), "") << name;
    std::ofstream(small.model_directory() / name, std::ios::binary) << good;
  }
  const auto dataset = small.model_directory() / "dataset";
  std::filesystem::remove_all(dataset);
  std::filesystem::copy(other.data_directory(), dataset);
  const std::string error = error_of_load(small.model_directory());
  EXPECT_NE(error.find("dataset/dataset.json: is damaged, was edited or belongs to another model"), std::string::npos)
      << error;
}

TEST(PeapodModel, IsNotHeldUpByATrainingStateThatItDoesNotUse) {
  SmallModel small;
  small->save_static(small.model_directory());
  small->save_weights(small.model_directory());
  std::ofstream(small.model_directory() / "training.safetensors") << "damaged";
  EXPECT_EQ(error_of_load(small.model_directory()), "");
}

}  // namespace
}  // namespace peapod
