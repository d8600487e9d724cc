// The public C++ API, in the names of the data set: which items next, which of these, why this one. Holds one loaded
// model directory, which needs nothing else. Const methods are safe from many threads.
//
//     #include <iostream>
//     #include "recommender.h"
//
//     int main(int, char** arguments) {  // a model directory and an item of its data set
//       const auto recommender = peapod::Recommender::load(arguments[1]);
//       const peapod::RecommendRequest request{.history = {arguments[2]}, .n = 3};
//       for (const peapod::RecommendedItem& found : recommender.recommend(request)) {
//         std::cout << found.item << "  " << found.score << "  " << found.title << '\n';
//       }
//     }
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peapod {

// Most items and most beams of one request; bounds the memory that a request can ask for.
inline constexpr uint32_t kMaxRecommended = 1000;

// Either `user` or `history` says who asks, here and below.
struct RecommendRequest {
  std::optional<std::string> user = {};      // a user of the data set, with everything that it holds of them; or
  std::vector<std::string> history = {};     // what somebody new did, oldest first
  std::vector<std::string> newer = {};       // with `user`: what they did since the data set was made, oldest first
  uint32_t n = 10;                           // how many items, 1 to kMaxRecommended
  uint32_t num_beams = 20;                   // width of the search, 1 to kMaxRecommended; raised to n where it is less
  std::vector<std::string> candidates = {};  // not empty: rank these (the top-n task), in the order that is shown
  std::string category = {};                 // not empty: only items of this category, whatever its case
  std::optional<double> min_price = {};      // only items with a price of at least so much
  std::optional<double> max_price = {};      // only items with a price of at most so much
  // Without candidates: items that the data set says cannot be had, too.
  bool include_unavailable = false;
  // Without candidates: whether to recommend items of the history too; nullopt: where the data were prepared with
  // repeats kept.
  std::optional<bool> include_seen = {};
};

struct RecommendedItem {
  std::string item;
  std::string title;  // empty where the data set has none
  // Summed log-probability of its tokens: among those that may be answered, or, of a model made as published, given
  // that an item's token comes.
  float score = 0;
};

// An item that stood near those of a history in training, has a title like theirs or, where the data were prepared with
// repeats kept, is one of them.
struct RecalledEvidence {
  std::string item;
  std::string title;      // empty where the data set has none
  float score = 0;        // of both reasons, each relative to the best that it found
  float neighbours = 0;   // how often it stood near, weighed by distance, recency and popularity
  float alike_title = 0;  // how alike its title is to those of the history, relative to the most alike one
  float repeats = 0;      // how often and recently it occurs in the history, relative to the item that does so most
};

struct ExplainRequest {
  std::optional<std::string> user = {};
  std::vector<std::string> history = {};
  std::string item = {};
};

struct ExplainedItem {
  std::string item;                       // its name, also where the request used an alias
  std::string title;                      // empty where the data set has none
  std::string sentence;                   // the best one
  std::vector<std::string> alternatives;  // other sentences, best first, at most kMaxAlternatives
};

inline constexpr size_t kMaxAlternatives = 5;

struct RecommenderOptions {
  std::string precision = "auto";  // of the matrix products: auto, f32, bf16 or int8
};

class Recommender {
 public:
  // Throws Error when the directory is no model directory.
  static Recommender load(const std::filesystem::path& directory, const RecommenderOptions& options = {});

  Recommender(Recommender&&) noexcept;
  Recommender& operator=(Recommender&&) noexcept;
  ~Recommender();

  // The best items of each request, best first; fewer than n only where no more are allowed. Requests of one call are
  // worked on together, on all threads; an answer does not depend on the other requests. Throws Error for unknown names
  // (naming the nearest), for a request with both or neither of user and history, and for more candidates than the
  // model ranks at a time; where there are several requests it says which.
  std::vector<std::vector<RecommendedItem>> recommend(std::span<const RecommendRequest> requests) const;
  std::vector<RecommendedItem> recommend(const RecommendRequest& request) const;

  // Why each user would like the item. Throws as recommend() does, and for a model without training explanations.
  std::vector<ExplainedItem> explain(std::span<const ExplainRequest> requests) const;
  ExplainedItem explain(const ExplainRequest& request) const;

  // What a user's history brings to mind, the best first, at most n: what the answer starts from and the input shows.
  // Nothing where the model does not recall. Throws Error for an unknown user.
  std::vector<RecalledEvidence> recalled(const std::string& user, size_t n = 10) const;

  // How the personal prompt is mixed from the shared ones: [heads][prompts], each row sums to 1. Throws Error unless
  // the model's composer is shared-prompts, and for an unknown user.
  std::vector<std::vector<float>> prompt_weights(const std::string& user) const;

 private:
  struct Loaded;
  explicit Recommender(std::unique_ptr<const Loaded> loaded);
  std::unique_ptr<const Loaded> loaded_;
};

}  // namespace peapod
