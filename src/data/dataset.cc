#include "data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>
#include <unordered_map>

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "base/random.h"
#include "data/prepared_files.h"
#include "data/ragged_table.h"
#include "sources/raw_log.h"

namespace peapod {
namespace fs = std::filesystem;
namespace files = prepared_files;
using Json = nlohmann::json;

namespace {

constexpr const char* kPrepareAgain = "run `peapod prepare` again";
constexpr uint32_t kMostCodesOfALevel = 1 << 16;  // codes are 16-bit

// The object in a JSON field. Throws Error that names file and field.
const Json& part(const Json& object, const char* name, const std::string& where) {
  const auto value = object.find(name);
  if (value == object.end() || !value->is_object()) {
    throw Error(fmt::format("{}: field \"{}\"", where, name), "is not an object", kPrepareAgain);
  }
  return *value;
}

// What is wrong with a JSON value as a T, which is any object, a text, a truth, a number, a count, or a list of these;
// empty where nothing is. The library's own conversion takes counts modulo the range of T, and fractions and truths for
// counts.
template <class T>
std::string fault_of(const Json& value) {
  if constexpr (std::is_same_v<T, Json>) {
    return value.is_object() ? "" : "is not an object";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.is_string() ? "" : "is not a text";
  } else if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean() ? "" : "is neither true nor false";
  } else if constexpr (std::is_same_v<T, double>) {
    return value.is_number() ? "" : "is not a number";
  } else if constexpr (std::is_unsigned_v<T>) {
    if (!value.is_number_unsigned()) return "is not a count";
    return value.get<uint64_t>() > std::numeric_limits<T>::max() ? "is too large" : "";
  } else {
    if (!value.is_array()) return "is not a list";
    for (size_t i = 0; i < value.size(); ++i) {
      const std::string fault = fault_of<typename T::value_type>(value[i]);
      if (!fault.empty()) return fmt::format("value {} of the list {}", i + 1, fault);
    }
    return "";
  }
}

// The value of a JSON field as a T. Throws Error that names file and field.
template <class T>
T field(const Json& object, const char* name, const std::string& where) {
  const auto value = object.find(name);
  const std::string fault = value == object.end() ? "is missing" : fault_of<T>(*value);
  if (!fault.empty()) throw Error(fmt::format("{}: field \"{}\"", where, name), fault, kPrepareAgain);
  return value->get<T>();
}

SourceSummary source_of(const Json& object, const std::string& where) {
  SourceSummary source;
  source.reading = field<std::vector<std::string>>(object, "reading", where);
  source.users = field<uint64_t>(object, "users", where);
  source.items = field<uint64_t>(object, "items", where);
  source.interactions = field<uint64_t>(object, "interactions", where);
  source.merged_repeats = field<uint64_t>(object, "merged_repeats", where);
  if (object.contains("repeats")) source.repeats = field<uint64_t>(object, "repeats", where);
  source.rejected_lines = field<uint64_t>(object, "rejected_lines", where);
  for (const Json& one : field<std::vector<Json>>(object, "rejects", where)) {
    source.rejects.push_back({field<std::string>(one, "reason", where), field<uint64_t>(one, "lines", where)});
  }
  if (object.contains("times")) {
    const Json& times = part(object, "times", where);
    source.times = {.first = field<double>(times, "first", where),
                    .last = field<double>(times, "last", where),
                    .ties = field<uint64_t>(times, "ties", where),
                    .histogram = field<std::vector<uint64_t>>(times, "histogram", where)};
  }
  return source;
}

// Calls take(object, where) for each line of a JSON lines file, which must be `expected` many.
template <class Take>
void each_line(const MappedFile& file, const std::string& where, uint64_t expected, Take take) {
  std::string_view rest = file.text();
  uint64_t line = 0;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string place = fmt::format("{}:{}", where, ++line);
    take(parse_json_object<Json>(rest.substr(0, end), place, kPrepareAgain), place);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (line != expected) throw Error(where, fmt::format("has {} lines, expected {}", line, expected), kPrepareAgain);
}

// Finds users or items by name, then by alias; views into the entities' strings.
class Directory {
 public:
  template <class Entity>
  void build(const std::vector<Entity>& entities, const std::string& where) {
    indices_.reserve(2 * entities.size());
    for (uint32_t i = 0; i < entities.size(); ++i) {
      if (!indices_.emplace(entities[i].name, i).second) {
        throw Error(where, "has the name \"" + entities[i].name + "\" twice", kPrepareAgain);
      }
    }
    for (uint32_t i = 0; i < entities.size(); ++i) {
      for (const std::string& alias : entities[i].aliases) indices_.emplace(alias, i);
    }
  }

