// Reads every #include under src/ and fails when one points against the data flow, or when the header of a library
// that belongs to one folder appears in another. docs/architecture.md explains the order.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peapod {
namespace {

namespace fs = std::filesystem;

// What a module may include beside itself. A file that stands in src/ itself is a module of its own, by its stem.
const std::map<std::string, std::set<std::string>>& allowed_modules() {
  static const std::map<std::string, std::set<std::string>> allowed = [] {
    std::map<std::string, std::set<std::string>> modules = {
        {"base", {}},
        {"sources", {"base"}},
        {"explanations", {"base", "sources"}},
        {"data", {"base", "sources", "explanations"}},
        {"text", {"base", "sources", "explanations", "data"}},
        {"tensor", {"base"}},
        {"store", {"base", "sources", "explanations", "data"}},
    };
    // From here on every module may include all those before it on this line.
    std::set<std::string> before = {"base", "sources", "explanations", "data", "text", "tensor"};
    for (const char* module : {"prefs", "model", "decode", "eval", "train", "recommender"}) {
      modules[module] = before;
      before.insert(module);
    }
    before.insert("store");
    modules["serve"] = before;
    modules["cli"] = before;
    modules["cli"].insert("serve");  // `peapod serve` starts the service
    return modules;
  }();
  return allowed;
}

struct OwnedHeader {
  std::string_view prefix;
  std::string_view package;
  std::string_view owner;
};
constexpr OwnedHeader kOwnedHeaders[] = {{"dnnl", "oneDNN", "tensor"},
                                         {"oneapi/dnnl", "oneDNN", "tensor"},
                                         {"hwy/", "Highway", "tensor"},
                                         {"sqlite3.h", "SQLite", "sources"},
                                         {"libpq-fe.h", "libpq", "sources"}};

std::string module_of(const fs::path& relative) {
  if (relative.has_parent_path()) return relative.begin()->string();
  const std::string stem = relative.stem().string();
  // A test belongs to what it tests.
  return stem.ends_with("_test") ? stem.substr(0, stem.size() - std::string_view("_test").size()) : stem;
}

std::vector<fs::path> sources_under(const fs::path& src) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && (extension == ".h" || extension == ".cc")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Why `file` of `module` must not include `header`; empty when it may.
std::string objection(const fs::path& src, const fs::path& file, const std::string& module, const std::string& header,
                      bool quoted) {
  for (const OwnedHeader& owned : kOwnedHeaders) {
    if (header.starts_with(owned.prefix) && module != owned.owner) {
      return std::string(owned.package) + " headers belong to src/" + std::string(owned.owner);
    }
  }
  if (!quoted || header.starts_with("hwy/")) return "";
  // Beside src/ stand tests/support and the workloads of bench/, which `peapod bench` measures itself with.
  if (header.starts_with("support/")) {
    return file.stem().string().ends_with("_test") ? "" : "tests/support is for tests alone";
  }
  if (header.starts_with("bench/")) return module == "cli" ? "" : "the workloads of bench/ are for cli alone";
  if (!fs::exists(src / header)) return "no such file under src/; paths start at src/, system headers take <>";
  const std::string target = module_of(header);
  if (target != module && !allowed_modules().at(module).contains(target)) {
    return module + " must not depend on " + target;
  }
  return "";
}

// One line `file:line: includes "header": reason` for each include that is not allowed.
std::vector<std::string> violations(const fs::path& src) {
  static const std::regex include(R"re(\s*#\s*include\s*([<"])([^>"]+)[>"].*)re");
  std::vector<std::string> found;
  for (const fs::path& file : sources_under(src)) {
    const fs::path relative = file.lexically_relative(src);
    const std::string module = module_of(relative);
    const std::string place = "src/" + relative.string() + ":";
    if (!allowed_modules().contains(module)) {
      found.push_back(place + "1: \"" + module + "\" has no place in the order of modules; give it one in this test");
      continue;
    }
    std::ifstream in(file);
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      std::smatch match;
      if (!std::regex_match(line, match, include)) continue;
      const std::string reason = objection(src, relative, module, match[2], match[1] == "\"");
      if (reason.empty()) continue;
      found.push_back(place + std::to_string(number) + ": includes \"" + match[2].str() + "\": " + reason);
    }
  }
  return found;
}

TEST(IncludeDirection, EveryIncludeUnderSrcFollowsTheDataFlow) {
  const fs::path src = fs::path(PEAPOD_SOURCE_DIR) / "src";
  ASSERT_GT(sources_under(src).size(), 10U) << "the sources were not found";
  for (const std::string& violation : violations(src)) ADD_FAILURE() << violation;
}

