// What the files of a prepared directory are called and how they are checked: shared by its writer and its reader.
// docs/formats.md describes the contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "data/item_ids.h"
#include "explanations/explanation.h"

namespace peapod::prepared_files {

inline constexpr std::string_view kFormat = "peapod-dataset";
// 1 had a CRC-32 of each file and none of the manifest; 2 held out the last two items of each user, and kept nothing of
// the source.
inline constexpr int kVersion = 4;
inline constexpr int kOldestRead = 2;

inline constexpr std::string_view kManifest = "dataset.json";
inline constexpr std::string_view kInteractions = "interactions.bin";
inline constexpr std::string_view kNegatives = "negatives.bin";
inline constexpr std::string_view kItemIds = "item_ids.bin";
inline constexpr std::string_view kUsers = "users.jsonl";
inline constexpr std::string_view kItems = "items.jsonl";
inline constexpr std::string_view kExplanations = "explanations.jsonl";

// All but the manifest, which holds their sizes and checksums.
inline constexpr std::string_view kListed[] = {kInteractions, kNegatives, kItemIds, kUsers, kItems, kExplanations};

// One line; text that is not UTF-8 is repaired, so that what is written can always be read.
std::string line_of(const nlohmann::ordered_json& object);

// The files whose contents depend on what is held out.
std::string item_ids_file(const ItemIds& ids, size_t num_items);
std::string explanations_file(std::span<const Explanation> explanations);

// CRC-32 as in gzip.
uint32_t crc32_of(std::span<const std::byte> bytes);

}  // namespace peapod::prepared_files
