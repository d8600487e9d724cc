#include "bench/made_workload.h"

#include <memory>

#include "model/composers/shared_prompts.h"

namespace peapod {
namespace {

constexpr size_t kTargetTokens = 4;
constexpr uint64_t kWeightsSeed = 1;
constexpr uint64_t kInputsSeed = 2;  // of requests and of examples

// Words as a vocabulary of the preset's kind has them: T5's own, or one trained on a data set.
int32_t num_words(std::string_view preset) { return preset == "t5-small" ? 32100 : 2001; }

}  // namespace

ModelConfig made_config(std::string_view preset) {
  ModelConfig config;
  config.t5 = t5_preset(preset);
  config.t5.vocab_size = static_cast<size_t>(num_words(preset) + 3 * kMadeCodeBook);
  config.num_whole_words = 128;
  return config;
}

std::unique_ptr<const Composer> made_composer() {
  return std::make_unique<SharedPrompts>(ComposerOptions(), UserVectors());
}

std::vector<std::vector<int32_t>> made_codes(std::string_view preset) {
  const int32_t first = num_words(preset);
  std::vector<std::vector<int32_t>> codes;
  for (int32_t item = 0; item < kMadeItems; ++item) {
    codes.push_back({first + item % kMadeCodeBook, first + kMadeCodeBook + item / kMadeCodeBook % kMadeCodeBook,
                     first + 2 * kMadeCodeBook + item / (kMadeCodeBook * kMadeCodeBook)});
  }
  return codes;
}

int32_t first_code(std::string_view preset, uint32_t step) {
  return num_words(preset) + static_cast<int32_t>(step) * kMadeCodeBook;
}

MadeWorkload::MadeWorkload(std::string_view preset)
    : codes_(made_codes(preset)),
      network_(made_config(preset), made_composer()),
      catalogue_(CatalogueTree::build(std::vector<std::span<const int32_t>>(codes_.begin(), codes_.end()))) {
  network_.parameters().initialise(kWeightsSeed);
}

ModelInput MadeWorkload::input(Random& random, size_t tokens) const {
  const ModelConfig& config = network_.config();
  ModelInput made;
  for (size_t i = 0; i < tokens; ++i) {
    made.text.tokens.push_back(static_cast<int32_t>(random.below(config.t5.vocab_size)));
    made.text.whole_word.push_back(static_cast<int32_t>(i / 4));
  }
  for (size_t i = 0; i < network_.composer().options().user_vectors.dim; ++i) {
    made.user.vector.push_back(static_cast<float>(random.normal()));
  }
  return made;
}

MadeRequests MadeWorkload::requests(size_t count, size_t tokens) const {
  Random random(kInputsSeed);
  MadeRequests made;
  for (size_t i = 0; i < count; ++i) made.inputs.push_back(input(random, tokens));
  made.queries.assign(count, {.tree = &catalogue_, .excluded = {}});
  return made;
}

TrainingExamples MadeWorkload::examples(size_t count, size_t tokens) const {
  Random random(kInputsSeed);
  TrainingExamples made;
  for (size_t i = 0; i < count; ++i) {
    TrainingExample example;
    example.inputs.push_back(input(random, tokens));
    std::vector<int32_t>& target = example.targets.emplace_back().tokens;
    target = codes_[random.below(kMadeItems)];
    target.push_back(kEndId);
    made.push_back(std::make_shared<const TrainingExample>(std::move(example)));
  }
  return made;
}

double MadeWorkload::training_flops(size_t tokens) const {
  const T5Config& t5 = network_.config().t5;
  const auto number = [](size_t n) { return static_cast<double>(n); };
  const double rows = number(tokens + network_.config().task_length + network_.composer().length());
  const double targets = number(kTargetTokens);
  const double d = number(t5.d_model), inner = number(t5.inner());
  const double projections = 4.0 * d * inner;
  const double feed_forward = (t5.gated_gelu ? 3.0 : 2.0) * d * number(t5.d_ff);
  const auto scores = [&](double queries, double keys) { return 2.0 * queries * keys * inner; };  // and mixing
  const double encoder = number(t5.num_layers) * (rows * (projections + feed_forward) + scores(rows, rows));
  const double decoder =
      number(t5.num_decoder_layers) * (targets * (projections + feed_forward) + scores(targets, targets) +
                                       (targets + rows) * projections / 2.0 + scores(targets, rows));
  const double head = targets * d * number(t5.vocab_size);
  return 3.0 * 2.0 * (encoder + decoder + head);
}

}  // namespace peapod
