#include "text/prompt_text.h"

#include <algorithm>
#include <cassert>

namespace peapod {

PromptWriter::PromptWriter(const Tokenizer& tokenizer, const IdTokens& ids) : ids_(ids) {
  for (const Task task : kTasks) {
    auto& of_task = literals_.emplace_back();
    for (const Template& wording : templates_of(task)) {
      auto& of_template = of_task.emplace_back();
      for (const TemplatePart& part : wording) {
        of_template.push_back(part.slot == Slot::none ? tokenizer.encode(part.text) : std::vector<int32_t>{});
      }
    }
  }
}

PromptText PromptWriter::write(Task task, size_t which, uint32_t user, std::span<const uint32_t> items) const {
  assert(which < templates_of(task).size());
  assert(task == Task::explanation ? items.size() <= 1 : !items.empty());
  if (task == Task::sequential) items = items.last(std::min(items.size(), kMaxHistory));

  PromptText text;
  const auto add = [&text](std::span<const int32_t> tokens, int32_t whole_word) {
    text.tokens.insert(text.tokens.end(), tokens.begin(), tokens.end());
    text.whole_word.resize(text.tokens.size(), whole_word);
  };
  int32_t num_spans = 0;
  const Template& wording = templates_of(task)[which];
  for (size_t part = 0; part < wording.size(); ++part) {
    switch (wording[part].slot) {
      case Slot::none:
        add(literals_[static_cast<size_t>(task)][which][part], 0);
        break;
      case Slot::user:
        add(ids_.user(user), ++num_spans);
        break;
      case Slot::items:
        for (const uint32_t item : items) add(ids_.item_input(item), ++num_spans);
        break;
    }
  }
  const int32_t end[] = {kEndId};
  add(end, 0);
  return text;
}

}  // namespace peapod