  std::optional<uint32_t> find(std::string_view name) const {
    const auto found = indices_.find(name);
    return found == indices_.end() ? std::nullopt : std::optional(found->second);
  }

  Error unknown(std::string_view what, std::string_view name) const {
    std::vector<std::string> names;
    for (const auto& [known, index] : indices_) names.emplace_back(known);
    std::sort(names.begin(), names.end());
    const std::string nearest = nearest_name(name, names);
    return Error(fmt::format("{} \"{}\"", what, name), "is not in the data set",
                 nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest));
  }

 private:
  std::unordered_map<std::string_view, uint32_t> indices_;
};

}  // namespace

struct Dataset::Contents {
  explicit Contents(const fs::path& path);

  fs::path directory;
  std::string manifest_text;
  std::string name;
  SplitRule split = SplitRule::leave_one_out;
  Repeats repeats = Repeats::merge;
  uint64_t seed = 0;
  std::optional<SourceSummary> source;
  std::unordered_map<std::string_view, MappedFile> mapped;
  std::unordered_map<std::string_view, std::string> made;  // files that stand for those of the directory
  std::vector<UserInfo> users;
  std::vector<ItemInfo> items;
  RaggedTable<uint32_t> interactions;
  RaggedTable<uint32_t> negatives;
  ItemIds ids;
  std::vector<Explanation> explanations;
  Directory user_names;
  Directory item_names;

  std::string_view text_of(std::string_view file) const {
    const auto found = made.find(file);
    return found == made.end() ? mapped.at(file).text() : std::string_view(found->second);
  }

  uint64_t hash_of(std::span<const std::string_view> names) const {
    uint64_t hash = 0;
    for (const std::string_view file : names) {
      const auto bytes = std::as_bytes(std::span(text_of(file)));
      hash = mix64(hash, bytes.size(), files::crc32_of(bytes));
    }
    return hash;
  }

 private:
  std::string where(std::string_view file) const { return (directory / file).string(); }
  void map_listed(const Json& sizes);
  RaggedTable<uint32_t> item_rows(std::string_view file) const;
  void read_names();
  void read_ids(const Json& manifest);
  template <class T>
  std::vector<T> ids_table(size_t width) const;
  void read_explanations(uint64_t count);
};

