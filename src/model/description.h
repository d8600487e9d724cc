// peapod.json: what a model is made of beside its tensors (docs/formats.md). One list of its fields serves writing and
// reading. Plain data and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "model/composer.h"
#include "model/config.h"
#include "model/search_trust.h"
#include "prefs/recall.h"

namespace peapod {

struct ModelDescription {
  std::string dataset;     // its name
  std::string ids;         // the scheme of item ids
  std::string train_hash;  // Dataset::train_hash(), in hexadecimal digits
  std::vector<Task> tasks;
  size_t task_length = 0;      // vectors of a task's prompt
  size_t num_whole_words = 0;  // rows of the whole-word table
  ItemForm items = ItemForm::tokens;
  EncoderKind encoder = EncoderKind::bidirectional;
  bool static_user_vectors = false;
  std::string composer;              // its name
  ComposerOptions composer_options;  // those that it reads
  RecallUse recall_use = {};         // `none` without `recall`
  std::optional<RecallSettings> recall = std::nullopt;
  std::array<SearchTrust, kNumTasks> trust = {};  // by task; written where something is recalled
};

std::string description_to_json(const ModelDescription& description);

// `where` names the file in errors. Throws Error for another format version, saying what to do, and for fields that are
// missing, unknown or out of range.
ModelDescription description_from_json(const std::string& text, const std::string& where);

}  // namespace peapod
