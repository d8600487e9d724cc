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

// One line; text that is not UTF-8 is repaired, so that what is written can always be read.
std::string line_of(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string users_text(const std::vector<UserInfo>& users) {
  std::string text;
  for (const UserInfo& user : users) text += line_of({{"name", user.name}, {"aliases", user.aliases}});
  return text;
}

std::string items_text(const std::vector<ItemInfo>& items) {
  std::string text;
  for (const ItemInfo& item : items) {
    text += line_of(
        {{"name", item.name}, {"aliases", item.aliases}, {"title", item.title}, {"categories", item.categories}});
  }
  return text;
}

std::string explanations_text(const std::vector<Explanation>& explanations) {
  std::string text;
  for (const Explanation& explanation : explanations) {
    text += line_of({{"user", explanation.user},
                     {"item", explanation.item},
                     {"split", name_of(explanation.split)},
                     {"feature", explanation.feature},
                     {"sentence", explanation.sentence}});
  }
  return text;
}

template <class T>
std::string ids_table(std::span<const T> values, size_t num_items, size_t width) {
  assert(values.size() == num_items * width);
  RaggedRows<T> rows;
  for (size_t item = 0; item < num_items; ++item) rows.add_row(values.subspan(item * width, width));
  return rows.table().serialize();
}

std::string ids_table(const ItemIds& ids, size_t num_items) {
  return ids.scheme == IdScheme::collaborative
             ? ids_table(std::span<const uint16_t>(ids.codes), num_items, ids.level_sizes.size())
             : ids_table(std::span<const uint32_t>(ids.numbers), num_items, 1);
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
  write(files::kItemIds, ids_table(ids, data.items.size()));
  write(files::kUsers, users_text(data.users));
  write(files::kItems, items_text(data.items));
  write(files::kExplanations, explanations_text(data.explanations));

  const Json manifest = {
      {"format", files::kFormat},
      {"version", files::kVersion},
      {"name", data.name},
      {"source_format", name_of(data.format)},
      {"num_users", data.users.size()},
      {"num_items", data.items.size()},
      {"num_interactions", data.num_interactions()},
      {"num_explanations", data.explanations.size()},
      {"ids", {{"scheme", name_of(ids.scheme)}, {"level_sizes", ids.level_sizes}}},
      {"options", {{"min_user", data.min_user}, {"min_item", data.min_item}, {"seed", data.seed}}},
      {"files", sizes},
  };
  const std::string sealed_manifest = sealed(manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  pending.fill([&](const fs::path& inside) { write_file_atomically(inside / files::kManifest, sealed_manifest); });
  pending.commit();
}

}  // namespace peapod
