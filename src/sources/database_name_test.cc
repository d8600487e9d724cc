#include "sources/database_name.h"

#include <gtest/gtest.h>

#include <vector>

namespace peapod {
namespace {

TEST(DatabaseName, IsToldByItsBeginning) {
  EXPECT_TRUE(is_sqlite_name("sqlite:shop.db"));
  EXPECT_FALSE(is_sqlite_name("./sqlite:shop.db"));
  EXPECT_TRUE(is_postgresql_url("postgresql://host/shop"));
  EXPECT_TRUE(is_postgresql_url("postgres://host/shop"));
  EXPECT_FALSE(is_postgresql_url("postgresql:/host"));
}

TEST(DatabaseName, IsShownWithoutPasswordsAndParameters) {
  for (const auto& [url, shown] : std::vector<std::pair<std::string, std::string>>{
           {"postgresql://ann:secret@host:5433/shop?sslmode=require", "postgresql://ann@host:5433/shop"},
           {"postgres://ann@host/shop", "postgres://ann@host/shop"},
           {"postgresql://:secret@host/shop", "postgresql://@host/shop"},
           {"postgresql://ann:sec:ret?@host", "postgresql://ann@host"},
           {"postgresql:///shop?user=ann&password=secret", "postgresql:///shop"},
           {"postgresql://host:5432/shop", "postgresql://host:5432/shop"},
           {"postgresql://", "postgresql://"}}) {
    EXPECT_TRUE(has_readable_user(url)) << url;
    EXPECT_EQ(shown_url(url), shown);
    EXPECT_EQ(shown_url(shown), shown);
  }
}

TEST(DatabaseName, ShowsNothingOfAPasswordThatIsNotEncoded) {
  for (const char* url : {"postgresql://ann:sec@ret@host/shop", "postgresql://ann:sec/ret@host/shop",
                          "postgresql://ann:sec/?ret@host/shop", "postgresql://ann:sec@re/t@host"}) {
    EXPECT_FALSE(has_readable_user(url)) << url;
    EXPECT_EQ(shown_url(url), "postgresql://ann@…");
  }
}

TEST(DatabaseName, LosesPasswordsButKeepsTheOtherParameters) {
  EXPECT_EQ(
      without_password("postgresql://ann:x@h/shop?host=/tmp&password=y&sslpassword=z&pass%77ord=q&sslmode=require"),
      "postgresql://ann@h/shop?host=/tmp&sslmode=require");
  EXPECT_EQ(without_password("postgresql://h/shop?password=y"), "postgresql://h/shop");
}

TEST(DatabaseName, IsShownSoInATextToo) {
  EXPECT_EQ(with_shown_urls("got postgresql://ann:secret@host/shop, \"postgres://bob:x@h\" and no postgresql"),
            "got postgresql://ann@host/shop, \"postgres://bob@h\" and no postgresql");
  // As other programs write it, and what is no database's.
  EXPECT_EQ(with_shown_urls("postgresql+psycopg2://u:secret@h/db no"), "postgresql+psycopg2://u@… no");
  EXPECT_EQ(with_shown_urls("POSTGRESQL://u:secret@h/db"), "POSTGRESQL://u@…");
  EXPECT_EQ(with_shown_urls("see http://host/a:b"), "see http://host/a:b");
  EXPECT_EQ(with_shown_urls("a ://x and ://u:p@h"), "a ://x and ://u@…");
  EXPECT_EQ(with_shown_urls("nothing to hide"), "nothing to hide");
  EXPECT_EQ(with_shown_urls(""), "");
}

}  // namespace
}  // namespace peapod
