#include "recommender.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <exception>
#include <numeric>

#include "base/error.h"
#include "base/nearest_name.h"

namespace peapod {
namespace {

constexpr size_t kUsersAtOnce = 64;  // whose weights are computed in one pass

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

double entropy_bits(std::span<const double> weights) {
  double bits = 0;
  for (const double w : weights) {
    if (w > 0) bits -= w * std::log2(w);
  }
  return bits;
}

// Rows of weights, one a user -> H(mean row) - mean H(row). Rounding can leave a hair below 0.
double information_bits(const std::vector<std::span<const float>>& rows) {
  const auto n = static_cast<double>(rows.size());
  std::vector<double> mean(rows.front().size());
  double mean_entropy = 0;
  for (const std::span<const float> row : rows) {
    const std::vector<double> weights(row.begin(), row.end());
    for (size_t m = 0; m < mean.size(); ++m) mean[m] += weights[m] / n;
    mean_entropy += entropy_bits(weights) / n;
  }
  return std::max(0.0, entropy_bits(mean) - mean_entropy);
}

bool has_training_explanations(const Dataset& data) {
  return std::ranges::any_of(data.explanations(),
                             [](const Explanation& explanation) { return explanation.split == Split::train; });
}

void check_count(const char* name, uint32_t value) {
  if (value == 0 || value > kMaxRecommended) {
    throw Error(name, fmt::format("expected 1 to {}, got {}", kMaxRecommended, value));
  }
}

void keep_first_of_each(std::vector<uint32_t>& items) {
  std::vector<uint32_t> kept;
  std::vector<uint32_t> seen;  // ascending
  for (const uint32_t item : items) {
    const auto place = std::ranges::lower_bound(seen, item);
    if (place != seen.end() && *place == item) continue;
    seen.insert(place, item);
    kept.push_back(item);
  }
  items = std::move(kept);
}

}  // namespace

PromptUsage prompt_usage(std::span<const PromptWeights> users) {
  if (users.empty()) throw Error("", "there are no users whose prompt weights could be compared");
  const size_t heads = users.front().by_head.rows;
  PromptUsage usage;
  usage.mean_weights.resize(users.front().mean.size());
  std::vector<std::span<const float>> rows(users.size());
  for (size_t h = 0; h < heads; ++h) {
    std::ranges::transform(users, rows.begin(), [&](const PromptWeights& user) { return user.by_head.row(h); });
    usage.information.push_back(information_bits(rows));
    usage.mean_information += usage.information.back() / static_cast<double>(heads);
  }
  std::ranges::transform(users, rows.begin(), [](const PromptWeights& user) { return std::span(user.mean); });
  usage.information_of_mean = information_bits(rows);
  for (const std::span<const float> row : rows) {
    for (size_t m = 0; m < row.size(); ++m) usage.mean_weights[m] += row[m] / static_cast<double>(users.size());
  }
  return usage;
}

Recommender::Recommender(PeapodModel model, Precision precision)
    : model_(std::move(model)),
      catalogue_(catalogue_of(model_)),
      can_explain_(has_training_explanations(dataset())),
      network_(model_.network(), {.precision = precision, .text = can_explain_, .item_tokens = catalogue_.alphabet()}) {
  for (uint32_t item = 0; item < dataset().num_items(); ++item) {
    for (const std::string& category : dataset().item_categories(item)) {
      std::vector<uint32_t>& items = categories_[lower(category)];
      if (items.empty() || items.back() != item) items.push_back(item);
    }
  }
}

Recommender Recommender::load(const std::filesystem::path& directory, Precision precision) {
  return {PeapodModel::load(directory), precision};
}

std::vector<uint32_t> Recommender::items_named(std::span<const std::string> names) const {
  std::vector<uint32_t> items;
  for (const std::string& name : names) items.push_back(dataset().require_item(name));
  return items;
}

const std::vector<uint32_t>& Recommender::items_of_category(const std::string& category) const {
  const auto found = categories_.find(lower(category));
  if (found != categories_.end()) return found->second;
  if (categories_.empty()) {
    throw Error("category", fmt::format("the data set \"{}\" has no categories", dataset().name()),
                "leave the filter out, or prepare the data with item descriptions");
  }
  std::vector<std::string> names;
  for (const auto& [name, items] : categories_) names.push_back(name);
  const std::string nearest = nearest_name(lower(category), names);
  throw Error("category", fmt::format("no item has the category \"{}\"", category),
              nearest.empty() ? fmt::format("there are {}, e.g. \"{}\"", names.size(), names.front())
                              : fmt::format("did you mean \"{}\"?", nearest));
}

InputUser Recommender::known_user(uint32_t user) const {
  return {.text_user = user, .known_as = user, .profile = dataset().history(user)};
}

std::vector<RecommendedItem> Recommender::recommend(const Request& request) const {
  if (request.user.has_value() == !request.history.empty()) {
    throw Error("request",
                request.user ? "has both a user and a history" : "has neither a user nor a history with items",
                "give the name of a known user, or the items of a new one");
  }
  check_count("n", request.n);
  check_count("num_beams", request.num_beams);
  const std::vector<uint32_t> new_history = items_named(request.history);
  const InputUser user =
      request.user ? known_user(dataset().require_user(*request.user)) : InputUser{.profile = new_history};
  std::vector<uint32_t> candidates = items_named(request.candidates);
  keep_first_of_each(candidates);
  const bool is_topn = !candidates.empty();

  ItemRequest query;
  query.tree = &catalogue_;
  CatalogueTree restricted;
  if (!request.category.empty()) {
    const std::vector<uint32_t>& allowed = items_of_category(request.category);
    std::erase_if(candidates, [&](uint32_t item) { return !std::ranges::binary_search(allowed, item); });
    if (!is_topn) {
      restricted = catalogue_.restricted_to(allowed);
      query.tree = &restricted;
    }
  }
  if (is_topn) {
    if (candidates.empty()) return {};  // none is of the category
    // One whole-word index for each, one for the user, and index 0 for other text.
    const size_t room = model_.network().config().num_whole_words - 2;
    if (candidates.size() > room) {
      throw Error("candidates", fmt::format("{} items, but this model tells at most {} apart", candidates.size(), room),
                  "rank fewer at a time, or filter by category instead");
    }
    restricted = catalogue_.restricted_to(candidates);
    query.tree = &restricted;
    query.input = model_.input(Task::topn, 0, user, candidates);
  } else {
    query.input = model_.input(Task::sequential, 0, user, user.profile);
    if (!request.include_seen) query.excluded.assign(user.profile.begin(), user.profile.end());
  }
  const auto n = static_cast<uint32_t>(std::min<size_t>(request.n, query.tree->num_items()));
  const auto answers = generate_items(network_, std::span(&query, 1),
                                      {.num_items = n, .num_beams = std::max(request.n, request.num_beams)});
  std::vector<RecommendedItem> items;
  for (const ScoredItem& scored : answers.front()) {
    items.push_back({dataset().item_name(scored.item), dataset().item_title(scored.item), scored.score});
  }
  return items;
}

ExplainAnswer Recommender::explain(const std::string& user_name, const std::string& item_name) const {
  if (!can_explain_) {
    throw Error("explain",
                fmt::format("this model learned no explanations: the data set \"{}\" has none in its training part",
                            dataset().name()),
                "prepare one with review texts (--format amazon) or with an explanation.json (--format pod) and train "
                "on it");
  }
  const uint32_t user = dataset().require_user(user_name);
  const uint32_t item = dataset().require_item(item_name);
  // As in training, the item itself is not among those that the user vector is folded in from.
  const auto history = dataset().history(user);
  std::vector<uint32_t> others;
  std::ranges::copy_if(history, std::back_inserter(others), [&](uint32_t other) { return other != item; });
  const ModelInput input =
      model_.input(Task::explanation, 0, {.text_user = user, .known_as = user, .profile = others}, std::span(&item, 1));
  const auto texts = generate_explanations(model_, network_, std::span(&input, 1));

  ExplainAnswer answer;
  answer.item = dataset().item_name(item);
  answer.title = dataset().item_title(item);
  for (const Text& text : texts.front()) {
    std::string sentence = model_.tokenizer().decode(text.tokens);
    if (answer.sentence.empty()) {
      answer.sentence = std::move(sentence);
    } else if (sentence != answer.sentence &&
               std::ranges::find(answer.alternatives, sentence) == answer.alternatives.end()) {
      answer.alternatives.push_back(std::move(sentence));
      if (answer.alternatives.size() == kMaxAlternatives) break;
    }
  }
  if (has_prompt_weights()) {
    const ModelInput* const inputs[] = {&input};
    answer.weights = weights_of(inputs).front();
  }
  return answer;
}

bool Recommender::has_prompt_weights() const {
  return model_.network().config().composer.kind == ComposerKind::shared_prompts;
}

void Recommender::require_prompt_weights() const {
  if (has_prompt_weights()) return;
  throw Error("prompt weights",
              fmt::format("this model's composer is {}, which mixes no shared prompts",
                          name_of(model_.network().config().composer.kind)),
              "train one with --composer shared-prompts");
}

std::vector<PromptWeights> Recommender::weights_of(std::span<const ModelInput* const> inputs) const {
  const ComposerConfig& composer = model_.network().config().composer;
  const size_t size = composer.heads * composer.num_prompts;
  std::vector<float> values(inputs.size() * size);
  Tape<float> tape({.record = false, .precision = network_.precision()});
  Pass<float> pass{tape};
  model_.network().encode(pass, inputs, values.data());
  std::vector<PromptWeights> result(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    PromptWeights& weights = result[i];
    weights.by_head = Matrix(composer.heads, composer.num_prompts);
    std::copy_n(values.data() + i * size, size, weights.by_head.values.data());
    weights.mean.assign(composer.num_prompts, 0.0f);
    for (size_t h = 0; h < composer.heads; ++h) {
      for (size_t m = 0; m < composer.num_prompts; ++m) {
        weights.mean[m] += weights.by_head.row(h)[m] / static_cast<float>(composer.heads);
      }
    }
  }
  return result;
}

PromptWeights Recommender::prompt_weights(const std::string& user_name) const {
  require_prompt_weights();
  const uint32_t user = dataset().require_user(user_name);
  // The weights depend on the user vector alone, so the shortest text will do; the same below.
  const ModelInput input = model_.input(Task::explanation, 0, known_user(user), dataset().history(user).first(1));
  const ModelInput* const inputs[] = {&input};
  return weights_of(inputs).front();
}

std::vector<PromptWeights> Recommender::prompt_weights_of_all() const {
  require_prompt_weights();
  const size_t num_users = dataset().num_users();
  std::vector<PromptWeights> result(num_users);
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic)
  for (size_t first = 0; first < num_users; first += kUsersAtOnce) {
    try {
      const size_t last = std::min(num_users, first + kUsersAtOnce);
      std::vector<ModelInput> inputs;
      for (size_t user = first; user < last; ++user) {
        const auto u = static_cast<uint32_t>(user);
        inputs.push_back(model_.input(Task::explanation, 0, known_user(u), dataset().history(u).first(1)));
      }
      std::vector<const ModelInput*> views;
      for (const ModelInput& input : inputs) views.push_back(&input);
      std::ranges::move(weights_of(views), result.begin() + static_cast<ptrdiff_t>(first));
    } catch (...) {
#pragma omp critical(peapod_recommender_failure)
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace peapod
