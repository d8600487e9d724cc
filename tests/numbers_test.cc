// Every number that a flag or a key of a TOML file can have, against numbers that it cannot.
#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "support/commands_of_help.h"
#include "support/program.h"

namespace peapod {
namespace {

struct NumericFlag {
  std::string name;
  bool whole;
  std::string least;
  bool above_least;
  std::string greatest;  // empty: as the type has it
};

std::optional<NumericFlag> numeric(const ShownFlag& flag) {
  static const std::regex form(R"( ([NX]) (?:in ([0-9.e+-]+?)\.\.([0-9.e+-]+)|(>=?) ([0-9.]+))[ =].*)");
  std::smatch found;
  if (!std::regex_match(flag.shown, found, form)) return std::nullopt;
  if (found[2].matched) return NumericFlag{flag.name, found[1] == "N", found[2], false, found[3]};
  return NumericFlag{flag.name, found[1] == "N", found[5], found[4] == ">", ""};
}

std::vector<std::string> bad_numbers(const NumericFlag& flag) {
  std::vector<std::string> bad = {"-3",   "-0.5",  "nan",   "-nan", "inf",
                                  "-inf", "1e999", "three", "",     " 1",
                                  "1 ",   "1,5",   "0x10",  "+1",   "99999999999999999999e999"};
  if (flag.whole) {
    for (const char* number : {"2.5", "1e3", "18446744073709551616", "99999999999999999999"}) bad.emplace_back(number);
    if (flag.least != "0") bad.push_back(std::to_string(std::stoull(flag.least) - 1));
    if (!flag.greatest.empty()) bad.push_back(std::to_string(std::stoull(flag.greatest) + 1));
  } else {
    if (flag.above_least) bad.push_back(flag.least);
    if (!flag.greatest.empty()) bad.push_back(std::to_string(std::stod(flag.greatest) * 1.01 + 0.01));
    // --length-penalty may be negative.
    if (flag.least.starts_with('-')) std::erase_if(bad, [](const auto& b) { return b == "-3" || b == "-0.5"; });
  }
  return bad;
}

class Numbers : public ProgramTest {
 protected:
  // The commands with the words before their flags; none of what they name is there.
  std::vector<std::string> commands() const {
    std::vector<std::string> all;
    for (const std::string& name : commands_in(standard_output("--help"))) {
      const std::vector<std::string> below = commands_in(standard_output(name + " --help"));
      if (below.empty()) all.push_back(name);
      for (const std::string& sub : below) all.push_back(name + " " + sub);
    }
    return all;
  }
};

TEST_F(Numbers, OfEveryFlagAreRefusedWhereTheyAreNone) {
  size_t flags = 0;
  for (const std::string& command : commands()) {
    for (const ShownFlag& shown : flags_in(standard_output(command + " --help"))) {
      EXPECT_EQ(shown.shown.find("INT"), std::string::npos) << command << shown.name << " has no range";
      EXPECT_EQ(shown.shown.find("FLOAT"), std::string::npos) << command << shown.name << " has no range";
      const auto flag = numeric(shown);
      if (!flag) continue;
      ++flags;
      for (const std::string& number : bad_numbers(*flag)) {
        // --task-share takes three.
        const bool is_list = flag->name == "--task-share";
        const std::string value = is_list ? number + ",1,1" : number;
        // Nothing at all, or a list of more or fewer, is refused for its count.
        const bool counts = is_list && (number.empty() || number.find(',') != std::string::npos);
        const std::string refusal = value.empty() ? ": 1 required" : counts ? ": At " : ": expected a";
        EXPECT_EQ(peapod(command + " " + flag->name + "='" + value + "'"), 2)
            << command << ' ' << flag->name << " '" << number << "'\n"
            << log();
        EXPECT_NE(log().find(flag->name + refusal), std::string::npos)
            << command << ' ' << flag->name << " '" << number << "'\n"
            << log();
      }
    }
  }
  EXPECT_GT(flags, 40u);
}

TEST_F(Numbers, OfEveryKeyOfATomlFileAreRefusedWhereTheyAreNone) {
  const std::string train = "train " + at("nowhere") + " --out " + at("model") + " --config " + at("flags.toml");
  for (const ShownFlag& shown : flags_in(standard_output("train --help"))) {
    const auto flag = numeric(shown);
    if (!flag) continue;
    const std::string key = flag->name.substr(2);
    std::vector<std::string> bad = {"-3", "nan", "inf", "-inf", "\"three\"", "\"\""};
    if (flag->whole) bad.emplace_back("2.5");
    for (const std::string& number : bad) {
      write("flags.toml", key + " = " + (key == "task-share" ? "[" + number + ", 1, 1]" : number) + "\n");
      EXPECT_EQ(peapod(train), 1) << key << " = " << number << '\n' << log();
      EXPECT_NE(log().find(at("flags.toml") + ": key \"" + key + "\": expected a"), std::string::npos)
          << key << " = " << number << '\n'
          << log();
    }
  }
}

TEST_F(Numbers, AreTakenAtBothEndsOfTheirRange) {
  // Past the checks, the data set is missed.
  for (const char* flags : {"--dropout 0 --later-items 0 --seed 18446744073709551615 --max-steps 0 --time-limit 0.001",
                            "--dropout 0.9 --least-candidates 100 --num-prompts 4096 --prompt-length 64",
                            "--least-candidates 2 --task-share 0,0,1 --learning-rate 1e30 --weight-decay 0"}) {
    EXPECT_EQ(peapod("train " + at("nowhere") + " --out " + at("model") + " " + flags), 1);
    EXPECT_NE(log().find("is not a prepared data set"), std::string::npos) << flags << '\n' << log();
  }
}

TEST_F(Numbers, AndOtherFlagsThatCannotCountAreRefused) {
  const std::string train = "train " + at("nowhere") + " --out " + at("model") + " ";
  const auto expect = [&](int status, const std::string& arguments, const std::string& message) {
    EXPECT_EQ(peapod(arguments), status) << arguments;
    EXPECT_NE(log().find(message), std::string::npos) << arguments << '\n' << log();
  };
  expect(2, train + "--preset tiny --init " + at("t5"), "--preset excludes --init");
  expect(1, train + "--neighbours 5", "--neighbours: is no setting of the composer shared-prompts");
  expect(1, train + "--num-prompts 5 --composer similar-users", "--num-prompts: is no setting of the composer");
  expect(1, train + "--user-dim 5 --composer none", "choose another --composer");
  expect(1, train + "--later-decay 1", "--later-decay: says how later items are weighed, but none are taught");
  expect(2, "recommend m --user u --candidates a,b --include-seen", "--candidates excludes --include-seen");
  expect(2, "baseline item-knn --data d --tune --max-history 3", "--tune excludes --max-history");
  write("flags.toml", "preset = \"tiny\"\ninit = \"t5\"\n");
  expect(1, train + "--config " + at("flags.toml"), "cannot stand beside");
  // The command line wins, also over what it excludes.
  write("flags.toml", "preset = \"tiny\"\n");
  expect(1, train + "--init " + at("t5") + " --config " + at("flags.toml"), at("t5") + ": has no config.json");
}

}  // namespace
}  // namespace peapod