Dataset::Contents::Contents(const fs::path& path) : directory(path) {
  const std::string manifest_path = where(files::kManifest);
  if (!fs::exists(manifest_path)) {
    throw Error(path.string(), "is not a prepared data set (it has no dataset.json)", "make one with `peapod prepare`");
  }
  manifest_text = read_file(manifest_path);
  const Json manifest = parse_json_object<Json>(manifest_text, manifest_path, kPrepareAgain);
  if (field<std::string>(manifest, "format", manifest_path) != files::kFormat) {
    throw Error(manifest_path, "is not the manifest of a prepared data set", "make one with `peapod prepare`");
  }
  const auto version = field<uint32_t>(manifest, "version", manifest_path);
  if (version < files::kOldestRead || version > files::kVersion) {
    throw Error(
        manifest_path,
        fmt::format("has version {}, this program reads {} to {}", version, files::kOldestRead, files::kVersion),
        version < files::kVersion ? "the data set was made by an older peapod: run `peapod prepare` again"
                                  : "use the peapod that made it, or run `peapod prepare` again");
  }
  const std::string fault = seal_fault(manifest_text);
  if (!fault.empty()) throw Error(manifest_path, fault, kPrepareAgain);
  name = field<std::string>(manifest, "name", manifest_path);
  seed = field<uint64_t>(part(manifest, "options", manifest_path), "seed", manifest_path);
  if (version > files::kOldestRead) {
    split = kSplitRules.parse(field<std::string>(manifest, "split", manifest_path), manifest_path);
    if (version > 3) repeats = kRepeats.parse(field<std::string>(manifest, "repeats", manifest_path), manifest_path);
    const auto known = manifest.find("source");  // null where it was not kept when the data set was prepared
    if (known == manifest.end() || !known->is_null()) {
      source = source_of(part(manifest, "source", manifest_path), manifest_path + ": source");
    }
  }
  map_listed(part(manifest, "files", manifest_path));
  users.resize(std::min<uint64_t>(field<uint32_t>(manifest, "num_users", manifest_path),
                                  mapped.at(files::kUsers).bytes().size()));
  items.resize(std::min<uint64_t>(field<uint32_t>(manifest, "num_items", manifest_path),
                                  mapped.at(files::kItems).bytes().size()));
  read_names();
  interactions = item_rows(files::kInteractions);
  for (size_t user = 0; user < users.size(); ++user) {
    if (interactions.row(user).empty()) {
      throw Error(where(files::kInteractions), fmt::format("has no item for user {}", user), kPrepareAgain);
    }
  }
  negatives = item_rows(files::kNegatives);
  if (interactions.values().size() != field<uint64_t>(manifest, "num_interactions", manifest_path)) {
    throw Error(where(files::kInteractions), "has another number of interactions than the manifest", kPrepareAgain);
  }
  read_ids(part(manifest, "ids", manifest_path));
  read_explanations(field<uint64_t>(manifest, "num_explanations", manifest_path));
}

// Maps every listed file after comparing its size and checksum with the manifest's.
void Dataset::Contents::map_listed(const Json& sizes) {
  const std::string manifest = where(files::kManifest);
  for (const std::string_view file : files::kListed) {
    const Json& expected = part(sizes, std::string(file).c_str(), manifest);
    MappedFile bytes(directory / file);
    const auto size = field<uint64_t>(expected, "bytes", manifest);
    if (bytes.bytes().size() != size) {
      throw Error(where(file), fmt::format("has {} bytes, expected {}", bytes.bytes().size(), size), kPrepareAgain);
    }
    if (checksum(bytes.bytes()) != field<std::string>(expected, "checksum", manifest)) {
      throw Error(where(file), "is damaged (its checksum is not the manifest's)", kPrepareAgain);
    }
    mapped.emplace(file, std::move(bytes));
  }
}

void Dataset::Contents::read_names() {
  uint64_t next = 0;
  each_line(mapped.at(files::kUsers), where(files::kUsers), users.size(), [&](const Json& line, const auto& place) {
    if (next == users.size()) return;  // too many lines: each_line says so at the end
    users[next++] = {field<std::string>(line, "name", place), field<std::vector<std::string>>(line, "aliases", place)};
  });
  next = 0;
  each_line(mapped.at(files::kItems), where(files::kItems), items.size(), [&](const Json& line, const auto& place) {
    if (next == items.size()) return;
    items[next++] = {field<std::string>(line, "name", place), field<std::vector<std::string>>(line, "aliases", place),
                     field<std::string>(line, "title", place),
                     field<std::vector<std::string>>(line, "categories", place)};
    ItemInfo& item = items[next - 1];
    if (line.contains("price")) item.price = field<double>(line, "price", place);
    if (line.contains("available")) item.available = field<bool>(line, "available", place);
  });
  user_names.build(users, where(files::kUsers));
  item_names.build(items, where(files::kItems));
}

// A table with one row of item indices per user.
RaggedTable<uint32_t> Dataset::Contents::item_rows(std::string_view file) const {
  const auto table = RaggedTable<uint32_t>::parse(mapped.at(file).bytes(), where(file));
  if (table.num_rows() != users.size()) {
    throw Error(where(file), fmt::format("has {} rows for {} users", table.num_rows(), users.size()), kPrepareAgain);
  }
  for (const uint32_t item : table.values()) {
    if (item >= items.size()) throw Error(where(file), fmt::format("names an item {} that is not there", item));
  }
  return table;
}

