#include "decode/answerer.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "base/threads.h"
#include "decode/generation.h"

namespace peapod {
namespace {

// Chosen on validation (docs/decisions.md): less repeats the same praise for everything, more loses the sentence.
constexpr float kExplanationContrast = 0.5f;

constexpr size_t kTreesAtOnce = 512;  // bounds the memory that restricted trees take

// What is spread over the items of a tree by popularity, before the share of the recalled ones is taken off.
PositionSums spread_of(const Recall& recall, const CatalogueTree& tree) {
  return {tree, [&](uint32_t item) { return recall.popularity_mass(item); }};
}

SearchPrior prior_of(const Recall& recall, const CatalogueTree& tree, const PositionSums& spread,
                     const Question& question, const SearchTrust& trust) {
  const std::vector<double> masses = recall.masses(question.recalled);
  std::vector<SearchPrior::Recalled> recalled;
  for (size_t i = 0; i < masses.size(); ++i) recalled.push_back({question.recalled[i].item, masses[i]});
  return {tree, spread, recall.spread_share(question.recalled), recalled, question.allowed.except, trust};
}

std::vector<const ModelInput*> inputs_of(std::span<const Question* const> questions) {
  std::vector<const ModelInput*> inputs;
  for (const Question* question : questions) inputs.push_back(&question->input);
  return inputs;
}

}  // namespace

CatalogueTree catalogue_of(const PeapodModel& model) {
  std::vector<std::span<const int32_t>> sequences;
  for (uint32_t item = 0; item < model.ids().num_items(); ++item) sequences.push_back(model.ids().item_output(item));
  return CatalogueTree::build(sequences);
}

Answerer::Answerer(const PeapodModel& model, const AnswererOptions& options)
    : model_(model),
      catalogue_(catalogue_of(model)),
      network_(model.network(),
               {.precision = options.precision, .text = options.explains, .item_tokens = catalogue_.alphabet()}),
      item_engines_(network_, network_.item_head()) {
  if (model.recall() != nullptr) popularity_ = spread_of(*model.recall(), catalogue_);
  if (!options.explains) return;
  text_engines_ = std::make_unique<EnginePool>(network_, network_.text_head());
  generic_ = ask_generic_explanation(model).input;
}

std::vector<Answer> Answerer::answer(std::span<const Question> questions) const {
  std::vector<Answer> answers(questions.size());
  struct Part {
    std::vector<const Question*> questions;
    std::vector<Answer*> answers;
  } items, texts;
  for (size_t i = 0; i < questions.size(); ++i) {
    Part& part = questions[i].input.task == Task::explanation ? texts : items;
    part.questions.push_back(&questions[i]);
    part.answers.push_back(&answers[i]);
  }
  for (size_t first = 0; first < items.questions.size(); first += kTreesAtOnce) {
    const size_t count = std::min(kTreesAtOnce, items.questions.size() - first);
    answer_items(std::span(items.questions).subspan(first, count), std::span(items.answers).subspan(first, count));
  }
  explain(texts.questions, texts.answers);
  return answers;
}

void Answerer::answer_items(std::span<const Question* const> questions, std::span<Answer* const> answers) const {
  const Recall* recall = model_.recall();
  // What a question's search needs that is its own.
  struct Own {
    CatalogueTree tree;
    PositionSums popularity;
    std::optional<SearchPrior> prior;
  };
  std::vector<Own> owned(questions.size());
  std::vector<ItemQuery> queries(questions.size());
  parallel_for(questions.size(), [&](size_t i) {
    const Question& question = *questions[i];
    const auto& only = question.allowed.only;
    Own& own = owned[i];
    if (only) own.tree = catalogue_.restricted_to(*only);
    const CatalogueTree& tree = only ? own.tree : catalogue_;
    if (recall != nullptr) {
      if (only) own.popularity = spread_of(*recall, tree);
      own.prior.emplace(prior_of(*recall, tree, only ? own.popularity : popularity_, question,
                                 model_.search_trust(question.input.task)));
    }
    queries[i] = {.tree = &tree,
                  .excluded = question.allowed.except,
                  .num_items = static_cast<uint32_t>(std::min<size_t>(question.n, tree.num_items())),
                  .num_beams = std::max(question.n, question.beams),
                  .prior = own.prior ? &*own.prior : nullptr};
  });
  auto found = generate_items(item_engines_, inputs_of(questions), queries);
  for (size_t i = 0; i < found.size(); ++i) answers[i]->items = std::move(found[i]);
}

void Answerer::explain(std::span<const Question* const> questions, std::span<Answer* const> answers) const {
  if (questions.empty()) return;
  assert(text_engines_ != nullptr);
  const auto texts = generate_texts(*text_engines_, inputs_of(questions), kExplanationSearch,
                                    {.against = &generic_, .weight = kExplanationContrast});
  for (size_t i = 0; i < texts.size(); ++i) {
    for (const Text& text : texts[i]) answers[i]->sentences.push_back(model_.tokenizer().decode(text.tokens));
  }
}

}  // namespace peapod
