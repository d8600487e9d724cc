#include "train/sampler.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <unordered_set>

#include "base/error.h"
#include "base/random.h"
#include "base/threads.h"

namespace peapod {
namespace {

constexpr uint32_t kMostCandidates = 100;  // of a top-n example, the target among them
constexpr size_t kBuiltAtOnce = 64;        // examples drawn ahead of the token count

// A causal encoder reads the histories of so many targets in one pass; each shows at least as many items before it,
// where there are so many.
constexpr uint32_t kTargetsAtOnce = kShownHistory / 2;

// A ranking is asked for with what precedes its answer, as in use, where that is so many items; with fewer, all else
// that the user did in training is known too: a few items tell little of what a full history tells.
constexpr uint32_t kEnoughToGoBy = 20;

// Streams of random numbers, one for each task from these numbers on: of the order of its examples in an epoch, and of
// what is random about each example.
constexpr uint64_t kOrderStreams = 1;
constexpr uint64_t kExampleStreams = 101;

// A small log gets small steps: it needs many of them before it has been read too often.
constexpr size_t kLeastTokens = 1024;
constexpr size_t kMostTokens = 8192;

// Where histories are read once and nothing stands beside them, a row teaches a target instead of a twentieth of one.
constexpr size_t kTargetsMoreARow = 8;

uint32_t number_of_candidates(Random& random, uint32_t least) {
  if (least >= kMostCandidates) return kMostCandidates;
  const double low = std::log(least);
  const double high = std::log(kMostCandidates + 1.0);
  const auto count = static_cast<uint32_t>(std::exp(low + random.uniform() * (high - low)));
  return std::clamp(count, least, kMostCandidates);
}

size_t count_distinct(std::span<const uint32_t> items) {
  return std::unordered_set<uint32_t>(items.begin(), items.end()).size();
}

void pad_targets(std::span<std::shared_ptr<const TrainingExample>> examples) {
  size_t longest = 0;
  for (const auto& example : examples) {
    for (const TrainingTarget& target : example->targets) longest = std::max(longest, target.tokens.size());
  }
  for (auto& example : examples) {
    TrainingExample padded = *example;
    for (TrainingTarget& target : padded.targets) target.tokens.resize(longest, kPadId);
    example = std::make_shared<const TrainingExample>(std::move(padded));
  }
}

// What an example takes in memory, roughly.
size_t bytes_of(const TrainingExample& example) {
  size_t bytes = sizeof(TrainingExample);
  for (const ModelInput& input : example.inputs) {
    bytes += sizeof(ModelInput) + sizeof(ShownItem) * (input.history.capacity() + input.beside.capacity()) +
             sizeof(ItemMarks) * input.appraised.capacity() + sizeof(float) * input.user.vector.capacity() +
             sizeof(uint32_t) * input.user.neighbours.capacity();
  }
  for (const TrainingTarget& target : example.targets) {
    bytes += sizeof(TrainingTarget) + sizeof(int32_t) * target.tokens.capacity();
    if (!target.path) continue;
    const PathChoices& path = *target.path;
    bytes += sizeof(int32_t) *
                 (path.tokens.capacity() + path.steps.capacity() + path.starts.capacity() + path.chosen.capacity()) +
             sizeof(float) * path.biases.capacity() + sizeof(PathChoices::Appraised) * path.appraised.capacity();
  }
  return bytes;
}

}  // namespace

void require_consistent(const SamplerOptions& options, bool chooses_in_tree) {
  if (std::ranges::all_of(options.shares, [](double share) { return share == 0.0; })) {
    throw Error("task_share", "leaves no task to train", "give a share to a task");
  }
  if (!options.legacy_pad_loss || !chooses_in_tree) return;
  throw Error("legacy_pad_loss",
              "padding counts where tokens are chosen from the whole vocabulary, which this model's are not",
              "add `--items tokens --recall none`, or leave the flag out");
}

Sampler::Sampler(const SearchSpace& space, const SamplerOptions& options, SamplerState state)
    : space_(space),
      model_(space.model()),
      keeps_(space.model().network().config().items == ItemForm::vectors && options.kept_bytes > 0),
      options_(options),
      state_(state) {
  require_consistent(options, model_.chooses_in_tree());
  const Dataset& data = model_.dataset();
  if (options_.tokens_per_step == 0) {
    options_.tokens_per_step = std::clamp<size_t>(data.num_interactions() / 4, kLeastTokens, kMostTokens);
    const ModelConfig& config = model_.network().config();
    const bool reads_once = config.encoder == EncoderKind::causal && config.items == ItemForm::vectors;
    if (reads_once && !model_.recall_use().prompt) options_.tokens_per_step /= kTargetsMoreARow;
  }
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    const auto length = static_cast<uint32_t>(data.train_items(user).size());
    add_sequential(user, length);
    // A catalogue that leaves no negatives makes no ranking example.
    const bool has_negatives = length > 1 && count_distinct(data.train_items(user)) < data.num_items();
    for (uint32_t i = 0; i < length; ++i) {
      if (has_negatives) specs_[static_cast<size_t>(Task::topn)].push_back({user, i, 1});
    }
  }
  for (uint32_t i = 0; i < data.explanations().size(); ++i) {
    const Explanation& e = data.explanations()[i];
    if (e.split == Split::train) specs_[static_cast<size_t>(Task::explanation)].push_back({e.user, i, 1});
  }
  double total = 0.0;
  for (size_t t = 0; t < kNumTasks; ++t) total += specs_[t].empty() ? 0.0 : options.shares[t];
  if (total <= 0.0) {
    throw Error("task_share", "leaves no task that this data set has examples of",
                "give a share to another task, or prepare more data");
  }
  for (size_t t = 0; t < kNumTasks; ++t) shares_[t] = specs_[t].empty() ? 0.0 : options.shares[t] / total;
}