template <class T>
std::vector<T> Dataset::Contents::ids_table(size_t width) const {
  const auto table = RaggedTable<T>::parse(mapped.at(files::kItemIds).bytes(), where(files::kItemIds));
  bool fits = table.num_rows() == items.size();
  for (size_t item = 0; fits && item < items.size(); ++item) fits = table.row(item).size() == width;
  if (!fits) {
    throw Error(where(files::kItemIds), fmt::format("does not have {} values for each item", width), kPrepareAgain);
  }
  return {table.values().begin(), table.values().end()};
}

void Dataset::Contents::read_ids(const Json& description) {
  const std::string manifest = where(files::kManifest);
  ids.scheme = kIdSchemes.parse(field<std::string>(description, "scheme", manifest), manifest);
  ids.level_sizes = field<std::vector<uint32_t>>(description, "level_sizes", manifest);
  const auto require = [&](bool good, const char* fault) {
    if (!good) throw Error(where(files::kItemIds), fault, kPrepareAgain);
  };
  if (ids.scheme != IdScheme::collaborative) {
    ids.numbers = ids_table<uint32_t>(1);
    const std::set<uint32_t> distinct(ids.numbers.begin(), ids.numbers.end());
    require(distinct.size() == ids.numbers.size(), "gives two items the same number");
    require(!distinct.contains(0), "gives an item the number 0, which stands for none");
    return;
  }
  const auto is_size = [](uint32_t size) { return size >= 1 && size <= kMostCodesOfALevel; };
  require(!ids.level_sizes.empty() && std::ranges::all_of(ids.level_sizes, is_size),
          "has code books of impossible sizes");
  ids.codes = ids_table<uint16_t>(ids.level_sizes.size());
  for (size_t i = 0; i < ids.codes.size(); ++i) {
    if (ids.codes[i] >= ids.level_sizes[i % ids.level_sizes.size()]) {
      throw Error(where(files::kItemIds), "has a code beyond its level's size", kPrepareAgain);
    }
  }
  std::set<std::vector<uint16_t>> distinct;
  for (uint32_t item = 0; item < items.size(); ++item) {
    distinct.emplace(ids.code(item).begin(), ids.code(item).end());
  }
  require(distinct.size() == items.size(), "gives two items the same code");
}

void Dataset::Contents::read_explanations(uint64_t count) {
  const std::string path = where(files::kExplanations);
  each_line(mapped.at(files::kExplanations), path, count, [&](const Json& line, const std::string& place) {
    const auto user = field<uint32_t>(line, "user", place);
    const auto item = field<uint32_t>(line, "item", place);
    if (user >= users.size() || item >= items.size()) {
      throw Error(place, "names a user or an item that is not there", kPrepareAgain);
    }
    explanations.push_back({user, item, kSplits.parse(field<std::string>(line, "split", place), place),
                            field<std::string>(line, "feature", place), field<std::string>(line, "sentence", place)});
  });
}

Dataset::Dataset(std::unique_ptr<Contents> contents) : contents_(std::move(contents)) {}
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;
Dataset::~Dataset() = default;

Dataset Dataset::open(const fs::path& directory) { return Dataset(std::make_unique<Contents>(directory)); }

const std::string& Dataset::name() const { return contents_->name; }
uint32_t Dataset::num_users() const { return static_cast<uint32_t>(contents_->users.size()); }
uint32_t Dataset::num_items() const { return static_cast<uint32_t>(contents_->items.size()); }
uint64_t Dataset::num_interactions() const { return contents_->interactions.values().size(); }

std::span<const uint32_t> Dataset::history(uint32_t user) const { return contents_->interactions.row(user); }

SplitRule Dataset::split() const { return contents_->split; }
Repeats Dataset::repeats() const { return contents_->repeats; }
uint64_t Dataset::seed() const { return contents_->seed; }
const std::optional<SourceSummary>& Dataset::source() const { return contents_->source; }

std::span<const uint32_t> Dataset::train_items(uint32_t user) const { return train_part(history(user), split()); }

