// Small pieces of HTML and how numbers are written in it. Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "eval/bootstrap.h"

namespace peapod::html {

// Text as HTML shows it, also within an attribute's quotes: markup becomes character references, control characters
// blanks. Every name of a data set goes through it.
std::string escape(std::string_view text);

std::string number(double value);                // "0.5206"
std::string difference(double value);            // "+0.0124", "−0.0040", with a minus sign
std::string interval(const Estimate& e);         // "[0.4815, 0.5577]"
std::string signed_interval(const Estimate& e);  // "[+0.0012, +0.0241]"
std::string p_value(double p);                   // "p = 0.024", "p < 0.001"

// `<TAG class="CLASS">CONTENT</TAG>`, without the attribute for an empty class. `content` is HTML.
std::string element(std::string_view tag, std::string_view css_class, std::string_view content);

// A whole page in the common style, of HTML for its body; nothing else is fetched.
std::string document(std::string_view title, std::string_view body);

}  // namespace peapod::html
