// `peapod explain`: one sentence on why this user would like this item.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/names.h"
#include "cli/output.h"
#include "recommender.h"
#include "tensor/gemm.h"

namespace peapod::cli {
namespace {

struct ExplainFlags {
  std::string model;
  std::string user;
  std::vector<std::string> history;  // as names_in() reads it
  ExplainRequest request;
  std::string precision = "auto";
  std::string json;
};

void explain(const ExplainFlags& flags) {
  if (flags.history.empty() == flags.user.empty()) throw CLI::RequiredError("Either --user or --history");
  ExplainRequest request = flags.request;
  if (!flags.user.empty()) request.user = flags.user;
  request.history = names_in("--history", flags.history);
  const Recommender recommender = Recommender::load(flags.model, {.precision = flags.precision});
  const ExplainedItem answer = recommender.explain(request);
  if (flags.json != "-") print(answer.sentence + '\n');
  nlohmann::ordered_json object = {{"user", nullptr},
                                   {"item", answer.item},
                                   {"title", answer.title},
                                   {"explanation", answer.sentence},
                                   {"alternatives", answer.alternatives}};
  if (request.user) object["user"] = *request.user;
  write_json(flags.json, object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

void add_explain(CLI::App& app) {
  CLI::App* command = app.add_subcommand("explain", "Say why a user would like an item");
  const auto flags = std::make_shared<ExplainFlags>();  // shared: the callback outlives this function
  command->add_option("model", flags->model, "Model directory")->required();
  CLI::Option* user = command->add_option("--user", flags->user, "A user of the data set");
  add_items(*command, "--history", flags->history, "Instead: what a new user did, oldest first")->excludes(user);
  command->add_option("--item", flags->request.item, "An item of the data set")->required();
  command->add_option("--precision", flags->precision, "Arithmetic of the matrix products")
      ->check(CLI::IsMember(kPrecisions.names()))
      ->capture_default_str();
  add_json(*command, flags->json, "the answer as JSON");
  command->callback([flags] { explain(*flags); });
}

}  // namespace peapod::cli
