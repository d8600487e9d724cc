#include "train/training_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "train/trainer.h"

namespace peapod {
namespace {

// Collects fields; as a visitor, those of a composer.
class Fields final : public SettingVisitor {
 public:
  explicit Fields(TrainingIdentity& identity) : identity_(identity) {}

  template <class Value>
  void add(std::string_view name, const Value& value) {
    identity_.fields.emplace_back(name, fmt::format("{}", value));
  }
  void size(std::string_view name, size_t& value) override { add(name, value); }
  void number(std::string_view name, double& value) override { add(name, value); }
  void seed(std::string_view, uint64_t&) override {}  // the training's own seed decides it

 private:
  TrainingIdentity& identity_;
};

}  // namespace

TrainingIdentity identity_of(const Dataset& data, const CreateOptions& create, const TrainOptions& train) {
  TrainingIdentity identity;
  Fields fields(identity);
  fields.add("data", data.identity());
  if (create.init.empty()) {
    fields.add("preset", create.preset);
    fields.add("max_pieces", create.max_pieces);
  } else {
    fields.add("init", create.init.string());
  }
  fields.add("dropout", create.dropout);
  fields.add("static_user_vectors", create.static_user_vectors);
  fields.add("items", kItemForms.name_of(create.items));
  fields.add("encoder", kEncoderKinds.name_of(create.encoder));
  fields.add("recall", kRecallUses.name_of(create.recall_use));
  fields.add("composer", create.composer);
  ComposerOptions composing = create.composer_options;
  composer_kind(create.composer).visit(composing, fields);
  const SamplerOptions& sampler = train.sampler;
  for (const Task task : kTasks) {
    fields.add(fmt::format("task_share of {}", name_of(task)), sampler.shares[static_cast<size_t>(task)]);
  }
  fields.add("tokens_per_step", sampler.tokens_per_step);
  fields.add("unknown_user_share", sampler.unknown_user_share);
  fields.add("generic_share", sampler.generic_share);
  fields.add("least_candidates", sampler.least_candidates);
  fields.add("later_items", sampler.later_items);
  fields.add("later_decay", sampler.later_decay);
  fields.add("legacy_pad_loss", sampler.legacy_pad_loss);
  fields.add("beta1", train.adamw.beta1);
  fields.add("beta2", train.adamw.beta2);
  fields.add("epsilon", train.adamw.epsilon);
  fields.add("weight_decay", train.adamw.weight_decay);
  fields.add("clip_norm", train.adamw.clip_norm);
  fields.add("shard_rows", train.shard_rows);
  fields.add("precision", name_of(train.precision));
  fields.add("seed", train.seed);
  return identity;
}

void require_same(const TrainingIdentity& began_with, const TrainingIdentity& now, const std::string& where) {
  const std::string remedy = "resume with what it began with, or train anew under another name";
  const auto value_in = [](const TrainingIdentity& identity, const std::string& name) -> const std::string* {
    const auto found = std::ranges::find(identity.fields, name, &std::pair<std::string, std::string>::first);
    return found == identity.fields.end() ? nullptr : &found->second;
  };
  for (const auto& [name, value] : now.fields) {
    const std::string* before = value_in(began_with, name);
    if (before == nullptr) {
      throw Error(where, fmt::format("its training was begun without {}, which this one has", name), remedy);
    }
    if (*before == value) continue;
    throw Error(where, fmt::format("its training began with {} {}, not {}", name, *before, value), remedy);
  }
  for (const auto& [name, value] : began_with.fields) {
    if (value_in(now, name) != nullptr) continue;
    throw Error(where, fmt::format("its training began with {} {}, which this one lacks", name, value), remedy);
  }
}

}  // namespace peapod