void Sampler::add_sequential(uint32_t user, uint32_t length) {
  const ModelConfig& config = model_.network().config();
  const bool at_once = config.encoder == EncoderKind::causal && config.items == ItemForm::vectors;
  for (uint32_t first = 1; first < length;) {
    // The first targets have no long histories, so there may be more of them.
    const uint32_t most = !at_once ? 1 : first == 1 ? 2 * kTargetsAtOnce : kTargetsAtOnce;
    const uint32_t count = std::min(most, length - first);
    specs_[static_cast<size_t>(Task::sequential)].push_back({user, first, count});
    first += count;
  }
}

double Sampler::epochs() const {
  for (size_t t = 0; t < kNumTasks; ++t) {
    if (shares_[t] > 0.0) return static_cast<double>(state_.drawn[t]) / static_cast<double>(specs_[t].size());
  }
  return 0.0;
}

Sampler::Drawn Sampler::draw(Task task) {
  const auto t = static_cast<size_t>(task);
  const uint64_t n = specs_[t].size();
  const uint64_t epoch = state_.drawn[t] / n;
  if (order_epoch_[t] != epoch + 1) {
    order_[t].resize(n);
    std::iota(order_[t].begin(), order_[t].end(), 0u);
    Random random(options_.seed, mix64(kOrderStreams + t, epoch));
    random.shuffle(order_[t]);
    order_epoch_[t] = epoch + 1;
  }
  Spec& spec = specs_[t][order_[t][state_.drawn[t] % n]];
  const uint64_t seed = mix64(options_.seed, kExampleStreams + t, state_.drawn[t]);
  ++state_.drawn[t];
  return {&spec, {task, spec.user, spec.index, seed, spec.count}};
}

std::shared_ptr<const TrainingExample> Sampler::kept_or_built(const Drawn& drawn) const {
  if (drawn.from->kept != nullptr) return drawn.from->kept;
  return std::make_shared<const TrainingExample>(build(drawn.spec));
}

void Sampler::keep(const Drawn& drawn, const std::shared_ptr<const TrainingExample>& example) {
  if (!keeps_ || drawn.spec.task != Task::sequential || drawn.from->kept != nullptr) return;
  kept_bytes_ += bytes_of(*example);
  if (kept_bytes_ <= options_.kept_bytes) drawn.from->kept = example;
}

TrainingExamples Sampler::next_step() {
  ++state_.steps;
  TrainingExamples examples;
  for (const Task task : kTasks) {
    const auto t = static_cast<size_t>(task);
    const size_t first_of_task = examples.size();
    const double due = shares_[t] * static_cast<double>(options_.tokens_per_step) * static_cast<double>(state_.steps);
    while (static_cast<double>(state_.tokens[t]) < due) {
      // Built in parallel, a block at a time; what goes beyond the budget is given back.
      const SamplerState before = state_;
      std::vector<Drawn> drawn;
      for (size_t i = 0; i < kBuiltAtOnce; ++i) drawn.push_back(draw(task));
      TrainingExamples built(drawn.size());
      parallel_for(drawn.size(), [&](size_t i) { built[i] = kept_or_built(drawn[i]); });
      for (size_t i = 0; i < built.size(); ++i) keep(drawn[i], built[i]);
      size_t taken = 0;
      while (taken < built.size() && static_cast<double>(state_.tokens[t]) < due) {
        const auto [encoded, beside] = built[taken]->input_rows();
        state_.tokens[t] += std::max<size_t>(1, encoded + beside);
        if (!built[taken]->targets.empty()) examples.push_back(std::move(built[taken]));
        ++taken;
      }
      state_.drawn[t] = before.drawn[t] + taken;
    }
    if (options_.legacy_pad_loss) pad_targets(std::span(examples).subspan(first_of_task));
  }
  return examples;
}

