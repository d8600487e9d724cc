#include "eval/protocols.h"

#include <algorithm>

#include "base/random.h"

namespace peapod {
namespace {

constexpr uint32_t kDepth = 10;          // metrics look at ten places
constexpr size_t kRequestsAtOnce = 512;  // bounds the memory that inputs take

void report(const EvaluationOptions& options, size_t done, size_t total) {
  if (options.progress && total > 0) options.progress(static_cast<double>(done) / static_cast<double>(total));
}

// Whose preferences the prompt of users[i] shows: their own, or with swap_prompts those of the next user in a shuffled
// circle, which is nobody's own.
std::vector<uint32_t> prompt_owners(const std::vector<uint32_t>& users, const EvaluationOptions& options) {
  std::vector<uint32_t> owners = users;
  if (!options.swap_prompts || users.size() < 2) return owners;
  std::vector<size_t> order(users.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random random(options.seed, 0x5a);
  random.shuffle(order);
  for (size_t i = 0; i < order.size(); ++i) owners[order[i]] = users[order[(i + 1) % order.size()]];
  return owners;
}

// Calls build(user, owner, place in the block) for each user and ranks the user's target in what the model answers.
template <class Build>
std::vector<uint32_t> ranks(const PeapodModel& model, const CatalogueTree& catalogue, const EvaluationOptions& options,
                            const Build& build) {
  const PackedNetwork network(model.network(),
                              {.precision = options.precision, .text = false, .item_tokens = catalogue.alphabet()});
  const std::vector<uint32_t> users = users_to_evaluate(model.dataset(), options);
  const std::vector<uint32_t> owners = prompt_owners(users, options);
  std::vector<uint32_t> result;
  for (size_t first = 0; first < users.size(); first += kRequestsAtOnce) {
    const size_t last = std::min(users.size(), first + kRequestsAtOnce);
    std::vector<ItemRequest> requests(last - first);
#pragma omp parallel for schedule(static)
    for (size_t i = first; i < last; ++i) requests[i - first] = build(users[i], owners[i], i - first);
    const auto answers =
        generate_items(network, requests, {.num_items = kDepth, .num_beams = std::max(kDepth, options.num_beams)});
    for (size_t i = first; i < last; ++i) {
      std::vector<uint32_t> items;
      for (const ScoredItem& scored : answers[i - first]) items.push_back(scored.item);
      result.push_back(rank_in_list(items, model.dataset().target(users[i], options.split)));
    }
    report(options, last, users.size());
  }
  return result;
}

// The user in the text, and whose items the prompt is folded in from.
InputUser input_user(const PeapodModel& model, uint32_t user, uint32_t owner, Split split) {
  return {.text_user = user, .known_as = owner, .profile = model.dataset().items_before(owner, split)};
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
    Random random(options.seed, 0xe7);
    random.shuffle(users);
    users.resize(options.max_users);
    std::ranges::sort(users);
  }
  return users;
}

std::vector<uint32_t> sequential_ranks(const PeapodModel& model, const EvaluationOptions& options) {
  const CatalogueTree catalogue = catalogue_of(model);
  return ranks(model, catalogue, options, [&](uint32_t user, uint32_t owner, size_t) {
    const auto history = model.dataset().items_before(user, options.split);
    ItemRequest request{
        model.input(Task::sequential, 0, input_user(model, user, owner, options.split), history), &catalogue, {}};
    if (!options.include_seen) request.excluded.assign(history.begin(), history.end());
    return request;
  });
}

std::vector<uint32_t> topn_ranks(const PeapodModel& model, const EvaluationOptions& options) {
  const Dataset& data = model.dataset();
  const CatalogueTree catalogue = catalogue_of(model);
  std::vector<CatalogueTree> trees(kRequestsAtOnce);
  return ranks(model, catalogue, options, [&](uint32_t user, uint32_t owner, size_t place) {
    std::vector<uint32_t> candidates(data.negatives(user).begin(), data.negatives(user).end());
    candidates.push_back(data.target(user, options.split));
    // The place of the positive must say nothing; the order is the user's own and stays the same from run to run.
    Random random(mix64(0xca4d, user));
    random.shuffle(candidates);
    trees[place] = catalogue.restricted_to(candidates);
    return ItemRequest{
        model.input(Task::topn, 0, input_user(model, user, owner, options.split), candidates), &trees[place], {}};
  });
}

bool has_explanations(const Dataset& data, Split split) {
  const auto in = [&](Split wanted) {
    return std::ranges::any_of(data.explanations(), [&](const Explanation& e) { return e.split == wanted; });
  };
  return in(Split::train) && in(split);
}

GeneratedExplanations generate_explanations(const PeapodModel& model, const EvaluationOptions& options,
                                            bool swap_items) {
  const Dataset& data = model.dataset();
  std::vector<const Explanation*> wanted;
  for (const Explanation& e : data.explanations()) {
    if (e.split == options.split) wanted.push_back(&e);
  }
  const PackedNetwork network(model.network(), {.precision = options.precision});
  GeneratedExplanations result;
  for (size_t first = 0; first < wanted.size(); first += kRequestsAtOnce) {
    const size_t last = std::min(wanted.size(), first + kRequestsAtOnce);
    std::vector<ModelInput> inputs;
    for (size_t i = first; i < last; ++i) {
      const Explanation& e = *wanted[i];
      const uint32_t item = swap_items ? another_item(wanted, i) : e.item;
      // What is known before the item the explanation speaks of is known in either split.
      const auto known = data.evaluated(e.user) ? data.items_before(e.user, options.split) : data.history(e.user);
      // As in training and in use, the item that is asked about is not among them.
      std::vector<uint32_t> profile(known.begin(), known.end());
      std::erase(profile, item);
      inputs.push_back(model.input(Task::explanation, 0, {.text_user = e.user, .known_as = e.user, .profile = profile},
                                   std::span(&item, 1)));
    }
    const auto texts = peapod::generate_explanations(model, network, inputs);
    for (size_t i = first; i < last; ++i) {
      const auto& best = texts[i - first];
      result.sentences.push_back(best.empty() ? "" : model.tokenizer().decode(best.front().tokens));
      result.references.push_back(wanted[i]->sentence);
    }
    report(options, last, wanted.size());
  }
  return result;
}

}  // namespace peapod
