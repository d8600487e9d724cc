#include "data/dataset.h"

#include <algorithm>
#include <set>

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "data/preparation.h"
#include "sources/source_reader.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {
namespace fs = std::filesystem;

ItemIds numbers_in_order(uint32_t num_items) {
  ItemIds ids;
  ids.scheme = IdScheme::sequential;
  for (uint32_t item = 0; item < num_items; ++item) ids.numbers.push_back(item + 1);
  return ids;
}

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() {
    folder_.write("sequential.txt", "1 1 2 3 4\n2 3 1\n3 4 4 2\n");
    folder_.write("datamaps.json", R"({"id2user":{"1":"UA"},"id2item":{"1":"IA","2":"2x"}})");
    folder_.write("names.txt", "IA steel strings\n");
    folder_.write("explanation.json",
                  R"({"val":[{"user":"UA","item":3,"explanation":"a \"fine\" grün strap","feature":"strap"}]})");
    data_ = prepare(read_source(folder_.path(), {}), {.repeats = Repeats::keep, .name = "made"});
    write_dataset(out_, data_, numbers_in_order(4));
  }

  std::string error_of_open() const {
    try {
      Dataset::open(out_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  void replace_in_manifest(const std::string& from, const std::string& to) const {
    std::string text = read_file(out_ / "dataset.json");
    const size_t place = text.find(from);
    ASSERT_NE(place, std::string::npos) << from;
    write_file_atomically(out_ / "dataset.json", sealed(text.replace(place, from.size(), to)));
  }

  ScratchFolder folder_;
  fs::path out_ = folder_.path() / "prepared";
  PreparedData data_;
};

TEST_F(DatasetTest, GivesBackWhatWasWritten) {
  const Dataset data = Dataset::open(out_);
  EXPECT_EQ(data.name(), "made");
  EXPECT_EQ(data.num_users(), 3u);
  EXPECT_EQ(data.num_items(), 4u);
  EXPECT_EQ(data.num_interactions(), 9u);
  for (uint32_t user = 0; user < 3; ++user) {
    EXPECT_TRUE(std::ranges::equal(data.history(user), data_.interactions.row(user)));
    EXPECT_TRUE(std::ranges::equal(data.negatives(user), data_.negatives.row(user)));
  }
  EXPECT_EQ(data.item_title(0), "steel strings");
  EXPECT_EQ(data.item_ids().numbers, (std::vector<uint32_t>{1, 2, 3, 4}));
  ASSERT_EQ(data.explanations().size(), 1u);
  EXPECT_EQ(data.explanations()[0].split, Split::valid);
  EXPECT_EQ(data.explanations()[0].sentence, "a \"fine\" grün strap");
}

TEST_F(DatasetTest, SplitsByPositionAndDoesNotEvaluateShortHistories) {
  const Dataset data = Dataset::open(out_);
  EXPECT_EQ(data.evaluated_users(), (std::vector<uint32_t>{0, 2}));
  EXPECT_TRUE(std::ranges::equal(data.train_items(0), std::vector<uint32_t>{0, 1}));
  EXPECT_TRUE(std::ranges::equal(data.items_before(0, Split::valid), std::vector<uint32_t>{0, 1}));
  EXPECT_TRUE(std::ranges::equal(data.items_before(0, Split::test), std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(data.target(0, Split::valid), 2u);
  EXPECT_EQ(data.target(0, Split::test), 3u);
  EXPECT_EQ(data.train_items(1).size(), 2u);  // too short to evaluate: all training
  for (uint32_t user = 0; user < 3; ++user) {
    EXPECT_TRUE(std::ranges::equal(data.train_histories()[user], data_.train_histories()[user]));
    const size_t size = data.history(user).size();
    for (size_t i = 0; i < size; ++i)
      EXPECT_EQ(split_at(i, size, SplitRule::leave_one_out) == Split::train, i < data.train_items(user).size());
  }
}

TEST_F(DatasetTest, FindsByNameThenByAliasAndNamesTheNearestOtherwise) {
  const Dataset data = Dataset::open(out_);
  EXPECT_EQ(data.find_user("UA"), 0u);
  EXPECT_EQ(data.find_item("2x"), 1u);
  EXPECT_EQ(data.require_item("2"), 1u);
  EXPECT_EQ(data.find_item("5"), std::nullopt);
  try {
    data.require_item("ia");
    FAIL() << "found an unknown item";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"IA\"?"), std::string::npos) << error.what();
  }
}

TEST_F(DatasetTest, HasAnIdentityOfEverythingThatAResultDependsOn) {
  std::set<std::string> identities{Dataset::open(out_).identity()};
  const auto differs_with = [&](const PreparedData& data, const ItemIds& ids) {
    write_dataset(out_, data, ids);
    EXPECT_TRUE(identities.insert(Dataset::open(out_).identity()).second);
  };
  const ItemIds ids = numbers_in_order(4);
  PreparedData changed = data_;
  std::swap(changed.interactions.values[0], changed.interactions.values[1]);
  differs_with(changed, ids);
  changed = data_;
  changed.items[0].title += "!";
  differs_with(changed, ids);
  changed = data_;
  changed.items[0].categories.emplace_back("Strings");
  differs_with(changed, ids);
  changed = data_;
  changed.items[0].name += "0";
  differs_with(changed, ids);
  changed = data_;
  changed.users[0].aliases.emplace_back("UB");
  differs_with(changed, ids);
  ItemIds others = ids;
  std::swap(others.numbers[0], others.numbers[1]);
  differs_with(data_, others);
  write_dataset(out_, data_, ids);
  EXPECT_TRUE(identities.contains(Dataset::open(out_).identity())) << "the same data again";
}

TEST_F(DatasetTest, SavesWhatWasOpenedWhateverStandsThereNow) {
  const Dataset data = Dataset::open(out_);
  PreparedData changed = data_;
  std::swap(changed.interactions.values[0], changed.interactions.values[1]);
  write_dataset(out_, changed, numbers_in_order(4));
  data.save(folder_.path() / "saved");
  EXPECT_EQ(Dataset::open(folder_.path() / "saved").identity(), data.identity());
  EXPECT_NE(Dataset::open(out_).identity(), data.identity());
}

TEST_F(DatasetTest, WritesTheSameBytesForTheSameData) {
  write_dataset(folder_.path() / "again", data_, numbers_in_order(4));
  for (const std::string& file : Dataset::file_names()) {
    EXPECT_EQ(read_file(out_ / file), read_file(folder_.path() / "again" / file)) << file;
  }
}

TEST_F(DatasetTest, RefusesToReplaceAFolderThatIsNoDataSet) {
  EXPECT_THROW(write_dataset(folder_.path(), data_, numbers_in_order(4)), Error);
  EXPECT_TRUE(fs::exists(folder_.path() / "sequential.txt"));
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().string().find("partial"), std::string::npos) << entry.path();
  }
}

