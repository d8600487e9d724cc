// What a table says of items, and MovieLens's own such tables.
#include "sources/item_table.h"

#include <array>

#include "base/error.h"
#include "sources/source_reader.h"
#include "support/reading.h"
#include "support/scratch_folder.h"

namespace peapod {
namespace {

namespace fs = std::filesystem;

using Strings = std::vector<std::string>;

const ItemInfo& item_of(const RawLog& log, std::string_view name) {
  return *std::ranges::find(log.items, name, &ItemInfo::name);
}

ReadOptions with_items(const fs::path& items) {
  ReadOptions options{.max_bad_lines_percent = 50};
  options.items = items;
  return options;
}

TEST(ItemTable, DescribesTheItemsOfALogInEveryNotation) {
  const ScratchFolder folder;
  const fs::path log_file = folder.write("log.csv", "user,item\nann,tea\nbob,\"milk, fresh\"\n");
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"items.csv",
            "sku,price,title,category\ntea,2,Green &amp; black tea,Drinks &amp; more > Hot\n\"milk, "
            "fresh\",1,Milk,Drinks\n"},
           {"items.tsv",
            "category\tproduct_name\tproduct_id\nDrinks &#38; more|Hot\tGreen & black tea\ttea\nDrinks\tMilk\tmilk, "
            "fresh\n"},
           {"items.jsonl",
            R"({"id":"tea","name":"Green & black tea","categories":[["Drinks & more","Hot"],["Leaves"]]})"
            "\n"
            R"({"name":"Milk","id":"milk, fresh","categories":["Drinks"],"price":1})"}}) {
    const RawLog log = read_source(log_file, with_items(folder.write(name, text)));
    EXPECT_EQ(item_of(log, "tea").title, "Green & black tea") << name;
    EXPECT_EQ(item_of(log, "tea").categories, (Strings{"Drinks & more", "Hot"})) << name;
    EXPECT_EQ(item_of(log, "milk, fresh").title, "Milk") << name;
    EXPECT_EQ(item_of(log, "milk, fresh").categories, Strings{"Drinks"}) << name;
    EXPECT_NE(summary(log).find("titles 2 of 2\n"), std::string::npos) << summary(log);
  }
}

TEST(ItemTable, SaysWhatIsOfNoItemComesTwiceOrCannotBeUsed) {
  const ScratchFolder folder;
  const fs::path log_file = folder.write("log.csv", "user,item\nann,tea\nbob,milk\n");
  const fs::path items =
      folder.write("items.csv", "item,title\ntea,Tea\nrum,Rum\ntea,Other tea\n,Nothing\nmilk,Milk,2 %\nmilk,\n");
  const RawLog log = read_source(log_file, with_items(items));
  EXPECT_EQ(item_of(log, "tea").title, "Tea");
  EXPECT_EQ(item_of(log, "milk").title, "");
  EXPECT_NE(summary(log).find("titles 1 of 2 (1 of 4 rows of items.csv name no item)"), std::string::npos)
      << summary(log);
  EXPECT_NE(summary(log).find("repeated items 1 (of rows of items.csv about one item the first counts)"),
            std::string::npos);
  EXPECT_EQ(log.rejects.count(), 2u);
  EXPECT_EQ(describe(log.rejects.first()[0]), items.string() + ":5: field \"item\": expected a name, got nothing");
  EXPECT_EQ(describe(log.rejects.first()[1]), items.string() + ":6: expected 2 fields, got 3");
}

TEST(ItemTable, TakesTheColumnThatNamesItemsInTheLog) {
  const ScratchFolder folder;
  ReadOptions options = with_items(folder.write("items.csv", "artikel;title\ntea;Tea\n"));
  options.columns[static_cast<size_t>(ColumnRole::item)] = "artikel";
  const RawLog log = read_source(folder.write("log.csv", "user,artikel\nann,tea\n"), options);
  EXPECT_EQ(item_of(log, "tea").title, "Tea");
}

