// search_text() of decode/beam_search.h. The names in comments are those of transformers 4.49.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/error.h"
#include "decode/beam_search.h"
#include "decode/live_rows.h"
#include "decode/top_candidates.h"
#include "tensor/kernels.h"
#include "text/tokenizer.h"

namespace peapod {
namespace {

// The best texts that have ended (BeamHypotheses). Scores are doubles there, too.
class EndedTexts {
 public:
  EndedTexts(size_t capacity, double length_penalty) : capacity_(capacity), length_penalty_(length_penalty) {}

  double score(double log_probability, size_t length) const {
    return log_probability / std::pow(static_cast<double>(length), length_penalty_);
  }

  // `length` counts the end id, if there is one.
  void add(std::vector<int32_t> tokens, bool ended, double log_probability, size_t length) {
    const double value = score(log_probability, length);
    if (full() && value <= worst_) return;
    texts_.push_back({std::move(tokens), ended, value});
    if (texts_.size() > capacity_) texts_.erase(std::ranges::min_element(texts_, {}, &Entry::score));
    worst_ = std::ranges::min_element(texts_, {}, &Entry::score)->score;
  }

  bool full() const { return texts_.size() == capacity_; }
  double worst() const { return worst_; }

  struct Entry {
    std::vector<int32_t> tokens;
    bool ended = false;
    double score = 0;
  };
  std::vector<Entry> take() { return std::move(texts_); }  // in the order they were added

 private:
  size_t capacity_;
  double length_penalty_;
  double worst_ = 0;
  std::vector<Entry> texts_;
};

struct Beam {
  float score = 0;  // summed log-probability, diversity penalties included
  uint32_t row = 0;
  std::vector<int32_t> tokens;
};

struct Group {
  std::vector<Beam> beams;  // none when the group is done
  EndedTexts ended;
};

// The search of one input: its groups, which advance in turn.
class TextSearch {
 public:
  explicit TextSearch(const TextSearchOptions& options)
      : options_(options),
        group_size_(options.num_beams / options.num_beam_groups),
        groups_(options.num_beam_groups, Group{{}, EndedTexts(group_size_, options.length_penalty)}),
        // Each beam has one continuation that ends it, so at least half of these go on: a full set of beams.
        top_(2 * group_size_) {}

  // One row serves all groups: they differ from the first step on.
  void start(uint32_t input, LiveRows& rows) {
    const uint32_t row = rows.add(kPadId, input, input);
    for (Group& group : groups_) group.beams = {Beam{0, row, {}}};
  }

  void advance(const LiveRows& rows, uint32_t step) {
    taken_.clear();
    for (Group& group : groups_) {
      if (group.beams.empty()) continue;
      select(group, rows, step);
      continue_beams(group, step + 1);
      for (const Beam& beam : group.beams) taken_.push_back(beam.tokens.back());
      if (is_done(group, step + 1)) group.beams.clear();
    }
  }

  void add_rows(uint32_t input, LiveRows& rows) {
    for (Group& group : groups_) {
      for (Beam& beam : group.beams) beam.row = rows.add(beam.tokens.back(), beam.row, input);
    }
  }

  std::vector<Text> result() {
    std::vector<EndedTexts::Entry> entries;
    for (Group& group : groups_) {
      for (Beam& beam : group.beams) {  // cut off by max_new_tokens
        const size_t length = beam.tokens.size();
        group.ended.add(std::move(beam.tokens), false, beam.score, length);
      }
      std::ranges::move(group.ended.take(), std::back_inserter(entries));
    }
    // `sorted` ascending, then `pop`: among equals the later comes first.
    std::ranges::stable_sort(entries, {}, &EndedTexts::Entry::score);
    std::vector<Text> texts;
    texts.reserve(entries.size());
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      texts.push_back({std::move(entry->tokens), entry->ended, static_cast<float>(entry->score)});
    }
    return texts;
  }