TEST_F(DatasetTest, KeepsCollaborativeCodes) {
  ItemIds ids;
  ids.level_sizes = {2, 3};
  ids.codes = {0, 0, 1, 2, 0, 1, 1, 0};
  write_dataset(out_, data_, ids);
  {
    const Dataset data = Dataset::open(out_);
    EXPECT_EQ(data.item_ids().scheme, IdScheme::collaborative);
    EXPECT_EQ(data.item_ids().level_sizes, ids.level_sizes);
    EXPECT_EQ(data.item_ids().codes, ids.codes);
  }
  ids.codes[3] = 3;  // beyond its level
  write_dataset(out_, data_, ids);
  EXPECT_NE(error_of_open().find("beyond its level"), std::string::npos);
  ids.codes = {0, 0, 1, 2, 1, 2, 1, 0};
  write_dataset(out_, data_, ids);
  EXPECT_NE(error_of_open().find("same code"), std::string::npos);
  ids.codes = {};
  ids.level_sizes = {};
  write_dataset(out_, data_, ids);
  EXPECT_NE(error_of_open().find("impossible sizes"), std::string::npos);
}

TEST_F(DatasetTest, RefusesNumbersThatDoNotTellItemsApart) {
  ItemIds ids = numbers_in_order(4);
  ids.numbers[2] = 1;
  write_dataset(out_, data_, ids);
  EXPECT_NE(error_of_open().find("same number"), std::string::npos);
  ids.numbers[2] = 0;
  write_dataset(out_, data_, ids);
  EXPECT_NE(error_of_open().find("number 0"), std::string::npos);
}

