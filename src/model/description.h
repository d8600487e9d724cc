// peapod.json: what a model is made of beside its tensors (docs/formats.md). One list of its fields serves writing and
// reading. Plain data and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "data/split.h"
#include "model/composer.h"
#include "model/config.h"
#include "model/search_trust.h"
#include "prefs/recall.h"

namespace peapod {

struct ModelDescription {
  std::string dataset;                         // its name
  std::string ids;                             // the scheme of item ids
  SplitRule split = SplitRule::leave_one_out;  // none: the model has learned from all interactions
  // Of all that weights go with: the fields here, but for what is chosen after training (`trust`), and the files below.
  // The files of weights and of training state record it.
  std::string identity;
  std::map<std::string, std::string> files;  // of the directory: name and checksum
  uint64_t seed = 0;                         // of the weights' first values and of training
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

// A sealed text (base/checksum.h).
std::string description_to_json(const ModelDescription& description);

// What `identity` must be.
std::string identity_of(const ModelDescription& description);

// `where` names the file in errors. Throws Error for another format version, saying what to do, for a checksum that is
// not that of the text, and for fields that are missing, unknown or out of range.
ModelDescription description_from_json(const std::string& text, const std::string& where);

}  // namespace peapod