TEST(ItemTable, IsNoPartOfTheFolderThatItLiesIn) {
  const std::string csv = "user,item\nann,tea\n", tsv = "user\titem\nann\ttea\n";
  const std::string json = R"({"user":"ann","item":"tea"})";
  const std::string item_csv = "item,title\ntea,Tea\n", item_json = R"({"item":"tea","title":"Tea"})";
  for (const auto& [log_name, log_text, items_name, items_text] :
       std::vector<std::array<std::string, 4>>{{"a.csv", csv, "items.csv", item_csv},
                                               {"a.csv", csv, "items.jsonl", item_json},
                                               {"a.jsonl", json, "items.jsonl", item_json},
                                               {"a.tsv", tsv, "items.csv", item_csv}}) {
    const ScratchFolder folder;
    fs::create_directory(folder.path() / "shop");
    folder.write("shop/" + log_name, log_text);
    const fs::path items = folder.write("shop/" + items_name, items_text);
    const RawLog log = read_source(folder.path() / "shop", with_items(items));
    EXPECT_EQ(log.interactions.size(), 1u) << log_name << " " << items_name;
    EXPECT_EQ(item_of(log, "tea").title, "Tea") << log_name << " " << items_name;
  }
}

TEST(ItemTable, FindsTheColumnThatNamesItemsByWhatStandsInIt) {
  const ScratchFolder folder;
  const fs::path log_file = folder.write("log.csv", "user,sku\nann,t1\nbob,m1\n");
  const RawLog log = read_source(log_file, with_items(folder.write("a.csv", "item,sku\nTea,t1\nMilk,m1\n")));
  EXPECT_EQ(item_of(log, "t1").title, "Tea");
  EXPECT_NE(summary(log).find("items: item = sku, title = item (between , of a.csv)"), std::string::npos)
      << summary(log);
  EXPECT_EQ(item_of(read_source(log_file, with_items(folder.write("b.csv", "id,product\nt1,Tea\n"))), "t1").title,
            "Tea");
  const std::string error = error_of(log_file, with_items(folder.write("c.csv", "item,title\nx,Tea\n")));
  EXPECT_NE(error.find("no row names an item of the log; its \"item\" was taken for the name"), std::string::npos)
      << error;
}

TEST(ItemTable, AddsToWhatIsSaidOfTheSourcesOwnTitles) {
  const ScratchFolder folder;
  folder.write("sequential.txt", "1 1 2\n");
  folder.write("names.txt", "1 Tea\n7 Rum\n");
  fs::create_directory(folder.path() / "beside");
  const RawLog log =
      read_source(folder.path(), with_items(folder.write("beside/items.csv", "item,title\n2,Milk\n9,Ale\n")));
  EXPECT_NE(summary(log).find("(1 of 2 rows of names.txt name no item; 1 of 2 rows of items.csv name no item)"),
            std::string::npos)
      << summary(log);
}

TEST(ItemTable, RefusesATableWithoutItemsOrWithoutAnythingAboutThem) {
  const ScratchFolder folder;
  const fs::path log_file = folder.write("log.csv", "user,item\nann,tea\n");
  EXPECT_NE(error_of(log_file, with_items(folder.write("a.csv", "what,title\ntea,Tea\n")))
                .find("no column is known to name the items; the table has what, title"),
            std::string::npos);
  EXPECT_NE(error_of(log_file, with_items(folder.write("b.csv", "item,weight\ntea,1\n")))
                .find("no column is known for titles, categories, prices or availability"),
            std::string::npos);
  EXPECT_NE(error_of(log_file, with_items(folder.write("c.csv", ""))).find("is empty"), std::string::npos);
}

TEST(MovieLens, HasTitlesAndGenresInAllItsNotations) {
  const ScratchFolder folder;
  const std::string flags = "0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0";
  for (const char* name : {"100k", "1m", "25m"}) fs::create_directory(folder.path() / name);
  folder.write("100k/u.data", "1\t1\t5\t874965758\n1\t2\t3\t876893171\n2\t1\t2\t888550871\n");
  folder.write("100k/u.item", "1|Toy Story (1995)|01-Jan-1995||http://x|" + flags +
                                  "\n2|Mis\xe9rables, Les (1995)|01-Jan-1995||http://y|1" +
                                  std::string(36, ' ').replace(0, 36, "|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0") + "\n");
  folder.write("1m/ratings.dat", "1::1::5::874965758\n1::2::3::876893171\n2::1::2::888550871\n");
  folder.write("1m/movies.dat",
               "1::Toy Story (1995)::Animation|Children's|Comedy\n2::Mis\xe9rables, Les (1995)::unknown\n");
  folder.write("25m/ratings.csv",
               "userId,movieId,rating,timestamp\n1,1,5.0,874965758\n1,2,3.0,876893171\n2,1,2.0,888550871\n");
  folder.write("25m/movies.csv",
               "movieId,title,genres\n1,Toy Story (1995),Animation|Children's|Comedy\n2,\"Mis\u00e9rables, Les "
               "(1995)\",unknown\n");
  for (const char* name : {"100k", "1m", "25m"}) {
    const RawLog log = read_source(folder.path() / name, {});
    EXPECT_EQ(log.format, SourceFormat::movielens);
    EXPECT_EQ(log.name, name);
    ASSERT_EQ(log.interactions.size(), 3u) << name;
    EXPECT_EQ(log.users[log.interactions[2].user].name, "2") << name;
    EXPECT_EQ(log.interactions[1].time, 876893171.0) << name;
    EXPECT_EQ(item_of(log, "1").title, "Toy Story (1995)") << name;
    EXPECT_EQ(item_of(log, "1").categories, (Strings{"Animation", "Children's", "Comedy"})) << name;
    EXPECT_EQ(item_of(log, "2").title, "Mis\u00e9rables, Les (1995)") << name;
    EXPECT_EQ(item_of(log, "2").categories, Strings{"unknown"}) << name;
  }
  ReadOptions liked;
  liked.min_rating = 3;
  EXPECT_EQ(read_source(folder.path() / "1m/ratings.dat", liked).interactions.size(), 2u);
}

