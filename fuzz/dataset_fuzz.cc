// A prepared directory of which one file, named by the first byte, is the input. The manifest is sealed anew, so that
// checksums do not keep the input from what reads it.
#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "base/files.h"
#include "data/dataset.h"
#include "data/preparation.h"
#include "inputs.h"
#include "sources/source_reader.h"

namespace peapod::fuzz {
namespace {

// A sound one of five users and six items with codes.
const std::filesystem::path& prepared() {
  static const std::filesystem::path directory = [] {
    const auto log = folder().write("log.csv",
                                    "user,item,time,text\nann,1,1,the strings sound great\nann,2,2,\nann,3,3,\n"
                                    "bob,2,1,\nbob,3,2,\nbob,4,3,\ncid,5,1,\ncid,6,2,\ndan,1,5,\neve,6,7,\n");
    ItemIds ids{
        .scheme = IdScheme::collaborative, .level_sizes = {3, 2}, .codes = {0, 0, 0, 1, 1, 0, 1, 1, 2, 0, 2, 1}};
    const auto where = folder().path() / "data";
    write_dataset(where, prepare(read_source(log, {}), {.min_user = 0, .min_item = 0}), ids);
    return where;
  }();
  return directory;
}

// Everything that a data set answers.
void ask(const Dataset& data) {
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    if (data.user_name(user).empty() || data.history(user).empty()) __builtin_trap();
    for (const uint32_t item : data.history(user)) {
      if (item >= data.num_items()) __builtin_trap();
    }
    for (const uint32_t item : data.negatives(user)) {
      if (item >= data.num_items()) __builtin_trap();
    }
    if (data.evaluated(user)) (void)data.target(user, Split::test);
  }
  for (uint32_t item = 0; item < data.num_items(); ++item) {
    (void)data.item_title(item);
    (void)data.find_item(data.item_name(item));
  }
  for (const Explanation& one : data.explanations()) {
    if (one.user >= data.num_users() || one.item >= data.num_items()) __builtin_trap();
  }
}

}  // namespace
}  // namespace peapod::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  if (size == 0) return 0;
  static const std::vector<std::string> names = Dataset::file_names();  // the manifest first
  static const std::filesystem::path& sound = fuzz::prepared();
  static const std::string good = read_file(sound / names[0]);
  const std::string& name = names[data[0] % names.size()];
  const std::string input(fuzz::text_of(data + 1, size - 1));
  const std::string kept = read_file(sound / name);
  std::ofstream(sound / name, std::ios::binary | std::ios::trunc)
      << (name == names[0] && input.starts_with("{\"") ? sealed(input) : input);
  if (name != names[0]) {
    auto manifest = nlohmann::ordered_json::parse(good);
    manifest["files"][name] = {{"bytes", input.size()}, {"checksum", checksum(input)}};
    std::ofstream(sound / names[0], std::ios::binary | std::ios::trunc) << sealed(manifest.dump(2) + "\n");
  }
  fuzz::expect_an_error_at_most([&] { fuzz::ask(Dataset::open(sound)); });
  std::ofstream(sound / name, std::ios::binary | std::ios::trunc) << kept;
  std::ofstream(sound / names[0], std::ios::binary | std::ios::trunc) << good;
  return 0;
}
