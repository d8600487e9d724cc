#include "eval/html/markup.h"

#include <gtest/gtest.h>

namespace peapod::html {
namespace {

TEST(HtmlEscape, LeavesNothingThatIsMarkup) {
  EXPECT_EQ(escape("a <b> & \"c\" 'd'"), "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  EXPECT_EQ(escape("&lt;"), "&amp;lt;");
  EXPECT_EQ(escape("Café – 100 %"), "Café – 100 %");
  EXPECT_EQ(escape(std::string_view("a\0b\tc\x7f", 6)), "a b c ");
  EXPECT_EQ(escape(""), "");
}

TEST(HtmlNumbers, AreAlikeInWidthAndHaveARealMinus) {
  EXPECT_EQ(number(0.52061), "0.5206");
  EXPECT_EQ(difference(0.01239), "+0.0124");
  EXPECT_EQ(difference(-0.004), "−0.0040");
  EXPECT_EQ(difference(-0.00001), "0.0000") << "no sign where nothing is seen of it";
  EXPECT_EQ(interval({.value = 0.5, .low = 0.25, .high = 0.75}), "[0.2500, 0.7500]");
  EXPECT_EQ(signed_interval({.value = 0, .low = -0.25, .high = 0.75}), "[−0.2500, +0.7500]");
  EXPECT_EQ(p_value(0.0004), "p &lt; 0.001");
  EXPECT_EQ(p_value(0.0236), "p = 0.024");
}

TEST(HtmlElement, HasAClassWhereThereIsOne) {
  EXPECT_EQ(element("p", "lead", "x"), "<p class=\"lead\">x</p>\n");
  EXPECT_EQ(element("p", "", "x"), "<p>x</p>\n");
}

}  // namespace
}  // namespace peapod::html