TEST(MovieLens, IsToldByItsFilmsAndHasColumnsOfItsOwn) {
  const ScratchFolder folder;
  const fs::path file = folder.write("u.data", "1\t2\t5\t874965758\n");
  ReadOptions options;
  options.columns = {"1", "2", "4", "", ""};
  EXPECT_EQ(read_source(file, options).format, SourceFormat::csv);
  EXPECT_EQ(read_source(file, {.format = SourceFormat::movielens}).interactions.size(), 1u);
  folder.write("u.item", "2|A film|||\n");
  EXPECT_EQ(read_source(file, {}).format, SourceFormat::movielens);
  EXPECT_NE(error_of(file, options).find("movielens has columns of its own"), std::string::npos);
  options.format = SourceFormat::csv;
  EXPECT_EQ(read_source(file, options).users.front().name, "1");
  fs::create_directory(folder.path() / "shop");
  folder.write("shop/movies.csv", "id,name\n");
  const fs::path own = folder.write("shop/ratings.csv", "user_id,item_id\n1,2\n");
  EXPECT_EQ(read_source(own, {}).format, SourceFormat::csv) << "a shop of films";
  EXPECT_NE(error_of(folder.write("other.csv", "user,item\n1,2\n"), {.format = SourceFormat::movielens})
                .find("holds no u.data, ratings.dat or ratings.csv"),
            std::string::npos);
}

TEST(ItemTable, SaysWhatItemsCostAndWhetherTheyCanBeHad) {
  const ScratchFolder folder;
  const fs::path log_file = folder.write("log.csv", "user,item\nann,tea\nbob,milk\nbob,soap\nbob,rope\n");
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"items.csv",
            "sku,price,in_stock\ntea,$2.50,yes\nmilk,,0\nsoap,cheap,soon\nrope,\"1,200\",\ntea,9,no\nham,1,yes\n"},
           {"items.jsonl", R"({"id":"tea","price":2.5,"stock":17})"
                           "\n"
                           R"({"id":"milk","price":null,"stock":0})"
                           "\n"
                           R"({"id":"soap","price":"cheap","stock":"soon"})"
                           "\n"
                           R"({"id":"rope","price":1200})"}}) {
    const RawLog log = read_source(log_file, with_items(folder.write(name, text)));
    EXPECT_EQ(item_of(log, "tea").price, 2.5) << name;
    EXPECT_EQ(item_of(log, "tea").available, true) << name;
    EXPECT_EQ(item_of(log, "milk").price, std::nullopt) << name;
    EXPECT_EQ(item_of(log, "milk").available, false) << name;
    EXPECT_EQ(item_of(log, "soap").price, std::nullopt) << name;
    EXPECT_EQ(item_of(log, "soap").available, std::nullopt) << name;
    EXPECT_EQ(item_of(log, "rope").price, 1200) << name;
    EXPECT_NE(summary(log).find("prices 1 of " + name + " cannot be read, the first: \"cheap\""), std::string::npos)
        << summary(log);
    EXPECT_NE(summary(log).find("availability 1 of " + name + " cannot be read, the first: \"soon\""),
              std::string::npos)
        << summary(log);
  }
}

}  // namespace
}  // namespace peapod
