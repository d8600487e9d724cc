// The encoder's text side: a filled-in template as token ids with whole-word indices (PeaPOD §3; POD uses the same).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/task.h"
#include "text/id_tokens.h"
#include "text/templates.h"
#include "text/tokenizer.h"

namespace peapod {

// Longest history that is shown to the model; older items are left out.
inline constexpr size_t kMaxHistory = 20;

struct PromptText {
  std::vector<int32_t> tokens;      // closing id included
  std::vector<int32_t> whole_word;  // same length: 1, 2, 3 … for the tokens of each user or item span, 0 elsewhere
};

// Fills templates; literals are tokenised once. Immutable, so safe from any thread.
class PromptWriter {
 public:
  // `ids` must outlive the writer.
  PromptWriter(const Tokenizer& tokenizer, const IdTokens& ids);

  // Fills template `which` of a task. `items` are the history for the sequential task, of which the last kMaxHistory
  // are shown; the candidates for topn, all shown; for an explanation the one item to explain, or none for an
  // explanation that is about no item. Requires `which` < templates_of(task).size(), and items for the first two tasks.
  PromptText write(Task task, size_t which, uint32_t user, std::span<const uint32_t> items) const;

 private:
  const IdTokens& ids_;
  std::vector<std::vector<std::vector<std::vector<int32_t>>>> literals_;  // [task][template][part] token ids
};

}  // namespace peapod
