// POD's published layout: sequential.txt and its companions.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "sources/line_reader.h"
#include "sources/plain_text.h"
#include "sources/source_reader.h"

namespace peapod {
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

std::optional<uint32_t> number_from(std::string_view text) {
  uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A JSON file, read by lines as the other files are, so that what is compressed or not UTF-8 is treated alike.
Json parse_file(const fs::path& path, RawLog& log) {
  LineReader lines(path);
  std::string text;
  for (std::string_view line; lines.next(line);) (text += line) += '\n';
  note_encoding(log, lines.repair_note());
  JsonBounds bounds = kLargeJson;
  bounds.unique_names = true;  // of a part that stands twice the first would be lost
  return parse_json<Json>(text, path.string(), "mend it, or move it away", bounds);
}

class PodReader {
 public:
  PodReader(const fs::path& folder, const ReadOptions& options) : folder_(folder) {
    log_.name = fs::absolute(folder).lexically_normal().filename().string();
    if (log_.name.empty()) log_.name = fs::absolute(folder).lexically_normal().parent_path().filename().string();
    log_.format = SourceFormat::pod;
    log_.rejects = Rejects(options.max_bad_lines_percent);
    log_.reading.order_note = "pod has no times";
  }

  RawLog read() {
    read_sequences(folder_ / "sequential.txt");
    if (fs::exists(folder_ / "datamaps.json")) read_aliases(folder_ / "datamaps.json");
    if (fs::exists(folder_ / "names.txt")) {
      read_titles(folder_ / "names.txt");
    } else {
      log_.reading.titles_note = missing_file_note(folder_ / "names.txt", [](std::string_view name) {
        return name.find("name") != std::string_view::npos || name.find("title") != std::string_view::npos;
      });
    }
    if (fs::exists(folder_ / "explanation.json")) read_explanations(folder_ / "explanation.json");
    return std::move(log_);
  }

 private:
  void read_sequences(const fs::path& path) {
    LineReader lines(path);
    log_.rejects.begin_file(path.string());
    std::vector<uint32_t> numbers;
    for (std::string_view line; lines.next(line);) {
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      log_.rejects.begin_line(lines.line_number());
      if (parse_numbers(line, numbers)) add_sequence(numbers);
    }
    log_.rejects.end_file();
    note_encoding(log_, lines.repair_note());
  }

  bool parse_numbers(std::string_view line, std::vector<uint32_t>& numbers) {
    numbers.clear();
    for (const std::string_view field : split_fields(line, ' ')) {
      if (field.empty()) continue;
      const auto number = number_from(field);
      if (!number) {
        log_.rejects.add(numbers.empty() ? "user" : "item",
                         fmt::format("expected a number, got \"{}\"", repaired_utf8(field.substr(0, 40))));
        return false;
      }
      numbers.push_back(*number);
    }
    if (numbers.size() < 2) log_.rejects.add("item", "expected at least one item after the user, got none");
    return numbers.size() >= 2;
  }

  void add_sequence(const std::vector<uint32_t>& numbers) {
    const std::string user_name = std::to_string(numbers[0]);
    const auto user = users_.add(user_name);
    if (!user.added) {
      log_.rejects.add("user", "user " + user_name + " already had a line");
      return;
    }
    log_.users.push_back({user_name, {}});
    for (size_t i = 1; i < numbers.size(); ++i) {
      const std::string item_name = std::to_string(numbers[i]);
      const auto item = items_.add(item_name);
      if (item.added) log_.items.push_back({item_name, {}, {}, {}});
      log_.interactions.push_back({user.index, item.index, 0, {}});
    }
  }

  void read_aliases(const fs::path& path) {
    const Json maps = parse_file(path, log_);
    const auto read_map = [&](const char* key, const NameIndex& index, NameIndex& codes, auto& entities) {
      const auto map = maps.find(key);
      if (map == maps.end()) {
        log_.reading.notes.push_back(fmt::format("codes: datamaps.json has no \"{}\", only {}", key, keys_of(maps)));
        return;
      }
      uint64_t unmatched = 0, shared = 0, taken = 0;
      if (!map->is_object()) throw Error(path.string() + ": field \"" + key + "\"", "expected an object");
      for (const auto& [number, code] : map->items()) {
        if (!code.is_string()) {
          throw Error(path.string() + ": field \"" + key + "." + number + "\"", "expected a string");
        }
        const uint32_t found = index.find(number);
        if (found == NameIndex::kAbsent) {
          ++unmatched;
          continue;
        }
        const std::string alias = counted_name(log_, code.template get_ref<const std::string&>());
        if (alias.empty()) throw Error(path.string() + ": field \"" + key + "." + number + "\"", "is empty");
        entities[found].aliases.push_back(alias);
        const uint32_t owner = codes.find(alias);
        shared += owner != NameIndex::kAbsent && owner != found;
        const uint32_t named = index.find(alias);
        taken += named != NameIndex::kAbsent && named != found;
        codes.add_alias(alias, found);
      }
      if (taken > 0) {
        log_.reading.notes.push_back(fmt::format(
            "codes: {} of {} in {} of datamaps.json are numbers of others in sequential.txt, whom they find", taken,
            map->size(), key));
      }
      if (shared > 0) {
        log_.reading.notes.push_back(fmt::format(
            "codes: {} of {} in {} of datamaps.json stand for several numbers; each finds one of these alone", shared,
            map->size(), key));
      }
      if (unmatched > 0) {
        log_.reading.notes.push_back(fmt::format(
            "codes: {} of {} in {} of datamaps.json are of nobody in sequential.txt", unmatched, map->size(), key));
      }
    };
    if (!maps.is_object()) throw Error(path.string(), "expected an object with id2user and id2item");
    read_map("id2user", users_, user_codes_, log_.users);
    read_map("id2item", items_, item_codes_, log_.items);
  }

  // `code title`; codes of items without interactions are of no use and no fault, but they are counted.
  void read_titles(const fs::path& path) {
    uint64_t rows = 0, unmatched = 0, repeated = 0;
    std::vector<bool> titled(log_.items.size());
    LineReader lines(path);
    log_.rejects.begin_file(path.string());
    for (std::string_view line; lines.next(line);) {
      if (line.empty()) continue;
      log_.rejects.begin_line(lines.line_number());
      const size_t blank = line.find(' ');
      if (blank == std::string_view::npos || blank == 0) {
        log_.rejects.add("title", "expected a product code, a blank and a title");
        continue;
      }
      const uint32_t item = by_code(item_codes_, items_, counted_name(log_, line.substr(0, blank)));
      ++rows;
      unmatched += item == NameIndex::kAbsent;
      if (item == NameIndex::kAbsent) continue;
      repeated += titled[item];
      titled[item] = true;
      log_.items[item].title = clean_title(line.substr(blank + 1));
    }
    log_.rejects.end_file();
    if (repeated > 0) {
      log_.reading.notes.push_back(fmt::format("repeated titles {} (of rows of {} about one item the last counts)",
                                               readable_count(static_cast<double>(repeated)),
                                               path.filename().string()));
    }
    note_encoding(log_, lines.repair_note());
    log_.reading.titles_note = unmatched_note(unmatched, rows, path);
  }

  void read_explanations(const fs::path& path) {
    const Json all = parse_file(path, log_);
    if (!all.is_object()) throw Error(path.string(), "expected an object with train, val and test");
    log_.rejects.begin_file(path.string());
    note_unknown_parts(all);
    for (const auto& [key, split] :
         {std::pair{"train", Split::train}, std::pair{"val", Split::valid}, std::pair{"test", Split::test}}) {
      const auto entries = all.find(key);
      if (entries == all.end()) continue;
      if (!entries->is_array()) throw Error(path.string() + ": field \"" + key + "\"", "expected an array");
      log_.reading.found_explanations += entries->size();
      for (size_t i = 0; i < entries->size(); ++i) {
        log_.rejects.begin_line(0);
        add_explanation((*entries)[i], fmt::format("{}[{}]", key, i), split);
      }
    }
    log_.rejects.end_file();
  }

  static std::string keys_of(const Json& object) {
    std::string keys;
    for (const auto& [key, value] : object.items()) keys += (keys.empty() ? "\"" : ", \"") + key + '"';
    return keys.empty() ? "nothing" : keys;
  }

  // Explanations under another key than the three are not read, but counted and named.
  void note_unknown_parts(const Json& all) {
    std::string parts;
    for (const auto& [key, entries] : all.items()) {
      if (key == "train" || key == "val" || key == "test") continue;
      parts += (parts.empty() ? "\"" : ", \"") + key + '"';
      if (entries.is_array()) log_.reading.found_explanations += entries.size();
    }
    if (parts.empty()) return;
    log_.reading.explanations_note =
        fmt::format("unknown part{} {}", parts.find(',') == std::string::npos ? "" : "s", parts);
    log_.reading.notes.emplace_back("explanations: the parts that are read are called train, val and test");
  }

  void add_explanation(const Json& entry, const std::string& place, Split split) {
    const auto text_of = [&](const char* key) -> std::optional<std::string> {
      const auto value = entry.find(key);
      if (value == entry.end()) return std::nullopt;
      if (value->is_string()) return value->get<std::string>();
      if (value->is_number_unsigned()) return std::to_string(value->get<uint64_t>());
      return std::nullopt;
    };
    // A text is a code where there are codes; a number is one of sequential.txt.
    const auto find = [&](const char* key, const NameIndex& codes, const NameIndex& names, const std::string& name) {
      return entry.at(key).is_string() ? by_code(codes, names, name) : names.find(name);
    };
    if (!entry.is_object()) return log_.rejects.add(place, "expected an object");
    auto user_name = text_of("user");
    auto item_name = text_of("item");
    for (auto* name : {&user_name, &item_name}) {
      if (*name) **name = counted_name(log_, **name);
    }
    const auto sentence = text_of("explanation");
    if (!user_name) return log_.rejects.add(place + ".user", "expected a number or a code");
    if (!item_name) return log_.rejects.add(place + ".item", "expected a number or a code");
    if (!sentence) return log_.rejects.add(place + ".explanation", "expected a text");
    const uint32_t user = find("user", user_codes_, users_, *user_name);
    const uint32_t item = find("item", item_codes_, items_, *item_name);
    if (user == NameIndex::kAbsent) {
      return log_.rejects.add(place + ".user", "user \"" + *user_name + "\" has no interactions");
    }
    if (item == NameIndex::kAbsent) {
      return log_.rejects.add(place + ".item", "item \"" + *item_name + "\" has no interactions");
    }
    std::string text = plain_text(*sentence);
    if (text.empty()) return log_.rejects.add(place + ".explanation", "is empty");
    log_.explanations.push_back({user, item, split, plain_text(text_of("feature").value_or("")), std::move(text)});
  }

  // By code, then by number.
  static uint32_t by_code(const NameIndex& codes, const NameIndex& names, std::string_view name) {
    const uint32_t found = codes.find(name);
    return found != NameIndex::kAbsent ? found : names.find(name);
  }

  fs::path folder_;
  RawLog log_;
  NameIndex users_, items_;            // by number
  NameIndex user_codes_, item_codes_;  // by code of datamaps.json
};

}  // namespace

RawLog read_pod(const fs::path& source, const ReadOptions& options) {
  if (!fs::exists(source / "sequential.txt")) {
    throw Error(source.string(), "is not a folder with sequential.txt", "see docs/formats.md for what pod needs");
  }
  return PodReader(source, options).read();
}

}  // namespace peapod
