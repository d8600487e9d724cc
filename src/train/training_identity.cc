#include "train/training_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "train/trainer.h"

namespace peapod {
namespace {

// Collects fields; as a visitor, those of a composer.
class Writer final : public SettingVisitor {
 public:
  explicit Writer(TrainingIdentity& identity) : identity_(identity) {}

  template <class Value>
  void field(std::string_view name, Value& value) {
    identity_.fields.emplace_back(name, fmt::format("{}", value));
  }
  void field(std::string_view name, std::filesystem::path& value) {
    identity_.fields.emplace_back(name, value.string());
  }
  template <class Value, size_t N>
  void choice(std::string_view name, const Choices<Value, N>& choices, Value& value) {
    identity_.fields.emplace_back(name, choices.name_of(value));
  }
  void size(std::string_view name, size_t& value) override { field(name, value); }
  void number(std::string_view name, double& value) override { field(name, value); }
  void seed(std::string_view, uint64_t&) override {}  // the training's own seed decides it

 private:
  TrainingIdentity& identity_;
};

// Sets options to the fields of an identity.
class Reader final : public SettingVisitor {
 public:
  Reader(const TrainingIdentity& identity, std::string where) : identity_(identity), where_(std::move(where)) {}

  template <class Value>
  void field(std::string_view name, Value& value) {
    const std::string& text = at(name);
    bool good = true;
    if constexpr (std::is_same_v<Value, bool>) {
      value = text == "true";
      good = value || text == "false";
    } else if constexpr (std::is_arithmetic_v<Value>) {
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
      good = failure == std::errc() && end == text.data() + text.size();
    } else {
      value = text;
    }
    if (!good) throw Error(where_, fmt::format("its training began with {} \"{}\", which is no value", name, text));
  }
  template <class Value, size_t N>
  void choice(std::string_view name, const Choices<Value, N>& choices, Value& value) {
    value = choices.parse(at(name), where_);
  }
  void size(std::string_view name, size_t& value) override { field(name, value); }
  void number(std::string_view name, double& value) override { field(name, value); }
  void seed(std::string_view, uint64_t&) override {}

 private:
  const std::string& at(std::string_view name) const {
    if (const std::string* value = value_in(identity_, name)) return *value;
    throw Error(where_, fmt::format("does not say with which {} its training began", name),
                "train it again with this version of peapod");
  }

  const TrainingIdentity& identity_;
  std::string where_;
};

// The fields that are options: one list for writing and reading.
template <class Visitor>
void visit(CreateOptions& create, TrainOptions& train, Visitor& visitor) {
  if (create.init.empty()) {
    visitor.field("preset", create.preset);
    visitor.field("max_pieces", create.max_pieces);
  } else {
    visitor.field("init", create.init);
  }
  visitor.field("dropout", create.dropout);
  visitor.field("static_user_vectors", create.static_user_vectors);
  visitor.choice("items", kItemForms, create.items);
  visitor.choice("encoder", kEncoderKinds, create.encoder);
  visitor.choice("recall", kRecallUses, create.recall_use);
  visitor.field("composer", create.composer);
  composer_kind(create.composer).visit(create.composer_options, visitor);
  SamplerOptions& sampler = train.sampler;
  for (const Task task : kTasks) {
    visitor.field(fmt::format("task_share of {}", name_of(task)), sampler.shares[static_cast<size_t>(task)]);
  }
  visitor.field("tokens_per_step", sampler.tokens_per_step);
  visitor.field("unknown_user_share", sampler.unknown_user_share);
  visitor.field("generic_share", sampler.generic_share);
  visitor.field("least_candidates", sampler.least_candidates);
  visitor.field("later_items", sampler.later_items);
  visitor.field("later_decay", sampler.later_decay);
  visitor.field("legacy_pad_loss", sampler.legacy_pad_loss);
  visitor.field("beta1", train.adamw.beta1);
  visitor.field("beta2", train.adamw.beta2);
  visitor.field("epsilon", train.adamw.epsilon);
  visitor.field("weight_decay", train.adamw.weight_decay);
  visitor.field("clip_norm", train.adamw.clip_norm);
  visitor.field("shard_rows", train.shard_rows);
  std::optional<Precision> precision = train.precision;
  visitor.choice("precision", kPrecisions, precision);
  train.precision = precision.value_or(train.precision);
  visitor.field("seed", train.seed);
}

}  // namespace

const std::string* value_in(const TrainingIdentity& identity, std::string_view name) {
  const auto found = std::ranges::find(identity.fields, name, &std::pair<std::string, std::string>::first);
  return found == identity.fields.end() ? nullptr : &found->second;
}

TrainingIdentity identity_of(const Dataset& data, CreateOptions create, TrainOptions train) {
  TrainingIdentity identity;
  Writer writer(identity);
  std::string of_data = data.identity();
  writer.field("data", of_data);
  visit(create, train, writer);
  return identity;
}

void read_options(const TrainingIdentity& identity, const std::string& where, CreateOptions& create,
                  TrainOptions& train) {
  const std::string* init = value_in(identity, "init");
  create.init = init == nullptr ? "" : *init;
  Reader reader(identity, where);
  visit(create, train, reader);
  create.seed = train.seed;
}

void require_same(const TrainingIdentity& began_with, const TrainingIdentity& now, const std::string& where) {
  const std::string remedy = "resume with what it began with, or train anew under another name";
  for (const auto& [name, value] : now.fields) {
    const std::string* before = value_in(began_with, name);
    if (before == nullptr) {
      throw Error(where, fmt::format("its training was begun without {} {}, which this one has", name, value), remedy);
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
