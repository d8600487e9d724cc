// `peapod recommend`: the next items of a user, or the best of given candidates.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "recommender.h"
#include "tensor/gemm.h"

namespace peapod::cli {
namespace {

struct RecommendFlags {
  std::string model;
  std::string user;
  RecommendRequest request;
  std::string precision = "auto";
  std::string json;
};

std::string table_of(const std::vector<RecommendedItem>& items) {
  if (items.empty()) return "No item is left to recommend: the filter and the items already seen leave none.\n";
  size_t width = 4;
  for (const RecommendedItem& item : items) width = std::max(width, item.item.size());
  std::string text = fmt::format("{:>4}  {:<{}}  {:>9}  title\n", "rank", "item", width, "score");
  for (size_t i = 0; i < items.size(); ++i) {
    text += fmt::format("{:>4}  {:<{}}  {:>9.4f}  {}\n", i + 1, items[i].item, width, items[i].score, items[i].title);
  }
  return text;
}

std::string json_of(const RecommendRequest& request, const std::vector<RecommendedItem>& items) {
  nlohmann::ordered_json object = {{"user", nullptr}, {"items", nlohmann::ordered_json::array()}};
  if (request.user) object["user"] = *request.user;
  for (const RecommendedItem& item : items) {
    object["items"].push_back({{"item", item.item}, {"title", item.title}, {"score", item.score}});
  }
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

void recommend(const RecommendFlags& flags) {
  if (flags.user.empty() == flags.request.history.empty()) throw CLI::RequiredError("Either --user or --history");
  RecommendRequest request = flags.request;
  if (!flags.user.empty()) request.user = flags.user;
  const Recommender recommender = Recommender::load(flags.model, {.precision = flags.precision});
  const std::vector<RecommendedItem> items = recommender.recommend(request);
  if (flags.json != "-") std::cout << table_of(items) << std::flush;
  write_json(flags.json, json_of(request, items));
}

}  // namespace

void add_recommend(CLI::App& app) {
  CLI::App* command = app.add_subcommand("recommend", "The next items of a user, or the best of given candidates");
  const auto flags = std::make_shared<RecommendFlags>();  // shared: the callback outlives this function
  command->add_option("model", flags->model, "Model directory")->required();
  const auto add_items = [&](const char* name, std::vector<std::string>& items, const char* meaning) {
    return command->add_option(name, items, meaning)->delimiter(',')->allow_extra_args(false)->type_name("A,B,...");
  };
  CLI::Option* user = command->add_option("--user", flags->user, "A user of the data set");
  add_items("--history", flags->request.history, "Instead: what a new user did, oldest first")->excludes(user);
  command->add_option("--n", flags->request.n, "How many items")
      ->check(CLI::Range(1u, kMaxRecommended))
      ->capture_default_str();
  add_items("--candidates", flags->request.candidates, "Rank these items (the top-n task)");
  command->add_option("--filter", flags->request.category, "Only items of this category")->type_name("CATEGORY");
  command->add_flag("--include-seen", flags->request.include_seen, "Recommend items of the history too");
  command->add_option("--beams", flags->request.num_beams, "Width of the search; at least --n is used")
      ->check(CLI::Range(1u, kMaxRecommended))
      ->capture_default_str();
  command->add_option("--precision", flags->precision, "Arithmetic of the matrix products")
      ->check(CLI::IsMember(kPrecisions.names()))
      ->capture_default_str();
  command->add_option("--json", flags->json, "Write the answer as JSON; - is standard output")->type_name("FILE");
  command->callback([flags] { recommend(*flags); });
}

}  // namespace peapod::cli