std::span<const uint32_t> Dataset::items_before(uint32_t user, Split split) const {
  assert(evaluated(user) && split != Split::train);
  return history(user).first(history(user).size() - (split == Split::test ? 1 : 2));
}

uint32_t Dataset::target(uint32_t user, Split split) const { return history(user)[items_before(user, split).size()]; }

std::vector<uint32_t> Dataset::evaluated_users() const {
  std::vector<uint32_t> users;
  for (uint32_t user = 0; user < num_users(); ++user) {
    if (evaluated(user)) users.push_back(user);
  }
  return users;
}

Histories Dataset::train_histories() const {
  Histories histories;
  histories.reserve(num_users());
  for (uint32_t user = 0; user < num_users(); ++user) histories.push_back(train_items(user));
  return histories;
}

uint64_t Dataset::evaluation_hash() const {
  static constexpr std::string_view kRead[] = {files::kInteractions, files::kNegatives, files::kExplanations};
  return contents_->hash_of(kRead);
}

std::string Dataset::identity() const { return checksum(contents_->manifest_text); }

std::span<const uint32_t> Dataset::negatives(uint32_t user) const { return contents_->negatives.row(user); }

const ItemIds& Dataset::item_ids() const { return contents_->ids; }
const std::vector<Explanation>& Dataset::explanations() const { return contents_->explanations; }

const std::string& Dataset::user_name(uint32_t user) const { return contents_->users[user].name; }
const std::string& Dataset::item_name(uint32_t item) const { return contents_->items[item].name; }
const std::string& Dataset::item_title(uint32_t item) const { return contents_->items[item].title; }
const std::vector<std::string>& Dataset::item_categories(uint32_t item) const {
  return contents_->items[item].categories;
}
std::optional<double> Dataset::item_price(uint32_t item) const { return contents_->items[item].price; }
std::optional<bool> Dataset::item_available(uint32_t item) const { return contents_->items[item].available; }

std::optional<uint32_t> Dataset::find_user(std::string_view name) const { return contents_->user_names.find(name); }
std::optional<uint32_t> Dataset::find_item(std::string_view name) const { return contents_->item_names.find(name); }

uint32_t Dataset::require_user(std::string_view name) const {
  if (const auto user = find_user(name)) return *user;
  throw contents_->user_names.unknown("user", name);
}

uint32_t Dataset::require_item(std::string_view name) const {
  if (const auto item = find_item(name)) return *item;
  throw contents_->item_names.unknown("item", name);
}

std::vector<std::string> Dataset::file_names() {
  std::vector<std::string> names{std::string(files::kManifest)};
  for (const std::string_view file : files::kListed) names.emplace_back(file);
  return names;
}

Dataset Dataset::hold_out_nothing(const ItemIds& ids) && {
  Contents& contents = *contents_;
  assert(ids.scheme == contents.ids.scheme);
  contents.split = SplitRule::none;
  contents.ids = ids;
  for (Explanation& explanation : contents.explanations) explanation.split = Split::train;
  contents.made[files::kItemIds] = files::item_ids_file(ids, num_items());
  contents.made[files::kExplanations] = files::explanations_file(contents.explanations);
  auto manifest = parse_json_object<nlohmann::ordered_json>(contents.manifest_text, "the manifest", kPrepareAgain);
  if (!manifest.contains("source")) manifest["source"] = nullptr;
  manifest["version"] = files::kVersion;
  manifest["repeats"] = name_of(contents.repeats);
  manifest["split"] = name_of(SplitRule::none);
  manifest["ids"]["level_sizes"] = ids.level_sizes;
  for (const auto& [file, text] : contents.made) {
    manifest["files"][std::string(file)] = {{"bytes", text.size()}, {"checksum", checksum(text)}};
  }
  contents.manifest_text = sealed(manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return std::move(*this);
}

void Dataset::save(const fs::path& directory) const {
  fs::create_directories(directory);
  for (const std::string_view file : files::kListed) {
    write_file_atomically(directory / file, contents_->text_of(file));
  }
  write_file_atomically(directory / files::kManifest, contents_->manifest_text);
}

}  // namespace peapod
