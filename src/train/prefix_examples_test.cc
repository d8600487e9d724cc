// Training examples of models that read items as vectors: all prefixes of a history at once, with what is recalled of
// each as if the user had not been counted.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "decode/answerer.h"
#include "support/small_model.h"
#include "train/adamw.h"
#include "train/sampler.h"
#include "train/step.h"

namespace peapod {
namespace {

// Histories of pure noise: random items, none twice, so that nothing can be known of the next one. As many users as it
// takes for every item to occur.
struct Noise {
  uint32_t users = 60, items = 40, places = 9;
};

PeapodModel noise_model(const ScratchFolder& folder, const Noise& noise) {
  RawLog log;
  log.name = "noise";
  Random random(17);
  for (uint32_t item = 0; item < noise.items; ++item) log.items.push_back({std::to_string(item + 1), {}, {}, {}});
  for (uint32_t user = 0; user < noise.users; ++user) {
    log.users.emplace_back().name = std::to_string(user + 1);
    std::vector<uint32_t> items(noise.items);
    std::iota(items.begin(), items.end(), 0u);
    random.shuffle(items);
    for (uint32_t place = 0; place < noise.places; ++place) log.interactions.push_back({user, items[place], 0, {}});
  }
  ItemIds ids;
  ids.scheme = IdScheme::collaborative;
  ids.level_sizes = {(noise.items + 4) / 5, 5};
  for (uint32_t item = 0; item < noise.items; ++item) {
    ids.codes.push_back(static_cast<uint16_t>(item / 5));
    ids.codes.push_back(static_cast<uint16_t>(item % 5));
  }
  write_dataset(folder.path() / "data", prepare(log, {.min_user = 0, .min_item = 0}), ids);
  CreateOptions create;
  create.preset = "tiny";
  create.recall_use = {.prompt = true, .search = true};
  create.recall = RecallSettings();
  create.max_pieces = 200;
  return PeapodModel::create(Dataset::open(folder.path() / "data"), create);
}

TEST(PrefixExamples, AskForARankingWithWhatPrecedesItWhereThatIsEnough) {
  const ScratchFolder folder;
  const PeapodModel model = noise_model(folder, {.places = 30});
  const SearchSpace space(model);
  const Sampler sampler(space, {});
  const auto train = model.dataset().train_items(3);
  ASSERT_EQ(train.size(), 28u);
  const auto known_of = [&](uint32_t index) {
    const TrainingExample example = sampler.build({Task::topn, 3, index, 7});
    std::vector<uint32_t> known;
    for (const ShownItem& shown : example.inputs.front().history) {
      for (uint32_t item = 0; item < model.dataset().num_items(); ++item) {
        if (std::ranges::equal(shown.tokens, model.ids().item_output(item))) known.push_back(item);
      }
    }
    return known;
  };
  EXPECT_EQ(known_of(22), std::vector<uint32_t>(train.begin(), train.begin() + 22));
  std::vector<uint32_t> rest(train.begin(), train.end());
  rest.erase(rest.begin() + 4);
  EXPECT_EQ(known_of(4), rest);
}

TEST(PrefixExamples, AskForEachItemFromWhatPrecedesItAsUseDoes) {
  SmallModel small(kAsTrained);
  const SearchSpace space(*small);
  const Sampler sampler(space, {});
  const auto history = small.data().train_items(6);
  const auto count = static_cast<uint32_t>(history.size() - 1);
  const TrainingExample example = sampler.build({Task::sequential, 6, 1, 5, count});
  ASSERT_EQ(example.inputs.size(), count);
  ASSERT_EQ(example.targets.size(), count);
  for (uint32_t i = 0; i < count; ++i) {
    const Question expected = ask_next_item(*small, known_before(small.data(), 6, i + 1));
    EXPECT_EQ(example.inputs[i].history, expected.input.history);
    EXPECT_EQ(example.inputs[i].beside, expected.input.beside);
    EXPECT_EQ(example.inputs[i].user.vector, expected.input.user.vector);
    EXPECT_EQ(example.targets[i].input, i);
    const SearchScope scope(space, expected, {});
    EXPECT_EQ(*example.targets[i].path, scope.path_to(history[i + 1]));
  }
}

TEST(PrefixExamples, CutLongHistoriesIntoWindowsOfWhichEachTargetIsInOne) {
  const ScratchFolder folder;
  const PeapodModel model = noise_model(folder, {.users = 12, .items = 200, .places = 140});
  const SearchSpace space(model);
  Sampler sampler(space, {.shares = {1, 0, 0}, .tokens_per_step = 300});
  EXPECT_EQ(sampler.epoch_size(Task::sequential), 12u * 5u) << "50, 25, 25, 25 and 12 targets";
  size_t targets = 0;
  for (size_t drawn = 0; drawn < sampler.epoch_size(Task::sequential);) {
    for (const auto& example : sampler.next_step()) {
      if (drawn++ >= sampler.epoch_size(Task::sequential)) break;
      targets += example->inputs.size();
      for (const ModelInput& input : example->inputs) {
        EXPECT_LE(input.history.size(), kShownHistory);
        EXPECT_EQ(input.history,
                  std::vector(example->inputs.back().history.begin(),
                              example->inputs.back().history.begin() + static_cast<ptrdiff_t>(input.history.size())));
      }
    }
  }
  EXPECT_EQ(targets, 12u * 137u);
}

TEST(PrefixExamples, AreTheSameKeptAndBuiltAnew) {
  SmallModel small(kAsTrained);
  const SearchSpace space(*small);
  Sampler building(space, {.tokens_per_step = 400, .kept_bytes = 0});
  Sampler keeping(space, {.tokens_per_step = 400});
  Sampler keeping_some(space, {.tokens_per_step = 400, .kept_bytes = 50'000});  // not enough for all
  for (int step = 0; step < 30; ++step) {
    const TrainingExamples kept = step % 2 == 0 ? keeping.next_step() : keeping_some.next_step();
    (step % 2 == 0 ? keeping_some : keeping).next_step();
    const TrainingExamples built = building.next_step();
    ASSERT_EQ(kept.size(), built.size());
    for (size_t i = 0; i < kept.size(); ++i) {
      EXPECT_EQ(kept[i]->targets, built[i]->targets);
      ASSERT_EQ(kept[i]->inputs.size(), built[i]->inputs.size());
      EXPECT_EQ(kept[i]->inputs.back().beside, built[i]->inputs.back().beside);
    }
  }
}

// The loss and the search choose among the same, with the same beliefs: what the network makes of a target in training
// is the score that an exhaustive search gives the item.
TEST(PrefixExamples, HaveTheLossThatTheSearchScoresTheirTargetsWith) {
  for (const EncoderKind encoder : {EncoderKind::causal, EncoderKind::bidirectional}) {
    SmallModelOptions options = kAsTrained;
    options.encoder = encoder;
    SmallModel small(options);
    const SearchSpace space(*small);
    const Answerer answerer(*small, {.explains = false});
    const auto history = small.data().train_items(6);
    for (const bool ranking : {false, true}) {
      const uint32_t target = history[3];
      const std::vector<uint32_t> candidates = {1, target, 14, 18, 19};
      AskOptions asking{.n = SmallModel::kItems, .beams = SmallModel::kItems};
      const Question question = ranking ? ask_ranking(*small, known_in_training(small.data(), 6), candidates, asking)
                                        : ask_next_item(*small, known_before(small.data(), 6, 3), asking);
      const PathChoices path = SearchScope(space, question, {}).path_to(target);
      const auto output = small->ids().item_output(target);
      const std::vector<int32_t> tokens(output.begin(), output.begin() + path.steps.back() + 1);
      const Target to_learn{.tokens = tokens, .path = &path};
      const ModelInput* const inputs[] = {&question.input};
      Tape<float> tape({.record = false});
      Pass<float> pass{tape};
      const float loss = small->network().loss(pass, inputs, std::span(&to_learn, 1), 1.0)->value.data[0];
      const Answer answer = answerer.answer(std::span(&question, 1)).front();
      const auto found = std::ranges::find(answer.items, target, &ScoredItem::item);
      ASSERT_NE(found, answer.items.end());
      EXPECT_NEAR(found->score, -loss, 1e-4);
    }
  }
}

// Nats of a target, summed over its choices, as examples or questions have them with what `left_out` says.
double mean_loss_of_recall(const PeapodModel& model, bool leaves_out) {
  const SearchSpace space(model);
  const Dataset& data = model.dataset();
  double loss = 0, targets = 0;
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    const auto history = data.train_items(user);
    for (size_t place = 1; place < history.size(); ++place) {
      Known who = known_before(data, user, place);
      if (!leaves_out) who.left_out = {};
      const PathChoices path = SearchScope(space, ask_next_item(model, who), {}).path_to(history[place]);
      for (size_t c = 0; c < path.num_sets(); ++c) {
        const uint32_t first = path.starts[c], last = path.starts[c + 1];
        std::vector<double> masses;
        for (uint32_t e = first; e < last; ++e) masses.push_back(std::exp(static_cast<double>(path.biases[e])));
        for (const auto& [entry, index, mass] : path.appraised) {
          if (first <= entry && entry < last) masses[entry - first] += static_cast<double>(mass);
        }
        loss += std::log(std::reduce(masses.begin(), masses.end()) / masses[path.chosen[c]]);
      }
      ++targets;
    }
  }
  return loss / targets;
}

// What a planted leak would change: counts that hold the answer bring it to mind in training, where in use they do not.
TEST(PrefixExamples, KnowNoMoreOfNoiseThanNoiseAllows) {
  const ScratchFolder folder;
  PeapodModel model = noise_model(folder, {});
  // 34.5 items may follow on average, all as likely.
  const double bound = std::log(34.5);
  EXPECT_LT(mean_loss_of_recall(model, false), bound - 0.5) << "with the answer counted, recall knows it";
  EXPECT_GT(mean_loss_of_recall(model, true), bound);

  const SearchSpace space(model);
  Sampler sampler(space, {.shares = {1, 0, 0}, .tokens_per_step = 2000});
  GradientWorkers workers(model.network(), {.dropout = 0.0});
  AdamW adamw(model.network().parameters(), {});
  double last = 0;
  // One pass over the examples, before they can be learned by heart.
  for (int step = 0; step < 4; ++step) {
    last = workers.compute(sampler.next_step(), 1).loss;
    adamw.update(model.network().parameters(), workers.gradients(), 1e-3);
  }
  EXPECT_GT(2.0 * last, bound - 0.1) << "two choices a target";
}

}  // namespace
}  // namespace peapod
