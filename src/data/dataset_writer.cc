// PreparedData -> prepared directory.
#include <fmt/format.h>

#include <cassert>
#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "base/files.h"
#include "data/preparation.h"
#include "data/prepared_files.h"

namespace peapod {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

using prepared_files::line_of;

std::string users_text(const std::vector<UserInfo>& users) {
  std::string text;
  for (const UserInfo& user : users) text += line_of({{"name", user.name}, {"aliases", user.aliases}});
  return text;
}

std::string items_text(const std::vector<ItemInfo>& items) {
  std::string text;
  for (const ItemInfo& item : items) {
    Json line = {
        {"name", item.name}, {"aliases", item.aliases}, {"title", item.title}, {"categories", item.categories}};
    if (item.price) line["price"] = *item.price;
    if (item.available) line["available"] = *item.available;
    text += line_of(line);
  }
  return text;
}

Json json_of(const SourceSummary& source) {
  Json rejects = Json::array();
  for (const RejectedLines& one : source.rejects) rejects.push_back({{"reason", one.reason}, {"lines", one.lines}});
  Json object = {{"reading", source.reading},
                 {"users", source.users},
                 {"items", source.items},
                 {"interactions", source.interactions},
                 {"merged_repeats", source.merged_repeats},
                 {"repeats", source.repeats},
                 {"rejected_lines", source.rejected_lines},
                 {"rejects", rejects}};
  if (source.times) {
    object["times"] = {{"first", source.times->first},
                       {"last", source.times->last},
                       {"ties", source.times->ties},
                       {"histogram", source.times->histogram}};
  }
  return object;
}

}  // namespace

void write_dataset(const fs::path& directory, const PreparedData& data, const ItemIds& ids) {
  namespace files = prepared_files;
  PendingDirectory pending(directory, Dataset::file_names());
  Json sizes = Json::object();
  const auto write = [&](std::string_view name, const std::string& contents) {
    pending.fill([&](const fs::path& inside) { write_file_atomically(inside / name, contents); });
    sizes[std::string(name)] = {{"bytes", contents.size()}, {"checksum", checksum(contents)}};
  };
  write(files::kInteractions, data.interactions.table().serialize());
  write(files::kNegatives, data.negatives.table().serialize());
  write(files::kItemIds, files::item_ids_file(ids, data.items.size()));
  write(files::kUsers, users_text(data.users));
  write(files::kItems, items_text(data.items));
  write(files::kExplanations, files::explanations_file(data.explanations));

  const Json manifest = {
      {"format", files::kFormat},
      {"version", files::kVersion},
      {"name", data.name},
      {"source_format", name_of(data.format)},
      {"split", name_of(data.split)},
      {"repeats", name_of(data.repeats)},
      {"num_users", data.users.size()},
      {"num_items", data.items.size()},
      {"num_interactions", data.num_interactions()},
      {"num_explanations", data.explanations.size()},
      {"ids", {{"scheme", name_of(ids.scheme)}, {"level_sizes", ids.level_sizes}}},
      {"options", {{"min_user", data.min_user}, {"min_item", data.min_item}, {"seed", data.seed}}},
      {"source", json_of(data.source)},
      {"files", sizes},
  };
  const std::string sealed_manifest = sealed(manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  pending.fill([&](const fs::path& inside) { write_file_atomically(inside / files::kManifest, sealed_manifest); });
  pending.commit();
}

}  // namespace peapod
