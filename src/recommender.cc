#include "recommender.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.h"
#include "base/nearest_name.h"
#include "decode/answerer.h"
#include "model/peapod_model.h"
#include "model/prompt_weights.h"
#include "model/question.h"

namespace peapod {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool has_training_explanations(const Dataset& data) {
  return std::ranges::any_of(data.explanations(),
                             [](const Explanation& explanation) { return explanation.split == Split::train; });
}

// The items of each category, by its name in lower case; items ascending.
using Categories = std::map<std::string, std::vector<uint32_t>>;

Categories categories_of(const Dataset& data) {
  Categories categories;
  for (uint32_t item = 0; item < data.num_items(); ++item) {
    for (const std::string& category : data.item_categories(item)) {
      std::vector<uint32_t>& items = categories[lower(category)];
      if (items.empty() || items.back() != item) items.push_back(item);
    }
  }
  return categories;
}

void check_count(const char* name, uint32_t value) {
  if (value == 0 || value > kMaxRecommended) {
    throw Error(name, fmt::format("expected 1 to {}, got {}", kMaxRecommended, value));
  }
}

// Calls make(request) for each request; an error of one of several says which it is.
template <class Request, class Make>
std::vector<Question> questions_of(std::span<const Request> requests, const Make& make) {
  std::vector<Question> questions;
  for (const Request& request : requests) {
    try {
      questions.push_back(make(request));
    } catch (const Error& error) {
      if (requests.size() == 1) throw;
      throw Error(fmt::format("request {}: {}", questions.size() + 1, error.where()), error.problem(), error.remedy());
    }
  }
  return questions;
}

}  // namespace

struct Recommender::Loaded {
  Loaded(PeapodModel loaded, Precision precision)
      : model(std::move(loaded)),
        can_explain(has_training_explanations(data())),
        answerer(model, {.precision = precision, .explains = can_explain}),
        categories(categories_of(data())) {
    for (uint32_t item = 0; item < data().num_items(); ++item) {
      has_prices = has_prices || data().item_price(item).has_value();
      has_unavailable = has_unavailable || data().item_available(item) == false;
    }
  }

  const Dataset& data() const { return model.dataset(); }

  std::vector<uint32_t> items_named(std::span<const std::string> names) const {
    std::vector<uint32_t> items;
    for (const std::string& name : names) items.push_back(data().require_item(name));
    return items;
  }

  // Who makes the request; `history` holds what a new user did for as long as the result is used.
  template <class Request>
  Known asker(const Request& request, std::vector<uint32_t>& history) const {
    if (request.user.has_value() == !request.history.empty()) {
      throw Error("request",
                  request.user ? "has both a user and a history" : "has neither a user nor a history with items",
                  "give the name of a known user, or the items of a new one");
    }
    if (request.user) return known_in_use(data(), data().require_user(*request.user));
    history = items_named(request.history);
    return {.items = history};
  }

  const std::vector<uint32_t>& items_of_category(const std::string& category) const;
  // What category, price and availability leave of the catalogue, ascending; nullopt where that is all of it.
  std::optional<std::vector<uint32_t>> items_admitted_by(const RecommendRequest& request) const;
  Question question_of(const RecommendRequest& request) const;
  Question question_of(const ExplainRequest& request) const;

  PeapodModel model;
  bool can_explain;
  Answerer answerer;  // of the model
  Categories categories;
  bool has_prices = false, has_unavailable = false;
};

const std::vector<uint32_t>& Recommender::Loaded::items_of_category(const std::string& category) const {
  const auto found = categories.find(lower(category));
  if (found != categories.end()) return found->second;
  if (categories.empty()) {
    throw Error("category", fmt::format("the data set \"{}\" has no categories", data().name()),
                "leave the filter out, or prepare the data with item descriptions");
  }
  std::vector<std::string> names;
  for (const auto& [name, items] : categories) names.push_back(name);
  const std::string nearest = nearest_name(lower(category), names);
  throw Error("category", fmt::format("no item has the category \"{}\"", category),
              nearest.empty() ? fmt::format("there are {}, e.g. \"{}\"", names.size(), names.front())
                              : fmt::format("did you mean \"{}\"?", nearest));
}

std::optional<std::vector<uint32_t>> Recommender::Loaded::items_admitted_by(const RecommendRequest& request) const {
  const bool asks_price = request.min_price || request.max_price;
  for (const auto& [name, price] : {std::pair("min_price", request.min_price), {"max_price", request.max_price}}) {
    if (price && !(*price >= 0)) throw Error(name, fmt::format("expected a number of 0 or more, got {:g}", *price));
  }
  if (request.min_price && request.max_price && *request.min_price > *request.max_price) {
    throw Error("min_price", fmt::format("{:g} is above `max_price`, {:g}", *request.min_price, *request.max_price),
                "exchange the two");
  }
  if (asks_price && !has_prices) {
    throw Error(request.min_price ? "min_price" : "max_price",
                fmt::format("the data set \"{}\" has no prices", data().name()),
                "leave it out, or prepare the data with a table of items that has a column of prices");
  }
  const bool asks_availability = has_unavailable && !request.include_unavailable && request.candidates.empty();
  if (request.category.empty() && !asks_price && !asks_availability) return std::nullopt;
  std::vector<uint32_t> admitted;
  const auto consider = [&](uint32_t item) {
    if (asks_availability && data().item_available(item) == false) return;
    if (asks_price) {
      const std::optional<double> price = data().item_price(item);
      if (!price || *price < request.min_price.value_or(0) || (request.max_price && *price > *request.max_price))
        return;
    }
    admitted.push_back(item);
  };
  if (request.category.empty()) {
    for (uint32_t item = 0; item < data().num_items(); ++item) consider(item);
  } else {
    std::ranges::for_each(items_of_category(request.category), consider);
  }
  return admitted;
}