 private:
  // The best continuations of the group's beams, into top_.
  void select(const Group& group, const LiveRows& rows, uint32_t step) {
    top_.clear();
    for (uint32_t beam = 0; beam < group.beams.size(); ++beam) {
      const Beam& from = group.beams[beam];
      const auto logits = rows.logits(from.row);
      const float log_sum = rows.log_sum(from.row);
      // A token whose logit is below least() would have a score below the floor of top_, since penalties only lower it.
      // first_at_least() skips such logits, nearly all of a large vocabulary, in whole vectors.
      // The bound is lower by 1e-5 of its terms, more than they can lose by rounding.
      const auto least = [&] {
        const float floor = top_.floor();
        return floor - from.score + log_sum - 1e-5f * (std::abs(floor) + std::abs(from.score) + std::abs(log_sum));
      };
      const size_t vocabulary = logits.size();
      for (size_t token = 0;
           (token += kernels::first_at_least(vocabulary - token, logits.data() + token, least())) < vocabulary;
           ++token) {
        const auto id = static_cast<int32_t>(token);
        if (id == kEndId && step < options_.min_new_tokens) continue;
        float score = logits[token] - log_sum;
        for (const int32_t taken : taken_) score -= taken == id ? options_.diversity_penalty : 0.0f;
        score += from.score;
        if (score >= top_.floor()) top_.offer({score, beam, static_cast<uint32_t>(token), beam});
      }
    }
  }

  // Replaces the group's beams by their continuations in top_ (BeamSearchScorer.process).
  void continue_beams(Group& group, size_t length) {
    std::vector<Beam> next;
    const auto best = top_.sorted();
    best_score_ = best.empty() ? -std::numeric_limits<float>::infinity() : best.front().score;
    for (size_t rank = 0; rank < best.size() && next.size() < group_size_; ++rank) {
      const Candidate& candidate = best[rank];
      const Beam& from = group.beams[candidate.beam];
      if (candidate.choice == static_cast<uint32_t>(kEndId)) {
        // An end that is not among the best group_size is dropped.
        if (rank < group_size_) group.ended.add(from.tokens, true, candidate.score, length);
      } else {
        next.push_back({candidate.score, from.row, from.tokens});
        next.back().tokens.push_back(static_cast<int32_t>(candidate.choice));
      }
    }
    group.beams = std::move(next);
  }

  // BeamHypotheses.is_done. Its bound takes the best candidate of this step, ended or not, at this length.
  bool is_done(const Group& group, size_t length) const {
    if (!group.ended.full()) return false;
    return options_.early_stopping || group.ended.worst() >= group.ended.score(best_score_, length);
  }

  const TextSearchOptions& options_;
  size_t group_size_;
  std::vector<Group> groups_;
  std::vector<int32_t> taken_;  // tokens that the groups before this one took in this step
  TopCandidates top_;
  float best_score_ = 0;  // of the last select
};

void check(const TextSearchOptions& options, size_t vocabulary) {
  if (options.num_beam_groups == 0 || options.num_beams == 0 || options.num_beams % options.num_beam_groups != 0) {
    throw Error("num_beams",
                fmt::format("found {} in {} groups, expected a positive multiple of the number of groups",
                            options.num_beams, options.num_beam_groups),
                "change one of the two");
  }
  if (options.max_new_tokens == 0 || options.min_new_tokens > options.max_new_tokens) {
    throw Error("max_new_tokens",
                fmt::format("found {} to {}, expected a maximum of at least 1 and not below the minimum",
                            options.min_new_tokens, options.max_new_tokens),
                "raise the maximum");
  }
  if (options.diversity_penalty < 0 || !std::isfinite(options.diversity_penalty)) {
    throw Error("diversity_penalty", fmt::format("found {}, expected 0 or more", options.diversity_penalty));
  }
  if (!std::isfinite(options.length_penalty)) {
    throw Error("length_penalty", fmt::format("found {}, expected a number", options.length_penalty));
  }
  if (vocabulary <= static_cast<size_t>(kEndId)) {
    throw Error("vocabulary", fmt::format("found {} tokens, expected the end id {} among them", vocabulary, kEndId));
  }
}

}  // namespace

std::vector<std::vector<Text>> search_text(const StepFunction& step, size_t num_inputs, size_t vocabulary,
                                           const TextSearchOptions& options) {
  check(options, vocabulary);
  LiveRows rows(step, vocabulary);
  std::vector<TextSearch> searches(num_inputs, TextSearch(options));
  for (uint32_t input = 0; input < num_inputs; ++input) searches[input].start(input, rows);
  for (uint32_t index = 0; index < options.max_new_tokens && rows.run(); ++index) {
#pragma omp parallel for schedule(dynamic) if (rows.worth_threads(rows.num_rows()))
    for (size_t input = 0; input < num_inputs; ++input) searches[input].advance(rows, index);
    for (uint32_t input = 0; input < num_inputs; ++input) searches[input].add_rows(input, rows);
  }

  std::vector<std::vector<Text>> results;
  results.reserve(num_inputs);
  for (TextSearch& search : searches) results.push_back(search.result());
  return results;
}

}  // namespace peapod
