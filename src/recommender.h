// The public C++ API, in the names of the data set: which items next, which of these, why this one. Holds one loaded
// model directory, which needs nothing else; cli/ and serve/ are thin layers over it. Const methods are safe from many
// threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "decode/catalogue_tree.h"
#include "decode/generation.h"
#include "model/peapod_model.h"

namespace peapod {

struct RecommendedItem {
  std::string item;
  std::string title;  // empty where the data set has none
  float score = 0;    // summed log-probability of the item's tokens, given that an item's token comes
};

// How a user's personal prompt is mixed from the shared ones (α of design.md §1). Each head's row sums to 1.
struct PromptWeights {
  Matrix by_head;           // [heads, num_prompts]
  std::vector<float> mean;  // [num_prompts], over the heads
};

struct ExplainAnswer {
  std::string item;                       // its name, also where the question used an alias
  std::string title;                      // empty where the data set has none
  std::string sentence;                   // the best one
  std::vector<std::string> alternatives;  // other sentences, best first, at most kMaxAlternatives
  std::optional<PromptWeights> weights;   // nothing unless the composer is shared-prompts
};

inline constexpr size_t kMaxAlternatives = 5;
// Most items and most beams of one request; bounds the memory that a request can ask for.
inline constexpr uint32_t kMaxRecommended = 1000;

// What many users' weights say about the prompts, in bits where it is information.
struct PromptUsage {
  std::vector<double> mean_weights;  // [num_prompts], over heads and users
  std::vector<double> information;   // [heads] I(user; prompt) = H(mean α) - mean H(α) over the users
  double mean_information = 0;       // of the heads
  double information_of_mean = 0;    // the same formula on the weights averaged over the heads
};

// Throws Error when there are no users.
PromptUsage prompt_usage(std::span<const PromptWeights> users);

class Recommender {
 public:
  struct Request {
    std::optional<std::string> user = {};      // a user of the data set; or
    std::vector<std::string> history = {};     // what somebody new did, oldest first
    uint32_t n = 10;                           // how many items, 1 to kMaxRecommended
    uint32_t num_beams = 20;                   // width of the search; raised to n where it is less
    std::vector<std::string> candidates = {};  // not empty: rank these (the top-n task), in the order that is shown
    std::string category = {};                 // not empty: only items of this category, whatever its case
    bool include_seen = false;                 // without candidates: recommend items of the history too
  };

  // Throws Error when the directory is no model directory.
  static Recommender load(const std::filesystem::path& directory, Precision precision);

  // The best items, best first; fewer than n only where no more are allowed. A known user counts with everything the
  // data set holds of them. Throws Error for unknown names (naming the nearest), for a request with both or neither of
  // user and history, and for more candidates than the model can tell apart.
  std::vector<RecommendedItem> recommend(const Request& request) const;

  // Why this user would like this item. Throws Error for unknown names and for a model without training explanations.
  ExplainAnswer explain(const std::string& user, const std::string& item) const;

  // Throw Error unless the composer is shared-prompts, the first also for an unknown user. The second is in the order
  // of the data set's users.
  PromptWeights prompt_weights(const std::string& user) const;
  std::vector<PromptWeights> prompt_weights_of_all() const;

  const PeapodModel& model() const { return model_; }
  const Dataset& dataset() const { return model_.dataset(); }

 private:
  Recommender(PeapodModel model, Precision precision);
  std::vector<uint32_t> items_named(std::span<const std::string> names) const;
  const std::vector<uint32_t>& items_of_category(const std::string& category) const;
  InputUser known_user(uint32_t user) const;
  std::vector<PromptWeights> weights_of(std::span<const ModelInput* const> inputs) const;
  bool has_prompt_weights() const;
  void require_prompt_weights() const;

  PeapodModel model_;
  CatalogueTree catalogue_;
  bool can_explain_;
  PackedNetwork network_;                                    // of the model
  std::map<std::string, std::vector<uint32_t>> categories_;  // by lower-case name; items ascending
};

}  // namespace peapod