// A tree of small files, to see that the test above can fail.
class MadeTree : public testing::Test {
 protected:
  MadeTree() : src_(fs::path(testing::TempDir()) / ("peapod_includes_" + std::to_string(::getpid())) / "src") {
    fs::remove_all(src_.parent_path());
    for (const char* header : {"base/error.h", "sources/raw_log.h", "explanations/explanation.h", "data/dataset.h",
                               "text/tokenizer.h", "tensor/gemm.h", "prefs/pmf.h", "model/t5.h", "train/trainer.h",
                               "recommender.h", "store/store.h", "serve/routes.h"}) {
      add(header, "#pragma once\n");
    }
  }
  ~MadeTree() override { fs::remove_all(src_.parent_path()); }

  void add(const fs::path& file, std::string_view text) const {
    fs::create_directories((src_ / file).parent_path());
    std::ofstream(src_ / file) << text;
  }

  fs::path src_;
};

using Lines = std::vector<std::string>;

TEST_F(MadeTree, ArrowsThatPointForwardAreAccepted) {
  add("text/id_tokens.h", "#include \"data/dataset.h\"\n#include <vector>\n");
  add("prefs/pmf.cc", "#include \"prefs/pmf.h\"\n#include \"tensor/gemm.h\"\n#include \"data/dataset.h\"\n");
  add("tensor/gemm.cc", "#include <dnnl.hpp>\n#include <hwy/highway.h>\n#include \"hwy/foreach_target.h\"\n");
  add("recommender.cc", "#include \"train/trainer.h\"\n");
  add("cli/main.cc", "#include \"recommender.h\"\n#include \"serve/routes.h\"\n#include \"store/store.h\"\n");
  EXPECT_EQ(violations(src_), Lines{});
}

TEST_F(MadeTree, ABackwardArrowIsNamedWithFileAndLine) {
  add("base/error.cc", "#include \"base/error.h\"\n\n#include \"data/dataset.h\"\n");
  EXPECT_EQ(violations(src_), Lines{"src/base/error.cc:3: includes \"data/dataset.h\": base must not depend on data"});
}

TEST_F(MadeTree, EachBackwardArrowIsFound) {
  const std::vector<std::pair<const char*, const char*>> backward = {{"sources/a.cc", "data/dataset.h"},
                                                                     {"sources/b.cc", "explanations/explanation.h"},
                                                                     {"explanations/a.cc", "data/dataset.h"},
                                                                     {"base/a.cc", "sources/raw_log.h"},
                                                                     {"data/a.cc", "text/tokenizer.h"},
                                                                     {"data/b.cc", "tensor/gemm.h"},
                                                                     {"tensor/a.h", "data/dataset.h"},
                                                                     {"text/a.cc", "tensor/gemm.h"},
                                                                     {"prefs/a.cc", "model/t5.h"},
                                                                     {"model/a.cc", "train/trainer.h"},
                                                                     {"train/a.cc", "recommender.h"},
                                                                     {"store/a.cc", "prefs/pmf.h"},
                                                                     {"train/b.cc", "store/store.h"},
                                                                     {"recommender.cc", "serve/routes.h"},
                                                                     {"model/a_test.cc", "train/trainer.h"}};
  for (const auto& [file, header] : backward) {
    add(file, std::string("  #  include \"") + header + "\"  // with blanks and a comment\n");
  }
  EXPECT_EQ(violations(src_).size(), backward.size());
}

TEST_F(MadeTree, LibrariesOfTheTensorFolderAreRefusedElsewhere) {
  add("model/t5.cc",
      "#include <oneapi/dnnl/dnnl.hpp>\n#include <hwy/highway.h>\n#include \"hwy/base.h\"\n#include <dnnl.h>\n");
  const Lines found = violations(src_);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0], "src/model/t5.cc:1: includes \"oneapi/dnnl/dnnl.hpp\": oneDNN headers belong to src/tensor");
  EXPECT_EQ(found[1], "src/model/t5.cc:2: includes \"hwy/highway.h\": Highway headers belong to src/tensor");
}

TEST_F(MadeTree, SupportIsForTestsAndWorkloadsForTheCommandLine) {
  add("model/t5_test.cc", "#include \"support/small_model.h\"\n");
  add("cli/bench.cc", "#include \"bench/made_workload.h\"\n");
  EXPECT_EQ(violations(src_), Lines{});
  add("model/t5.cc", "#include \"support/small_model.h\"\n#include \"bench/made_workload.h\"\n");
  const Lines found = violations(src_);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].ends_with("tests/support is for tests alone")) << found[0];
  EXPECT_TRUE(found[1].ends_with("the workloads of bench/ are for cli alone")) << found[1];
}

TEST_F(MadeTree, RelativePathsAndUnknownFoldersAreRefused) {
  add("data/a.cc", "#include \"dataset.h\"\n");
  add("utils/strings.h", "#pragma once\n");
  const Lines found = violations(src_);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].starts_with("src/data/a.cc:1: includes \"dataset.h\": no such file under src/")) << found[0];
  EXPECT_TRUE(found[1].starts_with("src/utils/strings.h:1: \"utils\" has no place")) << found[1];
}

}  // namespace
}  // namespace peapod
