#include "model/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "base/number_range.h"

namespace peapod {
namespace {

using Json = nlohmann::ordered_json;

// 1 was that of models whose tasks shared one tensor of prompts and whose preferences stood among the weights, 2 that
// of models that read a text of tokens for each prefix of a history, 3 that of directories without checksums and of
// recall without trend and kin.
constexpr int kFormatVersion = 5;
constexpr size_t kLargestSize = 4096;
constexpr const char* kTrainAgain = "train the model again";

class Writer final : public SettingVisitor {
 public:
  explicit Writer(Json& object) : object_(object) {}
  void size(std::string_view name, size_t& value) override { object_[std::string(name)] = value; }
  void number(std::string_view name, double& value) override { object_[std::string(name)] = value; }
  void seed(std::string_view name, uint64_t& value) override { object_[std::string(name)] = value; }
  void not_negative(std::string_view name, double& value) { object_[std::string(name)] = value; }
  void within(std::string_view name, double& value, double, double) { object_[std::string(name)] = value; }
  void within_if_there(std::string_view name, double& value, double, double) { object_[std::string(name)] = value; }
  void flag(std::string_view name, bool& value) { object_[std::string(name)] = value; }
  void text(std::string_view name, std::string& value) { object_[std::string(name)] = value; }
  template <class Value, size_t N>
  void choice(const Choices<Value, N>& choices, Value& value) {
    object_[std::string(choices.field)] = choices.name_of(value);
  }
  void texts(std::string_view name, std::map<std::string, std::string>& value) { object_[std::string(name)] = value; }
  void tasks(std::string_view name, std::vector<Task>& value) {
    Json& names = object_[std::string(name)] = Json::array();
    for (const Task task : value) names.push_back(name_of(task));
  }

 private:
  Json& object_;
};

class Reader final : public SettingVisitor {
 public:
  Reader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  void size(std::string_view name, size_t& value) override {
    whole(name, value, {1, kLargestSize}, fmt::format("a size from 1 to {}", kLargestSize));
  }
  void number(std::string_view name, double& value) override { real(name, value, RealRange{.above_least = true}); }
  void not_negative(std::string_view name, double& value) { real(name, value, RealRange{0, 1e9}); }
  void within(std::string_view name, double& value, double least, double greatest) {
    real(name, value, RealRange{least, greatest});
  }
  // Of settings that older models do not have: these keep the value that leaves them without effect.
  void within_if_there(std::string_view name, double& value, double least, double greatest) {
    if (object_.contains(name)) within(name, value, least, greatest);
  }
  void seed(std::string_view name, uint64_t& value) override { whole(name, value, {}, "a seed"); }
  void flag(std::string_view name, bool& value) {
    value = at(name, [](const Json& f) { return f.is_boolean(); }).get<bool>();
  }
  void text(std::string_view name, std::string& value) {
    value = at(name, [](const Json& f) { return f.is_string(); }).get<std::string>();
  }
  void texts(std::string_view name, std::map<std::string, std::string>& value) {
    for (const auto& [key, one] : object(name).items()) {
      if (!one.is_string()) fail(name, "expected a text for each file, got " + shown_json(one));
      value[key] = one.get<std::string>();
    }
  }
  template <class Value, size_t N>
  void choice(const Choices<Value, N>& choices, Value& value) {
    std::string named;
    text(choices.field, named);
    value = choices.parse(named, where_);
  }
  void tasks(std::string_view name, std::vector<Task>& value) {
    value.clear();
    for (const Json& one : at(name, [](const Json& f) { return f.is_array(); })) {
      const auto task = std::ranges::find_if(kTasks, [&](Task known) { return one == name_of(known); });
      if (task == std::end(kTasks)) fail(name, fmt::format("there is no task {}", shown_json(one)));
      if (std::ranges::find(value, *task) != value.end()) fail(name, fmt::format("names {} twice", one.dump()));
      value.push_back(*task);
    }
    if (value.empty()) fail(name, "names no task");
  }

  // Throws Error where the object has a field that nobody has asked for.
  void expect_no_more() const {
    for (const auto& [name, value] : object_.items()) {
      if (!asked_.contains(name)) fail(name, "is not known to this version of peapod");
    }
  }
  const Json& object(std::string_view name) {
    return at(name, [](const Json& f) { return f.is_object(); });
  }

 private:
  void whole(std::string_view name, uint64_t& value, const WholeRange& range, const std::string& expected) {
    value = at(name, [](const Json& f) { return f.is_number_unsigned(); }).get<uint64_t>();
    if (!range.contains(value)) fail(name, fmt::format("expected {}, got {}", expected, value));
  }
  void real(std::string_view name, double& value, const RealRange& range) {
    value = at(name, [](const Json& f) { return f.is_number(); }).get<double>();
    if (!range.contains(value)) fail(name, fmt::format("expected {}, got {:g}", in_words(range), value));
  }
  template <class Fits>
  const Json& at(std::string_view name, const Fits& fits) {
    asked_.emplace(name);
    const auto field = object_.find(std::string(name));
    if (field == object_.end()) fail(name, "is missing");
    if (!fits(*field)) fail(name, "unexpected value " + shown_json(*field));
    return *field;
  }
  [[noreturn]] void fail(std::string_view name, const std::string& problem) const {
    throw Error(fmt::format("{}: field \"{}\"", where_, name), problem, kTrainAgain);
  }

