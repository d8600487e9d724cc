// `peapod recommend`: the next items of a user, or the best of given candidates.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/names.h"
#include "cli/output.h"
#include "recommender.h"
#include "tensor/gemm.h"

namespace peapod::cli {
namespace {

constexpr WholeRange kRecommendable{1, kMaxRecommended};

struct RecommendFlags {
  std::string model;
  std::string user;
  std::vector<std::string> history, then, candidates;  // as names_in() reads them
  RecommendRequest request;
  std::string precision = "auto";
  std::string json;
};

std::string table_of(const std::vector<RecommendedItem>& items) {
  if (items.empty())
    return "No item is left to recommend: filters, availability and the items already seen leave none.\n";
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
  if (flags.user.empty() == flags.history.empty()) throw CLI::RequiredError("Either --user or --history");
  RecommendRequest request = flags.request;
  if (!flags.user.empty()) request.user = flags.user;
  request.history = names_in("--history", flags.history);
  request.newer = names_in("--then", flags.then);
  request.candidates = names_in("--candidates", flags.candidates);
  const Recommender recommender = Recommender::load(flags.model, {.precision = flags.precision});
  const std::vector<RecommendedItem> items = recommender.recommend(request);
  if (flags.json != "-") print(table_of(items));
  write_json(flags.json, json_of(request, items));
}

}  // namespace

void add_recommend(CLI::App& app) {
  CLI::App* command = app.add_subcommand("recommend", "The next items of a user, or the best of given candidates");
  const auto flags = std::make_shared<RecommendFlags>();  // shared: the callback outlives this function
  command->add_option("model", flags->model, "Model directory")->required();
  CLI::Option* user = command->add_option("--user", flags->user, "A user of the data set");
  CLI::Option* history =
      add_items(*command, "--history", flags->history, "Instead: what a new user did, oldest first")->excludes(user);
  add_items(*command, "--then", flags->then, "What the user did after that, oldest first")
      ->needs(user)
      ->excludes(history);
  add_number(*command, "--n", flags->request.n, kRecommendable, "How many items");
  CLI::Option* candidates = add_items(*command, "--candidates", flags->candidates, "Rank these items (the top-n task)");
  command->add_option("--filter", flags->request.category, "Only items of this category")
      ->type_name("CATEGORY")
      ->check(name_check("a category"));
  const RealRange prices;
  for (const auto& [flag, price, meaning] :
       {std::tuple("--min-price", &flags->request.min_price, "Only items with a price of at least X"),
        {"--max-price", &flags->request.max_price, "Only items with a price of at most X"}}) {
    command->add_option(flag, *price, meaning)->type_name(shown_in_help(prices))->check(number_check(prices));
  }
  command
      ->add_flag("--include-unavailable", flags->request.include_unavailable,
                 "Also items that the data set says cannot be had")
      ->excludes(candidates);
  for (CLI::Option* seen : add_seen(*command, flags->request.include_seen)) seen->excludes(candidates);
  add_number(*command, "--beams", flags->request.num_beams, kRecommendable,
             "Width of the search; at least --n is used");
  command->add_option("--precision", flags->precision, "Arithmetic of the matrix products")
      ->check(CLI::IsMember(kPrecisions.names()))
      ->capture_default_str();
  add_json(*command, flags->json, "the answer as JSON");
  command->callback([flags] { recommend(*flags); });
}

}  // namespace peapod::cli
