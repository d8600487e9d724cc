#include "data/prepared_files.h"

#include <zlib.h>

#include <cassert>
#include <nlohmann/json.hpp>

#include "data/ragged_table.h"

namespace peapod::prepared_files {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
std::string ids_table(std::span<const T> values, size_t num_items, size_t width) {
  assert(values.size() == num_items * width);
  RaggedRows<T> rows;
  for (size_t item = 0; item < num_items; ++item) rows.add_row(values.subspan(item * width, width));
  return rows.table().serialize();
}

}  // namespace

std::string line_of(const nlohmann::ordered_json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string explanations_file(std::span<const Explanation> explanations) {
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

std::string item_ids_file(const ItemIds& ids, size_t num_items) {
  return ids.scheme == IdScheme::collaborative
             ? ids_table(std::span<const uint16_t>(ids.codes), num_items, ids.level_sizes.size())
             : ids_table(std::span<const uint32_t>(ids.numbers), num_items, 1);
}

uint32_t crc32_of(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace peapod::prepared_files