TEST_F(DatasetTest, HashesWhatEvaluationReadsApartFromTheItemIds) {
  const Dataset before = Dataset::open(out_);
  const uint64_t evaluation = before.evaluation_hash();
  const std::string identity = before.identity();
  ItemIds ids = numbers_in_order(4);
  std::swap(ids.numbers[0], ids.numbers[1]);
  write_dataset(out_, data_, ids);
  EXPECT_EQ(Dataset::open(out_).evaluation_hash(), evaluation);
  EXPECT_NE(Dataset::open(out_).identity(), identity);
  PreparedData changed = data_;
  std::swap(changed.interactions.values[2], changed.interactions.values[3]);
  write_dataset(out_, changed, numbers_in_order(4));
  EXPECT_NE(Dataset::open(out_).evaluation_hash(), evaluation);
}

TEST_F(DatasetTest, RefusesEachFileThatIsAbsentCutShortOrChangedInOneBit) {
  for (const std::string& file : Dataset::file_names()) {
    const std::string good = read_file(out_ / file);
    for (size_t place = 0; place < good.size(); ++place) {
      folder_.write("prepared/" + file, with_flipped_bit(good, 8 * place + place % 8));
      EXPECT_NE(error_of_open().find(file), std::string::npos) << file << " byte " << place;
    }
    write_file_atomically(out_ / file, good.substr(0, good.size() / 2));
    EXPECT_NE(error_of_open().find(file), std::string::npos) << file;
    fs::remove(out_ / file);
    EXPECT_NE(error_of_open().find(file), std::string::npos) << file;
    write_file_atomically(out_ / file, good);
  }
  EXPECT_EQ(error_of_open(), "");
}

TEST_F(DatasetTest, RefusesAUserWithoutInteractions) {
  data_.interactions.values.resize(data_.interactions.starts[data_.users.size() - 1]);
  data_.interactions.starts.back() = data_.interactions.values.size();
  write_dataset(out_, data_, numbers_in_order(4));
  EXPECT_NE(error_of_open().find("interactions.bin: has no item for user 2"), std::string::npos) << error_of_open();
}

TEST_F(DatasetTest, RefusesAManifestOfAnotherVersionOrThatDoesNotFitTheFiles) {
  const std::string good = read_file(out_ / "dataset.json");
  const std::pair<std::string, std::string> changes[] = {
      {"\"version\": 4", "\"version\": 5"},
      {"\"split\": \"leave-one-out\"", "\"split\": \"leave-two-out\""},
      {"\"repeats\": \"keep\"", "\"repeats\": \"forget\""},
      {"\"repeats\": \"keep\",", ""},
      {"\"source\"", "\"sauce\""},
      {"\"merged_repeats\": 0", "\"merged_repeats\": -1"},
      {"peapod-dataset", "another-format"},
      {"\"num_users\": 3", "\"num_users\": 4"},
      {"\"num_users\": 3", "\"num_users\": 4000000000"},
      {"\"num_items\": 4", "\"num_items\": 3"},
      {"\"num_items\": 4", "\"num_items\": -4"},
      {"\"num_interactions\": 9", "\"num_interactions\": 8"},
      {"\"num_explanations\": 1", "\"num_explanations\": 0"},
      {"\"scheme\": \"sequential\"", "\"scheme\": \"collaborative\""},
      {"\"scheme\": \"sequential\"", "\"scheme\": \"alphabetic\""},
      {"\"name\": \"made\"", "\"name\": 7"},
      {"\"files\"", "\"flies\""},
  };
  for (const auto& [from, to] : changes) {
    replace_in_manifest(from, to);
    EXPECT_NE(error_of_open(), "") << to;
    write_file_atomically(out_ / "dataset.json", good);
  }
}