Question Recommender::Loaded::question_of(const RecommendRequest& request) const {
  std::vector<uint32_t> history;
  Known who = asker(request, history);
  if (!request.newer.empty()) {
    if (!request.user) {
      throw Error("newer", "items that came later are those of a known user, and the request has none",
                  "put them at the end of the history");
    }
    history.assign(who.items.begin(), who.items.end());
    const std::vector<uint32_t> newer = items_named(request.newer);
    history.insert(history.end(), newer.begin(), newer.end());
    who.items = history;
  }
  check_count("n", request.n);
  check_count("num_beams", request.num_beams);
  AskOptions asking{.include_seen = request.include_seen, .n = request.n, .beams = request.num_beams};
  asking.allowed.only = items_admitted_by(request);
  if (request.candidates.empty()) return ask_next_item(model, who, asking);
  return ask_ranking(model, who, items_named(request.candidates), asking);
}

Question Recommender::Loaded::question_of(const ExplainRequest& request) const {
  std::vector<uint32_t> history;
  const Known who = asker(request, history);
  return ask_explanation(model, who, data().require_item(request.item));
}

Recommender::Recommender(std::unique_ptr<const Loaded> loaded) : loaded_(std::move(loaded)) {}
Recommender::Recommender(Recommender&&) noexcept = default;
Recommender& Recommender::operator=(Recommender&&) noexcept = default;
Recommender::~Recommender() = default;

Recommender Recommender::load(const std::filesystem::path& directory, const RecommenderOptions& options) {
  const Precision precision = precision_from(options.precision);
  return Recommender(std::make_unique<const Loaded>(PeapodModel::load(directory), precision));
}

std::vector<std::vector<RecommendedItem>> Recommender::recommend(std::span<const RecommendRequest> requests) const {
  const auto questions =
      questions_of(requests, [&](const RecommendRequest& request) { return loaded_->question_of(request); });
  std::vector<std::vector<RecommendedItem>> results;
  for (const Answer& answer : loaded_->answerer.answer(questions)) {
    std::vector<RecommendedItem>& items = results.emplace_back();
    for (const ScoredItem& scored : answer.items) {
      items.push_back({loaded_->data().item_name(scored.item), loaded_->data().item_title(scored.item), scored.score});
    }
  }
  return results;
}

std::vector<RecommendedItem> Recommender::recommend(const RecommendRequest& request) const {
  return std::move(recommend(std::span(&request, 1)).front());
}

std::vector<ExplainedItem> Recommender::explain(std::span<const ExplainRequest> requests) const {
  if (!loaded_->can_explain) {
    throw Error(
        "explain",
        fmt::format("this model learned no explanations: the data set \"{}\" has none in its training part",
                    loaded_->data().name()),
        "prepare one with review texts (format amazon) or with an explanation.json (format pod) and train on it");
  }
  const auto questions =
      questions_of(requests, [&](const ExplainRequest& request) { return loaded_->question_of(request); });
  const std::vector<Answer> answers = loaded_->answerer.answer(questions);
  std::vector<ExplainedItem> results;
  for (size_t i = 0; i < requests.size(); ++i) {
    const uint32_t item = loaded_->data().require_item(requests[i].item);
    ExplainedItem& result = results.emplace_back();
    result.item = loaded_->data().item_name(item);
    result.title = loaded_->data().item_title(item);
    for (const std::string& sentence : answers[i].sentences) {
      if (result.sentence.empty()) {
        result.sentence = sentence;
      } else if (sentence != result.sentence &&
                 std::ranges::find(result.alternatives, sentence) == result.alternatives.end()) {
        result.alternatives.push_back(sentence);
        if (result.alternatives.size() == kMaxAlternatives) break;
      }
    }
  }
  return results;
}

ExplainedItem Recommender::explain(const ExplainRequest& request) const {
  return std::move(explain(std::span(&request, 1)).front());
}

std::vector<RecalledEvidence> Recommender::recalled(const std::string& user, size_t n) const {
  const Dataset& data = loaded_->data();
  const auto recalled = recalled_of(loaded_->model, known_in_use(data, data.require_user(user)));
  std::vector<RecalledEvidence> results;
  for (const RecalledItem& one : std::span(recalled).first(std::min(n, recalled.size()))) {
    results.push_back(
        {data.item_name(one.item), data.item_title(one.item), one.score, one.evidence, one.titles, one.repeats});
  }
  return results;
}

std::vector<std::vector<float>> Recommender::prompt_weights(const std::string& user) const {
  const uint32_t users[] = {loaded_->data().require_user(user)};
  const PromptWeights weights = peapod::prompt_weights(loaded_->model, users).front();
  std::vector<std::vector<float>> rows;
  for (size_t h = 0; h < weights.by_head.rows; ++h) {
    const auto row = weights.by_head.row(h);
    rows.emplace_back(row.begin(), row.end());
  }
  return rows;
}

}  // namespace peapod
