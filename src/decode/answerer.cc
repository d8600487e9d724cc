#include "decode/answerer.h"

#include <algorithm>
#include <cassert>

#include "base/threads.h"
#include "decode/generation.h"

namespace peapod {
namespace {

// Chosen on validation (docs/decisions.md): less repeats the same praise for everything, more loses the sentence.
constexpr float kExplanationContrast = 0.5f;

constexpr size_t kTreesAtOnce = 512;  // bounds the memory that restricted trees take

std::vector<const ModelInput*> inputs_of(std::span<const Question* const> questions) {
  std::vector<const ModelInput*> inputs;
  for (const Question* question : questions) inputs.push_back(&question->input);
  return inputs;
}

}  // namespace

Answerer::Answerer(const PeapodModel& model, const AnswererOptions& options)
    : model_(model),
      space_(model),
      network_(
          model.network(),
          {.precision = options.precision, .text = options.explains, .item_tokens = space_.catalogue().alphabet()}),
      item_engines_(network_, network_.item_head()) {
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
  std::vector<std::unique_ptr<const SearchScope>> scopes(questions.size());
  std::vector<ItemQuery> queries(questions.size());
  parallel_for(questions.size(), [&](size_t i) {
    const Question& question = *questions[i];
    scopes[i] = std::make_unique<const SearchScope>(space_, question, model_.search_trust(question.input.task));
    const CatalogueTree& tree = scopes[i]->tree();
    queries[i] = {.tree = &tree,
                  .excluded = question.allowed.except,
                  .num_items = static_cast<uint32_t>(std::min<size_t>(question.n, tree.num_items())),
                  .num_beams = std::max(question.n, question.beams),
                  .prior = scopes[i]->prior()};
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