bool Sampler::add_question(Question question, std::span<const std::pair<uint32_t, double>> items,
                           TrainingExample& example) const {
  const auto input = static_cast<uint32_t>(example.inputs.size());
  std::optional<SearchScope> scope;
  if (model_.chooses_in_tree()) {
    // An answer that is known already may be learned; in use it would not be looked for.
    std::erase_if(question.allowed.except, [&](uint32_t item) {
      return std::ranges::find(items, item, &std::pair<uint32_t, double>::first) != items.end();
    });
    scope.emplace(space_, question, SearchTrust{});
  }
  const size_t before = example.targets.size();
  for (const auto& [item, weight] : items) {
    const auto output = model_.ids().item_output(item);
    TrainingTarget target{.tokens = {output.begin(), output.end()}, .input = input, .weight = weight};
    target.tokens.push_back(kEndId);
    if (scope) {
      target.path = scope->path_to(item);
      if (target.path->num_sets() == 0) continue;
      target.tokens.resize(target.path->steps.back() + 1);
    }
    example.targets.push_back(std::move(target));
  }
  if (example.targets.size() == before) return false;
  example.inputs.push_back(std::move(question.input));
  return true;
}

void Sampler::build_sequential(const ExampleSpec& spec, bool is_unknown, const AskOptions& asking,
                               TrainingExample& example) const {
  const auto history = model_.dataset().train_items(spec.user);
  std::vector<std::pair<uint32_t, double>> items;
  for (uint32_t target = spec.index; target < spec.index + spec.count; ++target) {
    items.clear();
    for (uint32_t k = 0; k <= options_.later_items && target + k < history.size(); ++k) {
      items.emplace_back(history[target + k], std::pow(k + 1.0, -options_.later_decay));
    }
    Known who = known_before(model_.dataset(), spec.user, target);
    if (is_unknown) who.text_user = kUnknownUser;
    add_question(ask_next_item(model_, who, asking), items, example);
  }
}

TrainingExample Sampler::build(const ExampleSpec& spec) const {
  const Dataset& data = model_.dataset();
  Random random(spec.draw);
  AskOptions asking{.wording = static_cast<size_t>(random.below(templates_of(spec.task).size()))};
  const bool is_unknown = random.uniform() < options_.unknown_user_share;
  TrainingExample example;
  if (spec.task == Task::sequential) {
    // The histories of all targets begin where that of the last one does.
    const uint32_t last = spec.index + spec.count - 1;
    asking.shown_from = last - std::min<uint32_t>(last, kShownHistory);
    build_sequential(spec, is_unknown, asking, example);
    return example;
  }
  const auto history = data.train_items(spec.user);
  const bool in_order =
      spec.task == Task::topn && spec.index >= kEnoughToGoBy && model_.network().config().items == ItemForm::vectors;
  Known who = in_order ? known_before(data, spec.user, spec.index) : known_in_training(data, spec.user);
  // Where an item may come again, its earlier occurrences are known; later ones would say that it is the answer.
  std::vector<uint32_t> others;
  if (!in_order && spec.task == Task::topn && data.repeats() == Repeats::keep) {
    others.assign(history.begin(), history.begin() + spec.index);
    std::ranges::copy_if(history.subspan(spec.index + 1), std::back_inserter(others),
                         [&](uint32_t item) { return item != history[spec.index]; });
    who.items = others;
  }
  if (is_unknown) who.text_user = kUnknownUser;
  if (spec.task == Task::topn) {
    const std::pair<uint32_t, double> target{history[spec.index], 1.0};
    const std::vector<uint32_t> candidates = draw_candidates(random, target.first, history);
    add_question(ask_ranking(model_, who, candidates, asking), std::span(&target, 1), example);
    return example;
  }
  const Explanation& e = data.explanations()[spec.index];
  const std::vector<int32_t> sentence = model_.tokenizer().encode(e.sentence);
  TrainingTarget& target = example.targets.emplace_back();
  target.tokens = sentence;
  target.tokens.push_back(kEndId);
  const bool is_generic = random.uniform() < options_.generic_share;
  example.inputs.push_back(
      (is_generic ? ask_generic_explanation(model_, asking) : ask_explanation(model_, who, e.item, asking)).input);
  return example;
}

std::vector<uint32_t> Sampler::draw_candidates(Random& random, uint32_t target,
                                               std::span<const uint32_t> history) const {
  const uint32_t num_items = model_.dataset().num_items();
  std::vector<uint32_t> candidates = {target};
  // Negatives exclude the training items only: avoiding the user's later items would tell what they are not.
  const size_t available = num_items - count_distinct(history);
  const size_t wanted = std::min<size_t>(number_of_candidates(random, options_.least_candidates), available + 1);
  while (candidates.size() < wanted) {
    const auto item = static_cast<uint32_t>(random.below(num_items));
    if (std::ranges::find(history, item) == history.end() && std::ranges::find(candidates, item) == candidates.end()) {
      candidates.push_back(item);
    }
  }
  random.shuffle(candidates);
  return candidates;
}

}  // namespace peapod
