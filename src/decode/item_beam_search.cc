// search_items() of decode/beam_search.h.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "decode/beam_search.h"
#include "decode/excluded_items.h"
#include "decode/live_rows.h"
#include "decode/top_candidates.h"
#include "text/tokenizer.h"

namespace peapod {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

// Where the logit of a token stands in a row, by token.
std::vector<uint32_t> columns_of(std::span<const int32_t> alphabet) {
  std::vector<uint32_t> columns(static_cast<size_t>(alphabet.back()) + 1, static_cast<uint32_t>(alphabet.size()));
  for (uint32_t column = 0; column < alphabet.size(); ++column) {
    columns[static_cast<size_t>(alphabet[column])] = column;
  }
  return columns;
}

// The search of one input: its beams in the tree, and the items that have ended.
class ItemSearch {
 public:
  ItemSearch(const ItemQuery& query, std::span<const uint32_t> columns)
      : tree_(*query.tree),
        columns_(columns),
        prior_(query.prior),
        num_items_(query.num_items),
        live_(query.num_beams),
        ended_(query.num_items),
        excluded_(tree_, query.excluded) {}

  void start(uint32_t input, LiveRows& rows) {
    if (excluded_.leaves_any(tree_.positions_below(CatalogueTree::kRoot))) {
      beams_.push_back({0, CatalogueTree::kRoot, rows.add(kPadId, input, input)});
    }
  }

  // Replaces the beams by their best continuations; their rows are still those of the beams they continue.
  void advance(const LiveRows& rows) {
    live_.clear();
    for (uint32_t beam = 0; beam < beams_.size(); ++beam) expand(beam, rows);

    const auto ended = ended_.sorted();
    const bool full = ended.size() == num_items_;
    std::vector<Beam> next;
    for (const Candidate& candidate : live_.sorted()) {
      // Neither its score nor its order can improve further down, so the bound is exact; the rest is worse still.
      if (full && !candidate.better_than(ended.back())) break;
      next.push_back({candidate.score, candidate.choice, beams_[candidate.beam].row});
    }
    beams_ = std::move(next);
  }

  void add_rows(uint32_t input, LiveRows& rows) {
    for (Beam& beam : beams_) beam.row = rows.add(tree_.token(beam.node), beam.row, input);
  }

  std::vector<ScoredItem> result() {
    std::vector<ScoredItem> items;
    for (const Candidate& candidate : ended_.sorted()) items.push_back({candidate.choice, candidate.score});
    return items;
  }

 private:
  struct Beam {
    float score = 0;
    uint32_t node = 0;
    uint32_t row = 0;
  };

  void expand(uint32_t beam, const LiveRows& rows) {
    const Beam& from = beams_[beam];
    if (prior_ != nullptr) return expand_with_prior(beam, rows);
    const auto logits = rows.logits(from.row);
    const float log_sum = rows.log_sum(from.row);
    const auto children = tree_.children(from.node);
    for (uint32_t i = 0; i < children.tokens.size(); ++i) {
      // Rounding of log_sum could lift a certain token above probability 1.
      const float log_probability = std::min(logits[column_of(children.tokens[i])] - log_sum, 0.0f);
      offer(beam, children, i, from.score + log_probability);
    }
  }

  // The same where probabilities are those among the children that are allowed.
  void expand_with_prior(uint32_t beam, const LiveRows& rows) {
    const Beam& from = beams_[beam];
    const auto logits = rows.logits(from.row);
    const auto children = tree_.children(from.node);
    const double trust = prior_->trust().trust;
    prior_->allowed_children(from.node, allowed_);
    double largest = kImpossible;
    for (SearchPrior::Child& child : allowed_) {
      // A trust of 0 makes nothing of a logit that is minus infinity.
      if (trust > 0.0) child.bias += trust * static_cast<double>(logits[column_of(children.tokens[child.index])]);
      largest = std::max(largest, child.bias);
    }
    if (!(largest > kImpossible)) return;
    double sum = 0;
    for (const SearchPrior::Child& child : allowed_) sum += std::exp(child.bias - largest);
    const double log_sum = largest + std::log(sum);
    for (const SearchPrior::Child& child : allowed_) {
      if (!(child.bias > kImpossible)) continue;
      offer(beam, children, child.index, from.score + static_cast<float>(std::min(child.bias - log_sum, 0.0)));
    }
  }

  size_t column_of(int32_t token) const {
    const uint32_t column = columns_[static_cast<size_t>(token)];
    assert(column < columns_.size());
    return column;
  }

  // Has child i of the beam's node compete with that score.
  void offer(uint32_t beam, const CatalogueTree::Children& children, uint32_t i, float score) {
    const uint32_t node = children.first + i;
    const CatalogueTree::Positions below = tree_.positions_below(node);
    // Where one item is below and probabilities are those among what is allowed, the rest of its path is certain.
    const bool ends = children.tokens[i] == kEndId || (prior_ != nullptr && below.end - below.begin == 1);
    if (!(score >= (ends ? ended_ : live_).floor()) || !excluded_.leaves_any(below)) return;
    if (ends) {
      ended_.offer({score, below.begin, tree_.item_at_position(below.begin), beam});
    } else {
      live_.offer({score, below.begin, node, beam});
    }
  }

  const CatalogueTree& tree_;
  std::span<const uint32_t> columns_;
  const SearchPrior* prior_;
  size_t num_items_;
  std::vector<Beam> beams_;
  std::vector<SearchPrior::Child> allowed_;  // children at hand
  TopCandidates live_;                       // of the step at hand; choice is a node
  TopCandidates ended_;                      // of the whole search; choice is an item
  ExcludedItems excluded_;
};

void check(std::span<const ItemQuery> queries, std::span<const int32_t> alphabet) {
  if (alphabet.empty()) throw Error("beam search", "the alphabet is empty");
  for (const ItemQuery& query : queries) {
    if (query.num_items == 0) throw Error("num_items", "found 0, expected at least 1");
    if (query.num_beams < query.num_items) {
      throw Error("num_beams", fmt::format("found {}, too few to find {} items", query.num_beams, query.num_items),
                  "use at least as many beams as items");
    }
    if (query.tree->max_token() > alphabet.back()) {
      throw Error("catalogue",
                  fmt::format("token {} is beyond the last that the model scores, {}", query.tree->max_token(),
                              alphabet.back()),
                  "use the data set that the model was trained on");
    }
  }
}

}  // namespace

std::vector<std::vector<ScoredItem>> search_items(const StepFunction& step, std::span<const int32_t> alphabet,
                                                  std::span<const ItemQuery> queries) {
  check(queries, alphabet);
  const std::vector<uint32_t> columns = columns_of(alphabet);
  LiveRows rows(step, alphabet.size());
  std::vector<ItemSearch> searches;
  searches.reserve(queries.size());
  for (const ItemQuery& query : queries) searches.emplace_back(query, columns);
  for (uint32_t input = 0; input < searches.size(); ++input) searches[input].start(input, rows);
  while (rows.run()) {
#pragma omp parallel for schedule(dynamic) if (rows.worth_threads(rows.num_rows()))
    for (size_t input = 0; input < searches.size(); ++input) searches[input].advance(rows);
    for (uint32_t input = 0; input < searches.size(); ++input) searches[input].add_rows(input, rows);
  }

  std::vector<std::vector<ScoredItem>> results;
  results.reserve(searches.size());
  for (ItemSearch& search : searches) results.push_back(search.result());
  return results;
}

}  // namespace peapod
