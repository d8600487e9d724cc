// A few users looked at closely: what they did, what they are recommended, and what spoke for it. For the page of an
// evaluation (eval/html/page.h), where a reader judges with their own eyes. Safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/protocols.h"
#include "model/peapod_model.h"

namespace peapod {

struct SampleItem {
  std::string name;         // title, or where there is none the item's name
  float score = 0;          // of the search: a log-probability
  uint32_t popularity = 0;  // training interactions
  bool is_target = false;
  std::optional<size_t> recalled_at = std::nullopt;  // place among what the history recalls, from 0; nullopt: it does
                                                     // not
  float recalled_score = 0;
};

struct PromptShare {
  size_t prompt = 0;
  double weight = 0;     // this user's, mean over the heads
  double everybody = 0;  // mean of all measured users
};

struct SampleUser {
  std::string name;
  std::vector<std::string> history;  // the latest items, oldest first
  size_t history_length = 0;         // with those that are not shown
  std::string target;
  uint32_t target_popularity = 0;
  std::optional<size_t> target_recalled_at = std::nullopt;  // as SampleItem::recalled_at
  std::vector<SampleItem> recommended;                      // best first
  std::vector<PromptShare> prompts;                         // the heaviest, heaviest first; only with shared prompts
};

// `count` of the measured users (eval/protocols.h), ascending, chosen by options.seed; all where there are fewer. They
// are asked for the next item as sequential_ranks() asks.
std::vector<SampleUser> sample_users(const PeapodModel& model, const AnswerFunction& answer,
                                     const EvaluationOptions& options, size_t count);

}  // namespace peapod
