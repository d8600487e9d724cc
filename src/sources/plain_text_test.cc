#include "sources/plain_text.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace peapod {
namespace {

TEST(PlainText, DropsTagsDecodesEntitiesAndJoinsWhiteSpace) {
  EXPECT_EQ(plain_text("  Maggiano&#39;s <b>Gift</b>&nbsp;&amp;\n\tCard&#x21; "), "Maggiano's Gift & Card!");
  EXPECT_EQ(plain_text("a < b, 3<4 & more; &unknown; &#xzz; &"), "a < b, 3<4 & more; &unknown; &#xzz; &");
  EXPECT_EQ(plain_text("<br/>"), "");
  EXPECT_EQ(plain_text("an <unfinished tag"), "an <unfinished tag");
  EXPECT_EQ(plain_text("&#55296;&#1114112;"), "&#55296;&#1114112;");  // a surrogate, beyond Unicode
}

TEST(PlainText, AlwaysGivesUtf8WhateverTheBytes) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::string bytes(1 + random.below(40), ' ');
    for (char& c : bytes)
      c = static_cast<char>(random.below(3) == 0 ? "<>&#;\xc3\xe2"[random.below(7)] : random.below(256));
    EXPECT_TRUE(is_utf8(plain_text(bytes))) << "seed " << seed;
    EXPECT_TRUE(is_utf8(repaired_utf8(bytes))) << "seed " << seed;
    for (const char c : ascii_text(bytes)) EXPECT_GE(c, ' ') << "seed " << seed;
    if (is_utf8(bytes)) {
      EXPECT_EQ(repaired_utf8(bytes), bytes) << "seed " << seed;
    }
  }
}

TEST(PlainText, TellsUtf8FromOverlongFormsSurrogatesAndCutCharacters) {
  EXPECT_TRUE(is_utf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\xb8"));
  for (const std::string_view bad :
       {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(AsciiText, KeepsQuotesAndLettersOfOtherAlphabetsBecomeBlanks) {
  EXPECT_EQ(ascii_text("it\xe2\x80\x99s caf\xc3\xa9 \xf0\x9f\x8e\xb8!"), "it's cafe  !");
}

TEST(CleanTitle, IsEmptyForScriptsThatCrawlersTookForTitles) {
  EXPECT_EQ(clean_title("var aPageStart = (new Date()).getTime();"), "");
  EXPECT_EQ(clean_title(" Starbucks Gift Card"), "Starbucks Gift Card");
}

TEST(CleanCategories, AreCommaFreeWithoutRepetitionsAndMarkup) {
  EXPECT_EQ(clean_categories({"Gift Cards", "Gift Cards", "</span></span>", "Clothing, Shoes &amp; Jewelry"}),
            (std::vector<std::string>{"Gift Cards", "Clothing Shoes & Jewelry"}));
}

TEST(CleanCategories, HoldNoBlanksWhereCommasWere) {
  EXPECT_EQ(clean_categories({", ,", "Tea , Mugs,"}), std::vector<std::string>{"Tea Mugs"});
}

// Ten minutes, where each tag and each quote costs as much as the text is long.
TEST(PlainText, TakesTimeInProportionToTheText) {
  std::string open_tags, quotes;
  for (size_t i = 0; i < (size_t{4} << 20); ++i) {
    open_tags += "<a";
    quotes += "\"\"";
  }
  EXPECT_EQ(plain_text(open_tags), open_tags);
  EXPECT_EQ(clean_name(quotes).size(), quotes.size() / 2 - 1);
}

TEST(SplitFields, KeepsEmptyFields) {
  EXPECT_EQ(split_fields("a\t\tb\t", '\t'), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split_fields("", '\t'), std::vector<std::string_view>{""});
}

}  // namespace
}  // namespace peapod
