// The wordings of the three tasks. A template is a list of literal texts and slots; the spans that whole-word
// embeddings need come from the slots, never from searching the text.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/task.h"

namespace peapod {

enum class Slot {
  none,   // a literal text
  user,   // user_U
  items,  // item_A item_B …: the history, the candidates, or the one item to explain
};

struct TemplatePart {
  Slot slot = Slot::none;
  std::string text;  // for literals
};

// One space stands between parts, so a literal is whole words and a slot never touches punctuation.
using Template = std::vector<TemplatePart>;

// All wordings of a task; the first is the bare `user_… item_…` form that validation and test use.
std::span<const Template> templates_of(Task task);

}  // namespace peapod