TEST_F(DatasetTest, RefusesListsWithSomethingElseThanCounts) {
  const std::string good = read_file(out_ / "dataset.json");
  for (const char* number : {"4294967296", "-1", "1.5", "1e300", "true", "\"1\"", "[1]"}) {
    replace_in_manifest("\"level_sizes\": []", std::string("\"level_sizes\": [1, ") + number + "]");
    EXPECT_NE(error_of_open().find("dataset.json: field \"level_sizes\": value 2 of the list is "), std::string::npos)
        << error_of_open();
    write_file_atomically(out_ / "dataset.json", good);
  }
}

TEST_F(DatasetTest, SaysThatAnOlderDataSetMustBePreparedAgain) {
  replace_in_manifest("\"version\": 4", "\"version\": 1");
  EXPECT_NE(error_of_open().find("has version 1, this program reads 2 to 4; the data set was made by an older peapod"),
            std::string::npos)
      << error_of_open();
}

TEST_F(DatasetTest, ReadsVersionTwoWhichKnewOneSplitAndNothingOfTheSource) {
  ASSERT_TRUE(Dataset::open(out_).source().has_value());
  replace_in_manifest("\"version\": 4", "\"version\": 2");
  replace_in_manifest("\"repeats\": \"keep\",", "");
  replace_in_manifest("\"split\": \"leave-one-out\",", "");
  replace_in_manifest("\"source\"", "\"unknown\"");
  const Dataset data = Dataset::open(out_);
  EXPECT_EQ(data.split(), SplitRule::leave_one_out);
  EXPECT_EQ(data.evaluated_users().size(), 2u);
  EXPECT_FALSE(data.source().has_value());
}

TEST_F(DatasetTest, ReadsVersionThreeWhichKnewNoRepeats) {
  replace_in_manifest("\"version\": 4", "\"version\": 3");
  replace_in_manifest("\"repeats\": \"keep\",", "");
  replace_in_manifest("\"repeats\": 1,", "");
  const Dataset data = Dataset::open(out_);
  EXPECT_EQ(data.repeats(), Repeats::merge);
  ASSERT_TRUE(data.source().has_value());
  EXPECT_EQ(data.source()->repeats, 0u);
}

TEST_F(DatasetTest, KnowsWhetherRepeatsAreKept) {
  EXPECT_EQ(Dataset::open(out_).repeats(), Repeats::keep);
  EXPECT_EQ(Dataset::open(out_).source()->repeats, 1u);
  EXPECT_EQ(Dataset::open(out_).hold_out_nothing(numbers_in_order(4)).repeats(), Repeats::keep);
  data_.repeats = Repeats::merge;
  write_dataset(out_, data_, numbers_in_order(4));
  EXPECT_EQ(Dataset::open(out_).repeats(), Repeats::merge);
}

TEST_F(DatasetTest, KnowsPricesAndWhatCanBeHadWhereTheSourceSaysSo) {
  data_.items[0].price = 12.5;
  data_.items[1].available = false;
  data_.items[2].available = true;
  write_dataset(out_, data_, numbers_in_order(4));
  const Dataset data = Dataset::open(out_);
  EXPECT_EQ(data.item_price(0), 12.5);
  EXPECT_EQ(data.item_price(1), std::nullopt);
  EXPECT_EQ(data.item_available(0), std::nullopt);
  EXPECT_EQ(data.item_available(1), false);
  EXPECT_EQ(data.item_available(2), true);
}

