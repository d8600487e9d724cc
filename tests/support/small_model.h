// For tests: an untrained `tiny` model on a made data set of 40 users who walk around a ring of 20 items, each with a
// word on what they bought; and what else several tests of models share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "data/preparation.h"
#include "model/peapod_model.h"
#include "support/scratch_folder.h"

namespace peapod {

struct SmallModelOptions {
  std::string_view composer = kSharedPrompts;
  IdScheme ids = IdScheme::collaborative;
  bool static_user_vectors = false;
  bool explanations = true;
  RecallUse recalls = {};
  RecallSettings recall_settings = {};
  uint32_t interactions = 7;  // of each user; fewer than three leave nobody to evaluate
  ItemForm items = ItemForm::tokens;
  EncoderKind encoder = EncoderKind::bidirectional;
  // Items have their number as price, the last five of them none; every fifth, from 3 on, cannot be had.
  bool offers = false;
  // With `keep`, who walks comes back to the first item with every other step.
  Repeats repeats = Repeats::merge;
};

inline constexpr RecallUse kInSearch{.search = true};

// What `peapod train` makes unless it is told otherwise.
inline constexpr SmallModelOptions kAsTrained{
    .recalls = {.prompt = true, .search = true}, .items = ItemForm::vectors, .encoder = EncoderKind::causal};

// Target i for input i.
inline std::vector<Target> one_each(std::span<const std::span<const int32_t>> sequences) {
  std::vector<Target> targets;
  for (const std::span<const int32_t> tokens : sequences) {
    targets.push_back({.tokens = tokens, .input = static_cast<uint32_t>(targets.size())});
  }
  return targets;
}

class SmallModel {
 public:
  static constexpr uint32_t kUsers = 40;
  static constexpr uint32_t kItems = 20;

  explicit SmallModel(const SmallModelOptions& options = {}) {
    write_dataset(data_directory(),
                  prepare(made_log(options), {.min_user = 0, .min_item = 0, .repeats = options.repeats}),
                  made_ids(options.ids));
    CreateOptions create;
    create.preset = "tiny";
    create.composer = options.composer;
    create.composer_options.user_vectors.dim = 8;
    create.composer_options.num_neighbours = 3;
    create.static_user_vectors = options.static_user_vectors;
    create.items = options.items;
    create.encoder = options.encoder;
    create.recall_use = options.recalls;
    if (options.recalls.any()) create.recall = options.recall_settings;
    create.max_pieces = 200;
    model_ = std::make_unique<PeapodModel>(PeapodModel::create(Dataset::open(data_directory()), create));
    if (model_->network().config().appraises) appraise_at_random();
  }

  PeapodModel& operator*() { return *model_; }
  PeapodModel* operator->() { return model_.get(); }
  const Dataset& data() const { return model_->dataset(); }

  std::filesystem::path data_directory() const { return folder_.path() / "data"; }
  std::filesystem::path model_directory() const { return folder_.path() / "model"; }

 private:
  // An untrained network takes what is recalled as it is, and tests would not see what it makes of that.
  void appraise_at_random() {
    Parameters<float>& parameters = model_->network().parameters();
    Random random(20);
    for (const char* name : {"peapod.appraisal.weight", "peapod.appraisal.tasks"}) {
      const ParameterId id = parameters.id_of(name);
      const auto& [rows, cols] = std::pair(parameters.info(id).rows, parameters.info(id).cols);
      for (size_t i = 0; i < rows * cols; ++i) {
        parameters.data(id)[i] = 0.2f * static_cast<float>(random.normal());
      }
    }
  }

  static RawLog made_log(const SmallModelOptions& options) {
    RawLog log;
    log.name = "ring";
    for (uint32_t item = 0; item < kItems; ++item) {
      const std::string name = std::to_string(item + 1);
      log.items.push_back({name, {}, "thing " + name, {"Things", item % 2 == 0 ? "Even" : "Odd"}});
      if (!options.offers) continue;
      if (item < kItems - 5) log.items.back().price = item + 1;
      log.items.back().available = item % 5 != 2;
    }
    const char* words[] = {"strings", "strap", "case", "tuner", "stand"};
    for (uint32_t user = 0; user < kUsers; ++user) {
      log.users.emplace_back().name = std::to_string(user + 1);
      for (uint32_t step = 0; step < options.interactions; ++step) {
        const bool comes_back = options.repeats == Repeats::keep && step % 2 == 0;
        const uint32_t item = (user * 7 + (comes_back ? 0 : step)) % kItems;
        log.interactions.push_back({.user = user, .item = item, .time = 0, .review = {}});
        if (!options.explanations || step % 2 != 0) continue;
        const Split split = step + 1 == options.interactions ? Split::test : Split::train;
        const std::string word = words[item % 5];
        log.explanations.push_back({user, item, split, word, "the " + word + " is great and works very well"});
      }
    }
    return log;
  }

  static ItemIds made_ids(IdScheme scheme) {
    ItemIds ids;
    ids.scheme = scheme;
    if (scheme == IdScheme::collaborative) ids.level_sizes = {5, 4};
    for (uint32_t item = 0; item < kItems; ++item) {
      if (scheme == IdScheme::collaborative) {
        ids.codes.push_back(static_cast<uint16_t>(item / 4));
        ids.codes.push_back(static_cast<uint16_t>(item % 4));
      } else {
        ids.numbers.push_back(item + 1);
      }
    }
    return ids;
  }

  ScratchFolder folder_;
  std::unique_ptr<PeapodModel> model_;
};

}  // namespace peapod
