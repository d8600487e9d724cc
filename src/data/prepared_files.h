// What the files of a prepared directory are called and how they are checked: shared by its writer and its reader.
// docs/formats.md describes the contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace peapod::prepared_files {

inline constexpr std::string_view kFormat = "peapod-dataset";
inline constexpr int kVersion = 2;  // 1 had a CRC-32 of each file and none of the manifest

inline constexpr std::string_view kManifest = "dataset.json";
inline constexpr std::string_view kInteractions = "interactions.bin";
inline constexpr std::string_view kNegatives = "negatives.bin";
inline constexpr std::string_view kItemIds = "item_ids.bin";
inline constexpr std::string_view kUsers = "users.jsonl";
inline constexpr std::string_view kItems = "items.jsonl";
inline constexpr std::string_view kExplanations = "explanations.jsonl";

// All but the manifest, which holds their sizes and checksums.
inline constexpr std::string_view kListed[] = {kInteractions, kNegatives, kItemIds, kUsers, kItems, kExplanations};

// CRC-32 as in gzip.
uint32_t crc32_of(std::span<const std::byte> bytes);

}  // namespace peapod::prepared_files