  const Json& object_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
};

// The fields of peapod.json but for the version and the composer, which is an object of its own: the list.
template <class Visitor>
void visit(ModelDescription& description, Visitor& visitor) {
  visitor.text("dataset", description.dataset);
  visitor.text("ids", description.ids);
  visitor.text("identity", description.identity);
  visitor.texts("files", description.files);
  visitor.seed("seed", description.seed);
  visitor.tasks("tasks", description.tasks);
  visitor.size("task_length", description.task_length);
  visitor.size("num_whole_words", description.num_whole_words);
  visitor.choice(kItemForms, description.items);
  visitor.choice(kEncoderKinds, description.encoder);
  visitor.flag("static_user_vectors", description.static_user_vectors);
  visitor.choice(kRecallUses, description.recall_use);
}

// The fields of `recall_settings`: settings, and the trust for each ranking task.
template <class Visitor>
void visit_recall(RecallSettings& settings, std::array<SearchTrust, kNumTasks>& trust, Visitor& visitor) {
  visitor.not_negative("distance_decay", settings.neighbours.distance_decay);
  visitor.not_negative("backward_weight", settings.neighbours.backward_weight);
  visitor.not_negative("recency_decay", settings.neighbours.recency_decay);
  visitor.not_negative("source_damping", settings.neighbours.source_damping);
  visitor.not_negative("target_damping", settings.neighbours.target_damping);
  visitor.not_negative("popularity_offset", settings.neighbours.popularity_offset);
  size_t max_history = settings.neighbours.max_history;
  visitor.size("max_history", max_history);
  settings.neighbours.max_history = static_cast<uint32_t>(max_history);
  visitor.within("titles", settings.titles, 0.0, kGreatestChannelWeight);
  visitor.not_negative("title_popularity", settings.title_popularity);
  visitor.within("kin", settings.kin, 0.0, kGreatestChannelWeight);
  visitor.within_if_there("repeats", settings.repeats, 0.0, kGreatestChannelWeight);
  visitor.within_if_there("repeat_decay", settings.repeat_decay, 0.0, kGreatestChannelWeight);
  visitor.within("sharpness", settings.sharpness, 0.0, kGreatestSharpness);
  visitor.within("share", settings.share, 0.0, kGreatestShare);
  visitor.within("smoothing", settings.smoothing, kLeastSmoothing, kGreatestSmoothing);
  visitor.within("trend", settings.trend, 0.0, kGreatestTrendPower);
  visitor.within("spread_trend", settings.spread_trend, 0.0, kGreatestTrendPower);
  visitor.within("trend_decay", settings.trend_decay, kLeastTrendDecay, 1.0);
  for (const Task task : kRankingTasks) {
    SearchTrust& of_task = trust[static_cast<size_t>(task)];
    visitor.not_negative(fmt::format("trust_{}", name_of(task)), of_task.trust);
    visitor.not_negative(fmt::format("appraisal_{}", name_of(task)), of_task.appraisal);
    visitor.not_negative(fmt::format("weight_{}", name_of(task)), of_task.weight);
  }
}

}  // namespace

std::string description_to_json(const ModelDescription& description) {
  ModelDescription shown = description;  // visitors may write
  Json object = {{"format_version", kFormatVersion}};
  Writer writer(object);
  visit(shown, writer);
  Json composer = {{"name", shown.composer}};
  Writer options(composer);
  composer_kind(shown.composer).visit(shown.composer_options, options);
  object["composer"] = composer;
  if (shown.split == SplitRule::none) writer.choice(kSplitRules, shown.split);
  if (shown.recall) {
    Json recall = Json::object();
    Writer settings(recall);
    visit_recall(*shown.recall, shown.trust, settings);
    object["recall_settings"] = recall;
  }
  return sealed(object.dump(2) + "\n");
}

std::string identity_of(const ModelDescription& description) {
  ModelDescription lasting = description;
  lasting.identity.clear();
  lasting.trust = {};
  return checksum(description_to_json(lasting));
}

ModelDescription description_from_json(const std::string& text, const std::string& where) {
  const Json object = parse_json_object<Json>(text, where, kTrainAgain);
  const Json version = object.value("format_version", Json());
  if (version != kFormatVersion) {
    const bool older = version.is_number_integer() && version < kFormatVersion;
    throw Error(where, fmt::format("has format version {}, this program reads {}", shown_json(version), kFormatVersion),
                older ? "the model was made by an older peapod: train it again" : "use the peapod that made the model");
  }
  const std::string fault = seal_fault(text);
  if (!fault.empty()) throw Error(where, fault, "copy the whole model directory again, or train the model again");
  ModelDescription description;
  Reader reader(object, where);
  std::string seal;
  reader.text(kSealName, seal);
  uint64_t checked = 0;
  reader.seed("format_version", checked);
  visit(description, reader);
  if (object.contains(std::string(kSplitRules.field))) reader.choice(kSplitRules, description.split);
  Reader options(reader.object("composer"), where + ": composer");
  options.text("name", description.composer);
  composer_kind(description.composer, where).visit(description.composer_options, options);
  options.expect_no_more();
  if (description.recall_use.any()) {
    Reader settings(reader.object("recall_settings"), where + ": recall_settings");
    visit_recall(description.recall.emplace(), description.trust, settings);
    settings.expect_no_more();
  }
  reader.expect_no_more();
  return description;
}

}  // namespace peapod
