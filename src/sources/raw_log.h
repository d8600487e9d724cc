// What a reader makes of raw files: users and items by name, interactions as they came, before any filter or order.
// First station of the flow raw files -> RawLog -> PreparedData -> prepared directory. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/choices.h"
#include "base/split_name.h"
#include "sources/rejects.h"

namespace peapod {

enum class SourceFormat {
  automatic,   // look at the files and decide
  amazon,      // Amazon reviews of 2014, 2018 or 2023, JSON lines
  pod,         // sequential.txt and its companions, as POD's authors publish their data
  recbole,     // RecBole's atomic files
  movielens,   // MovieLens as GroupLens distributes it
  csv,         // a table of interactions, delimited text; the separator is told by the content
  tsv,         // the same between tabs
  jsonl,       // a table of interactions, a JSON object a line
  sqlite,      // what a query of an SQLite database gives
  postgresql,  // what a query of a PostgreSQL database gives
};

inline constexpr Choices<SourceFormat, 10> kSourceFormats{"format",
                                                          {{SourceFormat::automatic, "auto"},
                                                           {SourceFormat::amazon, "amazon"},
                                                           {SourceFormat::pod, "pod"},
                                                           {SourceFormat::recbole, "recbole"},
                                                           {SourceFormat::movielens, "movielens"},
                                                           {SourceFormat::csv, "csv"},
                                                           {SourceFormat::tsv, "tsv"},
                                                           {SourceFormat::jsonl, "jsonl"},
                                                           {SourceFormat::sqlite, "sqlite"},
                                                           {SourceFormat::postgresql, "postgresql"}}};

inline std::string_view name_of(SourceFormat format) { return kSourceFormats.name_of(format); }

struct UserInfo {
  std::string name;                  // unique among users, never empty
  std::vector<std::string> aliases;  // other names that find the same user
};

struct ItemInfo {
  std::string name;  // unique among items, never empty
  std::vector<std::string> aliases;
  std::string title;                    // empty where the source has none
  std::vector<std::string> categories;  // comma-free, most general first
  std::optional<double> price = {};     // in the source's currency; nothing where it has none
  std::optional<bool> available = {};   // whether it can be had; nothing where the source does not say
};

struct RawInteraction {
  uint32_t user = 0;
  uint32_t item = 0;
  double time = 0;     // of any unit; 0 everywhere where the source only has an order
  std::string review;  // what the user wrote; empty where the source has none
};

// An explanation that the source brings ready-made.
struct RawExplanation {
  uint32_t user = 0;
  uint32_t item = 0;
  Split split = Split::train;
  std::string feature;
  std::string sentence;
};

// What reading kept of what was there, for summary_of_reading().
struct Reading {
  std::string order_note;           // why interactions stand as in the file; empty where they have times
  std::string titles_note;          // where titles were looked for, and what was not found
  uint64_t found_explanations = 0;  // ready-made ones, kept or not
  std::string explanations_note;
  uint64_t merged_repeats = 0;          // interactions that said again what another one said
  uint64_t cleaned_names = 0;           // users and items read with blanks or quotes around them
  std::vector<std::string> notes = {};  // whatever else was not used as it stands, a sentence each
};

struct RawLog {
  std::string name;  // of the data set, from the source's file name
  SourceFormat format = SourceFormat::pod;
  bool has_times = false;  // false: the order of `interactions` is each user's order
  std::vector<UserInfo> users;
  std::vector<ItemInfo> items;
  std::vector<RawInteraction> interactions;
  std::vector<RawExplanation> explanations;
  Rejects rejects;
  Reading reading = {};
};

// Gives each new name the next index. Not safe from several threads.
class NameIndex {
 public:
  static constexpr uint32_t kAbsent = 0xffffffffu;

  // The index of `name`; `added` tells whether it is new.
  struct Place {
    uint32_t index;
    bool added;
  };
  Place add(std::string_view name);
  // Lets `name` find an existing index; a name that is taken keeps its owner.
  void add_alias(std::string_view name, uint32_t index);
  // kAbsent when there is none.
  uint32_t find(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> indices_;
  uint32_t next_ = 0;
};

}  // namespace peapod
