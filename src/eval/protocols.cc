#include "eval/protocols.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "base/threads.h"
#include "eval/metrics.h"

namespace peapod {
namespace {

constexpr size_t kQuestionsAtOnce = 512;  // bounds the memory that inputs take

// Streams of random numbers of a seed.
constexpr uint64_t kSwapStream = 0x5a;
constexpr uint64_t kUsersStream = 0xe7;
// The order of a user's candidates has a seed of its own: it stays the same from run to run.
constexpr uint64_t kCandidateSeed = 0xca4d;

void report(const EvaluationOptions& options, size_t done, size_t total) {
  if (options.progress && total > 0) options.progress(static_cast<double>(done) / static_cast<double>(total));
}

// Makes ask(i) for each i of [0, n), has them answered and calls take(i, answer), some hundreds at once.
template <class Ask, class Take>
void in_blocks(size_t n, const AnswerFunction& answer, const EvaluationOptions& options, const Ask& ask,
               const Take& take) {
  for (size_t first = 0; first < n; first += kQuestionsAtOnce) {
    const size_t last = std::min(n, first + kQuestionsAtOnce);
    std::vector<Question> questions(last - first);
    parallel_for(questions.size(), [&](size_t i) { questions[i] = ask(first + i); });
    const std::vector<Answer> answers = answer(questions);
    for (size_t i = first; i < last; ++i) take(i, answers[i - first]);
    report(options, last, n);
  }
}

// For each user, whose personal prompt they get: their own, or with swap_prompts that of the next one in a shuffled
// circle, which is nobody's own.
std::vector<uint32_t> prompt_owners(const std::vector<uint32_t>& users, const EvaluationOptions& options) {
  std::vector<uint32_t> owners = users;
  if (!options.swap_prompts || users.size() < 2) return owners;
  std::vector<size_t> order(users.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Random random(options.seed, kSwapStream);
  random.shuffle(order);
  for (size_t i = 0; i < order.size(); ++i) owners[order[i]] = users[order[(i + 1) % order.size()]];
  return owners;
}

// Asks ask(user) of each user and ranks the user's target in what is answered, which recommended(items) receives.
template <class Ask, class Recommended>
std::vector<uint32_t> ranks(const Dataset& data, const AnswerFunction& answer, const EvaluationOptions& options,
                            const Ask& ask, const Recommended& recommended) {
  const std::vector<uint32_t> users = users_to_evaluate(data, options);
  const std::vector<uint32_t> owners = prompt_owners(users, options);
  std::vector<uint32_t> result(users.size());
  const auto ask_with_prompt = [&](size_t i) {
    Question question = ask(users[i]);
    if (owners[i] != users[i]) question.input.user = ask(owners[i]).input.user;
    return question;
  };
  in_blocks(users.size(), answer, options, ask_with_prompt, [&](size_t i, const Answer& answered) {
    std::vector<uint32_t> items;
    for (const ScoredItem& scored : answered.items) items.push_back(scored.item);
    result[i] = rank_in_list(items, data.target(users[i], options.split));
    recommended(items);
  });
  return result;
}

// The item of an explanation half the list away, or of the first after that which speaks of another item than the i-th.
uint32_t another_item(const std::vector<const Explanation*>& explanations, size_t i) {
  const size_t n = explanations.size();
  for (size_t step = 0; step < n; ++step) {
    const uint32_t item = explanations[(i + n / 2 + step) % n]->item;
    if (item != explanations[i]->item) return item;
  }
  return explanations[i]->item;
}

}  // namespace

std::vector<uint32_t> users_to_evaluate(const Dataset& data, const EvaluationOptions& options) {
  std::vector<uint32_t> users = data.evaluated_users();
  if (options.max_users > 0 && options.max_users < users.size()) {
    Random random(options.seed, kUsersStream);
    random.shuffle(users);
    users.resize(options.max_users);
    std::ranges::sort(users);
  }
  return users;
}

std::vector<uint32_t> sequential_ranks(const PeapodModel& model, const AnswerFunction& answer,
                                       const EvaluationOptions& options) {
  const Dataset& data = model.dataset();
  const auto ask = [&](uint32_t user) {
    return ask_next_item(model, known_in_evaluation(data, user, options.split),
                         {.include_seen = options.include_seen, .n = kGreatestDepth, .beams = options.num_beams});
  };
  return ranks(data, answer, options, ask, [&](const std::vector<uint32_t>& items) {
    if (options.recommended) options.recommended(items);
  });
}

std::vector<uint32_t> topn_ranks(const PeapodModel& model, const AnswerFunction& answer,
                                 const EvaluationOptions& options) {
  const Dataset& data = model.dataset();
  const auto ask = [&](uint32_t user) {
    std::vector<uint32_t> candidates(data.negatives(user).begin(), data.negatives(user).end());
    candidates.push_back(data.target(user, options.split));
    // The place of the target must say nothing.
    Random random(mix64(kCandidateSeed, user));
    random.shuffle(candidates);
    return ask_ranking(model, known_in_evaluation(data, user, options.split), candidates,
                       {.n = kGreatestDepth, .beams = options.num_beams});
  };
  std::vector<uint32_t> all = ranks(data, answer, options, ask, [](const std::vector<uint32_t>&) {});
  const std::vector<uint32_t> users = users_to_evaluate(data, options);
  for (size_t i = 0; i < users.size(); ++i) {
    if (data.negatives(users[i]).empty()) all[i] = kUnopposed;
  }
  return all;
}

bool has_explanations(const Dataset& data, Split split) {
  const auto in = [&](Split wanted) {
    return std::ranges::any_of(data.explanations(), [&](const Explanation& e) { return e.split == wanted; });
  };
  return in(Split::train) && in(split);
}

GeneratedExplanations generate_explanations(const PeapodModel& model, const AnswerFunction& answer,
                                            const EvaluationOptions& options) {
  const Dataset& data = model.dataset();
  std::vector<const Explanation*> wanted;
  for (const Explanation& e : data.explanations()) {
    if (e.split == options.split) wanted.push_back(&e);
  }
  GeneratedExplanations result;
  const auto ask = [&](size_t i) {
    const uint32_t item = options.swap_items ? another_item(wanted, i) : wanted[i]->item;
    return ask_explanation(model, known_in_evaluation(data, wanted[i]->user, options.split), item);
  };
  in_blocks(wanted.size(), answer, options, ask, [&](size_t i, const Answer& answered) {
    result.sentences.push_back(answered.sentences.empty() ? "" : answered.sentences.front());
    result.references.push_back(wanted[i]->sentence);
  });
  return result;
}

}  // namespace peapod