TEST_F(DatasetTest, KeepsWhatWasSaidOfTheSource) {
  data_.source = {.reading = {"a line", "another \"one\""},
                  .users = 9,
                  .items = 8,
                  .interactions = 70,
                  .merged_repeats = 6,
                  .rejected_lines = 5,
                  .rejects = {{"time: expected a number", 4}, {"no item", 1}},
                  .times = SourceTimes{.first = 0.5, .last = 99, .ties = 3, .histogram = {1, 0, 2}}};
  write_dataset(out_, data_, numbers_in_order(4));
  const Dataset data = Dataset::open(out_);
  ASSERT_TRUE(data.source().has_value());
  const SourceSummary& source = *data.source();
  EXPECT_EQ(source.reading, data_.source.reading);
  EXPECT_EQ(source.users, 9u);
  EXPECT_EQ(source.items, 8u);
  EXPECT_EQ(source.interactions, 70u);
  EXPECT_EQ(source.merged_repeats, 6u);
  EXPECT_EQ(source.rejected_lines, 5u);
  ASSERT_EQ(source.rejects.size(), 2u);
  EXPECT_EQ(source.rejects[0].reason, "time: expected a number");
  EXPECT_EQ(source.rejects[0].lines, 4u);
  ASSERT_TRUE(source.times.has_value());
  EXPECT_EQ(source.times->first, 0.5);
  EXPECT_EQ(source.times->last, 99);
  EXPECT_EQ(source.times->ties, 3u);
  EXPECT_EQ(source.times->histogram, (std::vector<uint64_t>{1, 0, 2}));
}

TEST_F(DatasetTest, HoldsNothingOutWhereThatIsAsked) {
  ItemIds other = numbers_in_order(4);
  std::swap(other.numbers[0], other.numbers[3]);
  const std::string before = Dataset::open(out_).identity();
  const Dataset all = Dataset::open(out_).hold_out_nothing(other);
  const fs::path copy = folder_.path() / "copy";
  all.save(copy);
  const Dataset again = Dataset::open(copy);
  EXPECT_NE(all.identity(), before);
  EXPECT_EQ(again.identity(), all.identity());
  EXPECT_TRUE(again.source().has_value());
  for (const Dataset* data : {&all, &again}) {
    EXPECT_EQ(data->split(), SplitRule::none);
    EXPECT_EQ(data->evaluated_users(), std::vector<uint32_t>());
    EXPECT_EQ(data->item_ids().numbers, other.numbers);
    EXPECT_EQ(data->explanations()[0].split, Split::train);
    for (uint32_t user = 0; user < 3; ++user) {
      EXPECT_TRUE(std::ranges::equal(data->train_items(user), data->history(user)));
    }
  }
}

TEST_F(DatasetTest, NamesTheFileOfAnUnknownSchemeAndTheNearestOne) {
  replace_in_manifest("\"scheme\": \"sequential\"", "\"scheme\": \"sequentail\"");
  EXPECT_EQ(error_of_open(), (out_ / "dataset.json").string() +
                                 ": field \"ids\": expected collaborative, random or sequential, got \"sequentail\"; "
                                 "did you mean \"sequential\"?");
}

// A table whose checksum is right is still not trusted.
TEST(RaggedTable, RefusesHeadersAndStartsThatDoNotFitTheFile) {
  RaggedRows<uint32_t> rows;
  rows.add_row(std::vector<uint32_t>{1, 2});
  rows.add_row(std::vector<uint32_t>{});
  rows.add_row(std::vector<uint32_t>{3});
  const std::string good = rows.table().serialize();
  const auto parse = [](const std::string& file) {
    return RaggedTable<uint32_t>::parse(std::as_bytes(std::span(file)), "table");
  };
  EXPECT_TRUE(std::ranges::equal(parse(good).row(0), std::vector<uint32_t>{1, 2}));
  EXPECT_TRUE(parse(good).row(1).empty());
  EXPECT_EQ(parse(good).row(2)[0], 3u);
  EXPECT_EQ(parse(RaggedTable<uint32_t>().serialize()).num_rows(), 0u);

  for (const size_t size : {size_t{0}, size_t{10}, size_t{64}, good.size() - 1}) {
    EXPECT_THROW(parse(good.substr(0, size)), Error) << size;
  }
  EXPECT_THROW(parse(good + "x"), Error);
  // Magic, version, value size, both counts, all row starts (little-endian; 0xff makes each absurd).
  for (const size_t place : {0, 8, 12, 16, 23, 24, 31, 64, 72, 80, 88}) {
    std::string bad = good;
    bad[place] = '\xff';
    EXPECT_THROW(parse(bad), Error) << "byte " << place;
  }
  EXPECT_THROW(RaggedTable<uint16_t>::parse(std::as_bytes(std::span(good)), "table"), Error);
}

}  // namespace
}  // namespace peapod
