// Evaluation of a model on a prepared data set: full ranking of the next item, ranking of 1 + 99 candidates,
// explanations against what users wrote. What a model may know is decided by model/question.h; who answers, by the
// caller: decode/answerer.h, or in tests something that answers as they like.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "decode/answerer.h"
#include "eval/ranking.h"
#include "model/peapod_model.h"

namespace peapod {

// One answer a question, in their order; items down to each question's n.
using AnswerFunction = std::function<std::vector<Answer>(std::span<const Question>)>;

// Answers of `answerer`, which must outlive the function.
inline AnswerFunction answers_of(const Answerer& answerer) {
  return [&answerer](std::span<const Question> questions) { return answerer.answer(questions); };
}
AnswerFunction answers_of(Answerer&&) = delete;  // it would be gone

struct EvaluationOptions {
  Split split = Split::test;
  uint32_t num_beams = 20;
  size_t max_users = 0;                   // 0: all; else a fixed random choice of that many (validation while training)
  std::optional<bool> include_seen = {};  // recommend items of the history too; as AskOptions has it
  // Gives every user the personal prompt of another one (a fixed derangement): shows what the prompts carry.
  bool swap_prompts = false;
  // Explanations: asks about another item than the one the reference speaks of, where the split's explanations have
  // one.
  bool swap_items = false;
  uint64_t seed = 1;  // of the choice of users and of the swap
  // Called with the share done, from 0 to 1; may be empty.
  std::function<void(double)> progress = {};
  // Called by sequential_ranks() with what is recommended to each user, best first, in their order; may be empty.
  std::function<void(std::span<const uint32_t>)> recommended = {};
};

// Users that are evaluated, ascending.
std::vector<uint32_t> users_to_evaluate(const Dataset& data, const EvaluationOptions& options);

// Rank of each user's target among the best kGreatestDepth items, kNotRanked beyond; in the order
// of users_to_evaluate(). `model` is the one that questions are made for.
std::vector<uint32_t> sequential_ranks(const PeapodModel& model, const AnswerFunction& answer,
                                       const EvaluationOptions& options);
// The same among the target and the stored negatives, kUnopposed where there are none.
std::vector<uint32_t> topn_ranks(const PeapodModel& model, const AnswerFunction& answer,
                                 const EvaluationOptions& options);

struct GeneratedExplanations {
  std::vector<std::string> sentences;   // of the model, in the order of the split's explanations
  std::vector<std::string> references;  // what the users wrote
};

GeneratedExplanations generate_explanations(const PeapodModel& model, const AnswerFunction& answer,
                                            const EvaluationOptions& options);

// True when the data set has explanations of the training part and of `split`.
bool has_explanations(const Dataset& data, Split split);

}  // namespace peapod
